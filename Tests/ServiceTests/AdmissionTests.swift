// When payments are shed: by the rule alone, and by a service whose loop is kept busy.
import HTTP
import JSON
import Testing

@testable import Service

@Suite struct AdmissionTests {
    private static let millisecond: UInt64 = 1_000_000
    private static let wait: UInt64 = 15
    private static let tolerance: UInt64 = 30

    /// A loop's control, asked in milliseconds.
    private final class Loop {
        private var control = AdmissionControl(limits: AdmissionLimits(budgetNanoseconds: 50_000_000))
        var busySince: UInt64 = 0

        func admits(at now: UInt64, waited: UInt64) -> Bool {
            control.admits(
                arrival: (now - waited) * millisecond, busySince: busySince * millisecond, now: now * millisecond)
        }
    }

    @Test func `a wait at the limit is borne for ever, one past it only as long as is tolerated`() {
        let loop = Loop()
        for now in 1_000..<2_000 { #expect(loop.admits(at: UInt64(now), waited: Self.wait)) }
        for now in 2_000...(2_000 + Self.tolerance) { #expect(loop.admits(at: now, waited: Self.wait + 1)) }
        #expect(!loop.admits(at: 2_001 + Self.tolerance, waited: Self.wait + 1))
    }

    @Test func `one payment that did not wait begins the tolerance anew`() {
        let loop = Loop()
        #expect(loop.admits(at: 100, waited: 40))
        #expect(loop.admits(at: 129, waited: 1))
        #expect(loop.admits(at: 131, waited: 40))
        #expect(loop.admits(at: 161, waited: 40))
        #expect(!loop.admits(at: 162, waited: 40))
    }

    @Test func `while payments are shed those that did not wait are taken on`() {
        let loop = Loop()
        _ = loop.admits(at: 100, waited: 40)
        #expect(!loop.admits(at: 140, waited: 40))
        #expect(loop.admits(at: 141, waited: Self.wait))
        #expect(!loop.admits(at: 142, waited: Self.wait + 1))
    }

    @Test func `a pause of the loop ends the shedding, and a tolerance that had begun`() {
        let loop = Loop()
        _ = loop.admits(at: 100, waited: 40)
        #expect(!loop.admits(at: 140, waited: 40))
        loop.busySince = 150
        #expect(loop.admits(at: 190, waited: 40))
        loop.busySince = 200
        #expect(loop.admits(at: 240, waited: 40))
        #expect(loop.admits(at: 270, waited: 40))
        #expect(!loop.admits(at: 271, waited: 40))
    }

    /// A queue with one server, a millisecond a payment: what is offered, against what it can do.
    private func simulate(offeredPerMillisecond: Int, milliseconds: Int) -> (accepted: Int, worstWait: UInt64) {
        let loop = Loop()
        var queue: [UInt64] = []
        var accepted = 0
        var worst: UInt64 = 0
        var clock: Double = 0
        var next = 0
        while clock < Double(milliseconds) {
            let now = UInt64(clock)
            while next <= Int(clock) {
                queue += Array(repeating: UInt64(next) + 100, count: offeredPerMillisecond)
                next += 1
            }
            guard !queue.isEmpty else {
                clock += 0.1
                loop.busySince = UInt64(clock) + 101
                continue
            }
            let arrival = queue.removeFirst()
            let waited = now + 100 > arrival ? now + 100 - arrival : 0
            if loop.admits(at: now + 100, waited: waited) {
                accepted += 1
                worst = max(worst, waited)
                clock += 0.1
            } else {
                clock += 0.01
            }
        }
        return (accepted, worst)
    }

    @Test func `at half the capacity nothing is shed, at twice the capacity most of it is served in time`() {
        // Ten payments a millisecond can be decided; refusing one costs a tenth of that.
        let half = simulate(offeredPerMillisecond: 5, milliseconds: 1_000)
        #expect(half.accepted >= 4_990 && half.worstWait <= 2)
        let twice = simulate(offeredPerMillisecond: 20, milliseconds: 1_000)
        #expect(twice.accepted >= 8_000)
        #expect(twice.worstWait < 45)
    }

    @Test func `what is shed is told so, counted, and may be sent again`() throws {
        let configuration = try TestConfiguration()
        var loaded = try configuration.load()
        loaded.http.loops = 1
        // Everything has waited too long, and nothing is tolerated.
        loaded.admission.waitNanoseconds = 0
        loaded.admission.toleranceNanoseconds = 0
        let running = RunningService(try ScoringEngine(loaded, try Assembly(loaded)))
        try running.start()
        defer { running.stop(timeoutMilliseconds: 5_000) }
        let client = try Client(running.port)
        // The first one begins the tolerance; those behind it come in the same read and the same stretch of work.
        let requests = (1...20).map { number in
            let body = Body("t_\(number)").text
            return "POST /v1/score HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        }
        try client.send(requests.joined())
        var shed: [Int] = []
        for number in 1...20 {
            let answer = try client.receive()
            if answer.status == 200 { continue }
            #expect(answer.status == 503)
            #expect(answer.fields["retry-after"] == "1")
            #expect(answer.fields["content-type"] == "application/problem+json")
            #expect(answer.json["code"].text == "overloaded")
            shed.append(number)
        }
        #expect(!shed.isEmpty)
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_shed_total"] == Double(shed.count))
        #expect(metrics[#"shroff_decision_source_total{source="rules"}"#] == Double(20 - shed.count))
        // After a pause it is decided, and as a new payment.
        let again = try client.score(Body("t_\(shed.last ?? 0)").text)
        #expect(again.status == 200)
        #expect(again.fields["idempotent-replayed"] == nil)
    }
}
