// What the JSON tests share: seeded numbers, random documents, reading a whole document.

import JSON

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The error that reading the document gives; nil when it is accepted.
func refusal(of bytes: [UInt8], maximumDepth: Int = JSONReader.standardMaximumDepth) -> JSONError? {
    do throws(JSONError) {
        var reader = JSONReader(bytes.span, maximumDepth: maximumDepth)
        try reader.skipValue()
        try reader.finish()
        return nil
    } catch {
        return error
    }
}

func refusal(of text: String) -> JSONError? { refusal(of: Array(text.utf8)) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The one double that `text` is.
func readDouble(_ text: String) throws(JSONError) -> Double {
    var reader = JSONReader(text.utf8Span.span)
    let value = try reader.readDouble()
    try reader.finish()
    return value
}

func readInteger(_ text: String) throws(JSONError) -> JSONInteger {
    var reader = JSONReader(text.utf8Span.span)
    let value = try reader.readInteger()
    try reader.finish()
    return value
}

extension JSONValue {
    /// A random tree that reads back equal: no integral doubles, no NaN, no key twice.
    static func random(depth: Int, using rng: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &rng) {
        case 0: return .null
        case 1: return .bool(.random(using: &rng))
        case 2: return .integer(Int64(truncatingIfNeeded: rng.next()) >> Int64.random(in: 0..<64, using: &rng))
        case 3:
            let value = Double(bitPattern: rng.next())
            return value.isFinite && value.rounded() != value ? .double(value) : .double(0.0412)
        case 4, 5: return .string(randomText(using: &rng))
        case 6:
            let count = Int.random(in: 0..<5, using: &rng)
            return .array((0..<count).map { _ in random(depth: depth - 1, using: &rng) })
        default:
            let count = Int.random(in: 0..<5, using: &rng)
            return .object(
                (0..<count).map { JSONMember("\($0)" + randomText(using: &rng), random(depth: depth - 1, using: &rng)) }
            )
        }
    }

    var written: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

/// Text of plain letters, controls, quotes, and characters of two, three and four bytes.
func randomText(using rng: inout SplitMix64) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyz \"\\/\u{0}\u{1}\u{1F}\u{8}\u{9}\n\u{C}\r\u{7F}é߿ࠀ€\u{FFFF}𐀀😀\u{10FFFF}"
    let alphabet = Array(letters.unicodeScalars)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<24, using: &rng) {
        text.append(alphabet.randomElement(using: &rng) ?? "a")
    }
    return String(text)
}
