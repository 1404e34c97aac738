// A plain blocking client: what goes over the socket is what the test says, byte for byte.
import Glibc
import JSON

/// An answer as it came.
struct Answer: Sendable {
    var status = 0
    /// By name in small letters.
    var fields: [String: String] = [:]
    var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var contentType: String? { fields["content-type"] }
    /// The body as JSON; null where it is none.
    var json: JSONValue { (try? JSONValue(parsing: bytes.span)) ?? .null }
    /// A problem's wrong fields as `pointer code`.
    var errors: [String] {
        json["errors"].elements.map { "\($0["pointer"].text) \($0["code"].text)" }
    }
}

enum ClientError: Error { case notConnected, ended, malformed }

final class Client {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private let port: Int

    init(_ port: Int) throws {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw ClientError.notConnected }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ClientError.ended }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// - Parameter fields: Field lines, as `Name: value`.
    func begin(_ method: String, _ path: String, _ body: [UInt8]? = nil, fields: [String] = []) throws {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        if let body { text += "Content-Length: \(body.count)\r\n" }
        for field in fields { text += field + "\r\n" }
        try send(Array((text + "\r\n").utf8) + (body ?? []))
    }

    func get(_ path: String, method: String = "GET") throws -> Answer {
        try begin(method, path)
        return try receive(isHead: method == "HEAD")
    }

    func post(_ path: String, _ body: String, fields: [String] = ["Content-Type: application/json"]) throws -> Answer {
        try post(path, Array(body.utf8), fields: fields)
    }

    func post(
        _ path: String, _ body: [UInt8], fields: [String] = ["Content-Type: application/json"]
    ) throws -> Answer {
        try begin("POST", path, body, fields: fields)
        return try receive()
    }

    func score(_ body: String, fields: [String] = ["Content-Type: application/json"]) throws -> Answer {
        try post("/v1/score", body, fields: fields)
    }

    /// The next answer.
    func receive(isHead: Bool = false) throws -> Answer {
        var end = headEnd
        while end == nil {
            try fill()
            end = headEnd
        }
        let lines = String(decoding: buffer[..<(end ?? 0)], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst((end ?? 0) + 4)
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw ClientError.malformed
        }
        var answer = Answer(status: status)
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.count + 1).drop { $0 == " " }
            answer.fields[name.lowercased()] = String(value)
        }
        let length = isHead ? 0 : Int(answer.fields["content-length"] ?? "0") ?? 0
        while buffer.count < length { try fill() }
        answer.bytes = Array(buffer[..<length])
        buffer.removeFirst(length)
        return answer
    }

    private func fill() throws {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else { throw ClientError.ended }
        buffer += piece[..<count]
    }

    private var headEnd: Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...(buffer.count - 4)).first { buffer[$0] == 13 && buffer[$0 + 1] == 10 && buffer[$0 + 2] == 13 }
    }
}

// MARK: - Looking into JSON

extension JSONValue? {
    subscript(key: String) -> JSONValue? { self?[key] }
    var text: String { if case .string(let text) = self { text } else { "" } }
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var members: [JSONMember] { if case .object(let members) = self { members } else { [] } }
    var keys: [String] { members.map(\.key) }
}

extension JSONValue {
    var members: [JSONMember] { if case .object(let members) = self { members } else { [] } }
    var keys: [String] { members.map(\.key) }

    /// As compact text.
    var written: String {
        var json = JSONWriter()
        json.value(self)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
