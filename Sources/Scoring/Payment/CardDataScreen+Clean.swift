// The first look at a text, eight bytes at a time. Most texts of a payment are identifiers, digests and codes, and hold
// nothing that could part the groups of a number or stand between a name and its code; of those only one with a long run
// of bare digits needs a search.
//
//   a9f3047c11d2…   letters, digits, @ [ \ ] ^ _ ` { | } ~     no blank, hyphen, point, colon, quotation mark, …
//   ..47 1102 9385 61..   thirteen digits in a row always fill two aligned blocks of four, side by side

private let ones: UInt64 = 0x0101_0101_0101_0101

extension CardDataScreen {
    /// Whether a text is told clean by its first look: true only where `search` finds nothing.
    static func isPlainlyClean(_ text: Span<UInt8>) -> Bool {
        text.withUnsafeBytes { bytes in
            var wasFull = false  // the block of four before this word holds nothing but digits
            var position = 0
            while position &+ 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                guard isClean(word, &wasFull) else { return false }
                position &+= 8
            }
            // The rest as a word of its own: what is behind the end is no digit.
            var word = (ones &* 0x40) << UInt64(8 &* (bytes.count &- position))
            for i in position..<bytes.count { word |= UInt64(bytes[i]) << UInt64(8 &* (i &- position)) }
            return position == bytes.count || isClean(word, &wasFull)
        }
    }

    /// Whether eight bytes, the first the lowest, have nothing that needs a search.
    @inline(__always)
    private static func isClean(_ word: UInt64, _ wasFull: inout Bool) -> Bool {
        let high = ones &* 0x80
        guard word & high == 0 else { return false }  // beyond ASCII there are blanks and hyphens too
        // All bytes are below 0x80 now, so that no sum carries into the next.
        let fromDigits = word &+ ones &* (0x80 - 0x30)  // high bit: 0x30 or above
        let fromColon = word &+ ones &* (0x80 - 0x3A)
        let fromAt = word &+ ones &* (0x80 - 0x40)
        let isDigit = fromDigits & ~fromColon & high
        guard (isDigit | fromAt) & high == high else { return false }
        let isLowFull = isDigit & 0xFFFF_FFFF == high & 0xFFFF_FFFF
        let isHighFull = isDigit >> 32 == high >> 32
        if isLowFull && (wasFull || isHighFull) { return false }
        wasFull = isHighFull
        return true
    }
}
