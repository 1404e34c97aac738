// A batch: payment after payment from its source through the core, with what came of each in its outputs. With a log,
// nothing is given out before its record is with the kernel.
//
//   source ─▶ reader ─▶ pseudonyms ─▶ sequencer ─▶ [ record | decision | features | payment ] ─▶ commit ─▶ flush
//   labels ─▶ in order of their times, each before the first payment that is not earlier

import DecisionLog
import JSON
import Learning
import Scoring
import Service

final class BatchScoring {
    struct Outputs {
        var decisions: Output?
        var features: Output?
        var payments: Output?

        fileprivate func flush() throws(OutputError) {
            try decisions?.flush()
            try features?.flush()
            try payments?.flush()
        }
    }

    /// Payments between two commits; what is given out of them waits in memory.
    private static let paymentsPerCommit = 1_024
    /// Payments between two looks at the clock for progress.
    private static let paymentsPerGlance = 256
    /// Without a data folder nobody can join the pseudonyms of two runs to people; equal runs should give equal ones.
    private static let keyWithoutState = [UInt8](repeating: 0, count: 32)

    private let assembly: Assembly
    private var sequencer: Sequencer
    private let pseudonymizer: Pseudonymizer
    private let recording: OpenedLog?
    private let map: ImportMap?
    private let labels: LabelBook
    private let outputs: Outputs
    private let messages: Messages
    private let table: FeatureTable
    private var schedule = LabelSchedule()
    private var labelObject = JSONWriter()
    /// The latest event time so far.
    private var newestNanoseconds = Int64.min
    private var reader = PaymentReader()
    private var payment = Payment()
    private var body: [UInt8] = []
    private var isBegun = false
    private(set) var tally = BatchTally()

    init(
        assembly: Assembly, sequencer: consuming Sequencer, key: [UInt8]?, recording: OpenedLog?, map: ImportMap?,
        labels: LabelBook, outputs: Outputs, messages: Messages
    ) {
        self.assembly = assembly
        self.sequencer = sequencer
        pseudonymizer = Pseudonymizer(key: key ?? Self.keyWithoutState)
        self.recording = recording
        self.map = map
        self.labels = labels
        table = FeatureTable(assumeLegitimateAfterNanoseconds: assembly.plan.assumeLegitimateAfterNanoseconds)
        for label in labels.told { schedule.add(label) }
        self.outputs = outputs
        self.messages = messages
    }

    /// Scores all files. When one fails, what was scored until then is kept.
    func score(_ paths: [String]) throws {
        if let features = outputs.features {
            table.appendHeader(features: assembly.plan.featureNames, to: &features.bytes)
        }
        do {
            for path in paths { try score(path) }
        } catch {
            try? finish()
            throw error
        }
        try finish()
    }

    private func score(_ path: String) throws {
        var source = try PaymentSource(path: path, map: map)
        while true {
            do throws(PaymentSourceError) {
                guard try source.next(into: &body) else { return }
            } catch {
                guard case .row = error else { throw error }
                tally.read += 1
                reject(error.description)
                continue
            }
            tally.read += 1
            do throws(PaymentProblem) {
                try reader.read(body.span, into: &payment)
            } catch {
                reject("\(path):\(source.lineNumber): \(Self.text(of: error))")
                continue
            }
            try decide(source)
            if tally.read % Self.paymentsPerGlance == 0 {
                messages.progress { tally.progress(path: path, seconds: messages.elapsedSeconds) }
            }
        }
    }

    private func decide(_ source: PaymentSource) throws {
        let ownLabel = source.label(of: payment)
        pseudonymizer.apply(to: &payment)
        if !isBegun { begin() }
        newestNanoseconds = max(newestNanoseconds, payment.eventTimeNanoseconds)
        try tellLabels(through: payment.eventTimeNanoseconds)
        let log = recording?.log
        var isDropped = false
        let outcome = sequencer.submit(
            payment, Arrival(receivedAtNanoseconds: payment.eventTimeNanoseconds), traceParent: Span(), clock: { 0 }
        ) { sequence, record in
            guard let log else { return nil }
            let reference = log.put(sequence, record)
            isDropped = reference == nil
            return reference
        }
        if isDropped { throw CommandFailure("the record does not fit in the log: \(refusal)") }
        switch outcome {
        case .repeated: tally.repeated += 1
        case .conflict:
            tally.conflicting += 1
            tell("\(source.path):\(source.lineNumber): /transaction_id was used by another payment before; left out")
        case .decided:
            giveOut(ownLabel)
            if let ownLabel { schedule.add(ownLabel) }
            if tally.decided % Self.paymentsPerCommit == 0 { try settle() }
        }
    }

    /// The configuration has its place in the sequence before the first payment, as in a service's log, so that decisions
    /// have the same names with a data folder and without.
    private func begin() {
        isBegun = true
        let time = payment.eventTimeNanoseconds
        if let recording {
            let problem = recording.recordConfiguration(of: assembly, &sequencer, receivedAtNanoseconds: time)
            if let problem { messages.say("the configuration was not kept beside the log: \(problem)") }
        } else {
            let digests = RecordDigests(plan: assembly.plan, model: assembly.model).json
            _ = sequencer.take(.config, digests.span, receivedAtNanoseconds: time) { _, _ in nil }
        }
    }

    /// Tells the core what had become known by then. What is told before its time was received with the last payment.
    private func tellLabels(through time: Int64) throws {
        while let label = schedule.next(through: time) {
            labelObject.removeAll()
            label.write(to: &labelObject)
            let log = recording?.log
            var isDropped = false
            _ = sequencer.take(
                .label, labelObject.bytes.span, Feedback(label),
                receivedAtNanoseconds: min(label.labelledAtNanoseconds, newestNanoseconds)
            ) { sequence, record in
                guard let log else { return nil }
                let reference = log.put(sequence, record)
                isDropped = reference == nil
                return reference
            }
            if isDropped { throw CommandFailure("the record does not fit in the log: \(refusal)") }
            tally.labels += 1
            if tally.labels % Self.paymentsPerCommit == 0 { try settle() }
        }
    }

    private func giveOut(_ ownLabel: Label?) {
        let decision = sequencer.core.decision
        tally.count(decision)
        outputs.decisions?.append(line: sequencer.answer.bytes)
        outputs.payments?.append(line: body)
        if let features = outputs.features {
            let label = payment.string(.transactionID).flatMap { labels[$0] } ?? ownLabel
            table.appendRow(payment, decision, label: label, to: &features.bytes)
        }
    }

    /// Gives the records to the kernel, then the outputs.
    private func settle() throws {
        if let log = recording?.log, !log.commit(through: sequencer.core.sequence) {
            throw CommandFailure("the log can't be written: \(refusal)")
        }
        try outputs.flush()
    }

    private func finish() throws {
        // Labels that lie behind the last payment are for a later run, which finds them in the log.
        if isBegun, recording != nil { try tellLabels(through: .max) }
        if isBegun { try settle() } else { try outputs.flush() }
        if isBegun, let recording {
            do throws(ServiceError) {
                try recording.keepSnapshot(of: sequencer)
            } catch {
                messages.say("no snapshot was kept, so the next start reads the whole log: \(error)")
            }
        }
        if let log = recording?.log, !log.close() {
            throw CommandFailure("the log can't be flushed: \(refusal)")
        }
    }

    private var refusal: String {
        if case .failing(_, let reason) = recording?.log.health.state { reason } else { "no reason is known" }
    }

    private func reject(_ text: String) {
        tally.invalid += 1
        tell(text)
    }

    private func tell(_ text: String) {
        tally.told += 1
        if tally.told <= BatchTally.toldLimit { messages.say(text) }
        if tally.told == BatchTally.toldLimit + 1 {
            messages.say("further payments that are left out are only counted")
        }
    }

    private static func text(of problem: PaymentProblem) -> String {
        switch problem {
        case .malformed(let error): return "\(error)"
        case .invalid(let problems, let unreported):
            let told = problems.map { "\($0.pointer.isEmpty ? "the document" : $0.pointer) \($0.detail)" }
            return told.joined(separator: "; ") + (unreported > 0 ? "; and \(unreported) more" : "")
        }
    }
}

/// What a batch counts.
struct BatchTally {
    /// Payments told one by one that were left out; the rest is counted.
    static let toldLimit = 100

    var read = 0
    var repeated = 0
    var conflicting = 0
    var invalid = 0
    /// Labels that were told to the core.
    var labels = 0
    fileprivate var told = 0
    private(set) var decided = 0
    private var verdicts = [Int](repeating: 0, count: Verdict.allCases.count)
    private var sources = [Int](repeating: 0, count: DecisionSource.allCases.count)

    /// Whether something was left out that should have been scored.
    var isWanting: Bool { invalid + conflicting > 0 }

    fileprivate mutating func count(_ decision: Decision) {
        decided += 1
        if let i = Verdict.allCases.firstIndex(of: decision.verdict) { verdicts[i] += 1 }
        if let i = DecisionSource.allCases.firstIndex(of: decision.source) { sources[i] += 1 }
    }

    func progress(path: String, seconds: Double) -> String {
        "\(path): \(grouped(read)) payments, \(rate(seconds))/s"
    }

    private func rate(_ seconds: Double) -> String { grouped(Int(Double(read) / max(seconds, 1e-9))) }

    /// `1,000 payments: approve 990, … · by model 1,000 · 2 invalid · 0.1 s, 10,000/s`
    func summary(seconds: Double) -> String {
        let byVerdict = zip(Verdict.allCases, verdicts).map { "\($0.rawValue) \(grouped($1))" }
        let bySource = zip(DecisionSource.allCases, sources).filter { $1 > 0 }.map { "\($0.rawValue) \(grouped($1))" }
        var parts = ["\(grouped(read)) payments: " + byVerdict.joined(separator: ", ")]
        if !bySource.isEmpty { parts.append("by " + bySource.joined(separator: ", ")) }
        let leftOut = [(invalid, "invalid"), (repeated, "repeated"), (conflicting, "conflicting")]
        for (count, name) in leftOut where count > 0 { parts.append("\(grouped(count)) \(name)") }
        if labels > 0 { parts.append("\(grouped(labels)) labels") }
        parts.append("\(fixed(seconds, 1)) s, \(rate(seconds))/s")
        return parts.joined(separator: " · ")
    }
}
