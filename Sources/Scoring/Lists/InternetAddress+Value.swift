// An internet address as one number of 128 bits; an IPv4 address is the IPv6 address that is mapped to it (RFC 4291,
// section 2.5.5.2), so that one table holds both.

import Glibc

extension InternetAddress {
    private static let mappedPrefix = UInt128(0xFFFF) << 32

    /// The address that a text is, or nil where it is none.
    static func value(_ text: Span<UInt8>) -> UInt128? {
        guard text.count <= maximumBytes else { return nil }
        var terminated = InlineArray<48, CChar>(repeating: 0)
        for i in text.indices {
            if text[i] == 0 { return nil }
            terminated[i] = CChar(bitPattern: text[i])
        }
        let span = terminated.span
        return span.withUnsafeBufferPointer { pointer in
            guard let base = pointer.baseAddress else { return nil }
            var four = in_addr()
            if inet_pton(AF_INET, base, &four) == 1 { return mappedPrefix | UInt128(UInt32(bigEndian: four.s_addr)) }
            var six = InlineArray<16, UInt8>(repeating: 0)
            guard inet_pton(AF_INET6, base, &six) == 1 else { return nil }
            var value: UInt128 = 0
            for i in six.indices { value = value << 8 | UInt128(six[i]) }
            return value
        }
    }

    /// Why a text is no network.
    enum NetworkProblem: Error, Equatable {
        case malformed
        case prefixOutOfRange(limit: Int)
        /// Bits behind the prefix are set: `10.0.0.5/8`.
        case hostBits
    }

    /// The first and the last address of `192.0.2.0/24`, or of a single address.
    static func network(_ text: String) throws(NetworkProblem) -> (low: UInt128, high: UInt128) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bytes = Array(parts[0].utf8)
        guard let address = value(bytes.span) else { throw .malformed }
        guard parts.count == 2 else { return (address, address) }
        let limit = bytes.contains(UInt8(ascii: ":")) ? 128 : 32
        guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = Int(parts[1]), length <= limit else {
            throw .prefixOutOfRange(limit: limit)
        }
        let hostBits = limit - length
        let mask: UInt128 = hostBits == 128 ? .max : (UInt128(1) << UInt128(hostBits)) - 1
        guard address & mask == 0 else { throw .hostBits }
        return (address, address | mask)
    }
}
