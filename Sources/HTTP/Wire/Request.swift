// A request as its handler sees it: views into the connection's bytes, nothing copied. The type cannot escape: the
// compiler refuses to store a Request or one of its Spans beyond the call that was given it, so the connection may
// reuse its bytes the moment the handler returns.

/// One whole request, valid during the handler's call.
public struct Request: ~Escapable, ~Copyable {
    private let bytes: Span<UInt8>
    private let fields: Span<FieldLine>
    private let head: RequestHead
    private let content: ByteRange
    private let mailbox: Mailbox?
    private let address: ConnectionAddress

    /// When the first byte of this request arrived, by `MonotonicClock`: as the kernel took it in, so that what it waited
    /// for the loop is behind it. A first byte that came with others in one read counts as the last of them.
    public let firstByteNanoseconds: UInt64
    /// Since when the loop has gone from request to request without a pause, by `MonotonicClock`: a queue that has stood
    /// ever since is no burst.
    public let loopBusySinceNanoseconds: UInt64

    @_lifetime(copy bytes, copy fields)
    init(
        bytes: Span<UInt8>, fields: Span<FieldLine>, head: RequestHead, body: Range<Int>, firstByte: UInt64,
        loopBusySince: UInt64 = 0, mailbox: Mailbox?, address: ConnectionAddress
    ) {
        self.bytes = bytes
        self.fields = fields
        self.head = head
        self.content = ByteRange(body)
        self.firstByteNanoseconds = firstByte
        self.loopBusySinceNanoseconds = loopBusySince
        self.mailbox = mailbox
        self.address = address
    }

    public var method: Method { head.method }

    /// The method's name as it was sent.
    public var methodName: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(head.methodName.range) }
    }

    /// The path as it was sent, percent-encoded; never empty.
    public var path: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(head.path.range) }
    }

    /// What stands behind "?", as it was sent; empty without one.
    public var query: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(head.query.range) }
    }

    /// Host and port that the client asked for; empty when it named none.
    public var authority: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(head.authority.range) }
    }

    /// Whether this asks for the options of the server as such: `OPTIONS *`, or of an absolute target without a path
    /// (RFC 9112 section 3.2.4).
    public var isServerWide: Bool { head.isServerWide }

    /// The body, whole and decoded from its chunks; empty in `bodyLimitBytes`.
    public var body: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(content.range) }
    }

    /// The body's length as the client declared it; nil for a chunked body, 0 for none.
    public var declaredBodyBytes: Int? {
        switch head.framing {
        case .none: 0
        case .length(let bytes): bytes
        case .chunked: nil
        }
    }

    public func pathEquals(_ text: StaticString) -> Bool {
        let path = path
        return path.count == text.utf8CodeUnitCount && matches(path, text)
    }

    public func pathHasPrefix(_ text: StaticString) -> Bool {
        let path = path
        return path.count >= text.utf8CodeUnitCount && matches(path, text)
    }

    /// The value of the first field of that name, without the white space around it; nil when there is none.
    @_lifetime(copy self)
    public func header(_ lowercasedName: StaticString) -> Span<UInt8>? {
        for index in fields.indices {
            let line = fields[index]
            if Int(line.name.count) == lowercasedName.utf8CodeUnitCount,
                matchesIgnoringCase(bytes, from: Int(line.name.offset), lowercasedName)
            {
                return bytes.extracting(line.value.range)
            }
        }
        return nil
    }

    /// How many fields of that name there are.
    public func headerCount(_ lowercasedName: StaticString) -> Int {
        var found = 0
        for index in fields.indices {
            let name = fields[index].name
            if Int(name.count) == lowercasedName.utf8CodeUnitCount,
                matchesIgnoringCase(bytes, from: Int(name.offset), lowercasedName)
            {
                found += 1
            }
        }
        return found
    }

    /// The value of the next field of that name, from the field number `next` on, which moves behind it; nil when there
    /// is none. Visits every field of a name without a copy of any.
    @_lifetime(copy self)
    func header(_ lowercasedName: StaticString, from next: inout Int) -> Span<UInt8>? {
        while next < fields.count {
            let line = fields[next]
            next += 1
            if Int(line.name.count) == lowercasedName.utf8CodeUnitCount,
                matchesIgnoringCase(bytes, from: Int(line.name.offset), lowercasedName)
            {
                return bytes.extracting(line.value.range)
            }
        }
        return nil
    }

    /// Where the answer goes when the handler returns `.deferred`. May be sent to any thread.
    public var deferral: Deferral { Deferral(mailbox: mailbox, address: address, acceptedCoding: acceptedCoding) }
}
