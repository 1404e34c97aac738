// What one request may cost on the wire before it is understood. Every limit is inclusive: a request at it is served,
// one byte or one field past it is refused.

/// Limits on the parts of a request.
public struct WireLimits: Sendable, Equatable {
    /// Request line with its CRLF: 414.
    public var requestLineBytes = 8_192
    /// One field line with its CRLF: 431.
    public var fieldLineBytes = 8_192
    /// The whole head, request line and final CRLF included: 431.
    public var headBytes = 32_768
    /// Field lines in a head: 431.
    public var fieldCount = 100
    /// A chunk-size line with its extensions and CRLF: 400.
    public var chunkLineBytes = 256
    /// All chunk extensions of one body together: 400.
    public var chunkExtensionBytes = 4_096
    /// The trailer section, final CRLF included: 431.
    public var trailerBytes = 4_096
    /// Field lines in a trailer section: 431.
    public var trailerCount = 32

    public init() {}
}
