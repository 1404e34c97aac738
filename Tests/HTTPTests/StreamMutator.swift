// Streams that are almost requests: the table's own cases put one behind the other, then changed where readers differ.
// Lines are doubled, swapped, cut, taken from elsewhere; framing fields are put together in pairs; line ends, colons,
// numbers and single bytes are changed.
import Glibc

@testable import HTTP

/// How often the random comparisons run: as often as their tests say, or as SHROFF_STREAM_ROUNDS says.
enum StreamRounds {
    static func count(_ usual: Int) -> Int {
        guard let text = getenv("SHROFF_STREAM_ROUNDS") else { return usual }
        return Int(String(cString: text)) ?? usual
    }
}

enum StreamMutator {
    private static let lineEnds: [[UInt8]] = [
        [13, 10], [10], [13], [13, 13, 10], [13, 10, 13, 10], [10, 13], [], [0],
    ]
    private static let insertions = [
        "\r\n", "\n", "\r", " ", "\t", "\0", "\u{b}", "\u{7f}", "\u{80}", ":", ";", ",", "\"", "\\", "%", "%00", "%2e",
        "/",
        "..", "=", "0", "00000000000000000", "f", "-", "+", "_", "0x", "[", "]", "@", "#", "?", "chunked", "close",
        "100-continue", " HTTP/1.1", "\r\n\r\n",
    ]
    private static let framings = [
        "Content-Length: 0", "Content-Length: 2", "Content-Length: 5", "Content-Length: 5, 5", "Content-Length:\t3 ",
        "content-length: 03", "Content-Length: +2", "Content-Length: 2x", "Content-Length: 0x2", "Content-Length",
        "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked ", "transfer-encoding:chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: identity", "Transfer-Encoding:", "Transfer-Encoding: ,chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: \u{b}chunked", "Transfer_Encoding: chunked", " Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Connection: close", "Connection: Content-Length", "TE: chunked", "Trailer: Content-Length", "Host: h",
        "Host: [::1]",
    ]

    static func make(using random: inout SplitMix64) -> [UInt8] {
        var bytes = seed(using: &random)
        for _ in 0..<Int.random(in: 0...2, using: &random) { bytes += seed(using: &random) }
        return changed(
            bytes, lineChanges: Int.random(in: 0...3, using: &random),
            byteChanges: [0, 0, 1, 1, 2, 4].randomElement(using: &random) ?? 0, using: &random)
    }

    static func changed(
        _ bytes: [UInt8], lineChanges: Int, byteChanges: Int, using random: inout SplitMix64
    ) -> [UInt8] {
        var lines = lines(of: bytes)
        for _ in 0..<lineChanges { changeLines(&lines, &random) }
        var bytes = lines.flatMap { $0 }
        for _ in 0..<byteChanges { changeBytes(&bytes, &random) }
        return bytes
    }

    private static func seed(using random: inout SplitMix64) -> [UInt8] {
        WireCase.all.randomElement(using: &random)?.bytes ?? []
    }

    /// Lines, each with its end.
    private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        for byte in bytes {
            lines[lines.count - 1].append(byte)
            if byte == 10 { lines.append([]) }
        }
        return lines.filter { !$0.isEmpty }
    }

    private static func changeLines(_ lines: inout [[UInt8]], _ random: inout SplitMix64) {
        guard !lines.isEmpty else { return }
        let place = Int.random(in: 0..<lines.count, using: &random)
        let other = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: lines.insert(lines[place], at: other)
        case 1: lines.swapAt(place, other)
        case 2: lines.remove(at: place)
        case 3: lines.insert(contentsOf: Self.lines(of: seed(using: &random)).prefix(other), at: place)
        case 4, 5:
            let framing = framings.randomElement(using: &random) ?? ""
            lines.insert(latin(framing) + [13, 10], at: min(place + 1, lines.count))
        case 6:
            let end = lineEnds.randomElement(using: &random) ?? []
            lines[place] = lines[place].filter { $0 != 13 && $0 != 10 } + end
        default:
            let cut = Int.random(in: 0...lines[place].count, using: &random)
            lines[place] = Array(lines[place].prefix(cut)) + lines[other].suffix(lines[other].count / 2)
        }
    }

    private static func changeBytes(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.remove(at: place)
        case 3, 4: bytes.insert(contentsOf: latin(insertions.randomElement(using: &random) ?? ""), at: place)
        case 5: bytes.removeLast(bytes.count - place)
        default:
            // A number that is off by one, or another one.
            if let digit = bytes[place...].firstIndex(where: { (48...57).contains($0) }) {
                bytes[digit] = 48 + UInt8.random(in: 0...9, using: &random)
            }
        }
    }

    private static func latin(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}

extension WireLimits {
    /// Limits that short streams reach.
    static var tight: WireLimits {
        var limits = WireLimits()
        limits.requestLineBytes = 40
        limits.fieldLineBytes = 48
        limits.headBytes = 120
        limits.fieldCount = 4
        limits.chunkLineBytes = 24
        limits.chunkExtensionBytes = 12
        limits.trailerBytes = 24
        limits.trailerCount = 1
        return limits
    }
}
