// A payment between its request and its answer: read, waiting for its batch, decided, waiting for its record. Kept by its
// loop and used again, with its storage.

import DecisionLog
import HTTP
import Scoring

struct PendingPayment {
    var payment = Payment()
    var arrival = Arrival(receivedAtNanoseconds: 0)
    var traceParent = TraceParent()
    /// Where the answer goes if it must be looked up.
    var deferral: Deferral?

    private(set) var outcome = SubmissionOutcome.decided
    /// The decision's object.
    var answer: [UInt8] = []
    /// Where in it the `true` of `recorded` stands.
    private(set) var recordedOffset = 0
    /// The log had no room for the record.
    private(set) var wasDropped = false
    private(set) var latencies = StageLatencies.none
    private var facts = DecisionFacts()

    /// Decides the payment and puts its record in line; the caller holds the sequencer.
    mutating func decide(_ sequencer: inout Sequencer, _ log: DecisionLogWriter) {
        var isDropped = false
        outcome = sequencer.submit(
            payment, arrival, traceParent: traceParent.bytes.span, clock: MonotonicClock.nanoseconds
        ) { sequence, body in
            let reference = log.put(sequence, body)
            isDropped = reference == nil
            return reference
        }
        guard outcome == .decided else { return }
        wasDropped = isDropped
        answer.removeAll(keepingCapacity: true)
        answer.append(contentsOf: sequencer.answer.bytes)
        recordedOffset = sequencer.recordedOffset
        latencies = sequencer.latencies
        facts = DecisionFacts(sequencer.core.decision)
    }

    /// What became of the payment, to be counted.
    ///
    /// - Parameter budgetMicroseconds: Of a payment that names no deadline.
    func count(_ budgetMicroseconds: Int64) -> PaymentCount {
        PaymentCount(
            outcome: outcome, wasDropped: wasDropped, facts: facts, totalMicroseconds: latencies.total,
            budgetMicroseconds: payment.deadlineMilliseconds.map { $0 * 1_000 } ?? budgetMicroseconds)
    }
}

/// What became of a payment, for the metrics.
struct PaymentCount: Sendable {
    let outcome: SubmissionOutcome
    /// The log had no room for its record.
    let wasDropped: Bool
    fileprivate let facts: DecisionFacts
    fileprivate let totalMicroseconds: Int64
    fileprivate let budgetMicroseconds: Int64

    func add(to counts: inout DecisionCounts, isRecorded: Bool) {
        switch outcome {
        case .decided:
            counts.record(facts, totalMicroseconds: totalMicroseconds, budgetMicroseconds: budgetMicroseconds)
            if !isRecorded || wasDropped { counts.unrecorded += 1 }
        case .repeated: counts.repeated += 1
        case .conflict: counts.conflicts += 1
        }
    }
}
