// The requests of one event loop: routes, the payment's way, and the answers that wait for their record. One object a
// loop, with scratch of its own; it shares only the engine.

import HTTP
import JSON
import Scoring

final class ServiceHandler: RequestHandler {
    let engine: ScoringEngine
    let metrics: LoopMetrics
    private(set) var traceParent = TraceParent()
    private var reader = PaymentReader()
    private var payment = Payment()
    private var timing = ServerTiming()
    private var pending: [PendingAnswer] = []
    private var pendingCount = 0
    private var lastSequence: UInt64 = 0
    private var isRecorded = true

    /// A decision that waits for its record to be with the kernel. Kept and used again, with its storage.
    private struct PendingAnswer {
        var body: [UInt8] = []
        var recordedOffset = 0
        /// The log had no room for its record.
        var wasDropped = false
        var latencies = StageLatencies.none
        var traceParent = TraceParent()
    }

    init(engine: ScoringEngine) {
        self.engine = engine
        metrics = engine.metrics.makePart()
    }

    func bodyLimitBytes(_ request: borrowing Request) -> Int {
        request.pathEquals("/v1/score")
            ? engine.configuration.paymentBodyBytes : engine.configuration.batchBodyBytes
    }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        if request.method == .post, request.pathEquals("/v1/score") {
            let disposition = score(request, response)
            if disposition == .answered { traceParent.add(to: response) }
            return disposition
        }
        return route(request, response)
    }

    // MARK: POST /v1/score

    private func score(_ request: borrowing Request, _ response: Response) -> Disposition {
        traceParent.read(from: request)
        if let problem = MediaType.problem(of: request) { return refuse(response, problem) }
        do throws(PaymentProblem) {
            try reader.read(request.body, into: &payment)
        } catch {
            metrics.update { $0.refused(error) }
            return refuse(response, .payment(error))
        }
        engine.pseudonymizer.apply(to: &payment)
        let arrival = Arrival(
            receivedAtNanoseconds: WallClock.nanosecondsSince1970(),
            firstByteNanoseconds: request.firstByteNanoseconds, parsedNanoseconds: MonotonicClock.nanoseconds(),
            budgetNanoseconds: engine.budgetNanoseconds(of: payment))
        if pendingCount == pending.count { pending.append(PendingAnswer()) }
        var wasDropped = false
        var facts = DecisionFacts()
        let outcome = engine.withSequencer { sequencer in
            let outcome = sequencer.submit(
                payment, arrival, traceParent: traceParent.bytes.span, clock: MonotonicClock.nanoseconds
            ) { sequence, body in
                let reference = engine.log.put(sequence, body)
                wasDropped = reference == nil
                return reference
            }
            if outcome == .decided {
                keep(sequencer)
                facts = DecisionFacts(sequencer.core.decision)
            }
            return outcome
        }
        switch outcome {
        case .decided:
            pending[pendingCount].wasDropped = wasDropped
            pending[pendingCount].traceParent = traceParent
            count(facts, totalMicroseconds: pending[pendingCount].latencies.total)
            pendingCount += 1
            return .held(ticket: pendingCount - 1)
        case .repeated(let submission):
            metrics.update { $0.repeated += 1 }
            answerAgain(submission, request.deferral)
            return .deferred
        case .conflict:
            metrics.update { $0.conflicts += 1 }
            return refuse(response, .conflict)
        }
    }

    /// Copies what outlives the lock.
    private func keep(_ sequencer: borrowing Sequencer) {
        pending[pendingCount].body.removeAll(keepingCapacity: true)
        pending[pendingCount].body.append(contentsOf: sequencer.answer.bytes)
        pending[pendingCount].recordedOffset = sequencer.recordedOffset
        pending[pendingCount].latencies = sequencer.latencies
        lastSequence = sequencer.core.sequence
    }

    private func count(_ facts: DecisionFacts, totalMicroseconds: Int64) {
        let budget = payment.deadlineMilliseconds.map { $0 * 1_000 } ?? engine.configuration.budgetNanoseconds / 1_000
        metrics.update { $0.record(facts, totalMicroseconds: totalMicroseconds, budgetMicroseconds: budget) }
    }

    func batchEnded() {
        if pendingCount > 0 { isRecorded = engine.log.commit(through: lastSequence) }
    }

    func finish(ticket: Int, _ response: Response) {
        if isRecorded, !pending[ticket].wasDropped {
            swap(&response.body, &pending[ticket].body)
        } else {
            metrics.update { $0.unrecorded += 1 }
            response.body = Self.unrecorded(pending[ticket].body, at: pending[ticket].recordedOffset)
        }
        pending[ticket].traceParent.add(to: response)
        timing.add(pending[ticket].latencies, to: response)
        if ticket == pendingCount - 1 { pendingCount = 0 }
    }

    /// The answer with `"recorded":false`.
    static func unrecorded(_ body: [UInt8], at offset: Int) -> [UInt8] {
        var changed = body
        changed.replaceSubrange(offset..<(offset + 4), with: "false".utf8)
        return changed
    }

    /// Reads the stored decision from the log, away from the loop.
    private func answerAgain(_ submission: Submission, _ deferral: Deferral) {
        let engine = engine
        let headers = traceParent.headers
        engine.background.async {
            do throws(Problem) {
                let stored = try StoredDecision(of: submission, in: engine)
                deferral.complete(
                    status: 200, headers: headers + [("Idempotent-Replayed", "true")], body: stored.decision)
            } catch {
                deferral.complete(error, headers: headers)
            }
        }
    }

    func refuse(_ response: Response, _ problem: Problem) -> Disposition {
        response.become(problem)
        return .answered
    }
}
