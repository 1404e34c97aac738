// Who is how many times connected. A connection is counted from its accept until just before its descriptor is closed,
// so the table holds no more addresses than there are connections, and knows each by its descriptor alone.
import Glibc
import Synchronization

/// A client, as far as a limit tells clients apart: an IPv4 address, or the 64 bits of an IPv6 network, of which one
/// host may use every address.
struct ClientAddress: Hashable, Sendable {
    private var isIPv4: Bool
    private var bits: UInt64

    /// Of a socket that is none of the two; all of them count as one.
    static var unknown: ClientAddress { ClientAddress(isIPv4: false, bits: 0) }

    private init(isIPv4: Bool, bits: UInt64) {
        self.isIPv4 = isIPv4
        self.bits = bits
    }

    init(ipv4 address: UInt32) { self.init(isIPv4: true, bits: UInt64(address)) }

    /// - Parameter bytes: The 16 bytes of the address, in network order.
    init(ipv6 bytes: Span<UInt8>) {
        precondition(bytes.count == 16, "an IPv6 address has 16 bytes, not \(bytes.count)")
        var halves: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            halves.0 = halves.0 << 8 | UInt64(bytes[index])
            halves.1 = halves.1 << 8 | UInt64(bytes[index + 8])
        }
        // An IPv4 client on a socket for both (RFC 4291 section 2.5.5.2).
        if halves.0 == 0 && halves.1 >> 32 == 0xFFFF {
            self.init(ipv4: UInt32(truncatingIfNeeded: halves.1))
        } else {
            self.init(isIPv4: false, bits: halves.0)
        }
    }

    init(_ storage: sockaddr_storage) {
        self = withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                ClientAddress(ipv4: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr.byteSwapped)
            case AF_INET6:
                withUnsafeBytes(of: bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr) {
                    ClientAddress(ipv6: $0.bindMemory(to: UInt8.self).span)
                }
            default: .unknown
            }
        }
    }
}

/// Counts the connections of each address, for all loops. Locked once when a connection comes and once when it goes.
final class ClientAddressTable: Sendable {
    private struct State {
        /// Addresses with at least one connection.
        var counts: [ClientAddress: Int] = [:]
        /// The address of each counted connection, by descriptor.
        var addresses: [ClientAddress?] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: Connections of one address; 0 counts nothing.
    init(limit: Int) { self.limit = limit }

    /// Counts one more connection of `address`; false if it has as many as it may.
    func take(_ descriptor: Int32, _ address: ClientAddress) -> Bool {
        if limit <= 0 { return true }
        return state.withLock { state in
            let count = state.counts[address] ?? 0
            if count >= limit { return false }
            state.counts[address] = count + 1
            let index = Int(descriptor)
            while state.addresses.count <= index { state.addresses.append(nil) }
            state.addresses[index] = address
            return true
        }
    }

    /// Forgets the connection. To be called before its descriptor is closed, which another may get at once; does
    /// nothing for one that was never counted.
    func release(_ descriptor: Int32) {
        if limit <= 0 { return }
        state.withLock { state in
            let index = Int(descriptor)
            guard index < state.addresses.count, let address = state.addresses[index] else { return }
            state.addresses[index] = nil
            let count = state.counts[address] ?? 0
            state.counts[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Addresses that are counted now.
    var addressCount: Int { state.withLock { $0.counts.count } }
}
