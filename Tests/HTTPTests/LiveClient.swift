// A plain blocking client for the live tests: what goes over the socket is what the test says, byte for byte.
import Glibc

/// A response as it came.
struct LiveResponse: Equatable, Sendable {
    var status = 0
    var fields: [String: String] = [:]
    var body = ""
    /// The body as it came, when it is no text.
    var bytes: [UInt8] = []
}

final class LiveClient {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter receiveBufferBytes: Small, for a client that is to be slow in taking answers.
    init(port: Int, receiveBufferBytes: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // So that a piece given to `send` goes out as it is.
        var immediately: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &immediately, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Sends all of it; false when the server has closed.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    func abort() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RD))
    }

    private func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        if count > 0 { buffer += piece[..<count] }
        return count > 0
    }

    /// The next response, or nil at the end of the stream.
    func receive(isHead: Bool = false) -> LiveResponse? {
        var end = headEnd
        while end == nil {
            guard fill() else { return nil }
            end = headEnd
        }
        let head = String(decoding: buffer[..<(end ?? 0)], as: UTF8.self)
        buffer.removeFirst((end ?? 0) + 4)
        var response = LiveResponse()
        let lines = head.split(separator: "\r\n")
        response.status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1).map { String($0).trimmingBlanks() }
            response.fields[halves[0].lowercased()] = halves.count > 1 ? halves[1] : ""
        }
        if response.status == 100 || isHead { return response }
        let length = Int(response.fields["content-length"] ?? "0") ?? 0
        while buffer.count < length {
            guard fill() else { return nil }
        }
        response.body = String(decoding: buffer[..<length], as: UTF8.self)
        response.bytes = Array(buffer[..<length])
        buffer.removeFirst(length)
        return response
    }

    private var headEnd: Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...(buffer.count - 4)).first { buffer[$0] == 13 && Array(buffer[$0..<($0 + 4)]) == [13, 10, 13, 10] }
    }

    /// Whether the server ends the stream, with nothing before that; not when it only stays silent.
    func isEnded() -> Bool {
        errno = 0
        return buffer.isEmpty && !fill() && errno != EAGAIN
    }

    func get(_ path: String) -> LiveResponse? {
        send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        return receive()
    }

    func post(_ path: String, _ body: String) -> LiveResponse? {
        send("POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return receive()
    }
}
