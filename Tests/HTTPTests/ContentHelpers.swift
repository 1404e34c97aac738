// Bodies, coded and plain, and requests to read fields from, for the tests of content codings.
@testable import HTTP

/// A body like those of the service.
func jsonBody(bytes: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    var body: [UInt8] = []
    while body.count < bytes {
        let id = String(UInt32.random(in: 0 ... .max, using: &random), radix: 16)
        let amount = Int.random(in: 0..<100_000, using: &random)
        let text = "{\"transaction_id\":\"txn_\(id)\",\"amount\":\(amount),\"currency\":\"EUR\",\"recorded\":true},"
        body += Array(text.utf8)
    }
    return Array(body.prefix(bytes))
}

func gzip(_ body: [UInt8], level: Int = 1) -> [UInt8] {
    var encoder = GzipEncoder(level: level)
    var coded: [UInt8] = []
    encoder.encode(body.span, into: &coded)
    return coded
}

func zlib(_ body: [UInt8]) -> [UInt8] { PlainInflate.zlibFrame(ofMember: gzip(body), content: body) }

/// What comes out of a coded body, or what is wrong with it.
func decode(
    _ body: [UInt8], _ coding: ContentCoding = .gzip, _ limits: InflateLimits = InflateLimits(maximumBytes: 1_000_000)
) -> Result<[UInt8], ContentError> {
    var decoder = BodyDecoder()
    var bytes: [UInt8] = [1, 2, 3]
    do throws(ContentError) {
        try decoder.decode(body.span, coding, limits, into: &bytes)
        return .success(bytes)
    } catch {
        return bytes.isEmpty ? .failure(error) : .success(bytes)
    }
}

/// Parses a GET with these field lines, and shows it to `look`.
func withRequest<Seen>(_ lines: [String], _ look: (borrowing Request) -> Seen) -> Seen? {
    var parser = RequestParser()
    var store = ByteStore()
    let head = ["GET / HTTP/1.1", "Host: h"] + lines
    store.append(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8))
    guard parser.advance(&store) == .head else { return nil }
    let request = Request(
        bytes: store.span, fields: parser.fields.span, head: parser.head, body: 0..<0, firstByte: 0, mailbox: nil,
        address: ConnectionAddress())
    return look(request)
}
