// A small blocking server for the tests: a queue for each connection on 127.0.0.1, and a closure that says what to do
// with each request.

import Dispatch
import Glibc
import Synchronization

final class TestServer: Sendable {
    enum Reply: Sendable {
        case bytes(String)
        /// Sends nothing for so long, then the bytes.
        case stall(milliseconds: UInt32, then: String)
        /// Sends the bytes and ends the connection.
        case close(after: String)
        /// Sends the bytes and breaks the connection with a TCP reset.
        case reset(after: String)
        case silence
    }

    static let decision = #"{"decision":"approve","decision_source":"model","degraded":false,"recorded":true}"#

    static func answer(_ body: String = decision, status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    let port: Int
    private let listener: Int32
    private let received = Atomic<Int>(0)
    private let firstRequest = Mutex("")
    private let reply: @Sendable (_ request: Int) -> Reply

    /// - Parameter reply: What to do with the request of this number, counted over all connections from 0.
    init(reply: @escaping @Sendable (_ request: Int) -> Reply = { _ in .bytes(answer()) }) {
        self.reply = reply
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback()
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(socket, $0, Self.addressBytes) }
        }
        listen(socket, 256)
        var length = Self.addressBytes
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(socket, $0, &length) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        listener = socket
        DispatchQueue(label: "test-server").async { self.acceptAll() }
    }

    var requests: Int { received.load(ordering: .relaxed) }
    var firstRequestText: String { firstRequest.withLock { $0 } }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static let addressBytes = socklen_t(MemoryLayout<sockaddr_in>.size)

    private static func loopback() -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func acceptAll() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { break }
            var on: Int32 = 1
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            DispatchQueue(label: "test-connection").async {
                self.serve(socket)
                close(socket)
            }
        }
        close(listener)
    }

    private func serve(_ socket: Int32) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            while let length = Self.requestLength(pending) {
                let number = received.add(1, ordering: .relaxed).oldValue
                if number == 0 { firstRequest.withLock { $0 = String(decoding: pending[..<length], as: UTF8.self) } }
                pending.removeFirst(length)
                if !carryOut(reply(number), on: socket) { return }
            }
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            pending += buffer[..<count]
        }
    }

    /// The bytes of the first whole request; nil when there is none.
    private static func requestLength(_ bytes: [UInt8]) -> Int? {
        let text = String(decoding: bytes.prefix(4_096), as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n"), let field = text.firstRange(of: "Content-Length: ") else {
            return nil
        }
        let digits = text[field.upperBound...].prefix { $0.isNumber }
        let total = text[..<end.upperBound].utf8.count + (Int(digits) ?? 0)
        return bytes.count >= total ? total : nil
    }

    private func carryOut(_ reply: Reply, on socket: Int32) -> Bool {
        switch reply {
        case .bytes(let text):
            write(text, to: socket)
            return true
        case .stall(let milliseconds, let text):
            usleep(milliseconds * 1_000)
            write(text, to: socket)
            return true
        case .close(let text):
            write(text, to: socket)
            return false
        case .reset(let text):
            write(text, to: socket)
            var abort = linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
            return false
        case .silence:
            return true
        }
    }

    private func write(_ text: String, to socket: Int32) {
        let bytes = Array(text.utf8)
        _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
