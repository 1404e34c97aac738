// The grammar of requests as a table: the bytes, the section that speaks of them ("9112" is RFC 9112, "9110" RFC 9110),
// and what must come of them. Every case runs whole, byte by byte, in threes, cut in two at every place, through the plain
// twin, and over a socket against a running server.
@testable import HTTP

struct WireCase: Sendable {
    enum Outcome: Sendable, Equatable {
        /// Whole requests as "METHOD path", or "METHOD path body"; the connection goes on.
        case requests([String])
        /// After these requests, a refusal.
        case refused(Refusal, after: [String] = [])
        /// Something is missing; nothing is wrong yet.
        case incomplete(after: [String] = [])
    }

    let name: String
    let section: String
    let bytes: [UInt8]
    let outcome: Outcome
    /// Whether the connection ends with the last answer; after a refusal it always does.
    let closes: Bool

    init(_ section: String, _ name: String, _ wire: String, _ outcome: Outcome, closes: Bool = false) {
        self.name = name
        self.section = section
        // One character a byte, so that a case can hold any byte.
        bytes = wire.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        self.outcome = outcome
        if case .refused = outcome { self.closes = true } else { self.closes = closes }
    }

    static let all = [
        requestLines, targets, paths, lines, fields, hosts, options, expectations, lengths, codings, chunks, extensions,
        trailers, connections, disputes,
    ].flatMap { $0 }

    static let requestLines: [WireCase] = [
        .init("9112 2.1", "a GET without a body", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /"])),
        .init(
            "9112 2.2", "one empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            .requests(["GET /"])),
        .init(
            "9112 2.2", "two empty lines before the request", "\r\n\r\nGET / HTTP/1.1\r\n",
            .refused(.malformedRequestLine)),
        .init("9112 2.2", "CR without LF before the request", "\rGET / HTTP/1.1\r\n", .refused(.bareCarriageReturn)),
        .init("9112 2.2", "LF before the request", "\nGET / HTTP/1.1\r\n", .refused(.bareLineFeed)),
        .init("9112 2.2", "white space before the request", " GET / HTTP/1.1\r\n", .refused(.malformedRequestLine)),
        .init("9112 3", "a TLS handshake", "\u{16}\u{3}\u{1}\u{2}", .refused(.malformedRequestLine)),
        .init("9112 3", "a request line that ends with LF alone", "GET / HTTP/1.1\n", .refused(.bareLineFeed)),
        .init("9112 3", "two spaces after the method", "GET  / HTTP/1.1\r\n", .refused(.malformedVersion)),
        .init("9112 3", "a tab after the method", "GET\t/ HTTP/1.1\r\n", .refused(.malformedRequestLine)),
        .init("9112 3", "two spaces before the version", "GET /  HTTP/1.1\r\n", .refused(.malformedVersion)),
        .init("9112 3", "a space after the version", "GET / HTTP/1.1 \r\n", .refused(.malformedVersion)),
        .init("9112 3", "a target with a space", "GET /a b HTTP/1.1\r\n", .refused(.malformedVersion)),
        .init("9112 3", "no version (HTTP/0.9)", "GET /\r\n", .refused(.malformedRequestLine)),
        .init("9112 3", "a method alone", "GET\r\n", .refused(.malformedRequestLine)),
        .init("9112 3", "CR within the request line", "GET /a\rb HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9112 3.1", "a method that is no token", "GE(T / HTTP/1.1\r\n", .refused(.malformedRequestLine)),
        .init("9110 9.1", "an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["BREW /"])),
        .init("9110 9.1", "methods mind their case", "get / HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["get /"])),
        .init("9110 9.3.6", "CONNECT", "CONNECT h:443 HTTP/1.1\r\n", .refused(.connectNotSupported)),
        .init("9112 2.3", "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", .requests(["GET /"]), closes: true),
        .init("9112 2.3", "a version in small letters", "GET / http/1.1\r\n", .refused(.malformedVersion)),
        .init("9112 2.3", "a version of two digits", "GET / HTTP/1.10\r\n", .refused(.malformedVersion)),
        .init("9112 2.3", "a version without a minor", "GET / HTTP/1\r\n", .refused(.malformedVersion)),
        .init("9110 15.6.6", "HTTP/2.0", "GET / HTTP/2.0\r\n", .refused(.unsupportedVersion)),
        .init("9110 15.6.6", "HTTP/1.2", "GET / HTTP/1.2\r\n", .refused(.unsupportedVersion)),
        .init("9110 15.6.6", "HTTP/0.9 by name", "GET / HTTP/0.9\r\n", .refused(.unsupportedVersion)),
        .init("9113 3.4", "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .refused(.http2Preface)),
    ]

    static let targets: [WireCase] = [
        .init("9112 3.2.1", "path and query", "GET /a/b?c=d?e HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /a/b"])),
        .init("9112 3.2.1", "an empty query", "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /a"])),
        .init("9112 3.2.1", "a path without its slash", "GET a HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9112 3.2.2", "absolute form", "GET http://x:1/a HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /a"])),
        .init("9112 3.2.2", "absolute form, https", "GET HTTPS://x/ HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /"])),
        .init(
            "9110 4.2.3", "absolute form without a path", "GET http://x HTTP/1.1\r\nHost: h\r\n\r\n",
            .requests(["GET /"])),
        .init(
            "9110 4.2.3", "absolute form, query only", "GET http://x?q HTTP/1.1\r\nHost: h\r\n\r\n",
            .requests(["GET /"])),
        .init("9110 4.2.1", "absolute form without a host", "GET http:///a HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9110 4.2.4", "absolute form with a user", "GET http://u@x/ HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9112 3.2.2", "another scheme", "GET ftp://x/ HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9112 3.2.4", "OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["OPTIONS *"])),
        .init("9112 3.2.4", "an asterisk without OPTIONS", "GET * HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("9112 3.2", "a fragment", "GET /a#b HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("3986 2.1", "an escape", "GET /a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n", .requests(["GET /a%2Fb"])),
        .init("3986 2.1", "half an escape", "GET /a%2 HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("3986 2.1", "an escape that is none", "GET /a%zz HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("3986 2", "a byte above 127", "GET /\u{e4} HTTP/1.1\r\n", .refused(.malformedTarget)),
        .init("3986 2", "NUL in the target", "GET /\0 HTTP/1.1\r\n", .refused(.malformedTarget)),
    ]

    static let lines: [WireCase] = [
        .init(
            "9112 2.2", "a field line that ends with LF alone", "GET / HTTP/1.1\r\nHost: h\n\r\n",
            .refused(.bareLineFeed)),
        .init("9112 2.2", "a head that ends with LF alone", "GET / HTTP/1.1\r\nHost: h\r\n\n", .refused(.bareLineFeed)),
        .init("9112 2.2", "CR within a value", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", .refused(.bareCarriageReturn)),
        .init("9112 2.2", "CR CR LF", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n", .refused(.bareCarriageReturn)),
        .init("9110 5.5", "NUL in a value", "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", .refused(.controlCharacter)),
        .init("9110 5.5", "DEL in a value", "GET / HTTP/1.1\r\nA: \u{7f}\r\n\r\n", .refused(.controlCharacter)),
        .init(
            "9110 5.5", "a vertical tab in a value", "GET / HTTP/1.1\r\nA: b\u{b}c\r\n\r\n", .refused(.controlCharacter)
        ),
        .init("9110 5.5", "a tab in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: b\tc\r\n\r\n", .requests(["GET /"])),
        .init(
            "9110 5.5", "bytes above 127 in a value", "GET / HTTP/1.1\r\nHost: h\r\nA: \u{e4}\r\n\r\n",
            .requests(["GET /"])),
        .init("9112 5.2", "a folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", .refused(.obsoleteFolding)),
        .init(
            "9112 2.2", "white space before the first field", "GET / HTTP/1.1\r\n\tA: b\r\n\r\n",
            .refused(.obsoleteFolding)),
        .init(
            "9112 5.1", "a space before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
            .refused(.whitespaceBeforeColon)),
        .init(
            "9112 5.1", "a tab before the colon", "GET / HTTP/1.1\r\nHost\t: h\r\n\r\n",
            .refused(.whitespaceBeforeColon)),
        .init("9112 5", "no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", .refused(.missingColon)),
        .init("9110 5.1", "no name", "GET / HTTP/1.1\r\n: h\r\n\r\n", .refused(.malformedFieldName)),
        .init("9110 5.1", "a name with a bracket", "GET / HTTP/1.1\r\nA[1]: h\r\n\r\n", .refused(.malformedFieldName)),
        .init(
            "9110 5.1", "a name with a byte above 127", "GET / HTTP/1.1\r\n\u{c4}: h\r\n\r\n",
            .refused(.malformedFieldName)),
        .init("9112 5", "an empty value", "GET / HTTP/1.1\r\nHost: h\r\nA:\r\n\r\n", .requests(["GET /"])),
        .init("9112 5", "no space after the colon", "GET / HTTP/1.1\r\nHost:h\r\n\r\n", .requests(["GET /"])),
        .init("9112 8", "a head without its end", "GET / HTTP/1.1\r\nHost: h\r\n", .incomplete()),
    ]

    static let fields: [WireCase] = [
        .init("9112 3.2", "1.1 without Host", "GET / HTTP/1.1\r\n\r\n", .refused(.missingHost)),
        .init("9112 3.2", "absolute form without Host", "GET http://x/ HTTP/1.1\r\n\r\n", .refused(.missingHost)),
        .init("9112 3.2", "two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n", .refused(.repeatedHost)),
        .init("9112 3.2", "two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: h\r\nhost: h\r\n\r\n", .refused(.repeatedHost)),
        .init("9112 3.2", "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .requests(["GET /"])),
        .init("9110 7.2", "Host with a port", "GET / HTTP/1.1\r\nHost: h.example:8080\r\n\r\n", .requests(["GET /"])),
        .init("9110 7.2", "Host as IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", .requests(["GET /"])),
        .init("9110 7.2", "Host as half an IPv6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .refused(.malformedHost)),
        .init("9110 7.2", "Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", .refused(.malformedHost)),
        .init("9110 7.2", "Host with a user", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", .refused(.malformedHost)),
        .init("9110 7.2", "two values in Host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .refused(.malformedHost)),
        .init(
            "9110 7.2", "Host with a port of letters", "GET / HTTP/1.1\r\nHost: h:a\r\n\r\n", .refused(.malformedHost)),
        .init("9110 7.2", "Host with a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .refused(.malformedHost)),
        .init(
            "9110 10.1.1", "another expectation", "GET / HTTP/1.1\r\nExpect: tea\r\n\r\n", .refused(.unknownExpectation)
        ),
        .init(
            "9110 10.1.1", "100-continue in any case", "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n",
            .requests(["GET /"])),
        .init(
            "9110 10.1.1", "an expectation in 1.0", "GET / HTTP/1.0\r\nExpect: tea\r\n\r\n", .requests(["GET /"]),
            closes: true),
    ]
}
