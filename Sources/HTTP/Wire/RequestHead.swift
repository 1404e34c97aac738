// What a parsed head is: ranges into the connection's bytes and a few decided facts. Nothing here owns memory, so a
// head is copied for the price of its words.

/// A range of bytes, counted from the first byte of the request.
struct ByteRange: Sendable, Equatable {
    var offset: UInt32 = 0
    var count: UInt32 = 0

    init() {}
    init(_ range: Range<Int>) {
        offset = UInt32(range.lowerBound)
        count = UInt32(range.count)
    }
    var range: Range<Int> { Int(offset)..<(Int(offset) + Int(count)) }
}

/// One field line; the value is without the white space around it.
struct FieldLine: Sendable, Equatable {
    var name: ByteRange
    var value: ByteRange
}

/// How the end of a body is found (RFC 9112 section 6.3).
enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
}

struct RequestHead: Sendable, Equatable {
    var method = Method.unknown
    var methodName = ByteRange()
    /// The path of the target; "*" for an OPTIONS of the whole server in asterisk form.
    var path = ByteRange()
    /// What follows "?", without it.
    var query = ByteRange()
    var hasQuery = false
    /// Host and port as the client named them: of the target in absolute form, else of Host (RFC 9112 section 3.2.2).
    var authority = ByteRange()
    var isAbsoluteForm = false
    /// OPTIONS of the server as such and not of one resource (RFC 9112 section 3.2.4).
    var isServerWide = false
    /// 0 or 1: the minor version of HTTP/1.
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.none
    var hasHost = false
    var hasContentLength = false
    var hasTransferEncoding = false
    var asksClose = false
    var asksKeepAlive = false
    var expectsContinue = false
    /// Bytes of the whole head.
    var byteCount = 0

    /// Whether a body follows, as far as the head tells: a chunked one may turn out empty.
    var hasContent: Bool { framing != .none && framing != .length(0) }

    /// RFC 9112 section 9.3.
    var keepsAlive: Bool { !asksClose && (minorVersion == 1 || asksKeepAlive) }
}
