// A process that runs out of descriptors. The limit holds for a whole process, so the test has one of its own.
import Glibc
import Testing
import Waiting

@testable import HTTP

@Suite struct LiveDescriptorTests {
    @Test func `a failed accept is tried again, waited for, or paused after`() {
        for code in [ECONNABORTED, EINTR, EPROTO, EPERM] { #expect(Sockets.acceptFailure(code) == .again) }
        for code in [EMFILE, ENFILE, ENOMEM, ENOBUFS] { #expect(Sockets.acceptFailure(code) == .exhausted) }
        #expect(Sockets.acceptFailure(EAGAIN) == .wouldBlock)
        // One that should not occur must not make the loop spin on a listener that stays readable.
        #expect(Sockets.acceptFailure(EINVAL) == .exhausted)
    }

    @Test func `without descriptors clients wait, and are served as soon as there are some`() async {
        await #expect(processExitsWith: .success) {
            try withServer({ $0.loops = 1 }) { server, port in
                let clients = (0..<40).map { _ in LiveSocket() }
                let lowestFree = dup(0)
                close(lowestFree)
                // The clients have their sockets already; what is left is for ten of the server's.
                let served = 10
                var limit = rlimit()
                let kind = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
                getrlimit(kind, &limit)
                limit.rlim_cur = rlim_t(Int(lowestFree) + served)
                #expect(setrlimit(kind, &limit) == 0)
                for client in clients {
                    #expect(client.connect(port: port) == .connected)
                    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
                }
                #expect(eventually { server.statistics.acceptPauses > 0 })
                #expect(eventually { server.statistics.requests == UInt64(served) })
                // Nobody was sent away, and the loop sleeps between its tries.
                let start = MonotonicClock.nanoseconds()
                let before = server.statistics.acceptPauses
                #expect(eventually { server.statistics.acceptPauses >= before + 10 })
                let tries = server.statistics.acceptPauses - before
                #expect(tries <= (MonotonicClock.nanoseconds() - start) / EventLoop.acceptPauseNanoseconds + 2)
                #expect(server.statistics.connectionsOpen == served)
                for client in clients {
                    #expect(client.receive(upTo: "/a"))
                    client.end()
                }
                #expect(eventually { server.statistics.connectionsOpen == 0 })
                #expect(server.statistics.requests == 40)
                #expect(LiveClient(port: port).get("/a")?.status == 200)
            }
        }
    }
}
