// Compressed bodies and answers, on the loop and in the background, against the same as they are.
import JSON
import Platform
import Testing

@testable import Service

@Suite struct CompressionTests {
    private let coded = ["Content-Type: application/json", "Content-Encoding: gzip"]

    private func gzip(_ text: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        return try Gzip.compress(bytes.span)
    }

    @Test func `a compressed payment is decided once, and is the same payment as it is`() throws {
        let service = try TestService()
        let client = try service.client()
        let body = Body("t_1").text
        let answer = try client.post("/v1/score", gzip(body), fields: coded)
        #expect(answer.status == 200)
        #expect(answer.json["transaction_id"].text == "t_1")
        let again = try client.score(body)
        #expect(again.status == 200)
        #expect(again.fields["idempotent-replayed"] == "true")
    }

    @Test func `a compressed batch and its compressed answer hold what they would as they are`() throws {
        let service = try TestService()
        let client = try service.client()
        let payments = (0..<50).map { Body("b_\($0)").text }.joined(separator: ",")
        let answer = try client.post(
            "/v1/score/batch", gzip(#"{"payments":[\#(payments)]}"#), fields: coded + ["Accept-Encoding: gzip"])
        #expect(answer.status == 200)
        #expect(answer.fields["content-encoding"] == "gzip")
        #expect(answer.fields["vary"] == "Accept-Encoding")
        let plain = try Gzip.decompress(answer.bytes.span, maximumBytes: 1_000_000)
        let decisions = try JSONValue(parsing: plain.span)["decisions"].elements
        #expect(decisions.map { $0["transaction_id"].text } == (0..<50).map { "b_\($0)" })
    }

    @Test func `a damaged or oversized body is refused with what is wrong, on the loop and in the background`() throws {
        let service = try TestService()
        let client = try service.client()
        for path in RoutingTests.posts {
            let damaged = try client.post(path, Array(gzip("{}").dropLast()), fields: coded)
            #expect(damaged.status == 400, "\(path)")
            #expect(damaged.json["code"].text == "malformed_content_coding", "\(path)")
            #expect(damaged.json["type"].text == "urn:shroff:problem:malformed-content-coding", "\(path)")
            let plain = try client.post(path, Array("{}".utf8), fields: coded)
            #expect(plain.status == 400, "\(path)")
            let bomb = try client.post(path, gzip(String(repeating: " ", count: 1_000_000)), fields: coded)
            #expect(bomb.status == 413, "\(path)")
            let code = path == "/v1/score" ? "body_too_large" : "compression_ratio_too_high"
            #expect(bomb.json["code"].text == code, "\(path)")
        }
        #expect(try client.score(Body("t_1").text).status == 200)
    }

    @Test func `the OpenAPI document is given as it is or compressed, as asked`() throws {
        let service = try TestService()
        let client = try service.client()
        let plain = try client.get("/openapi.json")
        #expect(plain.fields["content-encoding"] == nil)
        try client.begin("GET", "/openapi.json", fields: ["Accept-Encoding: br, gzip"])
        let compressed = try client.receive()
        #expect(compressed.fields["content-encoding"] == "gzip")
        #expect(try Gzip.decompress(compressed.bytes.span, maximumBytes: 1_000_000) == plain.bytes)
    }
}
