// The state of a core written down and read back: what follows is decided as by the core that went on, the words are the
// same, and bytes that are not those that were written are never taken.
import Aggregates
import Platform
import Testing

@testable import Scoring

/// Bytes that a state is written into and read from.
final class StateBytes {
    var bytes: [UInt8] = []
    private var place = 0

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    var encoder: StateEncoder {
        StateEncoder { (piece) throws(PlatformError) in
            for index in piece.indices { self.bytes.append(piece[index]) }
        }
    }

    var decoder: StateDecoder {
        place = 0
        return StateDecoder { (span) throws(PlatformError) in
            let count = min(span.count, self.bytes.count - self.place)
            for index in 0..<count { span[index] = self.bytes[self.place + index] }
            self.place += count
            return count
        }
    }
}

@Suite struct StateTests {
    private func header(_ state: CoreState, _ plan: ScoringPlan, _ limits: CoreLimits) -> SnapshotHeader {
        SnapshotHeader(
            sequence: state.sequence, reference: RecordReference(segment: 1, offset: 2, length: 3),
            chain: [UInt8](repeating: 0x61, count: 64), takenAtNanoseconds: -5,
            identity: plan.stateIdentity(limits: limits), configuration: Array(#"{"features":"f"}"#.utf8))
    }

    private func written(_ core: borrowing Core) throws -> StateBytes {
        let bytes = StateBytes()
        var encoder = bytes.encoder
        let state = core.state
        try state.write(header(state, core.plan, core.limits), to: &encoder)
        return bytes
    }

    private func read(
        _ bytes: StateBytes, _ plan: ScoringPlan, _ limits: CoreLimits = CoreLimits()
    ) throws(StateError) -> CoreState {
        var decoder = bytes.decoder
        let header = try SnapshotHeader(from: &decoder)
        return try CoreState(header, plan: plan, limits: limits, from: &decoder)
    }

    /// What a core counts, without what depends on where things lie in memory, and on answers that were given before.
    private func counts(_ run: Run) -> CoreStatistics {
        let statistics = run.sequencer.core.statistics
        var aggregates = statistics.aggregates
        aggregates.bytes = 0
        aggregates.partialObservations = 0
        aggregates.approximateObservations = 0
        return CoreStatistics(
            aggregates: aggregates, transactions: statistics.transactions,
            transactionsForgottenEarly: statistics.transactionsForgottenEarly, feedback: statistics.feedback)
    }

    /// Small enough that entities, events and transactions leave.
    private static let tight = CoreLimits(
        submissions: SubmissionLimits(retentionNanoseconds: 3_600 * second, maximumTransactions: 50),
        aggregates: AggregateLimits(entities: 4, eventsPerEntity: 9, allowedLatenessMicroseconds: 60_000_000))

    @Test(arguments: [1, 2, 3, 4] as [UInt64], [true, false])
    func `written and read back anywhere, it decides what follows as the core that went on`(
        seed: UInt64, isTight: Bool
    ) throws {
        let limits = isTight ? Self.tight : CoreLimits()
        let costs = LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1)
        let plan = try makeRichPlan()
        var stream = PaymentStream(seed: seed)
        let payments = (0..<240).map { _ in stream.next() }
        var rng = SplitMix64(seed: seed)
        for cut in [0, 1, 240] + (0..<2).map({ _ in Int.random(in: 0...240, using: &rng) }) {
            var whole = try Run(plan, costs: costs, limits: limits)
            for payment in payments.prefix(cut) { try whole.submit(payment) }
            let bytes = try written(whole.sequencer.core)
            var other = try Run(makeRichPlan(), costs: costs, limits: limits)
            try other.restore(whole.lines)  // the log goes on where it was; the state that this makes is replaced
            other.sequencer.state = try read(bytes, other.sequencer.core.plan, limits)
            #expect(other.sequencer.core.state.digest == whole.sequencer.core.state.digest)
            for (number, payment) in payments.enumerated().dropFirst(cut) {
                #expect(try other.submit(payment) == whole.submit(payment), "cut \(cut), payment \(number)")
                #expect(other.decision == whole.decision, "cut \(cut), payment \(number)")
            }
            #expect(counts(other) == counts(whole))
            #expect(other.sequencer.core.state.digest == whole.sequencer.core.state.digest)
        }
    }

    @Test(arguments: [5, 6] as [UInt64])
    func `labels, outcomes, what waits for its payment and the governor's counts go with it`(seed: UInt64) throws {
        let plan = try makePlan(
            features: [
                ("frauds", #"fraud_count(card, "1d")"#), ("refunds", #"count(merchant, "1d", outcome == "refunded")"#),
                ("run", #"streak(card, label == "fraud")"#), ("declines", #"count(card, "1h", decision == "decline")"#),
            ],
            rules: "[{ id: high, when: amount > 1500, action: decline }]",
            policy: defaultPolicy + "\ngovernor: { window: 1h, multiple: 50, floor: 0.9, at_least: 10 }\n")
        var stream = PaymentStream(seed: seed)
        let payments = (0..<200).map { _ in stream.next() }
        /// Every third payment is told to be fraud, some before they came; every fifth was refunded.
        func step(_ number: Int, _ run: inout Run) throws {
            try run.submit(payments[number])
            let time = payments[number].time
            let text = Timestamp.text(nanoseconds: time)
            let told = number % 6 == 0 ? min(number + 40, 199) : number / 2
            if number % 3 == 0 {
                _ = run.take(
                    .label,
                    """
                    {"transaction_id":"\(payments[told].transaction)","label":"fraud","source":"chargeback",\
                    "labelled_at":"\(text)"}
                    """, at: time)
            }
            if number % 5 == 0 {
                _ = run.take(
                    .outcome,
                    """
                    {"transaction_id":"\(payments[told].transaction)","status":"refunded","occurred_at":"\(text)"}
                    """, at: time)
            }
        }
        for cut in [1, 60, 133] {
            var whole = try Run(plan)
            for number in 0..<cut { try step(number, &whole) }
            var other = try Run(plan)
            try other.restore(whole.lines)  // the log goes on where it was; the state that this makes is replaced
            other.sequencer.state = try read(written(whole.sequencer.core), plan)
            #expect(other.sequencer.core.governor == whole.sequencer.core.governor)
            #expect(other.sequencer.core.governor?.share != nil)
            for number in cut..<200 {
                try step(number, &whole)
                try step(number, &other)
                #expect(other.decision == whole.decision, "cut \(cut), payment \(number)")
            }
            let feedback = whole.sequencer.core.statistics.feedback
            #expect(feedback.labelsKnown > 30 && feedback.outcomesKnown > 15, "\(feedback)")
            #expect(counts(other) == counts(whole))
            #expect(other.sequencer.core.state.digest == whole.sequencer.core.state.digest)
        }
    }

    @Test func `a copy stays as it was while the core goes on`() throws {
        var run = try Run(makeRichPlan())
        var stream = PaymentStream(seed: 11)
        for _ in 0..<150 { try run.submit(stream.next()) }
        let copy = run.sequencer.state
        let digest = copy.digest
        for _ in 0..<150 { try run.submit(stream.next()) }
        #expect(copy.digest == digest && run.sequencer.state.digest != digest)
        #expect(copy.sequence == 150 && run.sequencer.state.sequence == 300)
    }

    @Test func `a busy entity, with an index of its events, goes on as it was`() throws {
        let plan = try makeRichPlan()
        func facts(_ number: Int) -> PaymentStream.Facts {
            var facts = PaymentStream.Facts()
            facts.transaction = "t_\(number)"
            facts.time = midnight + Int64(number) * second
            facts.amount = Int64(number % 97)
            facts.card = "c_1"
            facts.customer = "u_1"
            facts.merchant = "m_\(number % 61)"
            return facts
        }
        var whole = try Run(plan)
        for number in 0..<400 { try whole.submit(facts(number)) }
        var other = try Run(plan)
        other.sequencer.state = try read(written(whole.sequencer.core), plan)
        for number in 400..<800 {
            try whole.submit(facts(number))
            try other.submit(facts(number))
            #expect(other.decision == whole.decision, "payment \(number)")
        }
    }

    @Test func `the header comes back as it was`() throws {
        let run = try Run(makeRichPlan())
        let bytes = try written(run.sequencer.core)
        var decoder = bytes.decoder
        let core = run.sequencer.core
        #expect(try SnapshotHeader(from: &decoder) == header(core.state, core.plan, core.limits))
    }

    // MARK: What is not taken

    private func refusal(_ bytes: [UInt8], _ plan: ScoringPlan, _ limits: CoreLimits = CoreLimits()) -> StateError? {
        do throws(StateError) {
            _ = try read(StateBytes(bytes), plan, limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no byte can change, go or come`(seed: UInt64) throws {
        let plan = try makeRichPlan()
        var run = try Run(plan)
        var stream = PaymentStream(seed: seed)
        for _ in 0..<40 { try run.submit(stream.next()) }
        let bytes = try written(run.sequencer.core).bytes
        #expect(refusal(bytes, plan) == nil)
        var rng = SplitMix64(seed: seed)
        for round in 0..<150 {
            var changed = bytes
            let place = Int.random(in: 0..<bytes.count, using: &rng)
            switch round % 5 {
            case 0, 1: changed[place] ^= 1 << UInt8.random(in: 0...7, using: &rng)
            case 2: changed.removeLast(bytes.count - place)
            case 3: changed.removeSubrange(place..<min(place + 8 * Int.random(in: 1...9, using: &rng), bytes.count))
            default: changed.insert(contentsOf: bytes[..<(place % 90 + 1)], at: place)
            }
            #expect(refusal(changed, plan) != nil, "seed \(seed), round \(round)")
        }
        for place in 0..<min(bytes.count, 120) {
            var changed = bytes
            changed[place] ^= 0x40
            #expect(refusal(changed, plan) != nil, "byte \(place)")
        }
        #expect(refusal(bytes + [0], plan) == .damaged(byte: bytes.count))
        #expect(refusal([], plan) == .truncated(byte: 0))
    }

    @Test func `pieces of two states do not go together`() throws {
        let plan = try makeRichPlan()
        var run = try Run(plan)
        var stream = PaymentStream(seed: 5)
        for _ in 0..<10 { try run.submit(stream.next()) }
        let first = try written(run.sequencer.core).bytes
        for _ in 0..<10 { try run.submit(stream.next()) }
        let second = try written(run.sequencer.core).bytes
        let headerBytes = { (bytes: [UInt8]) in 8 + 8 * (Int(bytes[4]) | Int(bytes[5]) << 8) + 32 }
        let mixed = Array(first[..<headerBytes(first)]) + Array(second[headerBytes(second)...])
        #expect(refusal(mixed, plan) == .damaged(byte: headerBytes(first)))
    }

    @Test func `a record that moved is written with its place of now`() throws {
        let plan = try makeRichPlan()
        var run = try Run(plan)
        var stream = PaymentStream(seed: 9)
        let payments = (0..<10).map { _ in stream.next() }
        for payment in payments { try run.submit(payment) }
        let bytes = StateBytes()
        var encoder = bytes.encoder
        let state = run.sequencer.state
        try state.write(header(state, plan, CoreLimits()), to: &encoder) { place in
            place.offset < 7 ? place : RecordReference(segment: 7, offset: place.offset - 6, length: place.length)
        }
        var other = try Run(plan)
        other.sequencer.state = try read(bytes, plan)
        for (number, payment) in payments.enumerated() {
            guard case .repeated(let submission) = try other.submit(payment) else {
                Issue.record("payment \(number) was decided again")
                continue
            }
            let (segment, offset) = number < 6 ? (1, number + 1) : (7, number - 5)
            let place = RecordReference(segment: UInt64(segment), offset: UInt64(offset), length: 7)
            #expect(submission.reference == place, "payment \(number)")
        }
    }

    @Test func `another definition behind a history is another plan`() throws {
        func plan(_ ratio: String) throws -> ScoringPlan {
            try makePlan(features: [("ratio", ratio), ("highest", #"max(card, feature.ratio, "30d")"#)], rules: " []")
        }
        let run = try Run(plan("amount / 100.0"))
        let bytes = try written(run.sequencer.core).bytes
        #expect(try refusal(bytes, plan("amount / 100.0")) == nil)
        #expect(try refusal(bytes, plan("amount / 50.0")) == .otherPlan)
    }

    @Test func `other histories, other limits, another version and another file are told apart`() throws {
        let run = try Run(makeRichPlan())
        let bytes = try written(run.sequencer.core).bytes
        #expect(refusal(bytes, try makePlan(features: [("n", #"count(card, "10m")"#)], rules: " []")) == .otherPlan)
        var limits = CoreLimits()
        limits.aggregates.eventsPerEntity += 1
        #expect(refusal(bytes, run.sequencer.core.plan, limits) == .otherPlan)
        limits = CoreLimits()
        limits.submissions.retentionNanoseconds += 1
        #expect(refusal(bytes, run.sequencer.core.plan, limits) == .otherPlan)
        #expect(refusal(Array("{\"seq\":1,\"kind\":\"payment\"}".utf8), run.sequencer.core.plan) == .unknownFormat)
        #expect(refusal(framed([StateFormat.magic, 2]), run.sequencer.core.plan) == .otherVersion(2))
        #expect(refusal(framed([StateFormat.magic ^ 1, 1]), run.sequencer.core.plan) == .unknownFormat)
    }

    /// A header of these words, with a right chain.
    private func framed(_ words: [UInt64]) -> [UInt8] {
        let bytes = StateBytes()
        var encoder = bytes.encoder
        #expect(throws: Never.self) {
            for word in words { try encoder.put(word) }
            try encoder.finish()
        }
        return bytes.bytes
    }

    @Test(arguments: [
        [] as [UInt64], [1, 2], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], [5, 4, 0], [0, .max, 0], [0, 1 << 40, 0], [0, 1, .max],
        [0, 1, 0, 7, 0, 0, 0, 1 << 33, 0, 0], [0, 0, 0, 9],
    ])
    func `words that make no submissions are refused, however sound their chain`(words: [UInt64]) throws {
        let bytes = StateBytes()
        var encoder = bytes.encoder
        try encoder.begin(.submissions)
        try encoder.put(words.span)
        try encoder.begin(.aggregates)
        try encoder.put(0)
        try encoder.finish()
        var decoder = bytes.decoder
        #expect(throws: StateError.self) {
            try decoder.begin(.submissions)
            _ = try SubmissionTable(limits: SubmissionLimits(), from: &decoder)
            try decoder.begin(.aggregates)
        }
    }

    @Test func `a piece of more words than one may have is refused at once`() throws {
        var head = [UInt8](repeating: 0, count: 8)
        head[0] = 1
        let count = UInt32(StateFormat.pieceWords + 1)
        for index in 0..<4 { head[4 + index] = UInt8(truncatingIfNeeded: count >> UInt32(8 * index)) }
        #expect(refusal(head, try makeRichPlan()) == .unknownFormat)
    }
}
