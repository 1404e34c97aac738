// A response to fill in. Each event loop has one and uses it again and again, so its storage is allocated once.

/// What a response holds, in one value, so that it is reached by one checked access and not by one a field.
struct ResponseContent: Sendable {
    var status = 200
    var body: [UInt8] = []
    var contentType: StaticString = "application/json"
    /// Stands in for `contentType` in an answer that came from another thread.
    var runtimeContentType: [UInt8]?
    var closeAfter = false
    /// Field lines as they go on the wire, each with its CRLF.
    var fieldLines: [UInt8] = []

    mutating func reset() {
        status = 200
        // A body buffer larger than this is given back after its answer.
        body.removeAll(keepingCapacity: body.capacity <= 1_048_576)
        contentType = "application/json"
        runtimeContentType = nil
        closeAfter = false
        fieldLines.removeAll(keepingCapacity: true)
    }

    mutating func addField(_ name: StaticString, _ value: Span<UInt8>) {
        name.withUTF8Buffer { fieldLines.append(contentsOf: $0) }
        addValue(value)
    }

    mutating func addField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        for index in name.indices { fieldLines.append(name[index]) }
        addValue(value)
    }

    private mutating func addValue(_ value: Span<UInt8>) {
        fieldLines.append(UInt8(ascii: ":"))
        fieldLines.append(UInt8(ascii: " "))
        for index in value.indices { fieldLines.append(Self.safe(value[index])) }
        fieldLines.append(UInt8(ascii: "\r"))
        fieldLines.append(UInt8(ascii: "\n"))
    }

    static func safe(_ byte: UInt8) -> UInt8 { isFieldValueByte(byte) ? byte : 32 }
}

/// The answer to one request.
public final class Response {
    private(set) var content = ResponseContent()

    /// The final status, 200 to 599.
    public var status: Int {
        get { content.status }
        set { content.status = newValue }
    }

    /// The content; sent with its length, and left out in the answer to a HEAD.
    public var body: [UInt8] {
        _read { yield content.body }
        _modify { yield &content.body }
    }

    /// Sent as `Content-Type` when there is content.
    public var contentType: StaticString {
        get { content.contentType }
        set {
            content.contentType = newValue
            content.runtimeContentType = nil
        }
    }

    /// Closes the connection after this answer.
    public var closeAfter: Bool {
        get { content.closeAfter }
        set { content.closeAfter = newValue }
    }

    public static var json: StaticString { "application/json" }
    public static var problem: StaticString { "application/problem+json" }

    public init() {
        content.body.reserveCapacity(4_096)
        content.fieldLines.reserveCapacity(512)
    }

    /// Back to status 200 without body and fields; storage is kept.
    public func reset() { content.reset() }

    /// Adds a field. What may not stand in a value (CR, LF, NUL and other control characters, RFC 9110 section 5.5) is
    /// replaced by a space, so that no value can begin another field or answer.
    ///
    /// - Parameter name: A token; Content-Length, Connection, Date, Content-Type and Server are the server's own.
    public func addHeader(_ name: StaticString, _ value: Span<UInt8>) {
        content.addField(name, value)
    }

    /// Adds a field whose value is text.
    public func addHeader(_ name: StaticString, _ value: String) {
        addHeader(name, value.utf8.span)
    }

    /// Adds a field whose name is only known at run time. A name that is no token is left out.
    func addHeader(name: String, value: String) {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { return }
        content.addField(name.utf8.span, value.utf8.span)
    }

    /// A content type that is only known at run time.
    func setContentType(_ text: String) {
        content.runtimeContentType = text.utf8.map(ResponseContent.safe)
    }
}
