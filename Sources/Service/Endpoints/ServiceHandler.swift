// The requests of one event loop: routes, the payment's way, and the answers that wait for their record. One object a
// loop, with scratch of its own; it shares only the engine.
//
//   handle: admit ─▶ read ─▶ hide identifiers ─▶ wait      for each payment of the batch, as it comes
//   batchEnded: [ lock: decide each, put its record in line ] ─▶ commit                once a batch
//   finish: answer                                         for each payment of the batch
//
// With `sync: always` nobody commits here: decided answers wait for the disk elsewhere (AwaitedAnswers).
//
// The sequencer's lock is taken once a batch and not once a payment: loops that wait for each other go to sleep and are
// woken, which costs more than a decision.

import HTTP
import JSON
import Scoring

final class ServiceHandler: RequestHandler {
    /// A record is waited for so long even where the budget is over: the rest of the batch must not be told for its sake
    /// that it is not recorded.
    static let leastWaitNanoseconds: UInt64 = 5_000_000

    let engine: ScoringEngine
    let metrics: LoopMetrics
    private var reader = PaymentReader()
    private var admission: AdmissionControl
    private var decoder = BodyDecoder()
    private var decompressed: [UInt8] = []
    private var timing = ServerTiming()
    private var pending: [PendingPayment] = []
    private var pendingCount = 0
    private var isRecorded = true
    /// nil: the loop commits itself.
    private let awaited: AwaitedAnswers?
    private var answers: [AwaitedAnswer] = []
    private var lastSequence: UInt64 = 0
    /// Of a request that is answered at once.
    private var traceParent = TraceParent()

    init(engine: ScoringEngine) {
        self.engine = engine
        metrics = engine.metrics.makePart()
        awaited =
            engine.configuration.log.sync == .always ? AwaitedAnswers(log: engine.log, metrics: metrics) : nil
        admission = AdmissionControl(limits: engine.configuration.admission)
    }

    func bodyLimitBytes(_ request: borrowing Request) -> Int {
        request.pathEquals("/v1/score")
            ? engine.configuration.paymentBodyBytes : engine.configuration.batchBodyBytes
    }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        if request.method == .post, request.pathEquals("/v1/score") { return score(request, response) }
        return route(request, response)
    }

    /// Whether a request that decides payments is taken on, going by what it has waited.
    func admits(_ request: borrowing Request) -> Bool {
        let isAdmitted = admission.admits(
            arrival: request.firstByteNanoseconds, busySince: request.loopBusySinceNanoseconds,
            now: MonotonicClock.nanoseconds())
        if !isAdmitted { metrics.update { $0.shed += 1 } }
        return isAdmitted
    }

    /// 503 to a request that waited too long in a queue that stands: made once, since it must cost next to nothing.
    func shed(_ response: Response) -> Disposition {
        response.status = 503
        response.contentType = Response.problem
        response.body = Problem.sheddingBody
        response.addHeader("Retry-After", "1")
        return .answered
    }

    // MARK: POST /v1/score

    private func score(_ request: borrowing Request, _ response: Response) -> Disposition {
        guard admits(request) else { return shed(response) }
        if pendingCount == pending.count { pending.append(PendingPayment()) }
        do throws(Problem) {
            try read(request, &pending[pendingCount].payment)
        } catch {
            return refuse(request, response, error)
        }
        take(request, &pending[pendingCount])
        pendingCount += 1
        return .held(ticket: pendingCount - 1)
    }

    /// Reads the body, decompressed first if it must be.
    private func read(_ request: borrowing Request, _ payment: inout Payment) throws(Problem) {
        let coding = try RequestBody.coding(of: request)
        if coding == .identity { return try read(request.body, &payment) }
        var body: [UInt8] = []
        swap(&body, &decompressed)
        defer { swap(&body, &decompressed) }
        let limitBytes = min(engine.configuration.paymentBodyBytes, RequestBody.largestOnLoopBytes)
        do throws(ContentError) {
            try decoder.decode(request.body, coding, InflateLimits(maximumBytes: limitBytes), into: &body)
        } catch {
            throw .content(error)
        }
        try read(body.span, &payment)
    }

    private func read(_ body: Span<UInt8>, _ payment: inout Payment) throws(Problem) {
        do throws(PaymentProblem) {
            try reader.read(body, into: &payment)
        } catch {
            metrics.update { $0.refused(error) }
            throw .payment(error)
        }
    }

    private func take(_ request: borrowing Request, _ pending: inout PendingPayment) {
        engine.pseudonymizer.apply(to: &pending.payment)
        pending.traceParent.read(from: request)
        pending.deferral = request.deferral
        pending.arrival = Arrival(
            receivedAtNanoseconds: WallClock.nanosecondsSince1970(),
            firstByteNanoseconds: request.firstByteNanoseconds, parsedNanoseconds: MonotonicClock.nanoseconds(),
            budgetNanoseconds: engine.budgetNanoseconds(of: pending.payment))
    }

    func batchEnded() {
        guard pendingCount > 0 else { return }
        lastSequence = engine.withSequencer { sequencer in
            for index in 0..<pendingCount { pending[index].decide(&sequencer, engine.log) }
            return sequencer.core.sequence
        }
        if awaited == nil { isRecorded = engine.log.commit(through: lastSequence, by: commitDeadline) }
        let ownBudget = ownBudgetMicroseconds
        metrics.update { counts in
            for index in 0..<pendingCount where awaited == nil || pending[index].outcome != .decided {
                pending[index].count(ownBudget).add(to: &counts, isRecorded: isRecorded)
            }
        }
    }

    private var ownBudgetMicroseconds: Int64 { engine.configuration.budgetNanoseconds / 1_000 }

    /// When the first budget of the batch is over; what is late already waits so long as a disk that is well takes.
    private var commitDeadline: UInt64 {
        var deadline = UInt64.max
        for index in 0..<pendingCount { deadline = min(deadline, pending[index].arrival.deadlineNanoseconds) }
        return max(deadline, MonotonicClock.nanoseconds() + Self.leastWaitNanoseconds)
    }

    func finish(ticket: Int, _ response: Response) -> HeldDisposition {
        if let awaited {
            if pending[ticket].outcome == .decided { answers.append(awaitedAnswer(&pending[ticket])) }
            if ticket == pendingCount - 1, !answers.isEmpty {
                awaited.add(answers, through: lastSequence, by: commitDeadline)
                answers.removeAll()
            }
        }
        if ticket == pendingCount - 1 { pendingCount = 0 }
        switch pending[ticket].outcome {
        case .decided:
            if awaited != nil { return .deferred }
            pending[ticket].traceParent.add(to: response)
            if isRecorded, !pending[ticket].wasDropped {
                swap(&response.body, &pending[ticket].answer)
            } else {
                response.body = Self.unrecorded(pending[ticket].answer, at: pending[ticket].recordedOffset)
            }
            timing.add(pending[ticket].latencies, to: response)
            return .answered
        case .repeated(let submission):
            answerAgain(submission, pending[ticket].deferral, headers: pending[ticket].traceParent.headers)
            return .deferred
        case .conflict:
            response.become(.conflict)
            pending[ticket].traceParent.add(to: response)
            return .answered
        }
    }

    private func awaitedAnswer(_ pending: inout PendingPayment) -> AwaitedAnswer {
        timing.write(pending.latencies)
        return AwaitedAnswer(
            deferral: pending.deferral, headers: pending.traceParent.headers + [("Server-Timing", timing.text)],
            body: pending.answer, recordedOffset: pending.recordedOffset, count: pending.count(ownBudgetMicroseconds))
    }

    /// The answer with `"recorded":false`.
    static func unrecorded(_ body: [UInt8], at offset: Int) -> [UInt8] {
        var changed = body
        changed.replaceSubrange(offset..<(offset + 4), with: "false".utf8)
        return changed
    }

    /// Reads the stored decision from the log, away from the loop.
    private func answerAgain(_ submission: Submission, _ deferral: Deferral?, headers: [(String, String)]) {
        let engine = engine
        engine.background.async {
            do throws(Problem) {
                let stored = try StoredDecision(of: submission, in: engine)
                deferral?.complete(
                    status: 200, headers: headers + [("Idempotent-Replayed", "true")], body: stored.decision)
            } catch {
                deferral?.complete(error, headers: headers)
            }
        }
    }

    private func refuse(_ request: borrowing Request, _ response: Response, _ problem: Problem) -> Disposition {
        response.become(problem)
        traceParent.read(from: request)
        traceParent.add(to: response)
        return .answered
    }

    func refuse(_ response: Response, _ problem: Problem) -> Disposition {
        response.become(problem)
        return .answered
    }
}
