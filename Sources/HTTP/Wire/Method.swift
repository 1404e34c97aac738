// Request methods. Names are case-sensitive (RFC 9110 section 9.1), so "get" is not GET but unknown.

/// A request method: those of RFC 9110 section 9.3 and PATCH of RFC 5789.
public enum Method: UInt8, Sendable, Equatable {
    case get, head, post, put, delete, options, trace, patch, connect
    /// A token that names no method known here: answered with 501 by the server (RFC 9110 section 9.1).
    case unknown
}
