// The table of wire cases ends: bytes about which servers and proxies are known to disagree. Each once made one of them
// see a request where the other saw a body (or part of a line), so each has one answer here: framed exactly, or refused.
@testable import HTTP

extension WireCase {
    private static func request(_ lines: String, _ body: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n\r\n\(body)"
    }

    /// What would be a request of its own if the framing before it were misread.
    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

    static let extensions: [WireCase] = [
        .init("9112 7.1.1", "LF in an extension", chunked("2;\nxx\r\n0\r\n\r\n"), .refused(.bareLineFeed)),
        .init("9112 7.1.1", "LF within an extension's name", chunked("2;a\nb\r\nxx\r\n"), .refused(.bareLineFeed)),
        .init("9112 7.1.1", "LF in a quoted value", chunked("2;a=\"\n\"\r\nxx\r\n"), .refused(.bareLineFeed)),
        .init(
            "9112 7.1.1", "CR in a quoted value", chunked("2;a=\"\r\"\r\nxx\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "CR CR LF after the size", chunked("2\r\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1.1", "NUL in an extension", chunked("2;a\0\r\nxx\r\n"), .refused(.malformedChunkExtension)),
        .init(
            "9112 7.1.1", "an escaped NUL in a value", chunked("2;a=\"\\\0\"\r\n"), .refused(.malformedChunkExtension)),
        .init(
            "9112 7.1.1", "text behind a quoted value", chunked("2;a=\"b\"c\r\nxx\r\n"),
            .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "two semicolons", chunked("2;;a\r\nxx\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1.1", "an extension of the last chunk", chunked("0;a=b\r\n\r\n"), .requests(["POST /"])),
        .init(
            "9112 7.1.1", "a byte above 127 in a name", chunked("2;\u{e4}\r\nxx\r\n"),
            .refused(.malformedChunkExtension)),
        .init(
            "9112 7.1", "16 digits of size", chunked("0000000000000002\r\nxx\r\n0\r\n\r\n"), .requests(["POST / xx"])),
        .init("9112 7.1", "17 digits of size", chunked("00000000000000002\r\nxx\r\n"), .refused(.chunkSizeOverflow)),
        .init("9112 7.1", "17 zeros", chunked("00000000000000000\r\n\r\n"), .refused(.chunkSizeOverflow)),
        .init("9112 7.1", "the largest size", chunked("100000000000000\r\n"), .refused(.bodyBeyondDiscardLimit)),
        .init("9112 7.1", "a size past the largest", chunked("100000000000001\r\n"), .refused(.chunkSizeOverflow)),
        .init("9112 7.1", "a plus sign before the size", chunked("+2\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "an underscore in the size", chunked("1_0\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a size with an h", chunked("2h\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a tab before the size", chunked("\t2\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "a tab after the size", chunked("2\t\r\nxx\r\n"), .refused(.malformedChunkExtension)),
        .init("9112 7.1", "a full-width digit", chunked("\u{ef}\u{bc}\u{92}\r\nxx\r\n"), .refused(.malformedChunkSize)),
        .init("9112 7.1", "data shorter than its size", chunked("3\r\nxx\r\n0\r\n\r\n"), .refused(.unterminatedChunk)),
        .init("9112 7.1", "two bytes in place of CRLF", chunked("2\r\nxxyy0\r\n\r\n"), .refused(.unterminatedChunk)),
        .init("9112 7.1", "a last chunk that LF ends", chunked("0\n\r\n"), .refused(.bareLineFeed)),
        .init("9112 7.1", "an end that LF ends", chunked("0\r\n\n"), .refused(.bareLineFeed)),
        .init(
            "9112 7.1", "a request where the end should be", chunked("0\r\n" + smuggled),
            .refused(.whitespaceBeforeColon)),
    ]

    static let trailers: [WireCase] = [
        .init(
            "9110 6.5.1", "Content-Length as a trailer", chunked("0\r\nContent-Length: 9\r\n\r\n"),
            .refused(.forbiddenTrailer)),
        .init(
            "9110 6.5.1", "Transfer-Encoding as a trailer", chunked("0\r\nA: b\r\ntransfer-ENCODING: x\r\n\r\n"),
            .refused(.forbiddenTrailer)),
        .init("9110 6.5.1", "Host as a trailer", chunked("0\r\nHost: h\r\n\r\n"), .refused(.forbiddenTrailer)),
        .init(
            "9110 6.5.1", "Connection as a trailer", chunked("0\r\nConnection: close\r\n\r\n"),
            .refused(.forbiddenTrailer)),
        .init(
            "9110 6.5.1", "Authorization as a trailer", chunked("0\r\nAuthorization: a\r\n\r\n"),
            .refused(.forbiddenTrailer)),
        .init("9110 6.5.1", "Trailer as a trailer", chunked("0\r\nTrailer: a\r\n\r\n"), .refused(.forbiddenTrailer)),
        .init(
            "9110 6.5.1", "Content-Encoding as a trailer", chunked("0\r\nContent-Encoding: gzip\r\n\r\n"),
            .refused(.forbiddenTrailer)),
        .init("9110 6.5.1", "a digest as a trailer", chunked("0\r\nContent-Digest: a\r\n\r\n"), .requests(["POST /"])),
        .init("9112 7.1.2", "a trailer without a colon", chunked("0\r\nA\r\n\r\n"), .refused(.missingColon)),
        .init(
            "9112 7.1.2", "a space before a trailer's colon", chunked("0\r\nA : b\r\n\r\n"),
            .refused(.whitespaceBeforeColon)),
        .init("9112 7.1.2", "NUL in a trailer", chunked("0\r\nA: \0\r\n\r\n"), .refused(.controlCharacter)),
        .init("9112 7.1.2", "CR in a trailer", chunked("0\r\nA: b\rc\r\n\r\n"), .refused(.bareCarriageReturn)),
        .init("9112 7.1.2", "a trailer that LF ends", chunked("0\r\nA: b\n\r\n"), .refused(.bareLineFeed)),
    ]

    static let disputes: [WireCase] = [
        .init(
            "9112 11.2", "a request within a length", request("Content-Length: \(smuggled.utf8.count)", smuggled),
            .requests(["POST / \(smuggled)"])),
        .init(
            "9112 6.3", "a length of a letter above 127", request("Content-Length: \u{b2}"),
            .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a length behind a vertical tab", request("Content-Length: \u{b}2", "xx"),
            .refused(.controlCharacter)),
        .init(
            "9112 6.3", "white space around a length", request("Content-Length:\t 2 \t", "xx"), .requests(["POST / xx"])
        ),
        .init(
            "9112 6.3", "a length with a comma", request("Content-Length: 2,", "xx"), .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a length in quotes", request("Content-Length: \"2\"", "xx"), .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a length with an exponent", request("Content-Length: 1e1"), .refused(.malformedContentLength)),
        .init(
            "9112 6.3", "a length and then none", request("Content-Length: 2\r\nContent-Length:", "xx"),
            .refused(.repeatedContentLength)),
        .init(
            "9110 8.6", "the largest length", request("Content-Length: 72057594037927936"),
            .refused(.bodyBeyondDiscardLimit)),
        .init(
            "9110 8.6", "a length past the largest body", request("Content-Length: 72057594037927937"),
            .refused(.contentLengthOverflow)),
        .init("9112 5.2", "a folded length", request("Content-Length:\r\n 2", "xx"), .refused(.malformedContentLength)),
        .init(
            "9112 5.2", "a folded coding", request("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
            .refused(.malformedTransferEncoding)),
        .init("9112 5.2", "a folded Host", "GET / HTTP/1.1\r\nHost: h\r\n h\r\n\r\n", .refused(.obsoleteFolding)),
        .init(
            "9112 6.1", "a tab around chunked", request("Transfer-Encoding:\tchunked\t", "0\r\n\r\n"),
            .requests(["POST /"])),
        .init("9112 6.1", "chunked behind NUL", request("Transfer-Encoding: \0chunked"), .refused(.controlCharacter)),
        .init(
            "9112 6.1", "chunked behind a no-break space", request("Transfer-Encoding: \u{a0}chunked"),
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 6.1", "chunked and more without a comma", request("Transfer-Encoding: chunked x"),
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 6.1", "a comma before chunked", request("Transfer-Encoding: ,chunked"),
            .refused(.malformedTransferEncoding)),
        .init(
            "9112 6.1", "identity, then chunked", request("Transfer-Encoding: identity, chunked"),
            .refused(.unknownTransferCoding)),
        .init(
            "9112 6.3", "chunked, then identity", request("Transfer-Encoding: chunked, identity"),
            .refused(.chunkedNotFinal)),
        .init("9112 6.3", "chunked with a hyphen", request("Transfer-Encoding: x-chunked"), .refused(.chunkedNotFinal)),
        .init(
            "9112 6.1", "two codings in two fields", request("Transfer-Encoding: chunked\r\nTransfer-encoding: cow"),
            .refused(.repeatedTransferEncoding)),
        .init(
            "9112 6.1", "an unknown coding, then chunked, in two fields",
            request("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked"), .refused(.chunkedNotFinal)),
        .init(
            "9112 6.3", "a coding and a length that is none",
            request("Transfer-Encoding: chunked\r\nContent-Length: x", "0\r\n\r\n"), .refused(.malformedContentLength)),
        .init(
            "9112 6.1", "length and coding in 1.0",
            "POST / HTTP/1.0\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            .refused(.transferEncodingInHTTP10)),
        .init(
            "9110 5.1", "an underscore for the hyphen of a coding", request("Transfer_Encoding: chunked", ""),
            .requests(["POST /"])),
        .init("9110 5.1", "NUL in a field's name", request("Content-Length\0: 2", "xx"), .refused(.malformedFieldName)),
        .init(
            "9112 5.1", "a space within a field's name", request("Transfer Encoding: chunked"),
            .refused(.whitespaceBeforeColon)),
        .init(
            "9112 2.2", "a field behind CR alone", request("A: b\rTransfer-Encoding: chunked"),
            .refused(.bareCarriageReturn)),
        .init(
            "9112 2.2", "a field behind LF alone", request("A: b\nTransfer-Encoding: chunked"), .refused(.bareLineFeed)),
        .init(
            "9112 2.2", "a head that CR CR ends", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", .refused(.malformedFieldName)),
        .init(
            "9112 6.3", "chunks in OPTIONS",
            "OPTIONS /o HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + get("/n"),
            .requests(["OPTIONS /o x", "GET /n"])),
        .init(
            "9112 6.3", "chunks in GET",
            "GET /g HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + get("/n"),
            .requests(["GET /g x", "GET /n"])),
        .init(
            "9112 6.3", "a body of an unknown method",
            "BREW /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx" + get("/n"),
            .requests(["BREW /b xx", "GET /n"])),
        .init(
            "9112 6.3", "POST without a length in 1.0",
            "POST /p HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get("/n"), .requests(["POST /p", "GET /n"])),
        .init(
            "9112 6.3", "TE is not Transfer-Encoding", request("TE: chunked") + get("/n"),
            .requests(["POST /", "GET /n"])),
        .init(
            "9112 9.6", "what follows close is not read",
            "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + smuggled,
            .requests(["GET /a", "GET /smuggled"]), closes: true),
    ]
}
