// Content-Encoding of a request (RFC 9110 section 8.4). Fields of that name make one list (section 5.3); its empty
// members are ignored (section 5.6.1.2). One coding is served. A list of more is refused, and so is `identity, gzip`:
// identity is no coding to list (section 8.4), and who lists it beside one means something else.

/// How the bytes of a body are coded.
public enum ContentCoding: UInt8, Sendable, Equatable, CaseIterable {
    /// Not at all.
    case identity
    /// RFC 1952: one member, or several one after another. Also under its old name, `x-gzip`.
    case gzip
    /// The zlib format, RFC 1950. Raw deflate (RFC 1951), which some clients send under this name, is refused as
    /// damaged: it has no checksum, and no mark by which it could be told for sure.
    case deflate

    /// What is served, for the `Accept-Encoding` of a 415.
    public static var served: StaticString { "gzip, deflate" }

    /// The coding of a name in any case; nil when it is not served.
    init?(_ bytes: Span<UInt8>, _ name: Range<Int>) {
        if equalsIgnoringCase(bytes, name, "gzip") || equalsIgnoringCase(bytes, name, "x-gzip") {
            self = .gzip
        } else if equalsIgnoringCase(bytes, name, "deflate") {
            self = .deflate
        } else if equalsIgnoringCase(bytes, name, "identity") {
            self = .identity
        } else {
            return nil
        }
    }

    /// The coding that the lists of all fields name together: `found` is that of the fields before.
    static func read(_ value: Span<UInt8>, after found: ContentCoding?) throws(ContentError) -> ContentCoding? {
        var found = found
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count && value[end] != UInt8(ascii: ",") { end += 1 }
            let name = trimmingBlanks(value, start..<end)
            start = end + 1
            if name.isEmpty { continue }
            guard let coding = ContentCoding(value, name) else { throw .unsupportedCoding }
            if found != nil { throw .severalCodings }
            found = coding
        }
        return found
    }
}

extension Request {
    /// How the body is coded; `.identity` when no field says so. Reads the fields in place.
    ///
    /// Throws `ContentError.unsupportedCoding` or `.severalCodings`.
    public var contentCoding: ContentCoding {
        get throws(ContentError) {
            var found: ContentCoding?
            var next = 0
            while let value = header("content-encoding", from: &next) {
                found = try ContentCoding.read(value, after: found)
            }
            return found ?? .identity
        }
    }
}
