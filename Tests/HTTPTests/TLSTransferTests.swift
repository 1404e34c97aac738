// Bytes over TLS: large and small, cut and joined in every way, ends of each kind, changes of keys, and damage.
import Glibc
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct TLSTransferTests {
    private static let request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test(arguments: LiveTransport.secured, [1_000, 16_383, .max])
    func `a large body arrives and returns whole, however it is cut`(
        transport: LiveTransport, pieceBytes: Int
    ) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port, pieceBytes: pieceBytes)
            let body = String(repeating: "0123456789", count: 90_000)
            #expect(client.post("/large", body)?.body == body)
            #expect(client.get("/a")?.body == "/a")
            #expect(server.statistics.bytesIn > 900_000 && server.statistics.bytesIn < 901_000)
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `answers to a slow reader come whole, and what waits in the session is not forgotten`(
        transport: LiveTransport
    ) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port, receiveBufferBytes: 4_096)
            // Each request is a record of its own, but all come at once: the loop takes them in one read, may not go
            // on for want of room in the output, and gets no event for those that OpenSSL already holds.
            for _ in 0..<40 { #expect(client.tls?.write(Array("GET /big HTTP/1.1\r\nHost: h\r\n\r\n".utf8)) == true) }
            client.sendOutput()
            #expect(eventually { server.statistics.requests > 0 })
            usleep(50_000)
            #expect(server.statistics.requests < 40)
            for _ in 0..<40 { #expect(client.receive()?.body.utf8.count == LiveHandler.bigBytes) }
            #expect(client.get("/a")?.body == "/a")
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `a thousand requests in records of a few bytes are answered in order`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            let paths = (0..<300).map { ["/plain\($0)", "/held\($0)", "/deferred\($0)"][$0 % 3] }
            let wire = Array(paths.map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined().utf8)
            for start in stride(from: 0, to: wire.count, by: 7) {
                #expect(client.tls?.write(Array(wire[start..<min(start + 7, wire.count)])) == true)
            }
            client.sendOutput()
            for path in paths {
                #expect(client.receive()?.body == (path.hasPrefix("/held") ? path + " true" : path))
            }
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `the end of TLS alone is a half-close, and what came before is answered`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            client.send("GET /deferred?30 HTTP/1.1\r\nHost: h\r\n\r\n" + Self.request)
            client.finishSending(inTCP: false, inTLS: true)
            #expect(client.receive()?.status == 202)
            #expect(client.receive()?.body == "/a")
            #expect(client.isEnded())
            #expect(client.tls?.sawEnd == true)
            #expect(server.statistics.tls.truncated == 0)
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `the end of TCP alone is an end too, and is counted`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            client.send("GET /deferred?30 HTTP/1.1\r\nHost: h\r\n\r\n" + Self.request)
            client.finishSending(inTCP: true, inTLS: false)
            #expect(client.receive()?.status == 202)
            #expect(client.receive()?.body == "/a")
            #expect(client.isEnded())
            #expect(server.statistics.tls.truncated == 1)
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `an orderly end is told in TLS, and a cut is not`(transport: LiveTransport) throws {
        try withServer(
            over: transport,
            {
                $0.timeouts.idleMilliseconds = 100
                $0.timeouts.writeMilliseconds = 300
            }
        ) { server, port in
            let closed = LiveClient(port: port)
            #expect(closed.get("/close")?.fields["connection"] == "close")
            #expect(closed.isEnded() && closed.tls?.sawEnd == true)
            let idle = LiveClient(port: port)
            #expect(idle.get("/a")?.status == 200)
            #expect(idle.isEnded() && idle.tls?.sawEnd == true)
            let lazy = LiveClient(port: port, receiveBufferBytes: 4_096)
            lazy.send(String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: 60))
            #expect(eventually { server.statistics.writeTimeouts == 1 })
            while let answer = lazy.receive() { #expect(answer.body.utf8.count == LiveHandler.bigBytes) }
            #expect(lazy.tls?.sawEnd == false)
        }
    }

    @Test func `keys change in the middle of requests, and both sides follow`() throws {
        try withServer(over: .tls13) { _, port in
            let client = LiveClient(port: port)
            let wire = Array("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789".utf8)
            for cut in [0, 1, 20, wire.count - 1, wire.count] {
                client.send(Array(wire[..<cut]))
                client.tls?.updateKeys()
                client.send(Array(wire[cut...]))
                client.sendOutput()
                #expect(client.receive()?.body == "0123456789")
            }
        }
    }

    @Test func `a flood of changes of keys ends its connection, and a few at a time do not`() throws {
        try withServer(over: .tls13) { server, port in
            let good = LiveClient(port: port)
            let few = LiveClient(port: port)
            for _ in 0..<5 {
                for _ in 0..<5 { few.tls?.updateKeys() }
                #expect(few.get("/a")?.status == 200)
            }
            let flooding = LiveClient(port: port)
            #expect(flooding.get("/a")?.status == 200)
            for _ in 0..<300 { flooding.tls?.updateKeys() }
            flooding.sendOutput()
            #expect(flooding.isDrained())
            #expect(good.get("/b")?.status == 200 && few.get("/b")?.status == 200)
            #expect(server.statistics.connectionsOpen == 2)
        }
    }

    @Test func `a second handshake on a connection is not begun`() throws {
        try withServer(over: .tls12) { server, port in
            let client = LiveClient(port: port)
            #expect(client.get("/a")?.status == 200)
            client.tls?.renegotiate()
            client.sendOutput()
            _ = client.isEnded()
            #expect(LiveClient(port: port).get("/a")?.status == 200)
            #expect(server.statistics.tls.handshakes == 2)
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `damage ends its connection and no other`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let good = LiveClient(port: port)
            for index in 0..<20 {
                let damaged = LiveClient(port: port)
                #expect(damaged.get("/a")?.status == 200)
                #expect(damaged.tls?.write(Array(Self.request.utf8)) == true)
                var bytes = damaged.tls?.takeOutput() ?? []
                bytes[5 + index] ^= 1
                damaged.sendBytes(bytes)
                #expect(damaged.receive() == nil)
                #expect(good.get("/b")?.status == 200)
            }
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            #expect(server.statistics.requests == 40)
        }
    }
}
