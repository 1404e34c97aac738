// The calls of the socket interface that the server makes, each in a safe coat: results are values, EINTR is repeated,
// and nothing here can raise SIGPIPE.
import CLinux
import Glibc

enum ReadResult: Equatable {
    case bytes(Int)
    case ended
    case wouldBlock
    case failed
}

enum AcceptResult: Equatable {
    case descriptor(Int32, ClientAddress)
    case wouldBlock
    /// No descriptors or no memory, most likely: accepting must pause.
    case exhausted
    /// This one connection failed before it was accepted; the next may not.
    case again
}

extension ByteStore {
    /// One recvmsg(2) into the free space.
    ///
    /// - Parameter arrival: When the kernel took the bytes in, in nanoseconds since 1970; 0 where it does not say.
    mutating func receive(from descriptor: Int32, arrival: inout Int64) -> ReadResult {
        while true {
            let count = appendUnchecked { receive_with_arrival(descriptor, $0.baseAddress, $0.count, &arrival) }
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .failed
        }
    }

    /// One send(2) of everything readable. What the kernel took is consumed; nil when the connection is broken.
    mutating func send(to descriptor: Int32) -> Int? {
        while true {
            let count = span.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                consume(count)
                return count
            }
            if errno == EINTR { continue }
            return errno == EAGAIN ? 0 : nil
        }
    }
}

enum Sockets {
    /// Listens on a numeric address; returns the descriptor and the port that it got.
    static func listen(address: String, port: Int, backlog: Int) throws(ServerError) -> (descriptor: Int32, port: Int) {
        let operation = "listening on \(address) port \(port)"
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard (0...65_535).contains(port), getaddrinfo(address, String(port), &hints, &list) == 0, let list else {
            throw ServerError(operation: operation + " (a numeric address and a port are needed)", code: EINVAL)
        }
        defer { freeaddrinfo(list) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(list.pointee.ai_family, kind, 0)
        if descriptor < 0 { throw ServerError(operation: operation, code: errno) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        // What is accepted inherits this.
        setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &one, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, list.pointee.ai_addr, list.pointee.ai_addrlen) == 0,
            Glibc.listen(descriptor, Int32(backlog)) == 0
        else {
            let code = errno
            Glibc.close(descriptor)
            throw ServerError(operation: operation, code: code)
        }
        return (descriptor, localPort(descriptor))
    }

    private static func localPort(_ descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            guard getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length) == 0 else { return 0 }
            // sin_port and sin6_port stand at the same place, in network order.
            return Int(bytes[2]) << 8 | Int(bytes[3])
        }
    }

    static func accept(_ listener: Int32) -> AcceptResult {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept4(listener, $0, &length, flags) }
        }
        if descriptor >= 0 {
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            return .descriptor(descriptor, ClientAddress(storage))
        }
        return acceptFailure(errno)
    }

    static func acceptFailure(_ code: Int32) -> AcceptResult {
        switch code {
        case EAGAIN: return .wouldBlock
        // accept(2) on Linux also passes on errors of the connection itself.
        case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH, EPERM:
            return .again
        // EMFILE, ENFILE, ENOBUFS, ENOMEM. What else there may be must not be tried again at once either: the listener
        // stays readable, and the loop would spin.
        default: return .exhausted
        }
    }

    /// From now on the listener takes no part in new handshakes, and completes those that have begun: packets with SYN
    /// are dropped by a filter that the kernel runs. Accepted connections inherit it, and never see such a packet.
    ///
    /// Returns false where the kernel has no such filters; then a handshake may end in a reset when the listener closes.
    @discardableResult
    static func stopHandshakes(_ listener: Int32) -> Bool {
        let flagsOffset: UInt32 = 13
        let synchronize: UInt32 = 0x02
        var program = [
            sock_filter(code: 0x30, jt: 0, jf: 0, k: flagsOffset),  // load that byte of the TCP header
            sock_filter(code: 0x45, jt: 0, jf: 1, k: synchronize),  // go on if the bit is set, else skip one
            sock_filter(code: 0x06, jt: 0, jf: 0, k: 0),  // keep nothing of the packet
            sock_filter(code: 0x06, jt: 0, jf: 0, k: UInt32.max),  // keep all of it
        ]
        return program.withUnsafeMutableBufferPointer { instructions in
            var filter = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            let size = socklen_t(MemoryLayout<sock_fprog>.size)
            return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, size) == 0
        }
    }

    static func shutdownWriting(_ descriptor: Int32) { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    /// Names the calling thread for whoever looks at it with top or a debugger; of no consequence if it fails.
    static func setThreadName(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, name, min(name.utf8.count, 15))
        close(descriptor)
    }

    static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
