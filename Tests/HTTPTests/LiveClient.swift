// A plain blocking client for the live tests: what goes over the socket is what the test says, byte for byte, or that
// under TLS.
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
    /// Under TLS, after the handshake whether that succeeded or not.
    private(set) var tls: TLSEngine?
    private(set) var isSecured = false
    private var isAborted = false
    /// Bytes that go into one send.
    var pieceBytes = Int.max

    /// - Parameters:
    ///   - receiveBufferBytes: Small, for a client that is to be slow in taking answers.
    ///   - pieceBytes: Small, to cut everything that is sent, the handshake included.
    convenience init(
        port: LivePort, receiveBufferBytes: Int32? = nil, options: TLSClientOptions? = nil, pieceBytes: Int = .max
    ) {
        self.init(port: port.number, receiveBufferBytes: receiveBufferBytes)
        self.pieceBytes = pieceBytes
        if let version = port.transport.version {
            secure(TLSEngine(options ?? TLSClientOptions(versions: version...version)))
        }
    }

    /// Without TLS.
    init(port: Int, receiveBufferBytes: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
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

    deinit {
        if isSecured && !isAborted {
            tls?.end()
            sendOutput()
        }
        Glibc.close(descriptor)
    }

    private func secure(_ engine: TLSEngine) {
        tls = engine
        while true {
            let step = engine.handshake()
            sendOutput()
            isSecured = step == .done
            guard step == .needsBytes, let bytes = receiveBytes() else { return }
            engine.feed(bytes)
        }
    }

    /// For a test that shakes hands itself, step by step.
    func useTLS(_ engine: TLSEngine) { tls = engine }

    /// Receives once, for the engine.
    func feedOnce() {
        if let bytes = receiveBytes() { tls?.feed(bytes) }
    }

    /// Sends all of it; false when the server has closed.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        guard let tls else { return sendBytes(bytes) }
        return tls.write(bytes) && sendOutput()
    }

    /// Sends what the TLS engine has made.
    @discardableResult
    func sendOutput() -> Bool { sendBytes(tls?.takeOutput() ?? []) }

    /// Sends beside TLS.
    @discardableResult
    func sendBytes(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let end = min(bytes.count - sent, pieceBytes) + sent
            let count = bytes[sent..<end].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    func finishSending() { finishSending(inTCP: true, inTLS: true) }

    /// TLS has an end of its own in each direction, which comes before that of TCP.
    func finishSending(inTCP: Bool, inTLS: Bool) {
        if inTLS {
            tls?.end()
            sendOutput()
        }
        if inTCP { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Closes with a reset.
    func abort() {
        isAborted = true
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RD))
    }

    private func receiveBytes() -> ArraySlice<UInt8>? {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        return count > 0 ? piece[..<count] : nil
    }

    private func fill() -> Bool {
        guard let tls else {
            guard let bytes = receiveBytes() else { return false }
            buffer += bytes
            return true
        }
        let before = buffer.count
        while true {
            if tls.read(into: &buffer) == .failed || buffer.count > before { return buffer.count > before }
            guard let bytes = receiveBytes() else { return false }
            tls.feed(bytes)
        }
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

    /// Reads past everything; whether the server then ends the stream in time.
    func isDrained() -> Bool {
        while receiveBytes() != nil {}
        return errno != EAGAIN
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
