// The address under test: resolved once, refused when it is not this machine's own and that was not allowed, and tried
// once, so that a server that is not there is said at once instead of being counted a thousand times.

import Glibc

/// An address that accepted a connection.
struct SocketTarget: Sendable {
    private let storage: sockaddr_storage
    private let length: socklen_t

    /// Finds the first address of the plan's host that accepts a connection.
    static func find(_ plan: LoadPlan) throws(LoadError) -> SocketTarget {
        let candidates = try resolve(plan)
        if !plan.allowRemote, let remote = candidates.first(where: { !$0.isLoopback }) {
            throw .remoteTarget(host: plan.host, address: remote.text)
        }
        var reason = "no address"
        for candidate in candidates {
            switch candidate.probe(timeoutMilliseconds: plan.timeoutMilliseconds) {
            case nil: return candidate
            case let failure?: reason = failure
            }
        }
        throw .unreachable(host: plan.host, port: plan.port, reason: reason)
    }

    /// A new non-blocking socket whose connect was begun; negative errno when that failed at once.
    func beginConnect() -> Int32 {
        let descriptor = socket(Int32(storage.ss_family), streamType | nonBlocking | closeOnExec, 0)
        guard descriptor >= 0 else { return -errno }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let result = withAddress { connect(descriptor, $0, length) }
        if result == 0 || errno == EINPROGRESS { return descriptor }
        let failure = errno
        close(descriptor)
        return -failure
    }

    /// 127.0.0.0/8, ::1, and the former written as IPv6.
    var isLoopback: Bool {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                return bytes[4] == 127
            case AF_INET6:
                let address = bytes[8..<24]
                let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && bytes[18] == 0xFF && bytes[19] == 0xFF
                return isMapped ? bytes[20] == 127 : address.prefix(15).allSatisfy { $0 == 0 } && bytes[23] == 1
            default:
                return false
            }
        }
    }

    private var text: String {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = withAddress { getnameinfo($0, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) }
        guard result == 0 else { return "an address of unknown kind" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func resolve(_ plan: LoadPlan) throws(LoadError) -> [SocketTarget] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = streamType
        var first: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(plan.host, String(plan.port), &hints, &first)
        guard result == 0 else {
            throw .cannotResolve(host: plan.host, reason: String(cString: gai_strerror(result)))
        }
        defer { freeaddrinfo(first) }
        var targets: [SocketTarget] = []
        var entry = first
        while let info = entry?.pointee {
            entry = info.ai_next
            guard let address = info.ai_addr, info.ai_addrlen <= MemoryLayout<sockaddr_storage>.size else { continue }
            var storage = sockaddr_storage()
            withUnsafeMutableBytes(of: &storage) {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)))
            }
            targets.append(SocketTarget(storage: storage, length: info.ai_addrlen))
        }
        return targets
    }

    /// Connects and closes again; why it did not work, or nil.
    private func probe(timeoutMilliseconds: Int) -> String? {
        let descriptor = beginConnect()
        guard descriptor >= 0 else { return errorText(-descriptor) }
        defer { close(descriptor) }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&waiting, 1, Int32(timeoutMilliseconds))
        if ready == 0 { return "no answer in \(timeoutMilliseconds) ms" }
        if ready < 0 { return errorText(errno) }
        let failure = pendingError(of: descriptor)
        return failure == 0 ? nil : errorText(failure)
    }

    private func withAddress<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }
}

private let streamType = Int32(SOCK_STREAM.rawValue)
private let nonBlocking = Int32(SOCK_NONBLOCK.rawValue)
private let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

/// The outcome of a connect that was begun; 0 when it stands.
func pendingError(of descriptor: Int32) -> Int32 {
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno
}

func errorText(_ code: Int32) -> String {
    String(cString: strerror(code))
}
