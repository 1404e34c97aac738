// Once buffers have grown, a payment is read, pseudonymised, decided and recorded without a single allocation: every
// call of malloc by the test's own thread is counted.
import AllocationCounter
import Platform
import Testing

@testable import Scoring

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
struct AllocationTests {
    @Test func `reading a payment and hiding its identifiers allocates nothing`() throws {
        var reader = PaymentReader()
        var payment = Payment()
        let pseudonymizer = Pseudonymizer(key: Array("key".utf8))
        let body = Array(RequestText.full.setting("metadata", #"{"b":"\u00e9","a":1.5,"c":true}"#).text.utf8)
        for _ in 0..<3 {
            try reader.read(body.span, into: &payment)
            pseudonymizer.apply(to: &payment)
        }
        var failures = 0
        let allocations = AllocationCounter.allocations {
            do throws(PaymentProblem) {
                try reader.read(body.span, into: &payment)
                pseudonymizer.apply(to: &payment)
            } catch {
                failures += 1
            }
        }
        #expect(allocations == 0 && failures == 0)
    }

    @Test(arguments: [false, true])
    func `deciding, answering and recording a payment that is approved allocates nothing`(withModel: Bool) throws {
        let plan = try makeRichPlan()
        let model: ModelState = withModel ? .serving(try BundleFixture(plan: plan).load()) : .none
        let limits = CoreLimits(submissions: SubmissionLimits(retentionNanoseconds: second, maximumTransactions: 1_000))
        var sequencer = Sequencer(
            core: try Core(
                plan: plan, model: model, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1), limits: limits))
        var reader = PaymentReader()
        var payments: [Payment] = []
        let (warmUp, tries) = (1_500, 1_500)
        for i in 0..<(warmUp + tries) {
            var payment = Payment()
            // One card every two hours: its histories grow and shrink, and stay as they are.
            let time = midnight + Int64(i) * 7_200 * second
            let request = RequestText.full.setting("transaction_id", "\"t\(i)\"").setting("amount", "500")
                .setting("event_time", "\"\(Timestamp.text(nanoseconds: time))\"")
            let body = Array(request.text.utf8)
            try reader.read(body.span, into: &payment)
            payments.append(payment)
        }
        var next = 0
        var recorded = 0
        var decided = 0
        let noTrace: [UInt8] = []
        func submit() {
            let payment = payments[next]
            next += 1
            let arrival = Arrival(receivedAtNanoseconds: payment.eventTimeNanoseconds, budgetNanoseconds: 50_000_000)
            let outcome = sequencer.submit(payment, arrival, traceParent: noTrace.span, clock: { 5 }) { _, body in
                recorded += body.count
                return RecordReference(segment: 1, offset: 2, length: 3)
            }
            if outcome == .decided, sequencer.core.decision.verdict == .approve { decided += 1 }
        }
        for _ in 0..<warmUp { submit() }
        let counts = (0..<tries).map { _ in AllocationCounter.allocations { submit() } }
        // A part of the table of submissions may still grow: two arrays at a time, and ever more rarely.
        #expect(counts.allSatisfy { $0 == 0 || $0 == 2 })
        #expect(counts.count { $0 > 0 } < tries / 5)
        #expect(decided == next && recorded > 0)
    }
}
