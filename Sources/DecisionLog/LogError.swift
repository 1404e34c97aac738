// LogError.swift: what can be wrong with a log, said with the segment, line, byte and sequence number, and what to do.
import Platform

/// The first place at which a log is not what it should be.
public struct LogDamage: Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The line is not of a record's form.
        case malformed(String)
        /// The line is a record, with another sequence number than the one that comes next.
        case unexpectedSequence(UInt64)
        /// The record's chain does not follow from its bytes and the record before it.
        case chainBroken
        /// The line ends without a newline.
        case unterminated
        /// The next segment begins later: the records between are not in the folder.
        case missingRecords(nextSegmentBeginsWith: UInt64)
        /// The next segment begins with a record that was already read.
        case repeatedRecords(nextSegmentBeginsWith: UInt64)
        /// The system or zlib could not read on.
        case unreadable(String)
    }

    /// The segment's path, or the folder's when no segment is at fault.
    public var path: String
    /// The line in the segment, from 1; 0 when the segment as a whole is meant.
    public var line: Int
    /// Where that line begins, in uncompressed bytes.
    public var offset: UInt64
    /// The sequence number that should stand there.
    public var sequence: UInt64
    public var kind: Kind
    /// Whether this is the very last line of the newest segment: what a write cut short by a crash leaves behind.
    public var isTornTail: Bool

    public var description: String {
        let place = line == 0 ? path : "\(path), line \(line), byte \(offset)"
        return "\(place), record \(sequence): \(what)\(advice)"
    }

    private var what: String {
        switch kind {
        case .malformed(let why): "the line is no record: \(why)"
        case .unexpectedSequence(let found): "the line is record \(found)"
        case .chainBroken: "its chain does not follow from its bytes and the record before it"
        case .unterminated: "the line has no end"
        case .missingRecords(let next): "not in the folder; the next segment begins with record \(next)"
        case .repeatedRecords(let next): "the next segment begins again with record \(next)"
        case .unreadable(let why): why
        }
    }

    private var advice: String {
        if isTornTail {
            return "; it is the last line, as a write cut short leaves it, and is set aside at the next start"
        }
        switch kind {
        case .missingRecords:
            return "; put the missing segment back from a copy"
        case .repeatedRecords:
            return "; take the segment that belongs to another log out of the folder"
        case .malformed, .unexpectedSequence, .chainBroken, .unterminated, .unreadable:
            return "; put the segment back from a copy, or, to go on without this record and all after it, "
                + "cut the segment at this byte and take the later segments out of the folder"
        }
    }
}

/// Why a log could not be opened or read.
public enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process (or another writer in this one) has the folder.
    case inUse(directory: String, holder: String)
    /// The folder was written by a later version, or holds a file of a kind that this version does not know.
    case unknownFormat(path: String, found: String)
    case damaged(LogDamage)
    /// No record of the log lies there.
    case noRecord(LogPosition, path: String)
    /// The record that reading was to begin behind does not stand where it was marked.
    case notMarked(sequence: UInt64, path: String)
    /// A segment left while the log was being read, because it was older than what is kept.
    case removed(path: String)
    /// The one who was given the records refused one.
    case refused(sequence: UInt64, reason: String)
    case platform(PlatformError)

    public var description: String {
        switch self {
        case .inUse(let directory, let holder):
            "the log in \(directory) is in use\(holder.isEmpty ? "" : " by process \(holder)"): "
                + "stop that one first, or use another folder"
        case .unknownFormat(let path, let found):
            "\(path) is of a form that this version does not know (\(found)): use the version that wrote it"
        case .damaged(let damage):
            "the log is damaged: \(damage)"
        case .noRecord(let position, let path):
            "no record lies at byte \(position.offset) of \(path), \(position.length) bytes long"
        case .notMarked(let sequence, let path):
            "record \(sequence) does not stand in \(path) as it was marked"
        case .removed(let path):
            "\(path) was removed while the log was read, for it is older than what is kept: read it again"
        case .refused(let sequence, let reason):
            "record \(sequence) was read but could not be taken in: \(reason)"
        case .platform(let error):
            error.description
        }
    }
}
