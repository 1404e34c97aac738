// What can be wrong with the coding of a body. One place turns each into a status and words; nothing of what the client
// sent is repeated.

/// Why a body can't be had as it was before it was coded. Offsets count bytes of the coded body from 0.
public enum ContentError: Error, Equatable, Sendable {
    /// A coding that is not served (RFC 9110 section 15.5.16).
    case unsupportedCoding
    /// More than one coding, one on top of the other, or the same twice.
    case severalCodings
    /// What comes out is more than the resource takes.
    case tooLarge(limitBytes: Int)
    /// What comes out is out of all proportion to what was sent: a bomb, or as good as one.
    case ratioTooHigh(maximumRatio: Int)
    /// Not what the coding says; `reason` is zlib's, and `offset` is how far it had read.
    case damaged(reason: String, offset: Int)
    /// All there, but the checksum or the length at the end is that of other bytes.
    case wrongChecksum(offset: Int)
    /// The body ends before the coded data does.
    case truncated(offset: Int)
    /// The coded data ends at `offset`, before the body does.
    case trailingBytes(offset: Int)

    /// No `default`: whoever adds a case chooses its status.
    public var status: Int {
        switch self {
        case .unsupportedCoding, .severalCodings: 415
        case .tooLarge, .ratioTooHigh: 413
        case .damaged, .wrongChecksum, .truncated, .trailingBytes: 400
        }
    }

    /// A name for programs, the same for ever.
    public var code: StaticString {
        switch self {
        case .unsupportedCoding, .severalCodings: "unsupported_content_coding"
        case .tooLarge: "body_too_large"
        case .ratioTooHigh: "compression_ratio_too_high"
        case .damaged, .wrongChecksum, .truncated, .trailingBytes: "malformed_content_coding"
        }
    }

    /// What is wrong and what to do, for the client's developer.
    public var detail: String {
        switch self {
        case .unsupportedCoding: "Content-Encoding must be gzip, deflate or identity."
        case .severalCodings: "There is more than one content coding; one is served."
        case .tooLarge(let limitBytes):
            "The body is larger than the \(limitBytes) bytes that this resource takes, once it is decompressed."
        case .ratioTooHigh(let maximumRatio):
            "The body is more than \(maximumRatio) times its compressed size; send it in parts, or as it is."
        case .damaged(let reason, let offset): "The compressed body is damaged at byte \(offset): \(reason)."
        case .wrongChecksum(let offset):
            "The compressed body is damaged: the checksum before byte \(offset) is that of other content."
        case .truncated(let offset): "The compressed body ends at byte \(offset), in the middle of its data."
        case .trailingBytes(let offset): "The compressed data ends at byte \(offset), but the body does not."
        }
    }

    /// Whether the answer must name the codings that are served (RFC 9110 section 12.5.3, RFC 7694 section 3).
    public var namesCodings: Bool { status == 415 }
}

extension Response {
    /// Makes this a problem document that says what is wrong with a body's coding.
    public func become(_ error: ContentError) {
        becomeProblem(status: error.status, code: error.code.description) { body in
            body.append(contentsOf: error.detail.utf8)
        }
        if error.namesCodings { addHeader("Accept-Encoding", ContentCoding.served.description) }
    }
}
