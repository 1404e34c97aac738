// A response to fill in. Each event loop has one and uses it again and again, so its storage is allocated once.

/// What a response holds, in one value, so that it is reached by one checked access and not by one a field.
struct ResponseContent: Sendable {
    var status = 200
    var body: [UInt8] = []
    var contentType: StaticString = "application/json"
    /// Stands in for `contentType` in an answer that came from another thread.
    var runtimeContentType: [UInt8]?
    var closeAfter = false
    /// The same content as `body`, by gzip.
    var gzippedBody: [UInt8]?
    var mayBeCoded = true
    var coding = AppliedCoding()
    /// Field lines as they go on the wire, each with its CRLF.
    var fieldLines: [UInt8] = []

    mutating func reset() {
        status = 200
        // A body buffer larger than this is given back after its answer.
        body.removeAll(keepingCapacity: body.capacity <= 1_048_576)
        contentType = "application/json"
        runtimeContentType = nil
        closeAfter = false
        gzippedBody = nil
        mayBeCoded = true
        coding = AppliedCoding()
        fieldLines.removeAll(keepingCapacity: true)
    }

    mutating func addField(_ name: StaticString, _ value: Span<UInt8>) {
        name.withUTF8Buffer {
            fieldLines.append(contentsOf: $0)
            noteName($0.span)
        }
        addValue(value)
    }

    mutating func addField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        for index in name.indices { fieldLines.append(name[index]) }
        noteName(name)
        addValue(value)
    }

    /// What the handler has coded itself is not coded again.
    private mutating func noteName(_ name: Span<UInt8>) {
        if equalsIgnoringCase(name, 0..<name.count, "content-encoding") { mayBeCoded = false }
    }

    private mutating func addValue(_ value: Span<UInt8>) {
        fieldLines.append(UInt8(ascii: ":"))
        fieldLines.append(UInt8(ascii: " "))
        var isSafe = true
        for index in value.indices where !isFieldValueByte(value[index]) { isSafe = false }
        if isSafe {
            value.withUnsafeBufferPointer { fieldLines.append(contentsOf: $0) }
        } else {
            for index in value.indices { fieldLines.append(Self.safe(value[index])) }
        }
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

    /// The content as one gzip member, for an answer that is made once and sent often: who takes gzip gets this instead
    /// of `body`, whatever its size.
    public var gzippedBody: [UInt8]? {
        get { content.gzippedBody }
        set { content.gzippedBody = newValue }
    }

    /// False for content that must go out as it is; so must, without it, what has a `Content-Encoding` among its fields.
    public var mayBeCoded: Bool {
        get { content.mayBeCoded }
        set { content.mayBeCoded = newValue }
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
    ///   Content-Encoding says that the body is coded already.
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

    /// Codes the body as the client takes it, unless that was done or must not be.
    func code(
        _ accepted: AnswerCoding, _ compression: AnswerCompression, _ encoder: inout GzipEncoder, _ spare: inout [UInt8]
    ) {
        content.code(accepted, compression, &encoder, &spare)
    }

    /// For a body that was coded elsewhere, or not.
    func setCoding(_ coding: AppliedCoding) {
        content.coding = coding
        content.mayBeCoded = false
    }

    /// A content type that is only known at run time.
    func setContentType(_ text: String) {
        content.runtimeContentType = text.utf8.map(ResponseContent.safe)
    }
}
