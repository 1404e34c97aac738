// Comparison and search of UTF-8 bytes by the C library; the order of the bytes is the order of the code points.

import Glibc

enum Bytes {
    static func equal(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        first.count == second.count && order(first, second) == Order.equal.rawValue
    }

    static func order(_ first: Span<UInt8>, _ second: Span<UInt8>) -> UInt8 {
        let common = min(first.count, second.count)
        let difference = first.withUnsafeBufferPointer { left in
            second.withUnsafeBufferPointer { right in
                guard common > 0, let left = left.baseAddress, let right = right.baseAddress else { return Int32(0) }
                return memcmp(left, right, common)
            }
        }
        return difference == 0 ? Order.of(first.count, second.count) : Order.of(difference, 0)
    }

    static func starts(_ text: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        text.count >= prefix.count && equal(text.extracting(0..<prefix.count), prefix)
    }

    static func ends(_ text: Span<UInt8>, with suffix: Span<UInt8>) -> Bool {
        text.count >= suffix.count && equal(text.extracting(text.count - suffix.count..<text.count), suffix)
    }

    /// Looks for the part's first byte and compares the rest there: texts of a payment are short.
    static func contains(_ text: Span<UInt8>, _ part: Span<UInt8>) -> Bool {
        guard part.count > 0 else { return true }
        return text.withUnsafeBufferPointer { text in
            part.withUnsafeBufferPointer { part in
                guard var place = text.baseAddress, let wanted = part.baseAddress else { return false }
                var starts = text.count - part.count + 1
                while starts > 0, let found = memchr(place, Int32(wanted[0]), starts) {
                    if memcmp(found, wanted, part.count) == 0 { return true }
                    let next = UnsafeRawPointer(found).assumingMemoryBound(to: UInt8.self) + 1
                    starts -= next - place
                    place = next
                }
                return false
            }
        }
    }

    /// Every byte that does not continue a code point starts one.
    static func codePoints(_ text: Span<UInt8>) -> Int {
        var count = 0
        for index in text.indices where text[index] & 0xC0 != 0x80 { count += 1 }
        return count
    }

    static func string(_ text: Span<UInt8>) -> String {
        text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
