// How a core's state is written down: words, in pieces that are chained like the records of the log, so that a file cut
// short, changed, or put together of two is found out, whatever was done to it by accident.
//
//   file    header · submissions · aggregates · feedback · end           each section is one piece or more
//   piece   section, words: 32 bits each | the words | chain: 32 bytes
//   chain   SHA-256 over the chain of the piece before (at first, zeros), the piece's first word and its words
//
// Words lie as the machine has them. One of the other order reads another magic and refuses the file.

import Platform

enum StateFormat {
    /// Raised whenever the words of a section mean something else; a state of another version is made anew from the log.
    static let version: UInt64 = 1
    /// "shroffst".
    static let magic: UInt64 = 0x7473_6666_6F72_6873
    static let wordBytes = 8
    static let headBytes = 8
    static let chainBytes = SHA256Digest.byteCount
    /// Words of a piece, at most: 256 KiB.
    static let pieceWords = 32_768
}

/// What a piece belongs to, in the order of a file.
public enum StateSection: UInt32, Sendable, CaseIterable {
    case header = 1
    case submissions
    case aggregates
    case feedback
    case end
}

/// Why a state can't be read.
public enum StateError: Error, Equatable, Sendable, CustomStringConvertible {
    case platform(PlatformError)
    /// The bytes end before the state does.
    case truncated(byte: Int)
    /// The chain of the piece that begins there does not follow from its bytes and the piece before it, or it can't be one.
    case damaged(byte: Int)
    /// It does not begin as a state does.
    case unknownFormat
    /// Another version wrote it.
    case otherVersion(UInt64)
    /// It is of other histories or limits than those of the configuration.
    case otherPlan
    /// A section's words, though sound, make no such state.
    case malformed(StateSection, reason: String)

    public var description: String {
        switch self {
        case .platform(let error): error.description
        case .truncated(let byte): "it ends in the middle, at byte \(byte)"
        case .damaged(let byte): "it is damaged in the piece that begins at byte \(byte)"
        case .unknownFormat: "it is no snapshot of this service, or was made on a machine of another byte order"
        case .otherVersion(let version): "it is of version \(version), and this is \(StateFormat.version)"
        case .otherPlan: "it is of other histories or limits than are configured"
        case .malformed(let section, let reason): "its \(section) make no sense: \(reason)"
        }
    }
}
