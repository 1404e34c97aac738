// CoreSimulationTests.swift: the whole of the core and its log in one process, without sockets, for as many steps as one
// likes: payments (late, early, repeated, in conflict), labels and outcomes (before and after their payment), reloads,
// snapshots, crashes, clocks that step and leap. Beside it goes a twin that is given the same and never stops.
//
// After every step:
//   1  a decision, a label, an outcome and a reload take one sequence number each, a repeated submission none
//   2  the twin's answer and record have the same bytes
//   3  the kernel has every record that there is
//   4  a repeated submission finds the answer that it was given, byte for byte
//   5  a payment is in its own windows, and no count is below that of a window within it
//   6  every 64 steps, unless a reload added histories: the two states are the same to the bit
// After every crash:
//   7  the log is sound and ends with the last record, torn end or not
//   8  the state from the newest snapshot, the state from nothing and the state of the twin are the same to the bit; where a
//      reload added histories since, the run goes on from the snapshot and the twin from nothing, and 2 holds
//
// SHROFF_STEPS=1000000 SHROFF_SEED=7 swift test --filter CoreSimulationTests       runs longer, from another seed.
import DecisionLog
import Glibc
import HTTP
import JSON
import Platform
import Scoring
import Testing

@testable import Service

/// Vigna's generator.
private struct Numbers {
    private var word: UInt64

    init(_ seed: UInt64) { word = seed }

    mutating func next() -> UInt64 {
        word &+= 0x9e37_79b9_7f4a_7c15
        var z = word
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}

private struct Broken: Error, CustomStringConvertible {
    let description: String
}

private struct Simulation {
    struct Tally {
        var steps = 0, decided = 0, repeated = 0, conflicts = 0, feedback = 0, reloads = 0, refusedReloads = 0
        var snapshots = 0, crashes = 0, torn = 0, fromSnapshot = 0, wholeStates = 0
    }

    private static let second: Int64 = 1_000_000_000

    var tally = Tally()
    private let configuration: TestConfiguration
    private let root: String
    private var random: Numbers
    private var reader = PaymentReader()
    private let pseudonymizer = Pseudonymizer(key: Array("a key of the simulation".utf8))

    /// The three configurations, and which is in force.
    private let assemblies: [Assembly]
    private var current = 0
    /// A reload has added histories since the log was last read whole. A start from a snapshot then counts what it was told
    /// as was counted by the histories of that time, one from nothing as those of now do; they decide alike.
    private var isInParts = false
    private var dataCount = 0
    private var opened: OpenedLog
    private var sequencer: Sequencer
    private var twin: Sequencer

    /// The wall clock, and where payments happen.
    private var now: Int64 = 1_795_392_000_000_000_000
    private var count = 0
    private var bodies: [String] = []
    private var answers: [String: [UInt8]] = [:]

    init(seed: UInt64, root: String) throws {
        random = Numbers(seed)
        self.root = root
        configuration = try TestConfiguration(
            more: """
                log: { sync: \(["never", "interval", "always"][random.below(3)]), segment_bytes: 65536 }
                aggregates: { entities: \(20 + random.below(200)), events_per_entity: \(8 + random.below(60)) }
                """)
        assemblies = try Self.assemblies(configuration)
        (opened, sequencer) = try Self.open(configuration, assemblies[0], root + "/0")
        twin = Sequencer(core: assemblies[0].makeCore(limits: try configuration.load().core))
        twin.state = sequencer.state
    }

    private static func assemblies(_ configuration: TestConfiguration) throws -> [Assembly] {
        let more = """

              - frauds: { value: 'fraud_count(card, "1d")' }
              - run: { value: 'streak(card, label == "fraud")' }
              - refunds: { value: 'count(merchant, "1d", outcome == "refunded")' }
              - declines: { value: 'count(card, "1h", decision == "decline")' }
              - card_count_1d: { value: 'count(card, "1d")' }
            """
        let features = TestConfiguration.features + more
        let variants = [
            (features, TestConfiguration.rules),
            (features, "rules: [{ id: many, when: 'count(card, \"1h\") >= 3', action: decline, points: 500 }]"),
            (
                features + "\n  - top: { value: 'max(card, feature.amount, \"2h\")' }",
                TestConfiguration.rules + "\n  - { id: fresh, when: 'count(merchant, \"5m\") > 6', points: 70 }"
            ),
        ]
        return try variants.map { features, rules in
            try configuration.folder.write("config/features.yaml", features)
            try configuration.folder.write("config/rules.yaml", rules)
            return try Assembly(configuration.load())
        }
    }

    private static func open(
        _ configuration: TestConfiguration, _ assembly: Assembly, _ data: String
    ) throws -> (OpenedLog, Sequencer) {
        let loaded = try configuration.load(["SHROFF_DATA_DIRECTORY": data])
        var sequencer = Sequencer(core: assembly.makeCore(limits: loaded.core))
        return (try OpenedLog.open(loaded, restoring: &sequencer), sequencer)
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw Broken(description: what()) }
    }

    mutating func step() throws {
        tally.steps += 1
        moveClock()
        let before = sequencer.core.sequence
        var taken: UInt64 = 1
        switch random.below(400) {
        case 0..<280: taken = try pay(newBody())
        case 280..<310: taken = try pay(bodies.isEmpty ? newBody() : bodies[random.below(bodies.count)])
        case 310..<320: taken = try pay(bodies.last.map(changed) ?? newBody())
        case 320..<355: try tell(.label)
        case 355..<390: try tell(.outcome)
        case 390..<394: taken = try reload()
        case 394..<398: taken = try keepSnapshot()
        default: taken = try crash()
        }
        try require(sequencer.core.sequence == before + taken, "\(sequencer.core.sequence) follows \(before)")
        try require(
            opened.log.commit(through: sequencer.core.sequence)
                && opened.log.health.recordedThrough == sequencer.core.sequence, "not recorded: \(opened.log.health)")
        try require(twin.core.sequence == sequencer.core.sequence, "the twin is at \(twin.core.sequence)")
        if tally.steps % 64 == 0, !isInParts {
            tally.wholeStates += 1
            try require(sequencer.state.digest == twin.state.digest, "the states differ")
        }
    }

    mutating func end() -> Bool { opened.log.close() }

    /// Mostly on by seconds; sometimes back by hours or on by days.
    private mutating func moveClock() {
        switch random.below(200) {
        case 0: now -= Int64(random.below(7_200)) * Self.second
        case 1: now += Int64(random.below(3 * 86_400)) * Self.second
        default: now += Int64(random.below(90)) * Self.second / 2
        }
    }

    // MARK: Inputs

    private static func text(_ time: Int64) -> String {
        var json = JSONWriter()
        json.timestamp(time)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// A payment of now, or late within what is allowed, or past it, or from the future.
    private mutating func newBody() -> String {
        count += 1
        var time = now
        if random.oneIn(8) { time -= Int64(random.below(3_600)) * Self.second }
        if random.oneIn(40) { time -= Int64(random.below(9 * 86_400)) * Self.second }
        if random.oneIn(40) { time += Int64(random.below(300)) * Self.second }
        let amount = random.oneIn(20) ? 77 : random.below(140_000)
        let body = Body(
            "t_\(count)", amount: amount, card: "c_\(random.below(random.oneIn(3) ? 400 : 12))",
            merchant: "m_\(random.below(6))"
        ).with("event_time", Self.text(time))
        let whole = random.oneIn(3) ? body.with("customer", "{\"id\":\"u_\(random.below(30))\"}") : body
        if bodies.count < 2_000 { bodies.append(whole.text) } else { bodies[random.below(2_000)] = whole.text }
        return whole.text
    }

    private func changed(_ body: String) -> String {
        body.replacing("\"currency\":\"EUR\"", with: "\"currency\":\"USD\"")
    }

    /// - Returns: The sequence numbers that it should have taken.
    private mutating func pay(_ text: String) throws -> UInt64 {
        let body = Array(text.utf8)
        var payment = Payment()
        try reader.read(body.span, into: &payment)
        let id = payment.string(.transactionID) ?? ""
        pseudonymizer.apply(to: &payment)
        let arrival = Arrival(receivedAtNanoseconds: now, firstByteNanoseconds: 1_000, parsedNanoseconds: 3_000)
        let none: [UInt8] = []
        let log = opened.log
        var record: [UInt8] = []
        var reference: RecordReference?
        let outcome = sequencer.submit(payment, arrival, traceParent: none.span, clock: { 5_000 }) { sequence, bytes in
            record = bytes.indices.map { bytes[$0] }
            reference = log.put(sequence, bytes)
            return reference
        }
        var twinRecord: [UInt8] = []
        let twinOutcome = twin.submit(payment, arrival, traceParent: none.span, clock: { 5_000 }) { _, bytes in
            twinRecord = bytes.indices.map { bytes[$0] }
            return reference
        }
        try require(outcome == twinOutcome, "\(id): \(outcome), and the twin \(twinOutcome)")
        switch outcome {
        case .decided:
            tally.decided += 1
            try require(reference != nil, "\(id) had no room")
            try require(
                sequencer.answer.bytes == twin.answer.bytes && record == twinRecord, "the twin decides \(id) else")
            answers[id] = sequencer.answer.bytes
            try checkCounts(id)
            return 1
        case .repeated(let submission):
            tally.repeated += 1
            _ = opened.log.commit(through: submission.sequence)
            guard let place = submission.reference else { throw Broken(description: "\(id) has no record") }
            let line = try opened.log.read(LogPosition(place))
            let parts = try RecordReader.parts(of: line.span)
            try require(parts.decision.map { Array(line[$0]) } == answers[id], "\(id) was answered else")
            return 0
        case .conflict:
            tally.conflicts += 1
            return 0
        }
    }

    private func checkCounts(_ id: String) throws {
        let features = sequencer.core.decision.features
        let (hour, day) = (features[1], features[features.count > 9 ? 9 : features.count - 1])
        let isPartial = hour.isNaN || day.isNaN
        try require(isPartial || hour >= 1, "\(id) is not in its own hour: \(features)")
        try require(isPartial || day >= hour || day == 0, "\(id): \(day) in a day, \(hour) in an hour")
    }

    private mutating func tell(_ kind: RecordKind) throws {
        tally.feedback += 1
        // Of a payment that was, or one that is to come.
        let id = "t_\(max(1, count + 20 - random.below(min(count + 20, 500))))"
        let time = Self.text(now - Int64(random.below(86_400)) * Self.second)
        let label = ["fraud", "legitimate"][random.below(2)]
        let object =
            kind == .label
            ? #"{"transaction_id":"\#(id)","label":"\#(label)","source":"chargeback","labelled_at":\#(time)}"#
            : #"{"transaction_id":"\#(id)","status":"refunded","occurred_at":\#(time)}"#
        let bytes = Array(object.utf8)
        let log = opened.log
        _ = sequencer.take(kind, bytes.span, receivedAtNanoseconds: now) { log.put($0, $1) }
        _ = twin.take(kind, bytes.span, receivedAtNanoseconds: now) { _, _ in nil }
    }

    private mutating func reload() throws -> UInt64 {
        let next = random.below(assemblies.count)
        let assembly = assemblies[next]
        let log = opened.log
        do throws(ReloadError) {
            _ = try sequencer.replacePlan(assembly.plan, model: .none, costs: assembly.costs, at: now) {
                log.put($0, $1)
            }
        } catch {
            tally.refusedReloads += 1
            return 0
        }
        _ = try twin.replacePlan(assembly.plan, model: .none, costs: assembly.costs, at: now) { _, _ in nil }
        isInParts = isInParts || !sequencer.core.isStateWhole
        current = next
        tally.reloads += 1
        return 1
    }

    private mutating func keepSnapshot() throws -> UInt64 {
        if try opened.keepSnapshot(of: sequencer) != nil { tally.snapshots += 1 }
        return 0
    }

    // MARK: Crashes

    /// Kills the run: what the kernel has stays, with half a record behind it now and then.
    private mutating func crash() throws -> UInt64 {
        tally.crashes += 1
        let (before, whole) = (sequencer.core.sequence, sequencer.core.isStateWhole)
        let (old, new) = (root + "/\(dataCount)", root + "/\(dataCount + 1)")
        dataCount += 1
        try copyFolder(old, to: new)
        _ = opened.log.close()
        TestFolder.remove(old)
        let last = try fileNames(in: new + "/log").filter { $0.hasSuffix(".ndjson") }.max()
        let isTorn = random.oneIn(3)
        if isTorn, let last {
            let text = Array(#"{"seq":\#(before + 1),"kind":"payment","received_at"#.utf8)
            let bytes = try readFile(new + "/log/" + last)
            try put(new + "/log/" + last, bytes + text.prefix(1 + random.below(text.count)))
            tally.torn += 1
        }
        let bare = root + "/bare"
        try copyFolder(new, to: bare)
        TestFolder.remove(bare + "/state")
        if isInParts && random.oneIn(2) { TestFolder.remove(new + "/state") }
        let (fromNothing, plain) = try Self.open(configuration, assemblies[current], bare)
        (opened, sequencer) = try Self.open(configuration, assemblies[current], new)
        let report = opened.recovery.report
        if report.startedAfter > 0 { tally.fromSnapshot += 1 }
        try require(report.lastSequence == before && sequencer.core.sequence == before, "\(report), not \(before)")
        try require((report.torn != nil) == (isTorn && last != nil), "\(report)")
        if isInParts {
            // What comes is held against a twin from nothing.
            try require(
                !whole || report.startedAfter == 0 || sequencer.state.digest == twin.state.digest, "the twin knows else"
            )
        } else {
            try require(
                sequencer.state.digest == plain.state.digest && sequencer.state.digest == twin.state.digest,
                """
                from snapshot \(report.startedAfter), from nothing, and the twin, which are not the same:
                \(sequencer.core.statistics)
                \(plain.core.statistics)
                \(twin.core.statistics)
                """)
            tally.wholeStates += 1
        }
        if report.startedAfter == 0 { isInParts = false }
        twin = plain
        _ = fromNothing.log.close()
        let found = verifyLog(directory: bare + "/log")
        try require(found.isSound && (found.lastSequence ?? 0) == before, "\(String(describing: found.problem))")
        TestFolder.remove(bare)
        return 0
    }
}

@Suite struct CoreSimulationTests {
    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    @Test func `whatever comes, in whatever order, the core, its log and its twin agree`() throws {
        let first = UInt64(Self.number("SHROFF_SEED") ?? 1)
        let goal = Self.number("SHROFF_STEPS") ?? 2_000
        let inMemory = "/dev/shm/shroff-simulation-\(getpid())"
        let folder = try TestFolder()
        let root = access("/dev/shm", W_OK) == 0 ? inMemory : folder.path + "/data"
        defer { TestFolder.remove(root) }
        var (done, seed) = (0, first)
        while done < goal {
            var simulation = try Simulation(seed: seed, root: root)
            do {
                for _ in 0..<min(2_000, goal - done) { try simulation.step() }
            } catch {
                Issue.record("SHROFF_SEED=\(seed), \(simulation.tally): \(error)")
                return
            }
            let isClosed = simulation.end()
            #expect(isClosed)
            TestFolder.remove(root)
            let tally = simulation.tally
            print("seed \(seed): \(tally)")
            #expect(tally.decided > 0 && tally.crashes > 0 && tally.wholeStates > 0)
            done += tally.steps
            seed += 1
        }
    }
}
