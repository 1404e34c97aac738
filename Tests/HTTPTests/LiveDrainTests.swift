// A server that goes while clients of every habit are busy. What counts as lost is what a client would have to report as
// failed: a request on an open connection that got no answer, unless an answer before it had said that it is the last
// (RFC 9112 section 9.6: the client knows that what it sent after that was not handled, and sends it again elsewhere).
import Dispatch
import Glibc
import Synchronization
import Testing
import Waiting

@testable import HTTP

/// What the clients of one round saw.
private final class DrainTally: Sendable {
    /// Clients that are connected.
    let started = Atomic<Int>(0)
    let answered = Atomic<Int>(0)
    let lost = Atomic<Int>(0)
    /// Connections whose last answer said so.
    let told = Atomic<Int>(0)
    let isOver = BlockingHandler.AtomicFlag()

    func countStart() { started.add(1, ordering: .relaxed) }
    func countAnswer() { answered.add(1, ordering: .relaxed) }
    func countLoss() { lost.add(1, ordering: .relaxed) }
    func countTold() { told.add(1, ordering: .relaxed) }
}

/// One client, until the server says or shows that it goes.
private struct DrainClient: Sendable {
    let port: LivePort
    let path: String
    let tally: DrainTally
    private var content: String { ["/held": "/held true", "/deferred?2": "/deferred"][path] ?? path }
    private var wire: String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n" }

    /// Keeps `depth` requests on the way: with 1 it asks and waits, with more it pipelines without a pause.
    func keepAlive(depth: Int, pauses seed: UInt64?) {
        var random = SplitMix64(seed: seed ?? 0)
        let client = LiveClient(port: port)
        client.send(String(repeating: wire, count: depth))
        tally.countStart()
        while true {
            guard let answer = client.receive() else { return tally.countLoss() }
            tally.countAnswer()
            if answer.fields["connection"] == "close" {
                tally.countTold()
                if !client.isEnded() { tally.countLoss() }
                return
            }
            if seed != nil { usleep(UInt32.random(in: 0...5_000, using: &random)) }
            client.send(wire)
        }
    }

    /// Sends three requests at once, takes their answers, and again.
    func inThrees() {
        let client = LiveClient(port: port)
        tally.countStart()
        while true {
            client.send(wire + wire + wire)
            var isLast = false
            for _ in 0..<3 {
                guard let answer = client.receive() else { return tally.countLoss() }
                tally.countAnswer()
                isLast = answer.fields["connection"] == "close"
            }
            if isLast { return tally.countTold() }
        }
    }

    /// A connection a request, until none comes about any more.
    func connectingAnew() {
        tally.countStart()
        if port.transport != .plain { return connectingAnewSecurely() }
        while true {
            let client = LiveSocket()
            client.setPatience(milliseconds: 20)
            var state = LiveSocket.Connect.underWay
            while state == .underWay && !tally.isOver.value { state = client.connect(port: port) }
            if state != .connected { return }
            client.setPatience(milliseconds: 20_000)
            client.send(wire)
            guard client.receive(upTo: "\r\n\r\n" + content) else { return tally.countLoss() }
            tally.countAnswer()
        }
    }

    private func connectingAnewSecurely() {
        while true {
            let client = LiveClient(port: port)
            if !client.isSecured { return }
            client.send(wire)
            guard client.receive()?.body == content else { return tally.countLoss() }
            tally.countAnswer()
        }
    }
}

@Suite(.serialized) struct LiveDrainTests {
    private typealias Habit = @Sendable (DrainClient, UInt64) -> Void

    private func drain(
        over transport: LiveTransport, seed: UInt64, graceMilliseconds: Int, clients: [Habit]
    ) throws {
        var random = SplitMix64(seed: seed)
        var configuration = ServerConfiguration(loops: 1 + Int(seed % 3))
        // Longer than a busy machine keeps a client from running.
        configuration.drainGraceMilliseconds = graceMilliseconds
        let folder = TestFolder()
        configuration.listen(over: transport, folder)
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let tally = DrainTally()
        let group = DispatchGroup()
        for (index, client) in clients.enumerated() {
            let path = ["/plain", "/held", "/deferred?2"][(index + Int(seed)) % 3]
            let drainClient = DrainClient(port: server.livePort(transport), path: path, tally: tally)
            let clientSeed = random.next()
            DispatchQueue(label: "client \(index)").async(group: group) { client(drainClient, clientSeed) }
        }
        #expect(eventually { tally.started.load(ordering: .relaxed) == clients.count })
        #expect(eventually { tally.answered.load(ordering: .relaxed) > 20 })
        usleep(UInt32.random(in: 0...20_000, using: &random))
        #expect(server.drainAndWait(timeoutMilliseconds: 20_000) == 0)
        tally.isOver.set()
        group.wait()
        #expect(tally.lost.load(ordering: .relaxed) == 0)
        // No request was handled whose answer did not arrive.
        #expect(server.statistics.requests == UInt64(tally.answered.load(ordering: .relaxed)))
        #expect(server.statistics.connectionsOpen == 0)
    }

    @Test(
        arguments: [(1...30, LiveTransport.plain), (31...33, .tls12), (34...36, .tls13)].flatMap { seeds, transport in
            seeds.map { (UInt64($0), transport) }
        })
    func `a drain at any moment loses no request of any client`(seed: UInt64, transport: LiveTransport) throws {
        try drain(
            over: transport, seed: seed, graceMilliseconds: 5_000,
            clients: [
                { client, _ in client.keepAlive(depth: 1, pauses: nil) },
                { client, _ in client.keepAlive(depth: 1, pauses: nil) },
                { client, seed in client.keepAlive(depth: 1, pauses: seed) },
                { client, seed in client.keepAlive(depth: 1, pauses: seed) },
                { client, _ in client.inThrees() },
                { client, _ in client.inThrees() },
                { client, _ in client.connectingAnew() },
                { client, _ in client.connectingAnew() },
                { client, _ in client.connectingAnew() },
            ])
    }

    @Test(arguments: [101, 102, 103] as [UInt64])
    func `a client that always has requests on the way is told which answer is its last`(seed: UInt64) throws {
        try drain(
            over: .plain, seed: seed, graceMilliseconds: 200,
            clients: (0..<4).map { _ in { client, _ in client.keepAlive(depth: 4, pauses: nil) } })
    }

    @Test func `clients in the kernel's queue are served before the listener closes`() throws {
        try withBlockedServer { server, port, gate in
            let clients = (0..<50).map { _ in LiveSocket(port: port) }
            for client in clients[..<25] { client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }
            let cut = Atomic<Int>(-1)
            let drained = DispatchGroup()
            DispatchQueue(label: "drain").async(group: drained) {
                cut.store(server.drainAndWait(timeoutMilliseconds: 20_000), ordering: .relaxed)
            }
            usleep(20_000)
            gate.release()
            for client in clients[25...] { client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n") }
            for client in clients {
                let ending = client.receiveToEnd()
                #expect(ending.isOrderly && ending.text.contains("\r\nConnection: close\r\n"))
                client.end()
            }
            drained.wait()
            #expect(cut.load(ordering: .relaxed) == 0)
        }
    }

    @Test func `while a drain lets handshakes end, none begins`() throws {
        var configuration = ServerConfiguration(loops: 1)
        configuration.drainHandshakeMilliseconds = 400
        let server = Server(configuration: configuration) { _ in LiveHandler() }
        try server.start()
        let port = server.port
        let kept = LiveClient(port: port)
        kept.send("GET /deferred?600 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(eventually { server.statistics.requests == 1 })
        let drained = DispatchGroup()
        let start = MonotonicClock.nanoseconds()
        DispatchQueue(label: "drain").async(group: drained) { server.drainAndWait(timeoutMilliseconds: 20_000) }
        // One that begins now is neither accepted nor refused; once the listener has closed, it is refused.
        var seen: [LiveSocket.Connect] = []
        while seen.last != .refused && MonotonicClock.nanoseconds() - start < 10_000_000_000 {
            let late = LiveSocket()
            late.setPatience(milliseconds: 20)
            let state = late.connect(port: port)
            if state == .connected {
                // Before the loop had read of the drain: then it is served.
                late.send("GET /early HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(late.receive(upTo: "/early"))
            }
            seen.append(state)
        }
        #expect(seen.last == .refused)
        #expect(seen.contains(.underWay))
        #expect(kept.receive()?.fields["connection"] == "close")
        drained.wait()
        #expect(server.statistics.connectionsOpen == 0)
    }

    @Test func `a request that has arrived when its connection's idle time ends is answered`() throws {
        var configuration = ServerConfiguration(loops: 1)
        configuration.timeouts.idleMilliseconds = 1_000
        let gate = BlockingHandler.Gate()
        let server = Server(configuration: configuration) { _ in BlockingHandler(gate) }
        try server.start()
        let blocking = (0..<2).map { _ in LiveClient(port: server.port) }
        for client in blocking { #expect(client.get("/a")?.status == 200) }
        let kept = LiveClient(port: server.port)
        #expect(kept.get("/a")?.status == 200)
        // The loop stands still until the time is over, wakes for another request, and stands still in that: what
        // arrives then is in no event of this wake-up, at whose end the time is found to be over.
        blocking[0].send("GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(gate.waitUntilBlocked())
        blocking[1].send("GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
        usleep(1_200_000)
        gate.release()
        #expect(gate.waitUntilBlocked(2))
        kept.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        gate.release()
        #expect(kept.receive()?.status == 200)
        server.stop()
    }
}
