// Which clients a limit takes for one, and that the table counts exactly.
import Glibc
import Testing

@testable import HTTP

@Suite struct ClientAddressTests {
    private func ipv6(_ bytes: [UInt8]) -> ClientAddress { ClientAddress(ipv6: bytes.span) }

    @Test func `IPv6 clients of one network of 64 bits are one, and mapped IPv4 is IPv4`() {
        let network: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]
        let host = ipv6(network + [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(host == ipv6(network + [8, 7, 6, 5, 4, 3, 2, 1]))
        #expect(host != ipv6([0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8]))
        let mapped = ipv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1])
        #expect(mapped == ClientAddress(ipv4: 0xC000_0201))
        #expect(mapped != ClientAddress(ipv4: 0xC000_0202))
        // ::1 is no mapped address, and bits that agree do not make the two families one.
        #expect(ipv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) != ClientAddress(ipv4: 1))
        #expect(ipv6([UInt8](repeating: 0, count: 16)) != ClientAddress(ipv4: 0))
    }

    @Test func `an address is read as the kernel writes it`() {
        var storage = sockaddr_storage()
        #expect(ClientAddress(storage) == .unknown)
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
            bytes[4] = 192
            bytes[6] = 2
            bytes[7] = 1
        }
        #expect(ClientAddress(storage) == ClientAddress(ipv4: 0xC000_0201))
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
            for index in 0..<16 { bytes[8 + index] = UInt8(index) }
        }
        #expect(ClientAddress(storage) == ipv6(Array(0..<16)))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the table counts like a plain dictionary, and keeps nothing of who has left`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let limit = 5
        let table = ClientAddressTable(limit: limit)
        var connections: [Int32: UInt32] = [:]
        for _ in 0..<5_000 {
            let descriptor = Int32.random(in: 0..<60, using: &random)
            if connections[descriptor] != nil {
                connections[descriptor] = nil
                table.release(descriptor)
            } else {
                let address = UInt32.random(in: 0..<8, using: &random)
                let fits = connections.values.count { $0 == address } < limit
                #expect(table.take(descriptor, ClientAddress(ipv4: address)) == fits)
                if fits { connections[descriptor] = address }
            }
            #expect(table.addressCount == Set(connections.values).count)
        }
        for descriptor in connections.keys { table.release(descriptor) }
        #expect(table.addressCount == 0)
    }

    @Test func `without a limit nothing is counted`() {
        let table = ClientAddressTable(limit: 0)
        for descriptor in 0..<100 as Range<Int32> { #expect(table.take(descriptor, ClientAddress(ipv4: 1))) }
        #expect(table.addressCount == 0)
        table.release(5)
    }
}
