// Handshakes that are slow, broken, too many, or under way when the server ends; and that nobody else waits for them.
import Dispatch
import Glibc
import Synchronization
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct TLSHandshakeTests {
    @Test(arguments: LiveTransport.secured)
    func `a handshake that comes byte by byte is done, and what follows is read`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port, pieceBytes: 1)
            #expect(client.isSecured)
            #expect(client.post("/echo", "hello")?.body == "hello")
            #expect(server.statistics.tls.handshakes == 1)
        }
    }

    @Test func `a request that comes with the end of the handshake is answered`() throws {
        try withServer(over: .tls13) { _, port in
            let client = LiveClient(port: port.number)
            let engine = TLSEngine(TLSClientOptions())
            client.useTLS(engine)
            _ = engine.handshake()
            client.sendOutput()
            while engine.handshake() == .needsBytes { client.feedOnce() }
            // The engine's last handshake message has not been sent yet.
            #expect(client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"))
            #expect(client.receive()?.body == "/a")
        }
    }

    @Test func `a client that says nothing, or too little, is cut in time`() throws {
        try withServer(over: .tls13, { $0.tls?.handshakeMilliseconds = 200 }) { server, port in
            let silent = LiveClient(port: port.number)
            let halfway = LiveClient(port: port.number)
            halfway.sendBytes([0x16, 0x03, 0x01])
            #expect(eventually { server.statistics.tls.handshaking == 2 })
            #expect(server.statistics.connectionsOpen == 2)
            #expect(silent.isEnded())
            #expect(halfway.isEnded())
            #expect(eventually { server.statistics.connectionsOpen == 0 })
            #expect(server.statistics.tls.timedOut == 2)
        }
    }

    @Test func `a client that trickles its handshake is cut all the same`() throws {
        try withServer(over: .tls13, { $0.tls?.handshakeMilliseconds = 150 }) { server, port in
            let client = LiveClient(port: port.number)
            let engine = TLSEngine(TLSClientOptions())
            _ = engine.handshake()
            for byte in engine.takeOutput() where server.statistics.tls.timedOut == 0 {
                client.sendBytes([byte])
                usleep(10_000)
            }
            #expect(client.isEnded())
            #expect(server.statistics.tls.timedOut == 1)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `garbage instead of a handshake is refused and harms nobody`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try withServer(over: .tls13) { server, port in
            let good = LiveClient(port: port)
            #expect(good.get("/a")?.status == 200)
            let engine = TLSEngine(TLSClientOptions())
            _ = engine.handshake()
            let hello = engine.takeOutput()
            for _ in 0..<30 {
                let client = LiveClient(port: port.number)
                var bytes = hello
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                client.sendBytes(bytes)
                client.finishSending()
                #expect(client.isDrained())
                #expect(good.get("/b")?.status == 200)
            }
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            let tls = server.statistics.tls
            #expect(tls.failed + tls.abandoned == 30)
        }
    }

    @Test func `clients that leave in the middle are counted and forgotten`() throws {
        try withServer(over: .tls13) { server, port in
            let engine = TLSEngine(TLSClientOptions())
            _ = engine.handshake()
            let hello = engine.takeOutput()
            for index in 0..<3 {
                let client = LiveClient(port: port.number)
                client.sendBytes(index == 0 ? [] : hello)
                if index == 2 { client.abort() }
            }
            #expect(eventually { server.statistics.tls.abandoned == 3 })
            #expect(server.statistics.connectionsOpen == 0)
        }
    }

    @Test func `at the bound on handshakes others wait, and are served later`() throws {
        try withServer(
            over: .tls13,
            {
                $0.tls?.maximumHandshakes = 2
                $0.tls?.handshakeMilliseconds = 300
            }
        ) { server, port in
            let silent = (0..<2).map { _ in LiveClient(port: port.number) }
            #expect(eventually { server.statistics.tls.handshaking == 2 })
            let third = LiveClient(port: port)
            #expect(third.get("/a")?.status == 200)
            #expect(server.statistics.tls.timedOut == 2)
            #expect(silent[0].isEnded())
        }
    }

    @Test func `connections count from accept on, and one too many is closed`() throws {
        try withServer(
            over: .tls13,
            {
                $0.listensPlain = true
                $0.maximumConnections = 2
            }
        ) { server, port in
            let silent = LiveClient(port: port.number)
            let good = LiveClient(port: port)
            #expect(good.get("/a")?.status == 200)
            #expect(eventually { server.statistics.connectionsOpen == 2 })
            #expect(!LiveClient(port: port).isSecured)
            #expect(LiveClient(port: server.port).receive()?.status == 503)
            #expect(server.statistics.connectionsRefused == 2)
            silent.finishSending()
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            #expect(LiveClient(port: port).get("/a")?.status == 200)
        }
    }

    @Test func `a storm of handshakes is served while another client's requests go on`() throws {
        try withServer(over: .tls13) { server, port in
            let good = LiveClient(port: port)
            #expect(good.get("/a")?.status == 200)
            let served = Atomic<Int>(0)
            let storm = DispatchGroup()
            for index in 0..<4 {
                DispatchQueue(label: "storm \(index)").async(group: storm) {
                    for _ in 0..<50 {
                        // Not read to its end, and not resumed: every one costs the server a signature.
                        if LiveClient(port: port).get("/a")?.status == 200 { served.add(1, ordering: .relaxed) }
                    }
                }
            }
            var answered = 0
            while storm.wait(timeout: .now()) == .timedOut {
                #expect(good.get("/b")?.body == "/b")
                answered += 1
            }
            #expect(served.load(ordering: .relaxed) == 200)
            #expect(answered > 0)
            #expect(server.statistics.tls.handshakes == 201)
            #expect(server.statistics.tls.resumed == 0)
        }
    }

    @Test func `connections of the TLS port are spread over the loops`() throws {
        try withServer(over: .tls13) { server, port in
            let clients = (0..<8).map { _ in LiveClient(port: port) }
            for client in clients { #expect(client.get("/a")?.status == 200) }
            #expect(server.connectionsByLoop == [4, 4])
        }
    }

    @Test(arguments: 1...20)
    func `a server with both ports ends with all its connections, at whatever moment`(round: Int) throws {
        let folder = TestFolder()
        var configuration = ServerConfiguration(loops: 1 + round % 3)
        configuration.listen(over: .tls13, folder)
        configuration.listensPlain = true
        configuration.drainGraceMilliseconds = round % 2 * 50
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let (port, plainPort) = (server.livePort(.tls13), server.port)
        let clients = DispatchGroup()
        for index in 0..<4 {
            DispatchQueue(label: "client \(index)").async(group: clients) {
                // Until no connection comes about any more.
                while true {
                    let client = index % 2 == 0 ? LiveClient(port: port) : LiveClient(port: plainPort)
                    if client.get("/a") == nil { return }
                }
            }
        }
        #expect(eventually { server.statistics.requests > UInt64(round) })
        server.drainAndWait(timeoutMilliseconds: 200)
        clients.wait()
        #expect(server.statistics.connectionsOpen == 0)
    }

    @Test func `a drain lets a handshake finish within the grace, answers once, and cuts the others`() throws {
        let folder = TestFolder()
        var configuration = ServerConfiguration(loops: 2)
        configuration.listen(over: .tls13, folder)
        configuration.drainGraceMilliseconds = 3_000
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let port = server.livePort(.tls13)
        let stuck = LiveClient(port: port.number)
        let slow = LiveClient(port: port.number)
        let engine = TLSEngine(TLSClientOptions())
        _ = engine.handshake()
        slow.useTLS(engine)
        #expect(eventually { server.statistics.tls.handshaking == 2 })
        let cut = Atomic<Int>(-1)
        let drained = DispatchGroup()
        DispatchQueue(label: "drain").async(group: drained) {
            cut.store(server.drainAndWait(timeoutMilliseconds: 10_000), ordering: .relaxed)
        }
        // The port is closed first; a client that was accepted before is still served.
        #expect(eventually { !LiveClient(port: port).isSecured })
        slow.sendOutput()
        while engine.handshake() == .needsBytes { slow.feedOnce() }
        slow.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        let answer = slow.receive()
        #expect(answer?.body == "/a")
        #expect(answer?.fields["connection"] == "close")
        #expect(stuck.isEnded())
        drained.wait()
        #expect(cut.load(ordering: .relaxed) == 0)
        #expect(server.statistics.tls.cut == 1)
        #expect(server.statistics.connectionsOpen == 0)
        #expect(server.tlsPort == 0)
    }
}
