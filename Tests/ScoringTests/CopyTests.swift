// What a change costs while a copy of the core's tables is held: bytes asked of malloc, counted and not timed.
import Aggregates
import AllocationCounter
import Testing

@testable import Scoring

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here")) struct CopyTests {
    @Test func `a label that waits copies a small part of those that wait`() {
        let limits = FeedbackLimits()
        var pending = PendingFeedback(limits: limits)
        func add(_ number: UInt64, to pending: inout PendingFeedback) {
            pending.add(
                stableHash(number), .label(.fraud), knownAtMicroseconds: 1, receivedAtNanoseconds: Int64(number))
        }
        for number in 0..<UInt64(limits.maximumPending) { add(number, to: &pending) }
        let held = pending
        // The oldest leaves, one comes, and another finds its payment.
        #expect(AllocationCounter.bytes { add(1_000_000, to: &pending) } < 200_000)
        #expect(AllocationCounter.bytes { _ = pending.take(stableHash(500)) } < 200_000)
        #expect(pending.count == limits.maximumPending - 1 && pending.dropped == 1)
        #expect(held.count == limits.maximumPending && held.dropped == 0)
    }

    @Test func `a submission copies the newest chunk and the table of its key`() {
        var table = SubmissionTable(limits: SubmissionLimits())
        func insert(_ number: UInt64, into table: inout SubmissionTable) {
            table.insert(
                stableHash(number),
                Submission(sequence: number, reference: nil, bodyDigest: number, acceptedAtNanoseconds: 0))
        }
        for number in 0..<100_000 as Range<UInt64> { insert(number, into: &table) }
        let held = table
        let chunk = MemoryLayout<SubmissionTable.Entry>.stride * SubmissionTable.chunkEntries
        #expect(AllocationCounter.bytes { insert(100_000, into: &table) } < chunk + 65_536)
        #expect(AllocationCounter.bytes { insert(100_001, into: &table) } < 65_536)
        #expect(held.count == 100_000 && table.count == 100_002)
    }
}
