// The table of wire cases goes on: paths, hosts, and the lists of Connection and Expect.
@testable import HTTP

extension WireCase {
    /// A GET of `target`, whole.
    private static func target(_ target: String, method: String = "GET") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n"
    }

    private static func host(_ value: String) -> String { "GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n" }

    private static func field(_ line: String, version: String = "1.1") -> String {
        "GET / HTTP/\(version)\r\nHost: h\r\n\(line)\r\n\r\n"
    }

    static let paths: [WireCase] = [
        .init("3986 5.2.4", "a segment of one dot", target("/a/./b"), .refused(.dotSegment)),
        .init("3986 5.2.4", "a segment of two dots", target("/a/../b"), .refused(.dotSegment)),
        .init("3986 5.2.4", "two dots first", target("/../b"), .refused(.dotSegment)),
        .init("3986 5.2.4", "two dots last", target("/a/.."), .refused(.dotSegment)),
        .init("3986 5.2.4", "one dot before the query", target("/a/.?b"), .refused(.dotSegment)),
        .init("3986 6.2.2", "two escaped dots", target("/a/%2e%2E/b"), .refused(.dotSegment)),
        .init("3986 6.2.2", "a dot and an escaped one", target("/.%2e"), .refused(.dotSegment)),
        .init("3986 6.2.2", "an escaped dot alone", target("/%2E/a"), .refused(.dotSegment)),
        .init("3986 6.2.2", "dots between escaped slashes", target("/a%2F..%2Fb"), .refused(.dotSegment)),
        .init("3986 6.2.2", "dots in absolute form", target("http://x/../b"), .refused(.dotSegment)),
        .init("3986 3.3", "dots within a segment", target("/a..b/.c/d./..."), .requests(["GET /a..b/.c/d./..."])),
        .init("3986 3.4", "dots in the query", target("/a?b=/../c"), .requests(["GET /a"])),
        .init("3986 3.3", "dots with a parameter are data", target("/a/..;b"), .requests(["GET /a/..;b"])),
        .init("3986 3.3", "a doubled slash is a segment of its own", target("//a//b"), .requests(["GET //a//b"])),
        .init("3986 2.4", "an escape is read once", target("/%252e%252e/a"), .requests(["GET /%252e%252e/a"])),
        .init("3986 2.2", "an escaped slash is data", target("/a%2fb"), .requests(["GET /a%2fb"])),
        .init("3986 7.3", "an escaped NUL", target("/a%00"), .refused(.encodedControlCharacter)),
        .init("3986 7.3", "an escaped line feed", target("/a%0Ab"), .refused(.encodedControlCharacter)),
        .init("3986 7.3", "an escaped carriage return", target("/a?b=%0d"), .refused(.encodedControlCharacter)),
        .init("3986 7.3", "an escaped DEL", target("/%7F"), .refused(.encodedControlCharacter)),
        .init("3986 7.3", "the last escaped control character", target("/%1f"), .refused(.encodedControlCharacter)),
        .init("3986 7.3", "an escaped space", target("/%20"), .requests(["GET /%20"])),
        .init("3986 2.5", "escaped UTF-8", target("/%C3%A4"), .requests(["GET /%C3%A4"])),
        .init("3986 2.1", "a percent sign alone", target("/%"), .refused(.malformedTarget)),
        .init("3986 2.1", "half an escape before the query", target("/%4?1"), .refused(.malformedTarget)),
        .init("3986 2", "a backslash", target("/a\\b"), .refused(.malformedTarget)),
        .init("3986 2", "quotes and brackets", target("/a\"[b]"), .refused(.malformedTarget)),
        .init("3986 2", "a bar in the query", target("/a?b|c"), .refused(.malformedTarget)),
        .init(
            "3986 3.3", "every mark that a path may hold", target("/-._~!$&'()*+,;=:@"),
            .requests(["GET /-._~!$&'()*+,;=:@"])),
        .init("3986 2", "a tab in the target", target("/a\tb"), .refused(.malformedTarget)),
    ]

    static let hosts: [WireCase] = [
        .init("9110 7.2", "the largest port", host("h:65535"), .requests(["GET /"])),
        .init("9110 7.2", "a port past the largest", host("h:65536"), .refused(.malformedHost)),
        .init("9110 7.2", "a port of six digits", host("h:000080"), .refused(.malformedHost)),
        .init("3986 3.2.3", "an empty port", host("h:"), .requests(["GET /"])),
        .init("9110 7.2", "a port with a sign", host("h:+80"), .refused(.malformedHost)),
        .init("9110 7.2", "two ports", host("h:80:80"), .refused(.malformedHost)),
        .init("9110 7.2", "a space within Host", host("h h"), .refused(.malformedHost)),
        .init("9110 7.2", "white space around Host", host(" \t h\t "), .requests(["GET /"])),
        .init("9110 7.2", "a scheme in Host", host("http://h"), .refused(.malformedHost)),
        .init("9110 7.2", "a query in Host", host("h?a"), .refused(.malformedHost)),
        .init("9110 7.2", "a byte above 127 in Host", host("h\u{e4}"), .refused(.malformedHost)),
        .init("9110 7.2", "NUL in Host", host("h\0"), .refused(.controlCharacter)),
        .init("3986 7.3", "an escaped NUL in Host", host("h%00"), .refused(.malformedHost)),
        .init("3986 3.2.2", "half an escape in Host", host("h%2"), .refused(.malformedHost)),
        .init("3986 3.2.2", "an address of IPv4", host("127.0.0.1:8080"), .requests(["GET /"])),
        .init("3986 3.2.2", "a whole address of IPv6", host("[2001:DB8:0:0:8:800:200c:417a]"), .requests(["GET /"])),
        .init("3986 3.2.2", "no address but its gap", host("[::]:1"), .requests(["GET /"])),
        .init("3986 3.2.2", "a gap for one group", host("[1:2:3:4:5:6:7::]"), .requests(["GET /"])),
        .init("3986 3.2.2", "a gap for no group", host("[1:2:3:4:5:6:7::8]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "two gaps", host("[1::2::3]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "three colons", host("[:::1]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "a colon first", host("[:1:2:3:4:5:6:7]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "a colon last", host("[1:2:3:4:5:6:7:]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "seven groups", host("[1:2:3:4:5:6:7]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "nine groups", host("[1:2:3:4:5:6:7:8:9]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "a group of five digits", host("[::12345]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "IPv4 at the end of IPv6", host("[::ffff:192.0.2.1]"), .requests(["GET /"])),
        .init("3986 3.2.2", "IPv4 within IPv6", host("[::192.0.2.1:1]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "IPv4 past 255 in IPv6", host("[::192.0.2.256]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "IPv4 with a leading zero in IPv6", host("[::192.0.2.01]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "IPv4 of three numbers in IPv6", host("[::192.0.2]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "IPv4 in brackets", host("[192.0.2.1]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "empty brackets", host("[]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "an address of a later version", host("[v1.a]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "a zone", host("[fe80::1%25eth0]"), .refused(.malformedHost)),
        .init("3986 3.2.2", "text behind the brackets", host("[::1]a"), .refused(.malformedHost)),
        .init(
            "9112 3.2.2", "the target's host counts, not another Host", target("http://x:65535/a"),
            .requests(["GET /a"])),
        .init(
            "9112 3.2.2", "a Host that is none beside absolute form",
            "GET http://x/a HTTP/1.1\r\nHost: a b\r\n\r\n", .refused(.malformedHost)),
        .init(
            "9112 3.2.2", "two Hosts beside absolute form",
            "GET http://x/a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", .refused(.repeatedHost)),
        .init("9112 3.2.2", "absolute form, IPv6", target("http://[::1]:80/a"), .requests(["GET /a"])),
        .init("9112 3.2.2", "absolute form, half an IPv6", target("http://[::1/a"), .refused(.malformedTarget)),
        .init("9112 3.2.2", "absolute form, a port too large", target("http://x:70000/"), .refused(.malformedTarget)),
        .init("9112 3.2.2", "absolute form, one slash", target("http:/x/a"), .refused(.malformedTarget)),
        .init("9112 3.2.3", "authority form without CONNECT", target("h:80"), .refused(.malformedTarget)),
        .init("9112 3.2.3", "an empty CONNECT", target("/", method: "CONNECT"), .refused(.connectNotSupported)),
    ]

    static let options: [WireCase] = [
        .init("9110 9.3.7", "OPTIONS of a path", target("/a", method: "OPTIONS"), .requests(["OPTIONS /a"])),
        .init(
            "9112 3.2.4", "OPTIONS of a server by its URI", target("http://x", method: "OPTIONS"),
            .requests(["OPTIONS /"])),
        .init(
            "9112 3.2.4", "an asterisk with a query", target("*?a", method: "OPTIONS"), .refused(.malformedTarget)),
        .init("9110 9.3.8", "TRACE", target("/a", method: "TRACE"), .requests(["TRACE /a"])),
        .init(
            "9110 9.3.8", "TRACE with content", "TRACE / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
            .refused(.contentInTrace)),
        .init(
            "9110 9.3.8", "TRACE with chunks", "TRACE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            .refused(.contentInTrace)),
        .init(
            "9110 9.3.8", "TRACE with a length of zero", "TRACE / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
            .requests(["TRACE /"])),
        .init(
            "9110 9.1", "a method of marks", target("/", method: "!#$%&'*+-.^_`|~0"), .requests(["!#$%&'*+-.^_`|~0 /"])),
        .init("9110 7.6.1", "close", field("Connection: close"), .requests(["GET /"]), closes: true),
        .init("9110 7.6.1", "close in capitals", field("CONNECTION:CLOSE"), .requests(["GET /"]), closes: true),
        .init(
            "9110 7.6.1", "close and keep-alive", field("Connection: keep-alive, close"), .requests(["GET /"]),
            closes: true),
        .init(
            "9110 7.6.1", "close in a second field", field("Connection: a\r\nConnection: close"), .requests(["GET /"]),
            closes: true),
        .init("9110 7.6.1", "a word that begins with close", field("Connection: closed"), .requests(["GET /"])),
        .init("9110 5.6.1", "empty members", field("Connection: ,, close ,"), .requests(["GET /"]), closes: true),
        .init("9110 5.6.1", "an empty list", field("Connection:"), .requests(["GET /"])),
        .init("9110 7.6.1", "options that are no tokens", field("Connection: close;a"), .refused(.malformedConnection)),
        .init(
            "9110 7.6.1", "options without a comma", field("Connection: close close"), .refused(.malformedConnection)),
        .init("9110 7.6.1", "an option in quotes", field("Connection: \"close\""), .refused(.malformedConnection)),
        .init("9110 7.6.1", "an option above 127", field("Connection: \u{e4}"), .refused(.malformedConnection)),
        .init("9110 7.6.1", "Host as an option names no field away", field("Connection: Host"), .requests(["GET /"])),
        .init("9112 9.3", "keep-alive in 1.0", field("Connection: Keep-Alive", version: "1.0"), .requests(["GET /"])),
        .init(
            "9112 9.3", "keep-alive and close in 1.0", field("Connection: keep-alive, close", version: "1.0"),
            .requests(["GET /"]), closes: true),
        .init("9112 C.2.2", "Proxy-Connection", field("Proxy-Connection: close"), .requests(["GET /"])),
        .init(
            "9110 7.8", "an upgrade to HTTP/2",
            field("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"),
            .requests(["GET /"])),
        .init(
            "9110 7.8", "an upgrade to WebSocket", field("Connection: upgrade\r\nUpgrade: websocket"),
            .requests(["GET /"])),
        .init("9110 10.1.4", "TE", field("Connection: TE\r\nTE: trailers, deflate;q=0.5"), .requests(["GET /"])),
        .init("9110 6.6.2", "Trailer without trailers", field("Trailer: A"), .requests(["GET /"])),
    ]

    static let expectations: [WireCase] = [
        .init(
            "9110 10.1.1", "an expected body that comes at once",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
            .requests(["POST / {}"])),
        .init(
            "9110 10.1.1", "an expected body in chunks",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            .requests(["POST / x"])),
        .init(
            "9110 10.1.1", "an expectation with more", field("Expect: 100-continue, a"), .refused(.unknownExpectation)),
        .init(
            "9110 10.1.1", "an expectation behind another", field("Expect: y 100-continue"),
            .refused(.unknownExpectation)),
        .init(
            "9110 10.1.1", "an expectation with a parameter", field("Expect: 100-continue;q"),
            .refused(.unknownExpectation)),
        .init("9110 10.1.1", "an empty expectation", field("Expect:"), .refused(.unknownExpectation)),
        .init(
            "9110 10.1.1", "an expectation twice", field("Expect: 100-continue\r\nExpect: 100-continue"),
            .refused(.unknownExpectation)),
        .init("9110 10.1.1", "a folded expectation", field("Expect:\r\n 100-continue"), .refused(.unknownExpectation)),
        .init(
            "9110 10.1.1", "an expected body in 1.0",
            "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}", .requests(["POST / {}"]),
            closes: true),
    ]
}
