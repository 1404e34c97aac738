// Every limit of the server over a real socket: served at it, refused one past it.
import Glibc
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct LiveLimitTests {
    private func connected(_ port: LivePort, last: UInt32) -> LiveSocket {
        let client = LiveSocket()
        client.bind(last: last)
        _ = client.connect(port: port)
        return client
    }

    private static let close = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

    @Test func `one connection too many of an address gets 503, and others are served`() throws {
        try withServer({ $0.maximumConnectionsPerAddress = 2 }) { server, port in
            let first = connected(port, last: 1)
            let second = connected(port, last: 1)
            #expect(eventually { server.statistics.connectionsOpen == 2 })
            let third = connected(port, last: 1).receiveToEnd()
            #expect(third.isOrderly && third.text.hasPrefix("HTTP/1.1 503 "))
            #expect(third.text.contains("\r\nRetry-After: 1\r\n"))
            let other = connected(port, last: 2)
            other.send(Self.close)
            #expect(other.receiveToEnd().text.hasPrefix("HTTP/1.1 200 "))
            other.end()
            #expect(server.statistics.connectionsRefusedByAddress == 1)
            #expect(server.statistics.connectionsRefused == 0)
            // A place is free again once its connection is gone, however it went.
            first.reset()
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            let again = connected(port, last: 1)
            again.send(Self.close)
            #expect(again.receiveToEnd().text.hasPrefix("HTTP/1.1 200 "))
            second.send(Self.close)
            #expect(second.receiveToEnd().text.hasPrefix("HTTP/1.1 200 "))
            #expect(server.statistics.connectionsRefusedByAddress == 1)
        }
    }

    @Test func `the last request of a connection is answered with close, and none behind it is handled`() throws {
        try withServer({ $0.maximumRequestsPerConnection = 3 }) { server, port in
            for path in ["/a", "/held", "/deferred?1"] {
                let client = LiveClient(port: port)
                client.send(String(repeating: "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n", count: 5))
                #expect(client.receive()?.fields["connection"] == nil)
                #expect(client.receive()?.fields["connection"] == nil)
                #expect(client.receive()?.fields["connection"] == "close")
                #expect(client.isEnded())
            }
            #expect(server.statistics.requests == 9)
            #expect(server.statistics.connectionsSpent == 3)
            // Whoever ends the connection with its last request did so by itself.
            let client = LiveClient(port: port)
            #expect(client.get("/a")?.status == 200)
            #expect(client.get("/a")?.status == 200)
            client.send(Self.close)
            #expect(client.receive()?.fields["connection"] == "close")
            #expect(server.statistics.connectionsSpent == 3)
        }
    }

    @Test func `who never sends a byte is closed sooner than who is idle between requests`() throws {
        try withServer({
            $0.timeouts.firstByteMilliseconds = 100
            $0.timeouts.idleMilliseconds = 60_000
        }) { server, port in
            let used = LiveClient(port: port)
            #expect(used.get("/a")?.status == 200)
            #expect(LiveClient(port: port).isEnded())
            #expect(server.statistics.firstByteTimeouts == 1)
            #expect(used.get("/b")?.status == 200)
            #expect(server.statistics.idleTimeouts == 0)
        }
    }

    @Test func `a body that keeps the least rate may take longer, one that trickles may not`() throws {
        try withServer({
            $0.timeouts.bodyMilliseconds = 1_000
            $0.timeouts.leastBytesPerSecond = 1_000
        }) { server, port in
            let steady = LiveClient(port: port)
            let body = String(repeating: "x", count: 40_000)
            steady.send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            let trickling = LiveClient(port: port)
            trickling.send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            // Far above the least rate however slow the machine, and longer than the time for a body.
            for _ in 0..<20 {
                steady.send(String(repeating: "x", count: 2_000))
                trickling.send("x")
                usleep(60_000)
            }
            #expect(steady.receive()?.body == body)
            #expect(trickling.receive()?.status == 408)
            #expect(server.statistics.bodyTimeouts == 1)
        }
    }

    @Test func `an answer that is taken at the least rate may take longer, one that trickles out may not`() throws {
        try withServer({
            $0.timeouts.writeMilliseconds = 1_000
            $0.timeouts.leastBytesPerSecond = 10_000
        }) { server, port in
            let requests = String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: 60)
            let steady = LiveSocket(port: port, receiveBufferBytes: 8_192)
            let trickling = LiveSocket(port: port, receiveBufferBytes: 8_192)
            steady.send(requests)
            trickling.send(requests)
            #expect(eventually { server.statistics.requests >= 2 })
            let start = MonotonicClock.nanoseconds()
            var taken = 0
            while server.statistics.writeTimeouts == 0 && MonotonicClock.nanoseconds() - start < 10_000_000_000 {
                taken += steady.receive(65_536)?.count ?? 0
                _ = trickling.receive(10)
                usleep(2_000)
            }
            #expect(server.statistics.writeTimeouts == 1)
            // Reads on at its leisure, and gets the rest.
            let wanted = 60 * LiveHandler.bigBytes
            while taken < wanted, let piece = steady.receive(), !piece.isEmpty { taken += piece.count }
            #expect(taken >= wanted)
            #expect(server.statistics.writeTimeouts == 1)
        }
    }

    // MARK: Limits on the wire

    struct WireLimit: Sendable, CustomStringConvertible {
        let name: String
        let past: Int
        /// A request that measures `size` of what the limit is about.
        let request: @Sendable (_ size: Int) -> String
        let limit: Int
        var description: String { name }
    }

    private static func chunked(_ rest: String) -> String {
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + rest
    }

    private static func fill(_ prefix: String, _ suffix: String, to size: Int) -> String {
        prefix + String(repeating: "a", count: size - prefix.utf8.count - suffix.utf8.count) + suffix
    }

    static let wireLimits: [WireLimit] = {
        let limits = WireLimits()
        let head = "GET /a HTTP/1.1\r\nHost: h\r\n"
        return [
            WireLimit(
                name: "request line", past: 414,
                request: { fill("GET /", " HTTP/1.1\r\n", to: $0) + "Host: h\r\n\r\n" }, limit: limits.requestLineBytes),
            WireLimit(
                name: "field line", past: 431, request: { head + fill("X: ", "\r\n", to: $0) + "\r\n" },
                limit: limits.fieldLineBytes),
            WireLimit(
                name: "head", past: 431,
                request: { size in
                    let lines = String(repeating: fill("X: ", "\r\n", to: 8_000), count: 4)
                    return fill(head + lines + "Y: ", "\r\n\r\n", to: size)
                }, limit: limits.headBytes),
            WireLimit(
                name: "fields", past: 431,
                request: { head + String(repeating: "X: y\r\n", count: $0 - 1) + "\r\n" }, limit: limits.fieldCount),
            WireLimit(
                name: "chunk line", past: 400, request: { chunked(fill("1;", "\r\n", to: $0) + "x\r\n0\r\n\r\n") },
                limit: limits.chunkLineBytes),
            WireLimit(
                name: "chunk extensions", past: 400,
                request: { size in
                    let whole = String(repeating: fill("1;", "\r\n", to: 203) + "x\r\n", count: size / 200)
                    let rest = size % 200 == 0 ? "" : fill("1;", "\r\n", to: size % 200 + 3) + "x\r\n"
                    return chunked(whole + rest + "0\r\n\r\n")
                }, limit: limits.chunkExtensionBytes),
            WireLimit(
                name: "trailer bytes", past: 431,
                request: { chunked("0\r\n" + fill("X: ", "\r\n\r\n", to: $0)) }, limit: limits.trailerBytes),
            WireLimit(
                name: "trailers", past: 431,
                request: { chunked("0\r\n" + String(repeating: "X: y\r\n", count: $0) + "\r\n") },
                limit: limits.trailerCount),
            WireLimit(
                name: "body", past: 413,
                request: { "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: \($0)\r\n\r\n" + fill("", "", to: $0) },
                limit: LiveHandler.bodyLimit),
        ]
    }()

    @Test(arguments: wireLimits)
    func `a request at a limit is served, and one past it is refused`(limit: WireLimit) throws {
        try withServer { _, port in
            let client = LiveClient(port: port)
            client.send(limit.request(limit.limit))
            #expect(client.receive()?.status == 200)
            client.send(limit.request(limit.limit + 1))
            #expect(client.receive()?.status == limit.past)
        }
    }

    @Test func `a body that is thrown away ends with the connection once it is past the limit for that`() throws {
        try withServer({ $0.discardBytes = 5_000 }) { server, port in
            let client = LiveClient(port: port)
            #expect(client.post("/echo", String(repeating: "x", count: 5_000))?.status == 413)
            let last = client.post("/echo", String(repeating: "x", count: 5_001))
            #expect(last?.status == 413)
            #expect(last?.fields["connection"] == "close")
            #expect(client.isEnded())
            #expect(server.statistics.refusals == [.bodyBeyondDiscardLimit: 1])
        }
    }
}
