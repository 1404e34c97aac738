// The table of wire cases goes on: bodies by length and by chunks, and what follows them on the same connection.
@testable import HTTP

extension WireCase {
    static let lengths: [WireCase] = [
        .init(
            "9112 6.2", "a body by its length", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
            .requests(["POST /a {}"])),
        .init(
            "9112 6.2", "a length of zero", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
            .requests(["POST /a"])),
        .init(
            "9112 6.2", "leading zeros", "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0002\r\n\r\n{}",
            .requests(["POST /a {}"])),
        .init("9112 6.3", "no length means no body", "POST /a HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["POST /a"])),
        .init(
            "9110 9.3.1", "a GET with a body", "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
            .requests(["GET /a x"])),
        .init(
            "9112 6.3", "a plus sign", "POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a minus sign", "POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "hexadecimal", "POST / HTTP/1.1\r\nContent-Length: 0x2\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a fraction", "POST / HTTP/1.1\r\nContent-Length: 2.0\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "an empty length", "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a list of equal lengths", "POST / HTTP/1.1\r\nContent-Length: 2, 2\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a space within the digits", "POST / HTTP/1.1\r\nContent-Length: 2 2\r\n\r\n",
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "equal lengths twice", "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
            .refused(.repeatedContentLength)),
        .init(
            "9112 6.3", "differing lengths", "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
            .refused(.repeatedContentLength)),
        .init(
            "9110 8.6", "a length past 64 bits", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551618\r\n\r\n",
            .refused(.contentLengthOverflow)),
        .init(
            "9110 8.6", "forty digits",
            "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999999999999999999999999\r\n\r\n",
            .refused(.contentLengthOverflow)),
        .init(
            "9112 6.3", "a name that only resembles it", "POST / HTTP/1.1\r\nHost: h\r\nContent_Length: 5\r\n\r\n",
            .requests(["POST /"])),
        .init(
            "9112 8", "a body without its end", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n1234",
            .incomplete()),
    ]

    static let codings: [WireCase] = [
        .init(
            "9112 6.3", "length and coding",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .refused(.contentLengthWithTransferEncoding)),
        .init(
            "9112 6.3", "coding and length",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            .refused(.contentLengthWithTransferEncoding)),
        .init(
            "9112 6.1", "a coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            .refused(.transferEncodingInHTTP10)),
        .init(
            "9112 6.3", "gzip alone", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            .refused(.chunkedNotFinal)),
        .init(
            "9112 6.1", "gzip, then chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            .refused(.unknownTransferCoding)),
        .init(
            "9112 6.3", "identity", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
            .refused(.chunkedNotFinal)),
        .init(
            "9112 6.3", "a coding that resembles chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
            .refused(.chunkedNotFinal)),
        .init(
            "9112 6.3", "chunked, then gzip", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            .refused(.chunkedNotFinal)),
        .init(
            "9112 6.1", "chunked twice in a list", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            .refused(.chunkedNotFinal)),
        .init(
            "9112 6.1", "chunked in two fields",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .refused(.repeatedTransferEncoding)),
        .init(
            "9112 7", "chunked with a parameter", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 7", "chunked in quotes", "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 7", "a comma after chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked,\r\n\r\n",
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 7", "an empty coding", "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n",
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 7", "a vertical tab before chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n",
            .refused(.controlCharacter)),
        .init(
            "9112 7", "a space in the field's name", "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
            .refused(.whitespaceBeforeColon)),
        .init("9112 7", "chunked in capitals", chunked("0\r\n\r\n", coding: "CHUNKED"), .requests(["POST /"])),
    ]

    static let chunks: [WireCase] = [
        .init("9112 7.1", "two chunks", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), .requests(["POST / abcde"])),
        .init(
            "9112 7.1", "a size in either case, with zeros", chunked("00A\r\n0123456789\r\n0000\r\n\r\n"),
            .requests(["POST / 0123456789"])),
        .init("9112 7.1", "no size", chunked("\r\nabc\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a size with 0x", chunked("0x3\r\nabc\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a negative size", chunked("-3\r\nabc\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a space before the size", chunked(" 3\r\nabc\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a size past 64 bits", chunked("10000000000000003\r\nabc\r\n"), .refused(.chunkSizeOverflow)),
        .init("9112 7.1", "a size past 63 bits", chunked("FFFFFFFFFFFFFFFF\r\nabc\r\n"), .refused(.chunkSizeOverflow)),
        .init("9112 7.1", "a size line with LF alone", chunked("3\nabc\r\n"), .refused(.bareLineFeed)),
        .init("9112 7.1", "data longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), .refused(.unterminatedChunk)),
        .init("9112 7.1", "data that LF alone ends", chunked("3\r\nabc\n0\r\n\r\n"), .refused(.unterminatedChunk)),
        .init("9112 7.1", "data that CR alone ends", chunked("3\r\nabc\rx"), .refused(.unterminatedChunk)),
        .init("9112 7.1.1", "an extension by name", chunked("3;a\r\nabc\r\n0\r\n\r\n"), .requests(["POST / abc"])),
        .init(
            "9112 7.1.1", "extensions with values", chunked("3 ; a=b ;c=\"d;\\\"e\"\r\nabc\r\n0;x\r\n\r\n"),
            .requests(["POST / abc"])),
        .init(
            "9112 7.1.1", "an extension without a name", chunked("3;\r\nabc\r\n"), .refused(.malformedChunkExtension)),
        .init(
            "9112 7.1.1", "an extension without its value", chunked("3;a=\r\nabc\r\n"),
            .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "an open quotation", chunked("3;a=\"b\r\nabc\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "CR within an extension", chunked("3;a\rb\r\nabc\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "white space after the size", chunked("3 \r\nabc\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1.2", "trailers", chunked("0\r\nA: b\r\nC: d\r\n\r\n"), .requests(["POST /"])),
        .init("9112 7.1.2", "a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), .refused(.obsoleteFolding)),
        .init("9112 7.1", "a body without its last chunk", chunked("3\r\nabc\r\n"), .incomplete()),
        .init("9112 7.1", "a last chunk without its empty line", chunked("0\r\n"), .incomplete()),
    ]

    static let connections: [WireCase] = [
        .init(
            "9112 9.3.2", "three requests at once", get("/a") + post("/b", "xy") + get("/c"),
            .requests(["GET /a", "POST /b xy", "GET /c"])),
        .init(
            "9112 9.3.2", "a request behind a chunked one", chunked("1\r\nz\r\n0\r\n\r\n") + get("/n"),
            .requests(["POST / z", "GET /n"])),
        .init(
            "9112 11.2", "what a length leaves over is a request", post("/b", "xy") + "GARBAGE\r\n",
            .refused(.malformedRequestLine, after: ["POST /b xy"])),
        .init(
            "9112 11.2", "an empty line between requests", post("/b", "xy") + "\r\n" + get("/c"),
            .requests(["POST /b xy", "GET /c"])),
        .init("9112 9.6", "a request and half of the next", get("/a") + "GET /b HT", .incomplete(after: ["GET /a"])),
    ]

    static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n" }

    static func post(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    static func chunked(_ body: String, coding: String = "chunked") -> String {
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \(coding)\r\n\r\n\(body)"
    }
}
