// The plain twin's reading of URIs: escapes decoded into arrays, and IPv6 left to the C library's own parser.
import Glibc

enum PlainURI {
    static func hasWholeEscapes(_ bytes: [UInt8]) -> Bool {
        bytes.indices.allSatisfy { index in
            bytes[index] != 37
                || index + 2 < bytes.count
                    && bytes[(index + 1)...(index + 2)].allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
        }
    }

    /// Whether an escape stands for a control character; escapes must be whole.
    static func hidesControl(_ bytes: [UInt8]) -> Bool {
        bytes.indices.contains { index in
            guard bytes[index] == 37 else { return false }
            let digits = text(Array(bytes[(index + 1)...(index + 2)])).lowercased()
            return digits.hasPrefix("0") || digits.hasPrefix("1") || digits == "7f"
        }
    }

    /// The bytes with every escape replaced, a slash among them.
    static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        let pieces = bytes.split(separator: 37, omittingEmptySubsequences: false).map(Array.init)
        return pieces[0]
            + pieces.dropFirst().flatMap { piece in
                [UInt8(text(Array(piece.prefix(2))), radix: 16) ?? 0] + piece.dropFirst(2)
            }
    }

    static func isAuthority(_ authority: String) -> Bool {
        var rest = Array(authority.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        if rest.first == 91 {
            guard let close = rest.firstIndex(of: 93), isIPv6(Array(rest[1..<close])) else { return false }
            rest.removeFirst(close + 1)
        } else {
            let allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%"
            let host = Array(rest.prefix { allowed.utf8.contains($0) })
            if host.isEmpty || !hasWholeEscapes(host) { return false }
            if hidesControl(host) { return false }
            rest.removeFirst(host.count)
        }
        if rest.isEmpty { return true }
        guard rest[0] == 58, rest.count <= 6, rest.dropFirst().allSatisfy({ (48...57).contains($0) }) else {
            return false
        }
        return rest.count == 1 || Int(text(Array(rest.dropFirst()))) ?? .max <= 65_535
    }

    static func isIPv6(_ bytes: [UInt8]) -> Bool {
        guard bytes.allSatisfy({ "0123456789abcdefABCDEF:.".utf8.contains($0) }) else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, text(bytes), &address) == 1
    }
}
