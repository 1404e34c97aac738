// The table of submissions against a plain dictionary, and the work that one insertion does.
import Testing

@testable import Scoring

@Suite struct SubmissionTableTests {
    private func submission(_ sequence: UInt64, at time: Int64) -> Submission {
        Submission(sequence: sequence, reference: nil, bodyDigest: sequence &* 31, acceptedAtNanoseconds: time)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `finds what a dictionary finds, through growth, expiry and replacement`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        var table = SubmissionTable(limits: SubmissionLimits(retentionNanoseconds: 500, maximumTransactions: 1_000_000))
        var plain: [UInt64: Submission] = [:]
        // Keys that share shards and places: few different high and low bits.
        func key() -> UInt64 { UInt64.random(in: 0...3, using: &rng) << 54 | UInt64.random(in: 1...600, using: &rng) }
        var now: Int64 = 0
        for step in 1...20_000 {
            now += Int64.random(in: 0...2, using: &rng)
            let key = key()
            let expected = plain[key].flatMap { now - $0.acceptedAtNanoseconds >= 500 ? nil : $0 }
            #expect(table.find(key, at: now) == expected)
            guard expected == nil else {
                if step % 5 == 0 {
                    let reference = RecordReference(segment: 1, offset: UInt64(step), length: 3)
                    table.setReference(reference, for: key)
                    plain[key]?.reference = reference
                }
                continue
            }
            let new = submission(UInt64(step), at: now)
            table.insert(key, new)
            plain[key] = new
        }
        for (key, value) in plain where now - value.acceptedAtNanoseconds < 500 {
            #expect(table.find(key, at: now) == value)
        }
        #expect(table.forgottenEarly == 0)
        #expect(table.count >= plain.values.count { now - $0.acceptedAtNanoseconds < 500 })
    }

    @Test(arguments: [1, 2, 5, 4_095, 4_096, 4_097, 10_000])
    func `keeps as many as it may, the newest`(capacity: Int) {
        var table = SubmissionTable(limits: SubmissionLimits(maximumTransactions: capacity))
        var rng = SplitMix64(seed: 9)
        let keys = (0..<(capacity + 5_000)).map { _ in UInt64.random(in: 1 ... .max, using: &rng) }
        for (i, key) in keys.enumerated() {
            table.insert(key, submission(UInt64(i), at: 0))
            #expect(table.count == min(i + 1, capacity))
        }
        #expect(table.forgottenEarly == 5_000)
        for (i, key) in keys.enumerated() { #expect((table.find(key, at: 0) != nil) == (i >= 5_000)) }
    }

    @Test func `what has expired leaves in small portions`() {
        var table = SubmissionTable(limits: SubmissionLimits(retentionNanoseconds: 10))
        for i in 1...10_000 as ClosedRange<UInt64> { table.insert(i << 32 | i, submission(i, at: 0)) }
        #expect(table.count == 10_000)
        for i in 1...1_000 as ClosedRange<UInt64> {
            table.insert(i << 40 | i << 1, submission(i + 10_000, at: 100))
            #expect(table.count == 10_000 - Int(i) * 3)  // four leave, one comes
        }
        #expect(table.forgottenEarly == 0)
        #expect(table.find(5 << 32 | 5, at: 100) == nil)
    }
}
