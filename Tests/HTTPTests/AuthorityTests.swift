// Who is asked, and what for: the authority of a request, IPv6 literals against the C library, OPTIONS of the server.
import Testing

@testable import HTTP

@Suite struct AuthorityTests {
    private func only(_ wire: String) throws -> ParsedRequest {
        try #require(StreamDriver().parse(Array(wire.utf8)).requests.first)
    }

    @Test func `the authority is the target's, else that of Host, else empty`() throws {
        #expect(try only("GET http://x:1/a HTTP/1.1\r\nHost: h\r\n\r\n").authority == "x:1")
        #expect(try only("GET http://[::1] HTTP/1.1\r\nHost: h\r\n\r\n").authority == "[::1]")
        #expect(try only("GET /a HTTP/1.1\r\nHost: \t h:80 \r\n\r\n").authority == "h:80")
        #expect(try only("GET /a HTTP/1.1\r\nHost:\r\n\r\n").authority == "")
        #expect(try only("GET /a HTTP/1.0\r\n\r\n").authority == "")
    }

    @Test(
        arguments: [
            ("OPTIONS *", "*", true), ("OPTIONS http://x", "/", true), ("OPTIONS http://x/", "/", false),
            ("OPTIONS http://x?", "/", false), ("OPTIONS /", "/", false), ("GET http://x", "/", false),
        ])
    func `OPTIONS of the server is told from that of its root`(line: String, path: String, isServerWide: Bool) throws {
        let request = try only("\(line) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(request.path == path)
        #expect(request.isServerWide == isServerWide)
    }

    @Test func `OPTIONS is answered with Allow and no content`() {
        let response = Response()
        response.status = 500
        response.body = [1]
        response.becomeOptions(allowing: "GET, HEAD, OPTIONS")
        #expect(response.status == 204)
        #expect(response.body.isEmpty)
        #expect(text(response.content.fieldLines) == "Allow: GET, HEAD, OPTIONS\r\n")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `an IPv6 literal is one exactly where the C library says so`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var accepted = 0
        for _ in 0..<StreamRounds.count(10_000) {
            let literal = Self.literal(using: &random)
            let isAddress = isIPv6Address(literal.span, literal.indices)
            #expect(isAddress == PlainURI.isIPv6(literal), "\(text(literal))")
            if isAddress { accepted += 1 }
        }
        #expect(accepted > 1_000)
    }

    /// Groups with a gap somewhere and perhaps IPv4 at the end: about the right number of each, and sometimes damaged.
    private static func literal(using random: inout SplitMix64) -> [UInt8] {
        var groups = (0..<Int.random(in: 0...9, using: &random)).map { _ in
            String(
                UInt32.random(in: 0...0xFFFF, using: &random) >> [0, 4, 8, 12].randomElement(using: &random)!, radix: 16
            )
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            groups.append("192.0.2.\([0, 9, 33, 255, 256].randomElement(using: &random)!)")
        }
        if Int.random(in: 0..<2, using: &random) == 0 || groups.isEmpty {
            groups.insert("", at: Int.random(in: 0...groups.count, using: &random))
            if groups.first == "" { groups.insert("", at: 0) }
            if groups.last == "" { groups.append("") }
        }
        var bytes = Array(groups.joined(separator: ":").utf8)
        if Int.random(in: 0..<3, using: &random) == 0 {
            let place = Int.random(in: 0...bytes.count, using: &random)
            bytes.insert(Array("0f:.:g".utf8).randomElement(using: &random)!, at: place)
        }
        return bytes
    }
}
