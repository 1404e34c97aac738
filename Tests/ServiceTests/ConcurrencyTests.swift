// Many clients at once on two loops: every answer is in the log, the log is whole and in order, and read back it gives
// the same counts. A drain in the midst of it loses nothing that was answered.
import DecisionLog
import Dispatch
import Glibc
import JSON
import Synchronization
import Testing

@testable import Service

/// What clients were told, by transaction.
private final class Told: Sendable {
    private let decisions = Mutex<[String: JSONValue]>([:])
    private let failures = Mutex<[String]>([])

    func note(_ answer: Answer) {
        let json = answer.json
        guard answer.status == 200, json["recorded"].bool == true else {
            return fail("\(answer.status) \(answer.text)")
        }
        decisions.withLock { $0[json["transaction_id"].text] = json }
    }

    func fail(_ what: String) { failures.withLock { $0.append(what) } }

    var all: [String: JSONValue] { decisions.withLock { $0 } }
    var failed: [String] { failures.withLock { $0 } }
}

@Suite struct ConcurrencyTests {
    /// Runs `body` on threads of its own and waits for all.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count { DispatchQueue(label: "client \(index)").async(group: group) { body(index) } }
        group.wait()
    }

    private func paymentRecords(_ log: String) throws -> [String: JSONValue] {
        var reader = try LogReader(directory: log)
        var found: [String: JSONValue] = [:]
        while let record = try reader.next() {
            let json = try JSONValue(parsing: record.line.span)
            if json["kind"].text == "payment" { found[json["payment"]["transaction_id"].text] = json["decision"] }
        }
        return found
    }

    @Test
    func `every payment of sixteen clients is answered, logged in one order, and counted the same after a restart`()
        throws
    {
        let folder = try TestFolder()
        let data = folder.path + "/data"
        let service = try ShippedService(data: data, ["SHROFF_LOG_SEGMENT_BYTES": "1048576"])
        let bodies = try Shipped.payments(2_400)
        let told = Told()
        onThreads(16) { index in
            do {
                let client = try service.client()
                for number in stride(from: index, to: bodies.count, by: 16) {
                    told.note(try client.post("/v1/score", bodies[number]))
                    // Now and then another way in at the same time.
                    if number % 97 == 0 { _ = try client.post("/v1/labels", FeedbackTests.label("t_\(number)")) }
                    if number % 101 == 0 { _ = try client.get("/metrics") }
                }
            } catch {
                told.fail("\(error)")
            }
        }
        #expect(told.failed.isEmpty)
        #expect(told.all.count == bodies.count)
        let metrics = try Metrics(parsing: service.client().get("/metrics").text)
        #expect(metrics["shroff_decision_seconds_count"] == Double(bodies.count))
        let statistics = service.running.engine.statistics
        #expect(service.stop())

        let verification = verifyLog(directory: data + "/log")
        #expect(verification.isSound)
        #expect(verification.gaps == 0)
        #expect(verification.records == verification.lastSequence)
        #expect(try paymentRecords(data + "/log") == told.all)

        let restarted = try ShippedService(data: data)
        #expect(restarted.running.engine.recovery.report.startedAfter == verification.lastSequence)
        #expect(restarted.running.engine.statistics.transactions == statistics.transactions)
        #expect(restarted.running.engine.statistics.aggregates.entities == statistics.aggregates.entities)
        #expect(restarted.running.engine.statistics.aggregates.events == statistics.aggregates.events)
    }

    @Test func `a drain under load answers what it began, and what it answered is in the log`() throws {
        let folder = try TestFolder()
        let data = folder.path + "/data"
        let service = try ShippedService(data: data)
        let bodies = try Shipped.payments(4_000, seed: 11)
        let told = Told()
        let answered = Atomic<Int>(0)
        let drained = DispatchGroup()
        DispatchQueue(label: "drain").async(group: drained) {
            while answered.load(ordering: .relaxed) < 400 { usleep(1_000) }
            if !service.stop() { told.fail("the drain was not clean") }
        }
        onThreads(8) { index in
            guard let client = try? service.client() else { return told.fail("not connected") }
            for number in stride(from: index, to: bodies.count, by: 8) {
                // A connection that ended before a request is how a drain is seen; one cut in the midst would be an
                // answer that is missing below or a drain that is not clean.
                guard let answer = try? client.post("/v1/score", bodies[number]) else { return }
                told.note(answer)
                answered.add(1, ordering: .relaxed)
                if answer.fields["connection"] == "close" { return }
            }
        }
        drained.wait()
        #expect(told.failed.isEmpty)
        #expect(told.all.count >= 400)
        let verification = verifyLog(directory: data + "/log")
        #expect(verification.isSound)
        #expect(try paymentRecords(data + "/log") == told.all)
    }

    @Test func `what was acknowledged before the kill is in what the kill leaves`() throws {
        let folder = try TestFolder()
        let data = folder.path + "/data"
        let service = try ShippedService(data: data)
        let bodies = try Shipped.payments(2_000, seed: 13)
        let told = Told()
        let isOver = Atomic<Bool>(false)
        let copied = DispatchGroup()
        let checked = Atomic<Int>(0)
        DispatchQueue(label: "killer").async(group: copied) {
            for round in 0..<4 {
                while told.all.count < 100 * (round + 1), !isOver.load(ordering: .relaxed) { usleep(1_000) }
                let acknowledged = told.all
                let copy = folder.path + "/copy\(round)"
                do {
                    try copyFolder(data, to: copy)
                    let restarted = try ShippedService(data: copy)
                    #expect(restarted.stop())
                    let records = try paymentRecords(copy + "/log")
                    #expect(acknowledged.allSatisfy { records[$0.key] == $0.value })
                    #expect(verifyLog(directory: copy + "/log").isSound)
                    checked.add(1, ordering: .relaxed)
                } catch {
                    told.fail("\(error)")
                }
            }
            isOver.store(true, ordering: .relaxed)
        }
        onThreads(4) { index in
            guard let client = try? service.client() else { return told.fail("not connected") }
            for number in stride(from: index, to: bodies.count, by: 4) where !isOver.load(ordering: .relaxed) {
                guard let answer = try? client.post("/v1/score", bodies[number]) else { return told.fail("cut") }
                told.note(answer)
            }
        }
        isOver.store(true, ordering: .relaxed)
        copied.wait()
        #expect(told.failed.isEmpty)
        #expect(checked.load(ordering: .relaxed) == 4)
    }
}
