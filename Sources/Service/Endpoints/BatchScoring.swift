// POST /v1/score/batch: many payments in one body, decided in their order; one that is wrong gets its problem in its
// place and stops no other.

import HTTP
import JSON
import Scoring

enum BatchScoring {
    static func answer(
        _ body: [UInt8], _ traceParent: TraceParent, _ engine: ScoringEngine, _ metrics: LoopMetrics
    ) throws(Problem) -> BackgroundAnswer {
        let items: Split
        do throws(JSONError) {
            items = try split(body.span)
        } catch {
            metrics.update { $0.malformed += 1 }
            throw .malformed(error)
        }
        guard items.problems.isEmpty else {
            throw .invalid(items.problems, unreported: items.unreported, what: "batch")
        }
        var batch = Batch(engine: engine, metrics: metrics, traceParent: traceParent)
        for item in items.payments { batch.score(body.span.extracting(item)) }
        return BackgroundAnswer(status: 200, json: batch.finish())
    }

    /// Where each payment of a batch stands, or what is wrong with the whole.
    struct Split {
        var payments: [Range<Int>] = []
        var problems: [FieldProblem] = []
        var unreported = 0

        fileprivate mutating func note(_ pointer: String, _ code: FieldProblem.Code, _ detail: String) {
            guard problems.count < PaymentLimits.reportedProblems else { return unreported += 1 }
            problems.append(FieldProblem(pointer: pointer, code: code, detail: detail))
        }
    }

    static func split(_ body: Span<UInt8>) throws(JSONError) -> Split {
        var split = Split()
        var json = JSONReader(body)
        guard try json.peek() == .object else {
            try json.skipValue()
            try json.finish()
            split.note("", .wrongType, "must be an object with payments")
            return split
        }
        var isThere = false
        try json.beginObject()
        while let key = try json.nextKey() {
            guard json.equals(key, "payments") else {
                split.noteUnknown(json.string(key))
                try json.skipValue()
                continue
            }
            if isThere { split.note("/payments", .duplicate, "stands twice in this object") }
            isThere = true
            guard try json.peek() == .array else {
                split.note("/payments", .wrongType, "must be an array of payments")
                try json.skipValue()
                continue
            }
            split.payments = try elements(&json)
        }
        try json.finish()
        if !isThere { split.note("/payments", .missing, "is required") }
        if split.payments.count > PaymentLimits.batchPayments {
            split.note(
                "/payments", .tooMany,
                "has \(split.payments.count) payments; at most \(PaymentLimits.batchPayments) are taken")
        }
        return split
    }

    private static func elements(_ json: inout JSONReader) throws(JSONError) -> [Range<Int>] {
        var items: [Range<Int>] = []
        try json.beginArray()
        while try json.nextElement() {
            _ = try json.peek()
            let start = json.offset
            try json.skipValue()
            items.append(start..<json.offset)
        }
        return items
    }
}

extension BatchScoring.Split {
    /// Names the member, unless the name is what must not be repeated.
    fileprivate mutating func noteUnknown(_ key: String) {
        let isTellable =
            key.utf8.count <= PaymentLimits.metadataKeyBytes && CardDataScreen.finding(in: Array(key.utf8).span) == nil
        let pointer = isTellable ? "/" + key.replacing("~", with: "~0").replacing("/", with: "~1") : ""
        note(pointer, .unknown, isTellable ? "is no member of a batch" : "has a member that is none of a batch")
    }
}

/// The answers of one batch as they come.
private struct Batch {
    private let engine: ScoringEngine
    private let metrics: LoopMetrics
    private let traceParent: TraceParent
    private var reader = PaymentReader()
    private var payment = Payment()
    private var answers: [Answer] = []
    private var lastSequence: UInt64 = 0

    private enum Answer {
        case decided([UInt8], recordedOffset: Int, wasDropped: Bool)
        case repeated(Submission)
        case problem(Problem)
    }

    init(engine: ScoringEngine, metrics: LoopMetrics, traceParent: TraceParent) {
        self.engine = engine
        self.metrics = metrics
        self.traceParent = traceParent
    }

    mutating func score(_ body: Span<UInt8>) {
        let start = MonotonicClock.nanoseconds()
        do throws(PaymentProblem) {
            try reader.read(body, into: &payment)
        } catch {
            metrics.update { $0.refused(error) }
            return answers.append(.problem(.payment(error)))
        }
        engine.pseudonymizer.apply(to: &payment)
        // Nobody waits for a single payment of a batch, unless it says so itself.
        let deadline = payment.deadlineMilliseconds
        let budget = deadline == nil ? Int64.max : engine.budgetNanoseconds(of: payment)
        let arrival = Arrival(
            receivedAtNanoseconds: WallClock.nanosecondsSince1970(), firstByteNanoseconds: start,
            parsedNanoseconds: MonotonicClock.nanoseconds(), budgetNanoseconds: budget)
        var wasDropped = false
        let answer = engine.withSequencer { sequencer -> Answer in
            let outcome = sequencer.submit(
                payment, arrival, traceParent: traceParent.bytes.span, clock: MonotonicClock.nanoseconds
            ) { sequence, record in
                let reference = engine.log.put(sequence, record)
                wasDropped = reference == nil
                return reference
            }
            switch outcome {
            case .repeated(let submission): return .repeated(submission)
            case .conflict: return .problem(.conflict)
            case .decided:
                lastSequence = sequencer.core.sequence
                let facts = DecisionFacts(sequencer.core.decision)
                let total = sequencer.latencies.total
                metrics.update { counts in
                    counts.record(
                        facts, totalMicroseconds: total, budgetMicroseconds: deadline.map { $0 * 1_000 } ?? .max)
                }
                return .decided(
                    sequencer.answer.bytes, recordedOffset: sequencer.recordedOffset, wasDropped: wasDropped)
            }
        }
        switch answer {
        case .decided: break
        case .repeated: metrics.update { $0.repeated += 1 }
        case .problem: metrics.update { $0.conflicts += 1 }
        }
        answers.append(answer)
    }

    /// Commits what was decided and puts the answers together.
    mutating func finish() -> JSONWriter {
        let isRecorded = lastSequence == 0 || engine.commit(through: lastSequence)
        var json = JSONWriter(capacity: 1_024 + answers.count * 1_024)
        json.beginObject()
        json.key("decisions")
        json.beginArray()
        for answer in answers {
            switch answer {
            case .decided(let body, let offset, let wasDropped):
                if isRecorded, !wasDropped {
                    json.raw(body.span)
                } else {
                    metrics.update { $0.unrecorded += 1 }
                    let changed = ServiceHandler.unrecorded(body, at: offset)
                    json.raw(changed.span)
                }
            case .repeated(let submission):
                do throws(Problem) {
                    let stored = try StoredDecision(of: submission, in: engine)
                    json.raw(stored.decision.span)
                } catch {
                    error.write(to: &json)
                }
            case .problem(let problem): problem.write(to: &json)
            }
        }
        json.endArray()
        json.endObject()
        return json
    }
}
