// Clients that are slow, leave, or are too many; and a server that goes while they are there.
import Dispatch
import Glibc
import Synchronization
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct LiveFaultTests {
    @Test(arguments: LiveTransport.allCases)
    func `a head that does not arrive in time gets 408`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.timeouts.headMilliseconds = 100 }) { server, port in
            let client = LiveClient(port: port)
            #expect(client.get("/a")?.status == 200)
            client.send("GET /b HTTP/1.1\r\nHo")
            let answer = client.receive()
            #expect(answer?.status == 408)
            #expect(answer?.fields["connection"] == "close")
            #expect(client.isEnded())
            #expect(server.statistics.headTimeouts == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a head that trickles in gets 408 all the same`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.timeouts.headMilliseconds = 150 }) { server, port in
            let client = LiveClient(port: port)
            for byte in "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8 {
                client.send([byte])
                usleep(10_000)
            }
            #expect(client.receive()?.status == 408)
            #expect(server.statistics.headTimeouts == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a body that does not arrive in time gets 408`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.timeouts.bodyMilliseconds = 100 }) { server, port in
            let client = LiveClient(port: port)
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
            #expect(client.receive()?.status == 408)
            #expect(client.isEnded())
            #expect(server.statistics.bodyTimeouts == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a connection without requests is closed without a word, before and after its first`(transport: LiveTransport)
        throws
    {
        try withServer(
            over: transport,
            {
                $0.timeouts.idleMilliseconds = 100
                $0.timeouts.firstByteMilliseconds = 100
            }
        ) { server, port in
            let silent = LiveClient(port: port)
            let used = LiveClient(port: port)
            #expect(used.get("/a")?.status == 200)
            #expect(silent.isEnded())
            #expect(used.isEnded())
            #expect(server.statistics.idleTimeouts == 1)
            #expect(server.statistics.firstByteTimeouts == 1)
            #expect(eventually { server.statistics.connectionsOpen == 0 })
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a client that takes no answers is not read from, and is cut in time`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.timeouts.writeMilliseconds = 400 }) { server, port in
            let lazy = LiveClient(port: port, receiveBufferBytes: 4_096)
            let request = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n"
            lazy.send(String(repeating: request, count: 300))
            #expect(eventually { server.statistics.requests > 0 })
            // Others are served meanwhile.
            let good = LiveClient(port: port)
            for _ in 0..<20 { #expect(good.get("/a")?.status == 200) }
            #expect(eventually { server.statistics.writeTimeouts == 1 })
            // 300 answers of 200 kB were asked for; back-pressure made only those that kernel and limit had room for.
            #expect(server.statistics.requests < 20 + 100)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a client that stops sending still gets its answers`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("GET /deferred?30 HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HT")
            client.finishSending()
            #expect(client.receive()?.status == 202)
            #expect(client.receive()?.body == "/b")
            #expect(client.isEnded())
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a client that leaves is noticed, whatever it was waiting for`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            do {
                let idle = LiveClient(port: port)
                let half = LiveClient(port: port)
                let waiting = LiveClient(port: port)
                #expect(idle.get("/a")?.status == 200)
                half.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123")
                waiting.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(eventually { server.statistics.requests == 2 && server.statistics.connectionsOpen == 3 })
                waiting.abort()
            }
            #expect(eventually { server.statistics.connectionsOpen == 0 })
            #expect(server.statistics.clientsGone >= 2)
        }
    }

    @Test func `one connection too many gets 503, and its place is free again later`() throws {
        try withServer({ $0.maximumConnections = 2 }) { server, port in
            let first = LiveClient(port: port)
            #expect(first.get("/a")?.status == 200)
            do {
                let second = LiveClient(port: port)
                #expect(second.get("/a")?.status == 200)
                let third = LiveClient(port: port)
                let answer = third.receive()
                #expect(answer?.status == 503)
                #expect(answer?.fields["retry-after"] == "1")
                #expect(third.isEnded())
                #expect(server.statistics.connectionsRefused == 1)
            }
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            #expect(LiveClient(port: port).get("/a")?.status == 200)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `connections are spread over the loops`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let clients = (0..<8).map { _ in LiveClient(port: port) }
            for client in clients { #expect(client.get("/a")?.status == 200) }
            #expect(server.connectionsByLoop == [4, 4])
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a drain under load loses no request`(transport: LiveTransport) throws {
        var configuration = ServerConfiguration(address: "127.0.0.1", port: 0, loops: 2)
        configuration.drainGraceMilliseconds = 500
        let folder = TestFolder()
        configuration.listen(over: transport, folder)
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let port = server.livePort(transport)
        let lost = Atomic<Int>(0)
        let answered = Atomic<Int>(0)
        let told = Atomic<Int>(0)
        let clients = DispatchGroup()
        for index in 0..<12 {
            DispatchQueue(label: "client \(index)").async(group: clients) {
                let client = LiveClient(port: port)
                let path = ["/plain", "/held", "/deferred?5"][index % 3]
                // Pipelines three at a time, until the server says that it goes.
                let wire = String(repeating: "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n", count: 3)
                var isOver = false
                while !isOver {
                    client.send(wire)
                    for _ in 0..<3 {
                        guard let response = client.receive() else {
                            lost.add(1, ordering: .relaxed)
                            return
                        }
                        answered.add(1, ordering: .relaxed)
                        isOver = response.fields["connection"] == "close"
                    }
                }
                told.add(1, ordering: .relaxed)
            }
        }
        #expect(eventually { answered.load(ordering: .relaxed) > 300 })
        #expect(server.drainAndWait(timeoutMilliseconds: 5_000) == 0)
        clients.wait()
        #expect(lost.load(ordering: .relaxed) == 0)
        #expect(told.load(ordering: .relaxed) == 12)
        #expect(server.statistics.requests == UInt64(answered.load(ordering: .relaxed)))
        #expect(server.statistics.connectionsOpen == 0)
        #expect(server.port == 0)
    }

    @Test(arguments: LiveTransport.allCases)
    func `a drain closes idle connections, finishes begun requests, and refuses new connections`(
        transport: LiveTransport
    ) throws {
        var configuration = ServerConfiguration(address: "127.0.0.1", port: 0, loops: 2)
        configuration.drainGraceMilliseconds = 0
        let folder = TestFolder()
        configuration.listen(over: transport, folder)
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let port = server.livePort(transport)
        let idle = LiveClient(port: port)
        let begun = LiveClient(port: port)
        let waiting = LiveClient(port: port)
        let idleToo = LiveClient(port: port)
        #expect(idle.get("/a")?.status == 200 && idleToo.get("/a")?.status == 200)
        begun.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        waiting.send("GET /deferred?200 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { server.statistics.requests == 3 && server.statistics.connectionsOpen == 4 })
        let cut = Atomic<Int>(-1)
        let drained = DispatchGroup()
        DispatchQueue(label: "drain").async(group: drained) {
            cut.store(server.drainAndWait(timeoutMilliseconds: 5_000), ordering: .relaxed)
        }
        // One on each loop, so both loops are draining.
        #expect(idle.isEnded() && idleToo.isEnded())
        // The TLS port closes on its own thread's time.
        #expect(eventually { LiveClient(port: port).get("/a") == nil })
        begun.send("cd")
        let finished = begun.receive()
        #expect(finished?.body == "abcd")
        #expect(finished?.fields["connection"] == "close")
        #expect(waiting.receive()?.fields["connection"] == "close")
        drained.wait()
        #expect(cut.load(ordering: .relaxed) == 0)
    }

    @Test func `a drain can be awaited, twice, and before the start`() async throws {
        let server = Server(configuration: ServerConfiguration(loops: 1)) { _ in LiveHandler() }
        #expect(await server.drain(timeoutMilliseconds: 100) == 0)
        try server.start()
        #expect(server.port > 0)
        #expect(await server.drain(timeoutMilliseconds: 100) == 0)
        #expect(await server.drain(timeoutMilliseconds: 100) == 0)
    }

    @Test func `a drain ends in time and says what it cut`() throws {
        let server = Server(configuration: ServerConfiguration(loops: 2)) { _ in LiveHandler() }
        try server.start()
        let stuck = LiveClient(port: server.port)
        stuck.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { server.statistics.requests == 1 })
        let start = MonotonicClock.nanoseconds()
        #expect(server.drainAndWait(timeoutMilliseconds: 100) == 1)
        let milliseconds = (MonotonicClock.nanoseconds() - start) / 1_000_000
        #expect(milliseconds >= 100 && milliseconds < 2_000)
        #expect(stuck.isEnded())
    }

    @Test func `a port that is taken and an address that is none are errors that say so`() throws {
        try withServer { server, _ in
            let port = server.port
            let second = Server(configuration: ServerConfiguration(port: port)) { _ in LiveHandler() }
            #expect(throws: ServerError(operation: "listening on 127.0.0.1 port \(port)", code: EADDRINUSE)) {
                try second.start()
            }
            let nowhere = Server(configuration: ServerConfiguration(address: "nowhere")) { _ in LiveHandler() }
            #expect(throws: ServerError.self) { try nowhere.start() }
        }
    }
}
