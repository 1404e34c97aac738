// Whole runs against a small server: what is counted, from when, and under which kind.

import Glibc
import Synchronization
import Testing

@testable import LoadGenerator

@Suite(.serialized) struct LoadRunTests {
    private func plan(_ server: TestServer, rate: Double?, seconds: Double, connections: Int = 2) -> LoadPlan {
        var plan = LoadPlan(port: server.port, requestsPerSecond: rate, seconds: seconds)
        plan.connections = connections
        plan.timeoutMilliseconds = 2_000
        return plan
    }

    private func run(_ plan: LoadPlan, _ server: TestServer) throws -> LoadReport {
        let report = try plan.run { _ in ConstantRequest(Array(#"{"amount":1}"#.utf8)) }
        server.stop()
        expectOneFateEach(report)
        return report
    }

    private func expectOneFateEach(_ report: LoadReport) {
        let errors = report.errors
        let fates = errors.timeouts + errors.resets + errors.malformed + errors.unsent + errors.abandoned
        #expect(report.scheduled == report.answered + fates)
        #expect(report.answered == report.statuses.values.reduce(0, +))
    }

    @Test func `a constant rate sends each request once and on time`() throws {
        let server = TestServer()
        var plan = plan(server, rate: 400, seconds: 0.5)
        plan.warmUpSeconds = 0.25
        let report = try run(plan, server)
        #expect(server.requests == 300)
        #expect(report.scheduled == 200)
        #expect(report.statuses == [200: 200])
        #expect(report.decisions == ["approve": 200])
        #expect(report.decisionSources == ["model": 200])
        #expect(report.errors == LoadErrorCounts())
        #expect(report.answerBytes == 200 * UInt64(TestServer.decision.utf8.count))
        #expect(report.latency.count == 200)
        #expect(report.serviceTime.count == 200)
        #expect(report.scheduleLag.count == 200)
        #expect(report.latency.mean >= report.serviceTime.mean)
        #expect(report.reconnects == 0)
        #expect(
            server.firstRequestText == "POST /v1/score HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"
                + "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"amount\":1}")
    }

    @Test func `a stall counts for every request that was due in it`() throws {
        let server = TestServer {
            $0 == 150 ? .stall(milliseconds: 200, then: TestServer.answer()) : .bytes(TestServer.answer())
        }
        let report = try run(plan(server, rate: 500, seconds: 1, connections: 1), server)
        #expect(report.answered == 500)
        // 100 of 500 requests were due during the stall; a generator that waits for answers sees one.
        #expect(report.latency.percentile(90) > 80_000_000)
        #expect(report.latency.percentile(99) > 150_000_000)
        #expect(report.serviceTime.percentile(90) < 80_000_000)
        #expect(report.serviceTime.largest >= 200_000_000)
        #expect(report.overDeadline >= 70)
        #expect(report.waitedForConnection >= 90)
        // The waiting is not the generator's: no connection was free.
        #expect(report.scheduleLag.percentile(50) < 50_000_000)
    }

    @Test func `a free connection takes what a stalled one can't`() throws {
        let server = TestServer {
            $0 == 50 ? .stall(milliseconds: 200, then: TestServer.answer()) : .bytes(TestServer.answer())
        }
        let report = try run(plan(server, rate: 250, seconds: 0.6), server)
        #expect(report.answered == 150)
        #expect(report.latency.largest >= 200_000_000)
        #expect(report.latency.percentile(95) < 150_000_000)
    }

    @Test func `a server that is too slow leaves requests unsent, and their waiting counts`() throws {
        let server = TestServer { _ in .stall(milliseconds: 20, then: TestServer.answer()) }
        var plan = plan(server, rate: 400, seconds: 0.3, connections: 1)
        plan.timeoutMilliseconds = 200
        let report = try run(plan, server)
        #expect(report.scheduled == 120)
        #expect(report.errors.unsent > 50)
        #expect(report.latency.count == report.answered + report.errors.unsent)
        #expect(report.latency.percentile(90) > 250_000_000)
        #expect(report.limit == .server)
        #expect(report.achievedShare.map { $0 < 0.5 } == true)
        #expect(report.meets(LoadObjective(milliseconds: 1_000)).contains { $0.hasSuffix("of kind unsent") })
    }

    @Test func `chunked answers and other statuses are told apart`() throws {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\n{\"dec\r\n14\r\nision\": \"challenge\"}\r\n0\r\n\r\n"
        let refusal = TestServer.answer("{}", status: "503 Service Unavailable")
        let server = TestServer { $0 % 4 == 3 ? .bytes(refusal) : .bytes(chunked) }
        let report = try run(plan(server, rate: 400, seconds: 0.25), server)
        #expect(report.statuses == [200: 75, 503: 25])
        #expect(report.decisions == ["challenge": 75])
        #expect(report.latency.count == 75)
        #expect(report.refusedLatency.count == 25)
        #expect(report.errors.total == 0)
        #expect(report.meets(LoadObjective(milliseconds: 2_000)).first == "25 answers with status 503")
    }

    @Test func `a connection that the server closes is opened again`() throws {
        let server = TestServer { _ in .close(after: TestServer.answer(headers: "Connection: close\r\n")) }
        let report = try run(plan(server, rate: 200, seconds: 0.25), server)
        #expect(report.statuses == [200: 50])
        #expect(report.errors == LoadErrorCounts())
        #expect(report.reconnects >= 48)
    }

    @Test func `an idle connection that the server closes is no error`() throws {
        let server = TestServer { _ in .close(after: TestServer.answer()) }
        let report = try run(plan(server, rate: 40, seconds: 0.2, connections: 1), server)
        #expect(report.statuses == [200: 8])
        #expect(report.errors == LoadErrorCounts())
        #expect(report.reconnects >= 7)
    }

    @Test func `an answer that ends with its connection is whole`() throws {
        let server = TestServer { _ in .close(after: "HTTP/1.1 200 OK\r\n\r\n\(TestServer.decision)") }
        let report = try run(plan(server, rate: 200, seconds: 0.1), server)
        #expect(report.statuses == [200: 20])
        #expect(report.decisions == ["approve": 20])
    }

    @Test func `resets, early ends and other protocols are counted by kind`() throws {
        let server = TestServer { request in
            switch request {
            case 10: .reset(after: "")
            case 20: .reset(after: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            case 30: .close(after: "HTTP/1.1 200 OK\r\nContent-Le")
            case 40: .bytes("SSH-2.0-server\r\n")
            case 50: .bytes(TestServer.answer() + "more")
            default: .bytes(TestServer.answer())
            }
        }
        let report = try run(plan(server, rate: 300, seconds: 0.3), server)
        #expect(report.errors.resets == 3)
        #expect(report.errors.malformed == 2)
        #expect(report.answered == 85)
        #expect(report.reconnects == 5)
        #expect(report.errors.connect == 0)
    }

    @Test func `a request without an answer times out, counts as late, and others go on`() throws {
        let server = TestServer { $0 == 5 ? .silence : .bytes(TestServer.answer()) }
        var plan = plan(server, rate: 200, seconds: 0.3)
        plan.timeoutMilliseconds = 100
        let report = try run(plan, server)
        #expect(report.errors.timeouts == 1)
        #expect(report.answered == 59)
        #expect(report.latency.count == 60)
        #expect(report.latency.largest >= 100_000_000)
        #expect(report.serviceTime.count == 59)
    }

    @Test func `a server that goes away is a connect error, and the requests stay due`() throws {
        let server = Mutex<TestServer?>(nil)
        let made = TestServer { request in
            if request >= 20 { server.withLock { $0?.stop() } }
            return request >= 20
                ? .close(after: TestServer.answer(headers: "Connection: close\r\n")) : .bytes(TestServer.answer())
        }
        server.withLock { $0 = made }
        var plan = plan(made, rate: 200, seconds: 0.3, connections: 1)
        plan.timeoutMilliseconds = 100
        let report = try run(plan, made)
        #expect(report.errors.connect > 0)
        #expect(report.errors.unsent > 0)
        #expect(report.answered >= 20)
    }

    @Test func `a closed loop sends as fast as answers come back`() throws {
        let server = TestServer { _ in .stall(milliseconds: 5, then: TestServer.answer()) }
        let report = try run(plan(server, rate: nil, seconds: 0.3, connections: 4), server)
        #expect(report.askedPerSecond == nil)
        #expect(report.answered > 40 && report.answered <= 240)
        #expect(report.scheduleLag.count == 0)
        #expect(report.waitedForConnection == 0)
        #expect(report.latency == report.serviceTime)
        #expect(report.errors == LoadErrorCounts())
    }

    @Test func `threads share rate and connections, each with a source of its own`() throws {
        let server = TestServer()
        let asked = Mutex<Set<Int>>([])
        var plan = plan(server, rate: 300, seconds: 0.3, connections: 3)
        plan.threads = 2
        plan.arrivals = .exponential(seed: 9)
        let report = try plan.run { loop in
            asked.withLock { _ = $0.insert(loop) }
            return ClosureRequestSource { $0.append(contentsOf: "{\"loop\":\(loop)}".utf8) }
        }
        server.stop()
        expectOneFateEach(report)
        #expect(asked.withLock { $0 } == [0, 1])
        #expect(report.answered > 40 && report.answered < 150)
        #expect(report.errors == LoadErrorCounts())
    }

    @Test func `a stopped run reports what it measured`() throws {
        let server = TestServer { _ in .stall(milliseconds: 2, then: TestServer.answer()) }
        let polls = Atomic<Int>(0)
        let started = Clock.nanoseconds()
        let report = try plan(server, rate: 200, seconds: 60).run(
            makeSource: { _ in ConstantRequest([]) },
            shouldStop: { polls.add(1, ordering: .relaxed).newValue > 6 })
        server.stop()
        #expect(Clock.nanoseconds() - started < 5_000_000_000)
        expectOneFateEach(report)
        #expect(report.stoppedEarly)
        #expect(report.measuredSeconds > 0.1 && report.measuredSeconds < 5)
        #expect(report.answered > 5)
        #expect(report.errors.unsent == 0)
        #expect(report.meets(LoadObjective(milliseconds: 1_000)).first?.hasPrefix("the run was stopped") == true)
    }

    @Test func `progress is told once a second`() throws {
        let server = TestServer()
        var seen: [LoadProgress] = []
        var plan = plan(server, rate: 100, seconds: 1)
        plan.warmUpSeconds = 0.25
        _ = try plan.run(makeSource: { _ in ConstantRequest([]) }, progress: { seen.append($0) })
        server.stop()
        #expect(seen.count == 1)
        #expect(seen.first?.phase == .measuring)
        #expect(seen.first.map { $0.elapsedSeconds >= 1 && $0.plannedSeconds == 1.25 } == true)
        #expect(seen.first.map { $0.answered > 50 && $0.sent >= $0.answered && $0.failed == 0 } == true)
        #expect(seen.first.map { $0.answersPerSecond > 50 && $0.worstMilliseconds > 0 } == true)
    }

    @Test func `a body that the socket does not take at once is sent to its end`() throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 8_000_000)
        let server = TestServer()
        let report = try plan(server, rate: 10, seconds: 0.2, connections: 1).run { _ in ConstantRequest(body) }
        server.stop()
        #expect(report.statuses == [200: 2])
    }
}
