// The list on the right of `in`, prepared for one question: is the value on the left an element? Numbers are brought
// to the type of the left side once, at load; an element that no value of that type equals is dropped.
//
//   up to 8 elements   one after the other
//   more               numbers: binary search; texts: a table of twice the size or more, open addressing, FNV-1a

struct ConstantList: Sendable {
    static let longestScanned = 8

    /// Bit patterns in ascending order, of all but texts.
    private(set) var bits: [UInt64] = []
    /// Ranges in the program's constant text, of texts.
    private var texts: [Slot] = []
    /// Index + 1 into `texts` by hash, 0 where free; empty when the list is short.
    private var table: [UInt32] = []

    init(bits: [UInt64]) {
        self.bits = Set(bits).sorted()
    }

    /// - Parameter append: Puts a text among the program's constants.
    init(texts elements: [[UInt8]], append: ([UInt8]) -> Slot) {
        var known: Set<[UInt8]> = []
        let distinct = elements.filter { known.insert($0).inserted }
        texts = distinct.map(append)
        guard distinct.count > Self.longestScanned else { return }
        var size = 16
        while size < distinct.count * 2 { size *= 2 }
        table = Array(repeating: 0, count: size)
        for (index, bytes) in distinct.enumerated() {
            var place = Self.hash(bytes.span) & (size - 1)
            while table[place] != 0 { place = (place + 1) & (size - 1) }
            table[place] = UInt32(index + 1)
        }
    }

    /// The same list where its texts stand `count` bytes further on.
    func moved(by count: Int) -> ConstantList {
        var list = self
        list.texts = texts.map { $0.moved(by: count) }
        return list
    }

    func contains(_ value: UInt64) -> Bool {
        let bits = bits.span
        guard bits.count > Self.longestScanned else {
            for index in bits.indices where bits[index] == value { return true }
            return false
        }
        var low = 0
        var high = bits.count
        while low < high {
            let middle = (low + high) / 2
            if bits[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < bits.count && bits[low] == value
    }

    func contains(_ value: Span<UInt8>, constants: Span<UInt8>) -> Bool {
        guard !table.isEmpty else {
            for text in texts where equals(text, value, constants) { return true }
            return false
        }
        var place = Self.hash(value) & (table.count - 1)
        while table[place] != 0 {
            if equals(texts[Int(table[place]) - 1], value, constants) { return true }
            place = (place + 1) & (table.count - 1)
        }
        return false
    }

    private func equals(_ text: Slot, _ value: Span<UInt8>, _ constants: Span<UInt8>) -> Bool {
        guard text.textCount == value.count else { return false }
        let offset = text.textOffset
        return Bytes.equal(constants.extracting(offset..<offset + value.count), value)
    }

    /// Source: Fowler, Noll and Vo, FNV-1a, 64 bits.
    private static func hash(_ bytes: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }
}
