// Many clients that are slow or do nothing, and a good one beside them. How much later its answers come is measured by
// Benchmarks/http/isolation; here, on machines of any kind, they must not come very much later.
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct LiveIsolationTests {
    /// The good client's nanoseconds an answer, in order.
    private func measure(_ port: LivePort, requests: Int, between: (Int) -> Void = { _ in }) -> [UInt64] {
        let client = LiveClient(port: port)
        var times: [UInt64] = []
        for index in 0..<requests {
            between(index)
            let start = MonotonicClock.nanoseconds()
            #expect(client.post("/echo", "payment")?.body == "payment")
            times.append(MonotonicClock.nanoseconds() - start)
        }
        return times.sorted()
    }

    @Test func `slow and idle connections leave a good client's answers where they were`() throws {
        try withServer({
            // However slow the machine: who is slow here stays.
            $0.timeouts.headMilliseconds = 600_000
            $0.timeouts.bodyMilliseconds = 600_000
            $0.timeouts.writeMilliseconds = 600_000
            $0.timeouts.idleMilliseconds = 600_000
            $0.timeouts.firstByteMilliseconds = 600_000
        }) { server, port in
            let slowCount = min(200, connectionsToSpare() / 5)
            let idleCount = min(800, connectionsToSpare() * 4 / 5)
            let before = measure(port, requests: 1_000)
            let idle = (0..<idleCount).map { _ in LiveClient(port: port) }
            for client in idle { client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n") }
            for client in idle { #expect(client.receive()?.status == 200) }
            // A third each: heads and bodies of which a byte comes now and then, and answers that nobody takes.
            let slow = (0..<slowCount).map { LiveSocket(port: port, receiveBufferBytes: $0 % 3 == 2 ? 4_096 : nil) }
            for (index, client) in slow.enumerated() {
                switch index % 3 {
                case 0: client.send("GET /a HTTP/1.1\r\nHost: h\r\nX: ")
                case 1: client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n")
                default: client.send(String(repeating: "GET /big HTTP/1.1\r\nHost: h\r\n\r\n", count: 30))
                }
            }
            #expect(eventually { server.statistics.connectionsOpen == idleCount + slowCount })
            let during = measure(port, requests: 1_000) { index in
                let client = slow[index % slowCount]
                if index % slowCount % 3 == 2 { _ = client.receive(1) } else { client.send("x") }
            }
            #expect(during[500] < before[500] * 10 + 5_000_000)
            #expect(during[990] < before[990] * 10 + 100_000_000)
        }
    }
}
