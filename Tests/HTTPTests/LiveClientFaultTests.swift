// Clients whose connections break at every place where they can, and what the kernel makes of that; the server goes on
// and leaks nothing.
import Dispatch
import Glibc
import Synchronization
import Testing
import Waiting

@testable import HTTP

/// Answers at once, except that /block keeps its loop busy until `release()`: meanwhile the kernel queues what comes.
final class BlockingHandler: RequestHandler, Sendable {
    struct Gate: Sendable {
        private let opened = DispatchSemaphore(value: 0)
        private let blocks = Counter()
        /// Waits until the loop stands still, for the `count`th time.
        func waitUntilBlocked(_ count: Int = 1) -> Bool {
            eventually { blocks.value.load(ordering: .acquiring) >= count }
        }
        func release() { opened.signal() }
        fileprivate func block() {
            blocks.value.add(1, ordering: .releasing)
            opened.wait()
        }
    }

    private final class Counter: Sendable { let value = Atomic(0) }

    final class AtomicFlag: Sendable {
        private let flag = Atomic(false)
        var value: Bool { flag.load(ordering: .acquiring) }
        func set() { flag.store(true, ordering: .releasing) }
    }

    private let gate: Gate
    init(_ gate: Gate) { self.gate = gate }

    func bodyLimitBytes(_ request: borrowing Request) -> Int { 0 }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        if request.pathEquals("/block") { gate.block() }
        response.body = Array("done".utf8)
        return .answered
    }
}

/// Runs `body` against a server whose one loop stands still in a request until the gate is released.
func withBlockedServer(_ body: (Server, Int, BlockingHandler.Gate) throws -> Void) throws {
    let gate = BlockingHandler.Gate()
    var configuration = ServerConfiguration(loops: 1)
    configuration.drainGraceMilliseconds = 3_000
    configuration.timeouts.lingerMilliseconds = 200
    let server = Server(configuration: configuration) { _ in BlockingHandler(gate) }
    try server.start()
    let blocking = LiveClient(port: server.port)
    blocking.send("GET /block HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    #expect(gate.waitUntilBlocked())
    try body(server, server.port, gate)
    #expect(blocking.receive()?.status == 200)
    server.stop()
}

@Suite(.serialized) struct LiveClientFaultTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `clients that reset before they are accepted cost nothing`() throws {
        try withBlockedServer { server, port, gate in
            for index in 0..<40 {
                let client = LiveSocket(port: port)
                if index % 2 == 0 { client.send(Self.get) }
                client.reset()
            }
            let good = LiveClient(port: port)
            good.send(Self.get)
            gate.release()
            #expect(good.receive()?.body == "done")
            #expect(eventually { server.statistics.connectionsOpen <= 2 })
        }
    }

    @Test func `a reset in the middle of a head, a body, an answer or a wait is counted once`() throws {
        try withServer { server, port in
            let wires = [
                "GET /a HT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123",
                String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: 100),
                "GET /never HTTP/1.1\r\nHost: h\r\n\r\n", Self.get,
            ]
            let clients = wires.map { _ in LiveSocket(port: port, receiveBufferBytes: 4_096) }
            for (client, wire) in zip(clients, wires) { client.send(wire) }
            let idle = clients[4]
            #expect(clients[2].receive(100)?.count == 100)
            #expect(idle.receive(upTo: "/a"))
            #expect(eventually { server.statistics.bytesIn == wires.joined().utf8.count })
            #expect(server.statistics.connectionsOpen == 5)
            for client in clients[..<4] { client.reset() }
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            #expect(server.statistics.clientsGone == 4)
            idle.end()
            #expect(eventually { server.statistics.connectionsOpen == 0 })
            #expect(server.statistics.clientsGone == 4)
        }
    }

    @Test func `a client that resets while it is not read from is noticed`() throws {
        try withServer { server, port in
            let client = LiveSocket(port: port)
            // More than is read behind a request that waits.
            client.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n" + String(repeating: Self.get, count: 5_000))
            #expect(eventually { server.statistics.bytesIn >= 16_384 })
            client.reset()
            #expect(eventually { server.statistics.connectionsOpen == 0 })
            #expect(server.statistics.clientsGone == 1)
            #expect(server.statistics.requests == 1)
        }
    }

    @Test func `an answer to a client that left does not reach the next one in its place`() throws {
        try withServer({ $0.loops = 1 }) { server, port in
            let rounds = 4
            for round in 0..<rounds {
                let first = LiveSocket(port: port)
                first.send("GET /deferred-first?300 HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(eventually { server.statistics.requests == UInt64(3 * round + 1) })
                first.reset()
                #expect(eventually { server.statistics.connectionsOpen == 0 })
                let second = LiveClient(port: port)
                #expect(second.get("/deferred-second?400")?.body == "/deferred-second")
                #expect(second.get("/b")?.body == "/b")
                #expect(server.statistics.requests == UInt64(3 * round + 3))
                second.finishSending()
                #expect(eventually { server.statistics.connectionsOpen == 0 })
            }
            #expect(server.statistics.clientsGone == rounds)
        }
    }

    @Test func `an answer to a client that closed without a reset is lost, and nothing else`() throws {
        try withServer { server, port in
            for count in [1, 2, 200] {
                let client = LiveSocket(port: port)
                client.send(
                    String(repeating: "GET /deferred?10 HTTP/1.1\r\nHost: h\r\n\r\n", count: 2)
                        + String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: count))
                #expect(eventually { server.statistics.connectionsOpen == 1 })
                client.end()
                #expect(eventually { server.statistics.connectionsOpen == 0 })
            }
            #expect(LiveClient(port: port).get("/a")?.status == 200)
        }
    }

    @Test func `a client that shuts one of its directions is served`() throws {
        try withServer { server, port in
            let deaf = LiveSocket(port: port)
            deaf.stopReading()
            deaf.send(Self.get)
            #expect(eventually { server.statistics.requests == 1 })
            deaf.end()
            let mute = LiveSocket(port: port)
            mute.send(Self.get + Self.get)
            mute.stopSending()
            let answers = mute.receiveToEnd()
            #expect(answers.isOrderly)
            #expect(answers.text.occurrences(of: "HTTP/1.1 200 OK") == 2)
            mute.end()
            #expect(eventually { server.statistics.connectionsOpen == 0 })
        }
    }

    @Test func `urgent data is no part of the stream`() throws {
        try withServer { server, port in
            let client = LiveSocket(port: port)
            client.send("!", flags: Int32(MSG_OOB))
            client.send("GET /urgent HTTP/1.1\r\nHo")
            client.send("!", flags: Int32(MSG_OOB))
            client.send("st: h\r\n\r\n")
            #expect(client.receive(upTo: "/urgent"))
            #expect(server.statistics.refusals.isEmpty)
        }
    }

    @Test func `short writes lose no byte`() throws {
        try withServer { _, port in
            let client = LiveSocket(port: port, receiveBufferBytes: 2_048)
            let count = 20
            client.send(
                String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: count)
                    + "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            let ending = client.receiveToEnd()
            #expect(ending.isOrderly)
            let text = ending.text
            #expect(text.occurrences(of: "HTTP/1.1 200 OK") == count + 1)
            #expect(text.utf8.count { $0 == UInt8(ascii: "x") } == count * LiveHandler.bigBytes)
            #expect(text.hasSuffix("/last"))
        }
    }

    @Test func `signals that interrupt the loops' calls lose no request`() throws {
        let threads = Mutex<[pthread_t]>([])
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR2, &action, nil)
        let server = Server(configuration: ServerConfiguration(loops: 2)) { _ in
            // Dispatch blocks signals on its threads; this is the loop's, so it is the one to let them through.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGUSR2)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            let thread = pthread_self()
            threads.withLock { $0.append(thread) }
            return LiveHandler()
        }
        try server.start()
        #expect(eventually { threads.withLock { $0.count == 2 } })
        let isOver = BlockingHandler.AtomicFlag()
        let signaller = DispatchGroup()
        DispatchQueue(label: "signals").async(group: signaller) {
            while !isOver.value {
                for thread in threads.withLock({ $0 }) { pthread_kill(thread, SIGUSR2) }
                usleep(50)
            }
        }
        for _ in 0..<100 {
            let client = LiveClient(port: server.port)
            #expect(client.get("/held")?.status == 200)
            #expect(client.get("/big")?.body.utf8.count == LiveHandler.bigBytes)
            #expect(client.post("/echo", "abc")?.body == "abc")
        }
        isOver.set()
        signaller.wait()
        #expect(server.statistics.requests == 300)
        server.stop()
    }

    @Test func `five thousand connects do not keep a client from its answers`() throws {
        try withServer { server, port in
            let connects = 5_000
            let storm = DispatchGroup()
            for part in 0..<4 {
                DispatchQueue(label: "storm \(part)").async(group: storm) {
                    for index in 0..<(connects / 4) {
                        let client = LiveSocket(port: port)
                        if index % 3 > 0 { client.send(Self.get) }
                        if index % 3 > 1 { client.reset() }
                    }
                }
            }
            let good = LiveClient(port: port)
            var answers = 0
            repeat {
                #expect(good.get("/a")?.status == 200)
                answers += 1
            } while storm.wait(timeout: .now()) == .timedOut && answers < 1_000_000
            #expect(eventually { server.statistics.connectionsAccepted == connects + 1 })
            #expect(eventually { server.statistics.connectionsOpen == 1 })
            #expect(good.get("/a")?.status == 200)
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func occurrences(of part: String) -> Int { ranges(of: part).count }
}
