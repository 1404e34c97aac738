// A schema's keys as a small hash table, so that a reader finds which key it has met in one look and one comparison,
// however many keys the schema has, instead of comparing it with each in turn.
//
// A key of up to 16 bytes is two words, its first eight bytes and its last eight, and its length: that is what is hashed
// and compared. Of a longer one these are compared first, and then the whole.

import Glibc

/// A fixed list of distinct keys of one object; `JSONReader.index(of:in:)` answers with a key's position in it.
public struct JSONKeys: Sendable {
    /// More keys than this in one object are a bug in the schema.
    public static let maximumCount = 1_000

    /// The keys, in the order in which they were given.
    public let names: [StaticString]
    /// Open addressing, at most a quarter full.
    private let slots: [Slot]
    private let mask: Int

    private struct Slot {
        var key = KeyWords(first: 0, last: 0, count: -1)
        var index = 0
    }

    /// - Precondition: At most `maximumCount` keys, all distinct.
    public init(_ names: [StaticString]) {
        precondition(names.count <= Self.maximumCount, "\(names.count) keys")
        var size = 4
        while size < names.count * 4 { size *= 2 }
        var slots = [Slot](repeating: Slot(), count: size)
        for (index, name) in names.enumerated() {
            precondition(!names[..<index].contains { $0.description.utf8.elementsEqual(name.description.utf8) })
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            let key = KeyWords(bytes)
            var slot = key.hash & (size - 1)
            while slots[slot].key.count >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Slot(key: key, index: index)
        }
        self.names = names
        self.slots = slots
        mask = size - 1
    }

    /// A sender may choose keys that fall on one slot; the walk is over the schema's own keys, so it stays short.
    func index(of text: UnsafeRawBufferPointer) -> Int? {
        let key = KeyWords(text)
        var slot = key.hash & mask
        while slots[slot].key.count >= 0 {
            if slots[slot].key == key {
                let index = slots[slot].index
                guard text.count > KeyWords.wholeCount, let start = text.baseAddress else { return index }
                if memcmp(names[index].utf8Start, start, text.count) == 0 { return index }
            }
            slot = (slot &+ 1) & mask
        }
        return nil
    }
}

/// The ends of a key: all of it when it has no more than `wholeCount` bytes.
private struct KeyWords: Equatable {
    static let wholeCount = 16

    var first: UInt64
    var last: UInt64
    var count: Int

    init(first: UInt64, last: UInt64, count: Int) {
        self.first = first
        self.last = last
        self.count = count
    }

    @inline(__always)
    init(_ text: UnsafeRawBufferPointer) {
        count = text.count
        if count >= 8 {
            first = text.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            last = text.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        } else if count >= 4 {
            first = UInt64(text.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            last = UInt64(text.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
        } else if count > 0 {  // the first, the middle and the last of one to three bytes are all of them
            first = UInt64(text[0]) | UInt64(text[count &>> 1]) &<< 8
            last = UInt64(text[count &- 1])
        } else {
            first = 0
            last = 0
        }
    }

    /// Multiplication carries every bit upwards, so the upper half is taken.
    var hash: Int {
        let ends = first ^ (last &* 0x9E37_79B9_7F4A_7C15)
        let mixed = (ends &+ UInt64(truncatingIfNeeded: count)) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed &>> 32)
    }
}
