// The entries of one list in compact memory: sorted 64-bit hashes, or sorted ranges of addresses, and where an entry has an
// end, the times beside them. Asking is a binary search; it allocates nothing.
//
//   keys   [ 0x01f3…, 0x0a77…, … ]          hashes of texts and domains, bins as numbers: 8 bytes an entry
//   lows   [ 10.0.0.0, 192.0.2.7, … ]       addresses: ranges that don't overlap
//   highs  [ 10.255.255.255, 192.0.2.7, … ]
//   untils [ never, 2026-12-01, … ]         empty where no entry ends
//
// Two texts of equal hash are taken for one: with ten million entries a text that is not in the list is found in it once in
// 2^64 / 10^7, some 10^12, questions.

import Aggregates

public struct ListTable: Sendable {
    /// The end of an entry that has none.
    static let never = Int64.max

    public let kind: ListKind
    private var keys: [UInt64] = []
    private var lows: [UInt128] = []
    private var highs: [UInt128] = []
    private var untils: [Int64] = []

    /// Entries, after those that stand twice became one and networks within others their parts.
    public var count: Int { kind == .ip ? lows.count : keys.count }

    public var byteCount: Int { keys.count * 8 + lows.count * 32 + untils.count * 8 }

    /// An entry as a key with its end, in nanoseconds since 1970.
    struct Entry {
        var key: UInt64
        var until: Int64
    }

    /// Addresses from low to high, both within.
    struct Range {
        var low: UInt128
        var high: UInt128
        var until: Int64
    }

    /// - Complexity: O(entries · log entries).
    init(kind: ListKind, entries: consuming [Entry]) {
        precondition(kind != .ip, "addresses are ranges")
        self.kind = kind
        entries.sort { $0.key == $1.key ? $0.until > $1.until : $0.key < $1.key }
        let hasEnds = entries.contains { $0.until != Self.never }
        keys.reserveCapacity(entries.count)
        if hasEnds { untils.reserveCapacity(entries.count) }
        for entry in entries where keys.last != entry.key {  // of equal ones the longest stands first
            keys.append(entry.key)
            if hasEnds { untils.append(entry.until) }
        }
    }

    /// - Parameter ranges: Networks: of two that share an address one lies within the other.
    /// - Complexity: O(ranges · log ranges).
    init(ranges: consuming [Range]) {
        kind = .ip
        ranges.sort { $0.low == $1.low ? $0.high > $1.high : $0.low < $1.low }
        var open: [Range] = []
        var next: UInt128? = 0  // the first address that is not spoken for; nil past the last one
        func close(below limit: UInt128?) {
            while let inner = open.last, limit.map({ inner.high < $0 }) ?? true {
                if let low = next, low <= inner.high { append(low, inner.high, inner.until) }
                next = inner.high == .max ? nil : inner.high + 1
                open.removeLast()
            }
        }
        for range in ranges {
            close(below: range.low)
            if let outer = open.last, let low = next, low < range.low { append(low, range.low - 1, outer.until) }
            next = range.low
            open.append(Range(low: range.low, high: range.high, until: max(range.until, open.last?.until ?? .min)))
        }
        close(below: nil)
        if untils.allSatisfy({ $0 == Self.never }) { untils = [] }
    }

    private mutating func append(_ low: UInt128, _ high: UInt128, _ until: Int64) {
        if let last = highs.last, last != .max, last + 1 == low, untils[untils.count - 1] == until {
            highs[highs.count - 1] = high
        } else {
            lows.append(low)
            highs.append(high)
            untils.append(until)
        }
    }

    // MARK: Asking

    /// Whether a text of the list's kind is in it at a time.
    ///
    /// - Parameter time: The payment's event time, in nanoseconds since 1970.
    /// - Complexity: O(log entries); for bins at most three times, for domains once a label. Allocates nothing.
    func contains(_ text: Span<UInt8>, at time: Int64) -> Bool {
        switch kind {
        case .bin:
            for length in ListLimits.binDigits where length <= text.count {
                if holds(Self.binKey(text.extracting(0..<length)), at: time) { return true }
            }
            return false
        case .emailDomain: return containsDomain(text, at: time)
        case .ip: return false
        case .fingerprint, .customer, .device, .country, .merchant, .mcc, .text:
            return holds(stableHash(text), at: time)
        }
    }

    /// Whether an address is in the list at a time.
    ///
    /// - Complexity: O(log ranges). Allocates nothing.
    func contains(_ address: UInt128, at time: Int64) -> Bool {
        var (low, high) = (0, lows.count)
        while low < high {
            let middle = (low + high) / 2
            if lows[middle] <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, highs[low - 1] >= address else { return false }
        return untils.isEmpty || time < untils[low - 1]
    }

    private func holds(_ key: UInt64, at time: Int64) -> Bool {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        guard low < keys.count, keys[low] == key else { return false }
        return untils.isEmpty || time < untils[low]
    }

    /// The domain itself, then each that it is below.
    private func containsDomain(_ text: Span<UInt8>, at time: Int64) -> Bool {
        guard text.count <= ListLimits.maximumDomainBytes else { return false }
        var lowered = InlineArray<255, UInt8>(repeating: 0)
        for i in text.indices { lowered[i] = Self.lowered(text[i]) }
        let bytes = lowered.span
        var start = 0
        while start < text.count {
            if holds(stableHash(bytes.extracting(start..<text.count)), at: time) { return true }
            while start < text.count, bytes[start] != UInt8(ascii: ".") { start += 1 }
            start += 1
        }
        return false
    }

    static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    /// The digits behind a leading one, so that 000123 and 00000123 are two.
    static func binKey(_ digits: Span<UInt8>) -> UInt64 {
        var key: UInt64 = 1
        for i in digits.indices { key = key * 10 + UInt64(digits[i] &- 0x30) }
        return key
    }
}
