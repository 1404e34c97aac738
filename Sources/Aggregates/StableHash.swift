// A 64-bit hash of bytes that is the same on every machine and in every run. Eight bytes at a time, little-endian, are
// mixed in by one folded multiplication: state = fold((state ^ word) * k), where fold is the exclusive or of the two
// halves of the 128-bit product, so that every input bit reaches the whole word. The length starts the state, so zeros
// at the end count; two more folds, with other constants, finish it. The constants are the first 64 bits of the
// fractional parts of the square roots of 2, 3, 5 and 7, made odd.
//
// It spreads well and is fast; it withstands nobody who may choose bytes at will and tries to find collisions, so
// identifiers are hashed with a secret key before they come here.

private enum MixConstant {
    static let start: UInt64 = 0x6A09_E667_F3BC_C909
    static let word: UInt64 = 0xBB67_AE85_84CA_A73B
    static let length: UInt64 = 0x3C6E_F372_FE94_F82B
    static let finish: UInt64 = 0xA54F_F53A_5F1D_36F1
}

/// The two halves of the product of two words, combined.
@inline(__always)
func foldedMultiply(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}

/// Spreads the bits of a word that may be no hash yet.
@inline(__always)
func mixed(_ word: UInt64) -> UInt64 {
    foldedMultiply(word ^ MixConstant.start, MixConstant.word) &* MixConstant.finish
}

/// A hash of the bytes, equal on every machine and in every run, never 0.
///
/// - Complexity: O(bytes), about an eighth of a multiplication a byte. Allocates nothing.
public func stableHash(_ bytes: Span<UInt8>) -> UInt64 {
    let raw = bytes.bytes
    let count = raw.byteCount
    var state = MixConstant.start ^ (UInt64(truncatingIfNeeded: count) &* MixConstant.length)
    var offset = 0
    while offset &+ 8 <= count {
        let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
        state = foldedMultiply(state ^ word, MixConstant.word)
        offset &+= 8
    }
    if offset < count {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        while offset < count {
            word |= UInt64(bytes[offset]) &<< shift
            shift &+= 8
            offset &+= 1
        }
        state = foldedMultiply(state ^ word, MixConstant.word)
    }
    state = foldedMultiply(state ^ MixConstant.finish, MixConstant.length)
    state = foldedMultiply(state ^ MixConstant.start, MixConstant.finish)
    return state == 0 ? MixConstant.start : state
}

/// A hash of the text's UTF-8.
public func stableHash(_ text: String) -> UInt64 {
    stableHash(text.utf8.span)
}

/// A hash of a number, never 0.
public func stableHash(_ number: UInt64) -> UInt64 {
    let state = foldedMultiply(mixed(number) ^ MixConstant.finish, MixConstant.length)
    return state == 0 ? MixConstant.start : state
}
