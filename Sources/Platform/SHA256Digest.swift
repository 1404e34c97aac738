// SHA256Digest.swift: the 32 bytes of a SHA-256, kept in four words so that a digest is a plain value: it needs no heap,
// compares in four instructions and is a dictionary key as it stands. Word 0 holds the first eight bytes, big endian.

/// The result of SHA-256 or HMAC-SHA-256: 32 bytes.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// Bytes in a digest.
    public static let byteCount = 32

    let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Reads 64 hexadecimal digits of either case; nil when they are not exactly that.
    public init?(hexadecimal: some StringProtocol) {
        guard hexadecimal.utf8.count == Self.byteCount * 2 else { return nil }
        var words = [UInt64](repeating: 0, count: 4)
        for (index, digit) in hexadecimal.utf8.enumerated() {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
            default: return nil
            }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// The digest's first eight bytes, read big endian: a key of 64 evenly spread bits.
    public var prefix64: UInt64 { words.0 }

    /// The digest as 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
        var digits: [UInt8] = []
        digits.reserveCapacity(Self.byteCount * 2)
        appendHexadecimal(to: &digits)
        return String(decoding: digits, as: UTF8.self)
    }

    public var description: String { hexadecimal }

    /// Appends the first `digestBytes` bytes as lower-case hexadecimal, two digits a byte.
    ///
    /// - Precondition: `digestBytes` is 0 to 32.
    public func appendHexadecimal(to bytes: inout [UInt8], digestBytes: Int = 32) {
        precondition((0...Self.byteCount).contains(digestBytes), "a digest has 32 bytes, not \(digestBytes)")
        bytes.append(addingCapacity: digestBytes * 2) { output in
            var index = 0
            while index < digestBytes {
                // Four bytes become eight digits in one word, the first digit on top.
                let half = UInt32(truncatingIfNeeded: word(index >> 3) >> (index & 4 == 0 ? 32 : 0))
                var digits = Self.hexadecimalDigits(of: half)
                for _ in 0..<2 * min(4, digestBytes - index) {
                    digits = digits << 8 | digits >> 56
                    output.append(UInt8(truncatingIfNeeded: digits))
                }
                index += 4
            }
        }
    }

    /// Whether the 64 bytes are this digest in lower-case hexadecimal.
    public func equals(hexadecimal digits: Span<UInt8>) -> Bool {
        guard digits.count == Self.byteCount * 2 else { return false }
        var difference: UInt8 = 0
        for index in 0..<Self.byteCount {
            let byte = self[index]
            difference |= digits[2 * index] ^ Self.hexadecimalDigit(byte >> 4)
            difference |= digits[2 * index + 1] ^ Self.hexadecimalDigit(byte & 15)
        }
        return difference == 0
    }

    /// The byte at `index`, 0 to 31.
    public subscript(index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: word(index >> 3) >> UInt64(56 - 8 * (index & 7)))
    }

    @inline(__always)
    private func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
    }

    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        left.words == right.words
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// The eight lower-case digits of four bytes, a byte each.
    @inline(__always)
    private static func hexadecimalDigits(of value: UInt32) -> UInt64 {
        var nibbles = UInt64(value)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // Six more carries ten and above into the fifth bit; letters stand 0x27 behind where digits would go on.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}
