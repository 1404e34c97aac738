// Random streams of requests: put together from sound and unsound pieces, and then sometimes damaged by a byte.

enum StreamMaker {
    private static let methods = ["GET", "POST", "HEAD", "OPTIONS", "TRACE", "BREW", "CONNECT", "G(T", ""]
    private static let targets = [
        "/", "/a?b=c", "/%41", "/%4", "*", "http://x/a", "http://", "https://x?y", "http://x", "/a#b", "a", "/../a",
        "/a/%2E.", "/a%2f.", "/a..b/.c?/..", "//", "/%00", "/a?%7f", "http://[::1]:1/.", "http://x:70000",
    ]
    private static let versions = ["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 "]
    private static let fields = [
        "Host: other", "A: b", "A:b", "A:\t b \t", "A : b", ": b", "A", " folded", "A: \u{1}", "A: b\rc",
        "Connection: close", "Connection: a, Keep-Alive", "Expect: 100-continue", "Expect: more",
        "Content-Length: 4", "Content-Length: 004", "Content-Length: 13", "Content-Length: 25", "Content-Length: x",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked;a", "Transfer-Encoding: gzip", "Host: [::1]:1",
        "Host: a b", "Host:", "Host: h:70000", "Host: [1::2::]", "Host: [::1.2.3.4]:", "Host: h%00", "Host: %41:1",
        "Connection: ,, close", "Connection: a b", "Connection: keep-alive,", "Connection: \u{e4}", "Connection:",
        "Expect: 100-continue", "Expect:", "Trailer: T", "TE: trailers", "Upgrade: h2c",
        "Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ]
    private static let chunkLines = [
        "4", "04", "1;a", "4;a=b", "4;a=\"q\\\"\"", "4 ;a", "4;", "4 x", "g", "", "D", "19", "FFFFFFFFFFFFFFFFF",
        "4;aaaaaaaaaaaaaaaaaaaaaaaaaaa", "1;aaaaaaaaaaaaaaaa", "0000000000000004", "00000000000000004",
    ]

    static func make(using random: inout SplitMix64) -> [UInt8] {
        var wire = ""
        for _ in 0..<Int.random(in: 1...4, using: &random) { wire += request(using: &random) }
        var bytes = wire.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        if chance(4, &random), !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert([10, 13, 32, 9, 0, 58].randomElement(using: &random) ?? 0, at: index)
            default: bytes.removeLast(bytes.count - index)
            }
        }
        return bytes
    }

    private static func chance(_ oneIn: Int, _ random: inout SplitMix64) -> Bool {
        Int.random(in: 0..<oneIn, using: &random) == 0
    }

    /// Mostly the first, which is sound.
    private static func pick(_ choices: [String], _ random: inout SplitMix64) -> String {
        chance(6, &random) ? choices.randomElement(using: &random) ?? "" : choices[0]
    }

    private static func request(using random: inout SplitMix64) -> String {
        var wire = chance(12, &random) ? "\r\n" : ""
        if chance(120, &random) { return "PRI * HTTP/2.0\r\n\r\n" }
        wire += pick(methods, &random) + " " + pick(targets, &random) + " " + pick(versions, &random)
        wire += pick(["\r\n", "\r\n", "\n"], &random)
        if !chance(20, &random) { wire += "Host: h\r\n" }
        for _ in 0..<([0, 0, 1, 1, 2, 6].randomElement(using: &random) ?? 0) where chance(2, &random) {
            wire += (fields.randomElement(using: &random) ?? "") + "\r\n"
        }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return wire + "\r\n"
        case 1:
            let length = [4, 0, 12, 13, 24, 25].randomElement(using: &random) ?? 0
            return wire + "Content-Length: \(length)\r\n\r\n" + String(repeating: "x", count: length)
        default: return wire + "Transfer-Encoding: chunked\r\n\r\n" + chunks(using: &random)
        }
    }

    private static func chunks(using random: inout SplitMix64) -> String {
        var wire = ""
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let line = chance(2, &random) ? chunkLines.randomElement(using: &random) ?? "" : "4"
            let size = Int(line.prefix { $0.isHexDigit }, radix: 16) ?? 0
            wire +=
                line + "\r\n" + String(repeating: "y", count: min(size, 30)) + pick(["\r\n", "\n", "z\r\n"], &random)
        }
        wire += "0\r\n"
        for _ in 0..<3 where chance(4, &random) {
            wire += pick(["T: v", " T: v", "T", "Host: h", "te: a"], &random) + "\r\n"
        }
        if chance(20, &random) { wire += "T: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\r\n" }
        return wire + "\r\n"
    }
}
