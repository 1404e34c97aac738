// Fields of words: halves and quarters, since slots, counts and links are small and an entity has many of them.

/// The halves of a word.
@inline(__always)
func lowHalf(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word & 0xFFFF_FFFF) }

@inline(__always)
func highHalf(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word >> 32) }

@inline(__always)
func joined(low: Int, high: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: high) << 32 | UInt64(truncatingIfNeeded: low) & 0xFFFF_FFFF
}

extension MutableSpan<UInt64> {
    /// A field of 16 bits, counted from the front of the word.
    @inline(__always)
    func quarter(_ word: Int, _ number: Int) -> Int {
        let shift = UInt64(truncatingIfNeeded: number & 3) &* 16
        return Int(truncatingIfNeeded: (self[word &+ number &>> 2] &>> shift) & 0xFFFF)
    }

    @inline(__always)
    mutating func setQuarter(_ word: Int, _ number: Int, _ value: Int) {
        let shift = UInt64(truncatingIfNeeded: number & 3) &* 16
        let index = word &+ number &>> 2
        self[index] = self[index] & ~(0xFFFF &<< shift) | UInt64(truncatingIfNeeded: value & 0xFFFF) &<< shift
    }

    /// A field of 32 bits, counted from the front of the word.
    @inline(__always)
    func half(_ word: Int, _ number: Int) -> UInt32 {
        let shift = UInt64(truncatingIfNeeded: number & 1) &* 32
        return UInt32(truncatingIfNeeded: self[word &+ number &>> 1] &>> shift)
    }

    @inline(__always)
    mutating func setHalf(_ word: Int, _ number: Int, _ value: UInt32) {
        let shift = UInt64(truncatingIfNeeded: number & 1) &* 32
        let index = word &+ number &>> 1
        self[index] = self[index] & ~(0xFFFF_FFFF &<< shift) | UInt64(value) &<< shift
    }
}
