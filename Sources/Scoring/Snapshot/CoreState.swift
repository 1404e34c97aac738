// Everything that a core knows beside its configuration, as a value: a copy of it is a consistent snapshot, taken in
// microseconds, because pages are shared until either side writes to them.
//
// What the core learns to remember goes here: a member of `CoreState`, in `Core.state` from and back to the core, a case of
// `StateSection`, and two functions that write its words and read them back. Then the format's version is raised.

import Aggregates
import Platform

public struct CoreState: Sendable {
    public let sequence: UInt64
    let submissions: SubmissionTable
    let aggregates: HistoryStore
    let transactions: TransactionTable
    let pending: PendingFeedback
    let feedback: FeedbackStatistics
    /// `DeclineGovernor.words`; none where there is no governor.
    let governor: [UInt64]

    init(
        sequence: UInt64, submissions: SubmissionTable, aggregates: HistoryStore, transactions: TransactionTable,
        pending: PendingFeedback, feedback: FeedbackStatistics, governor: [UInt64]
    ) {
        self.sequence = sequence
        self.submissions = submissions
        self.aggregates = aggregates
        self.transactions = transactions
        self.pending = pending
        self.feedback = feedback
        self.governor = governor
    }

    /// Writes the header and the state.
    ///
    /// - Parameter place: Where a record lies by now.
    public func write(
        _ header: SnapshotHeader, to encoder: inout StateEncoder,
        place: (RecordReference) -> RecordReference = { $0 }
    ) throws(PlatformError) {
        precondition(header.sequence == sequence, "a header of \(header.sequence) for the state of \(sequence)")
        try header.write(to: &encoder)
        try encoder.begin(.submissions)
        try submissions.write(to: &encoder, place: place)
        try encoder.begin(.aggregates)
        try aggregates.write { (words) throws(PlatformError) in try encoder.put(words) }
        try writeFeedback(to: &encoder)
        try encoder.finish()
    }

    private func writeFeedback(to encoder: inout StateEncoder) throws(PlatformError) {
        try encoder.begin(.feedback)
        for number in [feedback.labelsKnown, feedback.outcomesKnown, feedback.tooLate] {
            try encoder.put(UInt64(number))
        }
        try transactions.write(to: &encoder)
        try pending.write(to: &encoder)
        try encoder.put(UInt64(governor.count))
        for word in governor { try encoder.put(word) }
    }

    /// Reads back what `write` wrote behind the header.
    ///
    /// - Throws: `StateError`, also where the header's identity is not that of `plan` and `limits`.
    public init(
        _ header: SnapshotHeader, plan: ScoringPlan, limits: CoreLimits, from decoder: inout StateDecoder
    ) throws(StateError) {
        guard header.identity == plan.stateIdentity(limits: limits) else { throw .otherPlan }
        sequence = header.sequence
        try decoder.begin(.submissions)
        submissions = try SubmissionTable(limits: limits.submissions, from: &decoder)
        try decoder.begin(.aggregates)
        do {
            aggregates = try HistoryStore(plan: plan.historyPlan, limits: limits.aggregates) { try decoder.fill(&$0) }
        } catch {
            throw error as? StateError ?? .malformed(.aggregates, reason: "\(error)")
        }
        try decoder.begin(.feedback)
        var feedback = FeedbackStatistics()
        feedback.labelsKnown = Int(truncatingIfNeeded: try decoder.word())
        feedback.outcomesKnown = Int(truncatingIfNeeded: try decoder.word())
        feedback.tooLate = Int(truncatingIfNeeded: try decoder.word())
        self.feedback = feedback
        let labelled = plan.historyPlan.entities.filter(\.isLabelled).count
        transactions = try TransactionTable(
            limit: limits.feedback.maximumTransactions, keys: labelled, from: &decoder)
        pending = try PendingFeedback(limits: limits.feedback, from: &decoder)
        let words = try decoder.word()
        guard words == (plan.policy.governor == nil ? 0 : UInt64(DeclineGovernor.wordCount)) else {
            throw .malformed(.feedback, reason: "\(words) words of a governor")
        }
        var governor: [UInt64] = []
        for _ in 0..<words { governor.append(try decoder.word()) }
        self.governor = governor
        try decoder.finish()
    }

    /// A digest of all words: equal for states that decide alike.
    public var digest: SHA256Digest {
        let hash = DigestBox()
        var encoder = StateEncoder { (bytes) throws(PlatformError) in hash.value.update(bytes) }
        do throws(PlatformError) {
            try encoder.begin(.header)
            try encoder.put(sequence)
            try encoder.begin(.submissions)
            try submissions.write(to: &encoder)
            try encoder.begin(.aggregates)
            try aggregates.write { (words) throws(PlatformError) in try encoder.put(words) }
            try writeFeedback(to: &encoder)
            try encoder.finish()
        } catch {
            preconditionFailure("memory refuses nothing: \(error)")
        }
        return hash.value.finalize()
    }
}

private final class DigestBox {
    var value = SHA256()
}
