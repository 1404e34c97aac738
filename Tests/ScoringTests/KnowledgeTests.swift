// Labels and outcomes on their way to the histories: what is kept for them, how much of it, and what a restart finds.
import Aggregates
import Expressions
import Testing

@testable import Scoring

@Suite struct KnowledgeTests {
    // MARK: - Tables

    @Test func `the table of transactions has its limit, and the oldest leave first`() throws {
        var table = TransactionTable(limit: 3, keys: 2)
        func insert(_ hash: UInt64) {
            table.insert(
                hash, timeMicroseconds: -Int64(hash), sequence: hash + 100, keys: [hash, 7, hash * 2],
                labelled: [0, 2])
        }
        for hash in 1...3 as ClosedRange<UInt64> { insert(hash) }
        #expect(table.count == 3 && table.forgotten == 0)
        insert(4)
        #expect(table.count == 3 && table.forgotten == 1 && table.find(1) == nil)
        let place = try #require(table.find(4))
        #expect(table.timeMicroseconds(at: place) == -4 && table.sequence(at: place) == 104)
        #expect(table.key(0, at: place) == 4 && table.key(1, at: place) == 8)
    }

    @Test func `a transaction that comes again is found at its last place, over many chunks`() {
        var table = TransactionTable(limit: 10_000, keys: 1)
        for round in 1...3 as ClosedRange<UInt64> {
            for hash in 1...9_000 as ClosedRange<UInt64> {
                table.insert(stableHash(hash), timeMicroseconds: 0, sequence: round, keys: [hash], labelled: [0])
            }
        }
        #expect(table.count == 9_000 && table.forgotten == 0)
        for hash in 1...9_000 as ClosedRange<UInt64> {
            let place = table.find(stableHash(hash))
            #expect(place.map { table.sequence(at: $0) } == 3 && place.map { table.key(0, at: $0) } == hash)
        }
        for hash in 10_000...20_000 as ClosedRange<UInt64> {
            table.insert(stableHash(hash), timeMicroseconds: 0, sequence: 4, keys: [hash], labelled: [0])
        }
        #expect(table.count == 10_000 && table.forgotten == 9_001)
        #expect(table.find(stableHash(9_000 as UInt64)) == nil && table.find(stableHash(10_000 as UInt64)) == nil)
        #expect(table.find(stableHash(10_001 as UInt64)) != nil)
    }

    @Test func `what waits for its payment has a limit and a time, at them and one past them`() {
        let limits = FeedbackLimits(maximumPending: 3, pendingRetentionNanoseconds: 100)
        var pending = PendingFeedback(limits: limits)
        func add(_ hash: UInt64, at time: Int64) {
            pending.add(hash, .label(.fraud), knownAtMicroseconds: time, receivedAtNanoseconds: time)
        }
        for hash in 1...3 as ClosedRange<UInt64> { add(hash, at: Int64(hash)) }
        #expect(pending.count == 3 && pending.dropped == 0)
        add(3, at: 4)
        #expect(pending.count == 3 && pending.dropped == 1 && pending.take(1).isEmpty)
        #expect(pending.take(3).map(\.knownAtMicroseconds) == [3, 4] && pending.count == 1)
        pending.expire(at: 101)
        #expect(pending.count == 1)
        pending.expire(at: 102)
        #expect(pending.isEmpty && pending.dropped == 2)
        for round in 0..<5_000 {
            add(UInt64(round), at: 200)
            #expect(pending.take(UInt64(round)).count == 1)
        }
        #expect(pending.isEmpty && pending.dropped == 2)
    }

    @Test func `transactions that come again take no more room than their limit, and few leave at a time`() throws {
        let limit = 8_192
        var table = TransactionTable(limit: limit, keys: 0)
        func insert(_ hash: UInt64) {
            table.insert(stableHash(hash), timeMicroseconds: 0, sequence: 0, keys: [], labelled: [])
        }
        for number in 0..<100_000 as Range<UInt64> { insert(number % 10) }
        #expect(table.count == 10 && table.forgotten == 0)
        let bytes = StateBytes()
        var encoder = bytes.encoder
        try encoder.begin(.feedback)
        try table.write(to: &encoder)
        try encoder.finish()
        #expect(bytes.bytes.count < (limit + 2 * 4_096) * 24)
        // One past the limit the oldest leaves, which is still found only where it did not come again.
        for number in 0..<UInt64(limit) { insert(100 + number) }
        #expect(table.count == limit && table.forgotten == 10)
        insert(99)
        #expect(table.count == limit && table.forgotten == 11 && table.find(stableHash(100 as UInt64)) == nil)
    }

    @Test func `other keys are found behind the old entries, over chunks, and written as they are asked for`() throws {
        var table = TransactionTable(limit: 20_000, keys: 2)
        func insert(_ numbers: Range<UInt64>, _ labelled: [Int]) {
            for number in numbers {
                table.insert(
                    stableHash(number), timeMicroseconds: Int64(number), sequence: number,
                    keys: [number, number + 1, number + 2], labelled: labelled)
            }
        }
        func keys(_ table: TransactionTable, _ number: UInt64, _ count: Int) -> [UInt64] {
            guard let place = table.find(stableHash(number)), table.sequence(at: place) == number else { return [] }
            return (0..<count).map { table.key($0, at: place) }
        }
        insert(0..<9_000, [0, 1])
        table.rearrange([1, nil, 0])
        insert(9_000..<9_500, [1, 2, 0])
        #expect(keys(table, 7, 3) == [8, 0, 7] && keys(table, 8_999, 3) == [9_000, 0, 8_999])
        #expect(keys(table, 9_499, 3) == [9_500, 9_501, 9_499])
        table.rearrange([2])
        insert(9_500..<13_000, [0])
        table.rearrange([0, nil])
        let bytes = StateBytes()
        var encoder = bytes.encoder
        try encoder.begin(.feedback)
        try table.write(to: &encoder)
        try encoder.finish()
        var decoder = bytes.decoder
        try decoder.begin(.feedback)
        let other = try TransactionTable(limit: 20_000, keys: 2, from: &decoder)
        try decoder.finish()
        for number in [0, 4_095, 4_096, 8_999, 9_000, 9_499, 9_500, 12_999] as [UInt64] {
            #expect(keys(table, number, 2) == [number, 0] && keys(other, number, 2) == [number, 0], "\(number)")
        }
    }

    @Test func `what found its payment leaves the queue of those that wait`() {
        var pending = PendingFeedback(limits: FeedbackLimits(maximumPending: 1_000))
        func add(_ hash: UInt64) {
            pending.add(hash, .label(.fraud), knownAtMicroseconds: 0, receivedAtNanoseconds: 0)
        }
        // The first one never finds its payment, and the others stand behind it.
        add(1)
        for number in 2..<100_000 as Range<UInt64> {
            add(number)
            #expect(pending.take(number).count == 1)
        }
        #expect(pending.count == 1 && pending.queue.joined().count <= 2 * 1 + 3 * 1_024)
        for number in 0..<1_500 as Range<UInt64> { add(200_000 + number) }
        #expect(pending.count == 1_000 && pending.dropped == 501 && pending.take(1).isEmpty)
        #expect(pending.take(200_500).count == 1 && pending.take(200_499).isEmpty)
        pending.expire(at: .max)
        #expect(pending.isEmpty && pending.dropped == 1_500)
    }

    // MARK: - Through the core

    private static let features = [
        ("ratio", "amount / 100.0"), ("frauds", #"fraud_count(card, "30d")"#),
        ("declined", #"count(card, "30d", decision == "decline")"#), ("highest", #"max(card, feature.ratio, "30d")"#),
        ("refunds", #"count(card, "30d", outcome == "refunded")"#), ("scores", #"sum(card, score, "30d")"#),
    ]
    private static let rules = """

          - { id: high, when: 'amount > 1000', action: decline, points: 700 }
        """

    private func makeRun(_ limits: CoreLimits = CoreLimits()) throws -> Run {
        try Run(makePlan(features: Self.features, rules: Self.rules), limits: limits)
    }

    private func pay(_ run: inout Run, _ id: String, _ offset: Int64, amount: Int64 = 500) throws -> [Double] {
        try run.submit(
            RequestText.minimal.setting("transaction_id", "\"\(id)\"").setting("amount", "\(amount)")
                .setting("event_time", "\"\(Timestamp.text(nanoseconds: midnight + offset * second))\"").text)
        return run.decision.features
    }

    private func label(_ run: inout Run, _ id: String, _ value: LabelValue, labelled: Int64, received: Int64) {
        _ = run.take(
            .label,
            """
            {"transaction_id":"\(id)","label":"\(value.rawValue)","source":"chargeback",\
            "labelled_at":"\(Timestamp.text(nanoseconds: midnight + labelled * second))"}
            """, at: midnight + received * second)
    }

    @Test func `a label is known from when it was true and received, and a later one takes its place`() throws {
        var run = try makeRun()
        _ = try pay(&run, "a", 0)
        label(&run, "a", .fraud, labelled: 10, received: 20)
        #expect(try pay(&run, "b", 19)[1] == 0)
        #expect(try pay(&run, "c", 20)[1] == 1)
        label(&run, "b", .fraud, labelled: 40, received: 21)
        #expect(try pay(&run, "d", 39)[1] == 1)
        #expect(try pay(&run, "e", 40)[1] == 2)
        label(&run, "a", .legitimate, labelled: 41, received: 41)
        #expect(try pay(&run, "f", 41)[1] == 1)
        let feedback = run.sequencer.core.statistics.feedback
        #expect(feedback.labelsKnown == 3 && feedback.transactions == 6 && feedback.pending == 0)
    }

    @Test func `a label that comes before its payment waits for it, and is given up in the end`() throws {
        var limits = CoreLimits()
        limits.feedback.pendingRetentionNanoseconds = 100 * second
        var run = try makeRun(limits)
        label(&run, "a", .fraud, labelled: 0, received: 0)
        label(&run, "never", .fraud, labelled: 0, received: 1)
        label(&run, "late", .fraud, labelled: 0, received: 1)
        #expect(run.sequencer.core.statistics.feedback.pending == 3)
        _ = try pay(&run, "a", 5)
        #expect(try pay(&run, "b", 6)[1] == 1)
        _ = try pay(&run, "late", 101)
        #expect(try pay(&run, "c", 102)[1] == 1)
        let feedback = run.sequencer.core.statistics.feedback
        #expect(feedback.pending == 0 && feedback.unknownTransactions == 2 && feedback.labelsKnown == 1)
    }

    @Test func `a label of a payment that was forgotten or never kept is counted, and changes nothing`() throws {
        var limits = CoreLimits()
        limits.feedback.maximumTransactions = 1
        limits.aggregates.allowedLatenessMicroseconds = 0
        var run = try makeRun(limits)
        _ = try pay(&run, "a", 10)
        _ = try pay(&run, "late", 5)
        label(&run, "late", .fraud, labelled: 6, received: 6)
        label(&run, "a", .fraud, labelled: 6, received: 6)
        #expect(try pay(&run, "b", 10)[1] == 0)
        let feedback = run.sequencer.core.statistics.feedback
        #expect(feedback.tooLate == 1 && feedback.pending == 1 && feedback.transactionsForgotten == 2)
    }

    @Test func `without histories over labels and outcomes nothing is kept for them`() throws {
        var run = try Run(makePlan(features: [("n", #"count(card, "1d")"#)]))
        _ = try pay(&run, "a", 0)
        label(&run, "a", .fraud, labelled: 0, received: 0)
        label(&run, "b", .fraud, labelled: 0, received: 0)
        #expect(run.sequencer.core.statistics.feedback == FeedbackStatistics())
    }

    @Test func `the payment that asks is in no history over what is not known of it yet`() throws {
        var run = try makeRun()
        #expect(try pay(&run, "a", 0, amount: 2_000).dropFirst(2).map(\.isNaN) == [false, true, false, false])
        #expect(run.decision.verdict == .decline && run.decision.score == 700)
        let second = try pay(&run, "b", 1, amount: 300)
        #expect(Array(second.dropFirst(2)) == [1, 20, 0, 700])
        _ = run.take(
            .outcome,
            #"{"transaction_id":"b","status":"refunded","occurred_at":"2026-11-23T00:00:02Z"}"#, at: midnight)
        let third = try pay(&run, "c", 2, amount: 300)
        #expect(Array(third.dropFirst(2)) == [1, 20, 1, 700])
    }

    @Test func `records of another configuration give what they have, and the rest is missing`() throws {
        var old = try Run(
            makePlan(
                features: [("other", "amount * 2"), ("frauds", "amount"), ("ratio", "amount / 10.0")],
                rules: Self.rules))
        _ = try pay(&old, "a", 0, amount: 2_000)
        _ = try pay(&old, "b", 1, amount: 100)
        var without = try Run(makePlan(features: [("other", "amount * 2")]))
        _ = try pay(&without, "c", 2, amount: 5_000)
        var run = try makeRun()
        try run.restore(old.lines)
        try run.restore(without.lines)
        // Decided as then: "c" was approved by a configuration without rules, and recorded no ratio.
        let features = try pay(&run, "d", 3)
        #expect(Array(features.dropFirst(2)) == [1, 200, 0, 700])
    }

    @Test func `features go into the record and come back as the same values`() {
        let day = 86_400 * second
        for (type, slot) in [
            (FeatureNumber.int, Slot(int: -5)), (.uint, Slot(uint: 7)), (.double, Slot(double: 0.1)),
            (.bool, Slot(bool: true)), (.bool, Slot(bool: false)),
            (.seconds, Slot(durationNanoseconds: 90 * day + 1_000)), (.seconds, Slot(durationNanoseconds: -1)),
        ] { #expect(type.slot(type.number(slot)) == slot) }
        #expect(FeatureNumber.seconds.slot(1e300) == Slot(durationNanoseconds: .max))
        #expect(FeatureNumber.seconds.slot(-1e300) == Slot(durationNanoseconds: .min))
        for (type, number) in [
            (FeatureNumber.int, 0.5), (.int, 1e19), (.uint, -1), (.bool, 2), (.double, .nan), (.seconds, .nan),
        ] { #expect(type.slot(number).state == .missing) }
    }
}
