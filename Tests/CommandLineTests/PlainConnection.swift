// One blocking keep-alive connection that posts bodies and reads answers: the simplest client that can tell what was
// acknowledged and what was not.

import Foundation
import Glibc

final class PlainConnection {
    struct Answer {
        let status: Int
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var object: [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
        }
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init?(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard connected == 0 else { return nil }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    func post(_ path: String, _ body: some Collection<UInt8>) -> Answer? {
        exchange("POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n", Array(body))
    }

    func get(_ path: String) -> Answer? { exchange("GET \(path) HTTP/1.1\r\nHost: test\r\n", []) }

    /// nil when the connection ended before the answer was whole.
    private func exchange(_ head: String, _ body: [UInt8]) -> Answer? {
        let request = Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes { rest in
                send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return nil }
            sent += count
        }
        while true {
            if let answer = takeAnswer() { return answer }
            var block = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &block, block.count, 0)
            guard count > 0 else { return nil }
            buffer += block[..<count]
        }
    }

    private func takeAnswer() -> Answer? {
        guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).lowercased()
        guard let status = Int(head.dropFirst(9).prefix(3)),
            let line = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }),
            let length = Int(line.dropFirst("content-length:".count).drop { $0 == " " }),
            buffer.count >= end.upperBound + length
        else { return nil }
        let body = Array(buffer[end.upperBound..<(end.upperBound + length)])
        buffer.removeFirst(end.upperBound + length)
        return Answer(status: status, body: body)
    }
}
