// Answers come in any pieces, and what is no answer is refused.

import Testing

@testable import LoadGenerator

@Suite struct ResponseParserTests {
    private struct Parsed: Equatable {
        var status: Int
        var keepsAlive: Bool
        var body: String
        var rest: Int
    }

    private func parse(_ text: String, pieceBytes: Int, method: String = "POST") throws -> Parsed? {
        var parser = ResponseParser(method: method)
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count {
            let piece = Array(bytes[at..<min(at + pieceBytes, bytes.count)])
            if let end = try parser.feed(piece.span) {
                return Parsed(
                    status: parser.status, keepsAlive: parser.keepsAlive,
                    body: String(decoding: parser.body, as: UTF8.self), rest: bytes.count - at - end)
            }
            at += piece.count
        }
        return nil
    }

    private static let answers: [(String, Int, Bool, String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, true, "hello"),
        ("HTTP/1.1 200\r\ncontent-LENGTH:5 \r\nCONNECTION: Close\r\n\r\nhello", 200, false, "hello"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false, ""),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, true, ""),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "3;x=y\r\nhel\r\n00A\r\nlo, world!\r\n0\r\nTrailer: 1\r\n\r\n",
            200, true, "hello, world!"
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", 503, true, "no"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, true, ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, true, ""),
        ("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, true, "ok"),
    ]

    @Test(arguments: 1...40)
    func `an answer parses alike however the bytes are cut`(pieceBytes: Int) throws {
        for (text, status, keepsAlive, body) in Self.answers {
            let expected = Parsed(status: status, keepsAlive: keepsAlive, body: body, rest: 0)
            #expect(try parse(text, pieceBytes: pieceBytes) == expected, "\(text)")
            #expect(try parse(String(text.dropLast()), pieceBytes: pieceBytes) == nil, "\(text)")
        }
    }

    @Test func `bytes behind the answer are left`() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP"
        #expect(try parse(text, pieceBytes: 1_000)?.rest == 4)
    }

    @Test func `an answer to HEAD has no body`() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"
        #expect(try parse(text, pieceBytes: 1_000, method: "HEAD")?.body == "")
    }

    @Test func `without a length the end of the connection ends the body`() throws {
        var parser = ResponseParser()
        let endedEarly = parser.end()
        #expect(!endedEarly)
        let bytes = Array("HTTP/1.1 200 OK\r\n\r\nhello".utf8)
        #expect(try parser.feed(bytes.span) == nil)
        let ended = parser.end()
        #expect(ended)
        #expect(!parser.keepsAlive)
        #expect(parser.body == Array("hello".utf8))
    }

    @Test func `the end of the connection does not complete a body that is too short`() throws {
        var parser = ResponseParser()
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello".utf8)
        #expect(try parser.feed(bytes.span) == nil)
        let ended = parser.end()
        #expect(!ended)
    }

    @Test(
        arguments: [
            ("ICY 200 OK\r\n", .statusLine), ("HTTP/2.0 200 OK\r\n", .statusLine), ("HTTP/1.1 20x OK\r\n", .statusLine),
            ("HTTP/1.1 600 OK\r\n", .statusLine), ("HTTP/1.1 099 OK\r\n", .statusLine),
            ("HTTP/1.1 2000 OK\r\n", .statusLine), ("\r\n", .statusLine),
            ("HTTP/1.1 200 OK\r\nno colon\r\n", .header), ("HTTP/1.1 200 OK\r\n: x\r\n", .header),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", .contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length:\r\n", .contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n", .contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n", .contentLength),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", .chunkSize),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", .chunkSize),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", .chunkSize),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", .chunkSize),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1073741825\r\n\r\n",
                .bodyTooLarge(limitBytes: ResponseParser.Limits.bodyBytes)
            ),
        ] as [(String, ResponseError)])
    func `what is not an answer is refused`(text: String, error: ResponseError) {
        #expect(throws: error) { try parse(text, pieceBytes: 1_000) }
        #expect(throws: error) { try parse(text, pieceBytes: 1) }
    }

    @Test func `a head is taken up to its limit and refused one past it`() throws {
        let shell = "HTTP/1.1 200 OK\r\nX: \r\nContent-Length: 0\r\n\r\n"
        let room = ResponseParser.Limits.headBytes - shell.utf8.count
        for (extra, fits) in [(room, true), (room + 1, false)] {
            let value = String(repeating: "v", count: extra)
            let text = "HTTP/1.1 200 OK\r\nX: \(value)\r\nContent-Length: 0\r\n\r\n"
            if fits {
                #expect(try parse(text, pieceBytes: 1 << 20)?.status == 200)
            } else {
                #expect(throws: ResponseError.headTooLarge(limitBytes: ResponseParser.Limits.headBytes)) {
                    try parse(text, pieceBytes: 1 << 20)
                }
            }
        }
    }

    @Test func `a body beyond what is kept is read to its end`() throws {
        let kept = ResponseParser.Limits.keptBodyBytes
        let body = String(repeating: "b", count: kept + 1)
        let parsed = try parse("HTTP/1.1 200 OK\r\nContent-Length: \(kept + 1)\r\n\r\n\(body)", pieceBytes: 65_536)
        #expect(parsed?.body.utf8.count == kept)
        #expect(parsed?.rest == 0)
    }

    @Test func `a parser is used again after a reset`() throws {
        var parser = ResponseParser()
        for text in ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", Self.answers[0].0] {
            parser.reset()
            let bytes = Array(text.utf8)
            #expect(try parser.feed(bytes.span) == bytes.count)
        }
        #expect(parser.keepsAlive)
        #expect(parser.body == Array("hello".utf8))
    }
}
