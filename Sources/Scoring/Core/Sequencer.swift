// The core and what is written of it: one payment in, the answer's bytes and the record's bytes out, in the order of the
// sequence. Whoever holds the sequencer holds the order; the bytes go to the log through the closure that the edge
// passes in, so that a service, a batch and a test take the same way.

import JSON

/// What the edge knows of a payment beside its body.
public struct Arrival: Sendable {
    /// The wall clock when it was taken in, in nanoseconds since 1970.
    public var receivedAtNanoseconds: Int64
    /// The monotonic clock at its first byte, and when it was read.
    public var firstByteNanoseconds: UInt64
    public var parsedNanoseconds: UInt64
    /// From the first byte; `.max` where nobody waits.
    public var budgetNanoseconds: Int64

    public init(
        receivedAtNanoseconds: Int64, firstByteNanoseconds: UInt64 = 0, parsedNanoseconds: UInt64 = 0,
        budgetNanoseconds: Int64 = .max
    ) {
        self.receivedAtNanoseconds = receivedAtNanoseconds
        self.firstByteNanoseconds = firstByteNanoseconds
        self.parsedNanoseconds = parsedNanoseconds
        self.budgetNanoseconds = budgetNanoseconds
    }

    /// When the budget is over, by the monotonic clock.
    public var deadlineNanoseconds: UInt64 {
        let (sum, overflow) = firstByteNanoseconds.addingReportingOverflow(UInt64(clamping: budgetNanoseconds))
        return overflow ? .max : sum
    }

    fileprivate func remaining(_ clock: () -> UInt64) -> Int64 {
        guard budgetNanoseconds != .max else { return .max }
        return budgetNanoseconds - Int64(clamping: clock() &- firstByteNanoseconds)
    }
}

public struct Sequencer {
    public private(set) var core: Core
    /// The answer's object for the payment that was decided last.
    public private(set) var answer = JSONWriter(capacity: 2_048)
    /// Where in the answer the `true` of `recorded` stands.
    public private(set) var recordedOffset = 0
    public private(set) var latencies = StageLatencies.none
    private var record = JSONWriter(capacity: 8_192)
    private var reasons: [Reason] = []
    private var scratch: [UInt8] = []
    private var context: AnswerContext
    private var digests: RecordDigests
    /// The object of the last configuration record; empty before the first.
    public var lastConfiguration: [UInt8] = []

    public init(core: consuming Core) {
        context = AnswerContext(plan: core.plan, model: core.model)
        digests = RecordDigests(plan: core.plan, model: core.model)
        self.core = core
    }

    /// Appends a record's members under its sequence number and says where it was put, or nil where it could not be.
    public typealias Append = (_ sequence: UInt64, _ body: Span<UInt8>) -> RecordReference?

    /// Decides a payment and hands its record on. `answer` holds the answer where the outcome is `.decided`.
    public mutating func submit(
        _ payment: borrowing Payment, _ arrival: Arrival, traceParent: Span<UInt8>, clock: () -> UInt64,
        append: Append
    ) -> SubmissionOutcome {
        var times = StageTimes()
        let outcome = core.submit(
            payment, at: arrival.receivedAtNanoseconds, remainingNanoseconds: arrival.remaining(clock),
            times: &times, clock: clock)
        guard outcome == .decided else { return outcome }
        let explanation = core.explainLast(into: &reasons, remainingNanoseconds: arrival.remaining(clock))
        latencies = StageLatencies(arrival, times, answered: clock())
        answer.removeAll()
        recordedOffset = DecisionAnswer.write(
            core.decision, transactionID: payment.bytes(.transactionID), reasons: reasons, explanation: explanation,
            latencies: latencies, context: context, to: &answer, scratch: &scratch)
        writeRecord(payment, arrival, traceParent: traceParent)
        if let reference = append(core.sequence, record.bytes.span) { core.recorded(at: reference) }
        if core.fallBackIfTripped(at: arrival.receivedAtNanoseconds) {
            recordConfiguration(at: arrival.receivedAtNanoseconds, append: append)
        }
        return .decided
    }

    /// Decides again what a record says was decided; `recordBody` and `answer` are then what they would be now, with the
    /// times that were taken then.
    ///
    /// - Returns: Whether the governor took the word from the rules with it: the next record says so, in the bytes of
    ///   `configurationDigests`; and which record had decided the transaction before, if one had.
    public mutating func replay(
        _ payment: borrowing Payment, as course: RecordedCourse
    ) -> (hasTripped: Bool, decidedBefore: UInt64?) {
        let earlier = core.replay(payment, as: course, at: course.receivedAtNanoseconds)?.sequence
        let explanation = core.explainLast(into: &reasons, remainingNanoseconds: .max, as: course.explanation)
        answer.removeAll()
        recordedOffset = DecisionAnswer.write(
            core.decision, transactionID: payment.bytes(.transactionID), reasons: reasons, explanation: explanation,
            latencies: course.latencies, context: context, to: &answer, scratch: &scratch)
        writeRecord(
            payment, Arrival(receivedAtNanoseconds: course.receivedAtNanoseconds),
            traceParent: course.traceParent.span)
        guard core.fallBackIfTripped(at: course.receivedAtNanoseconds) else { return (false, earlier) }
        readContext()
        return (true, earlier)
    }

    /// The members of the record that was written last.
    public var recordBody: [UInt8] { record.bytes }

    /// Decides by another plan from the next payment on, and gives the change its place in the sequence.
    ///
    /// - Parameter kept: Under which name the files of the plan and the model are kept; nil: they are not.
    /// - Returns: What was given up, to be let go of where nobody waits.
    public mutating func replacePlan(
        _ plan: ScoringPlan, model: ModelState, costs: LadderCosts, kept: String? = nil, at now: Int64, append: Append
    ) throws(ReloadError) -> RetiredHistories {
        let retired = try core.replacePlan(plan, model: model, costs: costs, at: now)
        readContext()
        let object = ConfigurationRecord.object(digests, limits: core.limits, kept: kept)
        _ = take(.config, object.span, receivedAtNanoseconds: now, append: append)
        return retired
    }

    /// See `Core.resumeGovernor`.
    public mutating func resumeGovernor(at now: Int64) {
        core.resumeGovernor(at: now)
        readContext()
    }

    /// Counts on from what a governor had counted; nothing where there is none, or these are no counts.
    mutating func restoreGovernor(_ words: [UInt64]) {
        guard core.governor != nil, words.count == DeclineGovernor.wordCount else { return }
        core.reload.restoreGovernor(words)
    }

    public mutating func takeRetired() -> [RetiredHistories] { core.takeRetired() }

    /// What records say of the configuration now.
    public var configurationDigests: RecordDigests { digests }

    private mutating func readContext() {
        let isGoverned = core.isGovernorEngaged
        context = AnswerContext(
            plan: core.plan, model: core.model, young: core.youngHistories, isGoverned: isGoverned)
        digests = RecordDigests(plan: core.plan, model: core.model, suspended: core.reload.suspended)
    }

    /// Gives the configuration with which a process begins its place in the sequence.
    ///
    /// - Parameter kept: Under which name its files are kept; nil: they are not.
    /// - Returns: Its sequence number; nil where the log's last record says the same already.
    public mutating func begin(kept: String?, at now: Int64, append: Append) -> UInt64? {
        readContext()
        if !digests.areSaid(by: lastConfiguration) { core.reload.beginConfiguration(isEngaged: core.isGovernorEngaged) }
        guard let object = startObject(kept: kept) else { return nil }
        return take(.config, object.span, receivedAtNanoseconds: now, append: append)
    }

    /// From here on payments are decided by what the core says now.
    private mutating func recordConfiguration(at now: Int64, append: Append) {
        readContext()
        let object = digests.json
        _ = take(.config, object.span, receivedAtNanoseconds: now, append: append)
    }

    private mutating func writeRecord(_ payment: borrowing Payment, _ arrival: Arrival, traceParent: Span<UInt8>) {
        var record = JSONWriter(capacity: 0)
        swap(&record, &self.record)
        defer { swap(&record, &self.record) }
        record.removeAll()
        DecisionRecord.write(
            payment, core.decision, receivedAtNanoseconds: arrival.receivedAtNanoseconds, answer: answer.bytes.span,
            traceParent: traceParent, digests: digests, plan: core.plan, to: &record)
    }

    /// Gives an input that is no payment its place in the sequence and hands its record on.
    ///
    /// - Parameter object: One JSON object, as it was taken in.
    public mutating func take(
        _ kind: RecordKind, _ object: Span<UInt8>, receivedAtNanoseconds: Int64, append: Append
    ) -> UInt64 {
        take(kind, object, Feedback(kind, object), receivedAtNanoseconds: receivedAtNanoseconds, append: append)
    }

    /// The same with what the core makes of the object, found by who has read it already.
    public mutating func take(
        _ kind: RecordKind, _ object: Span<UInt8>, _ feedback: Feedback?, receivedAtNanoseconds: Int64, append: Append
    ) -> UInt64 {
        let sequence = core.takeSequence()
        if kind == .config { object.withUnsafeBufferPointer { lastConfiguration = Array($0) } }
        if let feedback { core.learn(feedback, receivedAtNanoseconds: receivedAtNanoseconds) }
        record.removeAll()
        DecisionRecord.write(kind, object, receivedAtNanoseconds: receivedAtNanoseconds, to: &record)
        _ = append(sequence, record.bytes.span)
        return sequence
    }

    /// What the core knows: a copy to keep, or one that was kept.
    public var state: CoreState {
        get { core.state }
        set { core.state = newValue }
    }

    /// Tells which configuration record was the last one before the records to come: a state does not know it.
    public mutating func resume(under configuration: [UInt8]) {
        lastConfiguration = configuration
        core.reload.resume(wasEngaged: RecordDigests.sayEngaged(configuration.span))
    }

    /// Moves on over records that a gap in the log stands for.
    public mutating func skip(through sequence: UInt64) { core.restore(sequence: sequence) }

    /// Takes back in what a record says; `reader` holds its payment.
    public mutating func restore(
        _ parts: RecordReader.Parts, _ payment: borrowing Payment, at reference: RecordReference
    ) {
        switch parts.kind {
        case .payment:
            core.restore(
                payment, parts.recorded, sequence: parts.sequence, at: parts.receivedAtNanoseconds,
                reference: reference)
            if let verdict = parts.recorded.verdict {
                core.restoreVerdict(isDeclined: verdict == .decline, of: payment, at: parts.receivedAtNanoseconds)
            }
        case .outcome, .label, .config, .gap:
            core.restore(sequence: parts.sequence)
            if let configuration = parts.configuration { restore(configuration) }
            if let feedback = parts.feedback {
                core.learn(feedback, receivedAtNanoseconds: parts.receivedAtNanoseconds)
            }
        }
    }

    /// Does to the governor's counts what the start or the reload that a record tells of did to them. What a process began
    /// with under this very policy is taken as it is told; counts under another one count another window.
    private mutating func restore(_ configuration: ConfigurationRecord) {
        if let words = configuration.startedGovernor, configuration.policy == core.plan.digests.policy.hexadecimal {
            core.reload.resume(wasEngaged: configuration.isGoverned)
            restoreGovernor(words)
        } else {
            core.reload.beginConfiguration(isEngaged: configuration.isGoverned)
        }
    }
}

extension StageLatencies {
    init(_ arrival: Arrival, _ times: StageTimes, answered: UInt64) {
        func microseconds(_ from: UInt64, _ to: UInt64) -> Int64 { to > from ? Int64((to - from) / 1_000) : 0 }
        self.init(
            parse: microseconds(arrival.firstByteNanoseconds, arrival.parsedNanoseconds),
            features: microseconds(times.startNanoseconds, times.featuresNanoseconds),
            rules: microseconds(times.featuresNanoseconds, times.rulesNanoseconds),
            model: microseconds(times.rulesNanoseconds, times.modelNanoseconds),
            total: microseconds(arrival.firstByteNanoseconds, answered))
    }
}
