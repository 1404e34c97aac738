// A client's socket with nothing around it, for what no well-behaved client does: other addresses of loopback, resets,
// urgent data, connects that are given up, and thousands of sockets at once.
import Glibc

final class LiveSocket {
    enum Connect: Equatable { case connected, underWay, refused }

    /// How a stream ended, and what came before.
    struct Ending: Equatable {
        var bytes: [UInt8] = []
        /// A FIN; otherwise a reset, or patience ran out.
        var isOrderly = false
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private(set) var descriptor: Int32

    /// - Parameter receiveBufferBytes: Small, for a client that is to be slow in taking answers.
    init(receiveBufferBytes: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        setPatience(milliseconds: 20_000)
    }

    convenience init(port: Int, receiveBufferBytes: Int32? = nil) {
        self.init(receiveBufferBytes: receiveBufferBytes)
        _ = connect(port: port)
    }

    deinit { end() }

    func setPatience(milliseconds: Int) {
        var patience = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // connect(2) is bounded by this one.
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    private typealias AddressCall = (UnsafePointer<sockaddr>, socklen_t) -> Int32

    private func withAddress(_ host: UInt32, _ port: Int, _ call: AddressCall) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(host).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Takes 127.0.0.`last` as the client's own address.
    func bind(last: UInt32) { _ = withAddress(0x7F00_0000 | last, 0) { Glibc.bind(descriptor, $0, $1) } }

    /// Connects, for as long as its patience lasts; may be called again while it is under way.
    func connect(port: Int) -> Connect {
        if withAddress(0x7F00_0001, port, { Glibc.connect(descriptor, $0, $1) }) == 0 { return .connected }
        switch errno {
        case EISCONN: return .connected
        case EINPROGRESS, EALREADY, EAGAIN, EINTR: return .underWay
        default: return .refused
        }
    }

    /// Sends all of it; false when that is not possible.
    @discardableResult
    func send(_ text: String, flags: Int32 = 0) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | flags)
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// What arrives next, up to `limit` bytes: nothing at an orderly end, nil at any other.
    func receive(_ limit: Int = 65_536) -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &piece, limit, 0)
        return count < 0 ? nil : Array(piece[..<count])
    }

    /// Everything up to the end of the stream.
    func receiveToEnd() -> Ending {
        var ending = Ending()
        while let piece = receive() {
            if piece.isEmpty {
                ending.isOrderly = true
                return ending
            }
            ending.bytes += piece
        }
        return ending
    }

    /// Everything until `text` is the end of what came; false if the stream ends before.
    func receive(upTo text: String) -> Bool {
        let wanted = Array(text.utf8)
        var bytes: [UInt8] = []
        while let piece = receive(), !piece.isEmpty {
            bytes += piece
            if bytes.suffix(wanted.count) == wanted { return true }
        }
        return false
    }

    func stopReading() { shutdown(descriptor, Int32(SHUT_RD)) }

    func stopSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end()
    }

    func end() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}

/// Raises this process's limit on descriptors as far as it may, and returns how many connections, with both of their
/// ends in this process, a test may have open beside the others.
func connectionsToSpare() -> Int {
    var limit = rlimit()
    let kind = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
    guard getrlimit(kind, &limit) == 0 else { return 100 }
    limit.rlim_cur = limit.rlim_max
    setrlimit(kind, &limit)
    getrlimit(kind, &limit)
    return Int(min(limit.rlim_cur, 100_000)) / 4
}
