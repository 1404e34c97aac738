// Snapshots where a service takes them: while payments go on, at the end, and on disks and logs that are not what they
// were. Whatever a start begins with, its state is that of a start that read the whole log.
import DecisionLog
import Dispatch
import Glibc
import Platform
import Scoring
import Synchronization
import Testing
import Waiting

@testable import Service

extension ScoringEngine {
    /// The words of everything that the core knows.
    var stateDigest: SHA256Digest { withSequencer { $0.state.digest } }
}

extension SnapshotKeeper {
    /// Takes one now and waits for it.
    func takeNow() -> Bool { queue.sync { take(isInBackground: true) } }
}

@Suite struct SnapshotTests {
    private func snapshots(_ data: String) throws -> [String] {
        try fileNames(in: data + "/state").filter { $0.hasSuffix(".snapshot") }
    }

    private func score(_ range: ClosedRange<Int>, _ client: Client) throws {
        for number in range {
            let body = Body(
                "t_\(number)", amount: number, card: "c_\(number % 7)", merchant: "m_\(number % 3)", at: time(number))
            #expect(try client.score(body.text).status == 200)
        }
    }

    /// The state of a start that reads the whole log of a data folder.
    private func replayed(_ configuration: TestConfiguration, _ data: String) throws -> (SHA256Digest, UInt64) {
        let copy = data + "-replayed"
        try copyFolder(data, to: copy)
        TestFolder.remove(copy + "/state")
        let service = try TestService(configuration, data: copy)
        #expect(service.engine.recovery.report.startedAfter == 0)
        return (service.engine.stateDigest, service.engine.recovery.report.lastSequence)
    }

    // MARK: While serving, and at the end

    @Test func `taken while clients pay, killed, and recovered, it is the state of the whole log`() throws {
        let configuration = try TestConfiguration()
        let service = try TestService(configuration)
        let isOver = Atomic<Bool>(false)
        let scored = Atomic<Int>(0)
        let group = DispatchGroup()
        for thread in 0..<3 {
            DispatchQueue(label: "client \(thread)").async(group: group) {
                guard let client = try? service.client() else { return }
                var number = 0
                while !isOver.load(ordering: .relaxed) {
                    number += 1
                    let body = Body("t_\(thread)_\(number)", card: "c_\(number % 9)", at: time(number))
                    if (try? client.score(body.text).status) == 200 { scored.add(1, ordering: .relaxed) }
                }
            }
        }
        var killed: [String] = []
        for round in 1...3 {
            let goal = scored.load(ordering: .relaxed) + 40
            while scored.load(ordering: .relaxed) < goal { usleep(1_000) }
            #expect(service.engine.snapshots.takeNow())
            #expect(try snapshots(configuration.data).count == min(round, 2))
            while scored.load(ordering: .relaxed) < goal + 20 { usleep(1_000) }
            killed.append(configuration.folder.path + "/killed-\(round)")
            try copyFolder(configuration.data, to: killed[round - 1])
        }
        isOver.store(true, ordering: .relaxed)
        group.wait()
        for data in killed {
            let again = try TestService(configuration, data: data)
            let recovery = again.engine.recovery
            #expect(recovery.report.startedAfter > 40 && recovery.refused.isEmpty)
            #expect(recovery.report.lastSequence == recovery.report.startedAfter + recovery.report.records)
            let (digest, last) = try replayed(configuration, data)
            #expect(recovery.report.lastSequence == last)
            #expect(again.engine.stateDigest == digest)
            #expect(eventually { again.engine.earlierLog.finding == .sound })
        }
    }

    @Test func `a service that was stopped starts from its last snapshot, and answers again what it answered`() throws {
        let configuration = try TestConfiguration()
        let first = try TestService(configuration)
        try score(1...30, first.client())
        let before = try first.client().score(Body("t_x", card: "c_1", at: time(40)).text)
        let digest = first.engine.stateDigest
        #expect(first.stop())
        #expect(try snapshots(configuration.data) == ["00000000000000000032.snapshot"])
        var status = stat()
        let path = configuration.data + "/state/00000000000000000032.snapshot"
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)

        let second = try TestService(configuration)
        let recovery = second.engine.recovery
        #expect(recovery.report.startedAfter == 32 && recovery.report.records == 0)
        #expect(second.engine.stateDigest == digest)
        let again = try second.client().score(Body("t_x", card: "c_1", at: time(40)).text)
        #expect(again.bytes == before.bytes && again.fields["idempotent-replayed"] == "true")
        #expect(try second.client().score(Body("t_x", card: "c_2", at: time(40)).text).status == 409)
        // Nothing new, no new snapshot; the configuration record of the first start still counts.
        #expect(second.stop())
        #expect(try snapshots(configuration.data) == ["00000000000000000032.snapshot"])
        #expect(verifyLog(directory: configuration.data + "/log").lastSequence == 32)
    }

    @Test func `the newest two are kept, and what a killed run left unfinished goes`() throws {
        let configuration = try TestConfiguration()
        let service = try TestService(configuration)
        for round in 0..<4 {
            try score(round * 3 + 1...round * 3 + 3, service.client())
            #expect(service.engine.snapshots.takeNow())
        }
        #expect(service.stop())
        let kept = ["00000000000000000010.snapshot", "00000000000000000013.snapshot"]
        #expect(try snapshots(configuration.data) == kept)
        try put(configuration.data + "/state/.00000000000000000014.snapshot.0123456789ab.tmp", [1, 2, 3])
        #expect(try TestService(configuration).stop())
        #expect(try fileNames(in: configuration.data + "/state") == snapshots(configuration.data))
    }

    @Test func `by time and by records they are taken without being asked for`() throws {
        for keys in ["snapshot_every: 20ms", "snapshot_records: 5, snapshot_every: 24h"] {
            let service = try TestService(more: "state: { \(keys) }")
            try score(1...6, service.client())
            #expect(eventually { service.engine.snapshots.statistics.written >= 1 })
            let metrics = try Metrics(parsing: service.client().get("/metrics").text)
            #expect((metrics["shroff_snapshots_total"] ?? 0) >= 1)
            #expect((metrics["shroff_snapshot_sequence"] ?? 0) >= 1)
            #expect((metrics["shroff_snapshot_bytes"] ?? 0) > 300)
            #expect(metrics["shroff_snapshot_failures_total"] == 0)
        }
    }

    @Test func `never means never, and a snapshot that is there is used all the same`() throws {
        let configuration = try TestConfiguration(more: "state: { snapshot_every: never }")
        let first = try TestService(configuration)
        try score(1...5, first.client())
        #expect(first.stop())
        #expect((try? fileNames(in: configuration.data + "/state")) == nil)
        let second = try TestService(configuration)
        #expect(second.engine.recovery.payments == 5)
        #expect(second.engine.snapshots.takeNow() && second.stop())
        #expect(try TestService(configuration).engine.recovery.report.startedAfter == 6)
    }

    @Test func `the schedule is by whichever comes first, and a log that stands still needs none`() {
        let schedule = SnapshotSchedule(everyNanoseconds: 100, records: 10)
        #expect(!schedule.isDue(recordsSince: 9, nanosecondsSince: 99))
        #expect(schedule.isDue(recordsSince: 10, nanosecondsSince: 0))
        #expect(schedule.isDue(recordsSince: 1, nanosecondsSince: 100))
        #expect(!schedule.isDue(recordsSince: 0, nanosecondsSince: .max))
        #expect(!SnapshotSchedule(everyNanoseconds: nil, records: 1).isDue(recordsSince: 9, nanosecondsSince: 9))
    }

    // MARK: Snapshots that can't be used

    /// Two snapshots, of 11 and 21 records, and 5 payments behind them; killed.
    private func makeTwo(_ configuration: TestConfiguration) throws -> String {
        let service = try TestService(configuration)
        try score(1...10, service.client())
        #expect(service.engine.snapshots.takeNow())
        try score(11...20, service.client())
        #expect(service.engine.snapshots.takeNow())
        try score(21...25, service.client())
        let data = configuration.folder.path + "/two"
        try copyFolder(configuration.data, to: data)
        return data
    }

    private func path(_ sequence: Int, _ data: String) -> String {
        StateFolder(dataDirectory: data).path(of: UInt64(sequence))
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a damaged one falls back to the one before, and then to the whole log`(seed: UInt64) throws {
        let configuration = try TestConfiguration()
        let data = try makeTwo(configuration)
        let (digest, _) = try replayed(configuration, data)
        var random = SeededNumbers(seed)
        for (damaged, refused, used) in [([21], [21], 11), ([11, 21], [21, 11], 0), ([11], [], 21)] {
            for round in 0..<6 {
                let copy = data + "-damaged"
                try copyFolder(data, to: copy)
                for sequence in damaged {
                    var bytes = try readFile(path(sequence, copy))
                    let place = Int(random.next() % UInt64(bytes.count))
                    if round % 2 == 0 {
                        bytes[place] ^= 1 << UInt8(random.next() % 8)
                    } else {
                        bytes = Array(bytes[..<place])
                    }
                    try put(path(sequence, copy), bytes)
                }
                let service = try TestService(configuration, data: copy)
                let recovery = service.engine.recovery
                #expect(recovery.report.startedAfter == UInt64(used))
                #expect(recovery.refused.map(\.path) == refused.map { path($0, copy) })
                #expect(service.engine.stateDigest == digest)
                // The damaged one goes with the next one, so that the one before is a good one.
                #expect(service.engine.snapshots.takeNow())
                #expect(service.stop())
                #expect(try snapshots(copy).count == (used == 0 ? 1 : 2))
            }
        }
    }

    @Test func `one that is ahead of its log is not used`() throws {
        let configuration = try TestConfiguration()
        let data = try makeTwo(configuration)
        // As a loss of power may leave it: the log ends with record 15.
        let log = data + "/log/00000000000000000001.ndjson"
        let lines = try readFile(log).split(separator: 0x0A, omittingEmptySubsequences: true)
        try put(log, lines.prefix(15).flatMap { $0 + [0x0A] })
        let (digest, last) = try replayed(configuration, data)
        let service = try TestService(configuration, data: data)
        #expect(last == 15)
        #expect(service.engine.recovery.report.startedAfter == 11 && service.engine.recovery.report.records == 4)
        #expect(service.engine.recovery.refused.map(\.path) == [path(21, data)])
        #expect(service.engine.stateDigest == digest)
        try score(40...45, service.client())
        #expect(service.engine.snapshots.takeNow())
        #expect(try snapshots(data).map { String($0.prefix(20)) }.compactMap(UInt64.init) == [11, 21])
        #expect(service.engine.snapshots.statistics.sequence == 21)
        #expect(service.stop())
        #expect(try TestService(configuration, data: data).engine.recovery.report.startedAfter == 21)
    }

    @Test func `one of another log is not used`() throws {
        let configuration = try TestConfiguration()
        let data = try makeTwo(configuration)
        let other = try TestService(configuration, data: configuration.folder.path + "/other")
        try score(101...125, other.client())
        #expect(other.stop())
        TestFolder.remove(data + "/log")
        try copyFolder(configuration.folder.path + "/other/log", to: data + "/log")
        let service = try TestService(configuration, data: data)
        #expect(service.engine.recovery.report.startedAfter == 0)
        #expect(service.engine.recovery.refused.count == 2)
    }

    @Test func `other histories or limits are made anew from the whole log`() throws {
        let configuration = try TestConfiguration()
        let data = try makeTwo(configuration)
        let limited = try ScoringEngine(
            configuration.load(["SHROFF_DATA_DIRECTORY": data, "SHROFF_AGGREGATES_EVENTS_PER_ENTITY": "100"]))
        #expect(limited.recovery.report.startedAfter == 0)
        #expect(limited.recovery.refused.map(\.reason) == [String](repeating: "\(StateError.otherPlan)", count: 2))
        #expect(limited.close())
        let more = "\n  - more: { value: 'count(card, \"9h\")', reason: M }\n"
        try configuration.folder.write("config/features.yaml", TestConfiguration.features + more)
        let service = try TestService(configuration, data: data)
        #expect(service.engine.recovery.report.startedAfter == 0)
        let (digest, _) = try replayed(configuration, data)
        #expect(service.engine.stateDigest == digest)
        #expect(service.stop())
        // Rules that name no new history change nothing of the state.
        try configuration.folder.write("config/rules.yaml", "rules: []\n")
        #expect(try TestService(configuration, data: data).engine.recovery.report.startedAfter > 25)
    }

    // MARK: What fails

    @Test func `a folder that refuses is counted and told, and payments go on`() throws {
        let configuration = try TestConfiguration()
        try makeDirectory(configuration.data)
        try put(configuration.data + "/state", [1])
        let service = try TestService(configuration)
        let told = Mutex<[String]>([])
        service.engine.snapshots.report { event in
            if case .failed(let reason) = event { told.withLock { $0.append(reason) } }
        }
        try score(1...3, service.client())
        #expect(!service.engine.snapshots.takeNow())
        #expect(told.withLock { $0.count == 1 && $0[0].contains("/state") })
        try score(4...6, service.client())
        var metrics = try Metrics(parsing: service.client().get("/metrics").text)
        #expect(metrics["shroff_snapshot_failures_total"] == 1)
        #expect(unlink(configuration.data + "/state") == 0)
        #expect(service.engine.snapshots.takeNow())
        metrics = try Metrics(parsing: service.client().get("/metrics").text)
        #expect(metrics["shroff_snapshots_total"] == 1 && service.engine.snapshots.statistics.problem == nil)
    }

    @Test func `histories in parts are no failure, and the next start makes them whole`() throws {
        let configuration = try TestConfiguration()
        let service = try TestService(configuration)
        let told = Mutex<[String]>([])
        service.engine.snapshots.report { event in
            if case .postponed(let reason) = event { told.withLock { $0.append(reason) } }
        }
        try score(1...3, service.client())
        #expect(service.engine.snapshots.takeNow())
        let more = "\n  - more: { value: 'count(card, \"9h\")', reason: M }\n"
        try configuration.folder.write("config/features.yaml", TestConfiguration.features + more)
        #expect(try service.client().post("/v1/admin/reload", "").status == 200)
        try score(4...6, service.client())
        #expect(!service.engine.snapshots.takeNow())
        let statistics = service.engine.snapshots.statistics
        #expect(statistics.failed == 0 && statistics.problem == nil && statistics.written == 1)
        #expect(told.withLock { $0.count == 1 && $0[0].contains("in parts") })
        #expect(service.stop())
        let again = try TestService(configuration)
        #expect(again.engine.recovery.payments == 6 && again.engine.snapshots.takeNow())
    }

    @Test func `while the log does not record there is no snapshot, for it would be ahead`() throws {
        let service = try TestService(more: "log: { sync: never, segment_bytes: 65536, compress: false }")
        let client = try service.client()
        try score(1...3, client)
        let away = service.configuration.data + "/away"
        #expect(rename(service.log, away) == 0)
        var number = 3
        repeat {
            number += 1
            #expect(number < 2_000)
        } while try client.score(Body("t_\(number)", at: time(number)).text).json["recorded"].bool == true
        #expect(!service.engine.snapshots.takeNow())
        #expect(rename(away, service.log) == 0)
        #expect(eventually { service.engine.log.health.isRecording })
        #expect(service.engine.snapshots.takeNow())
    }

    @Test func `damage in the part of the log that the start did not read is found and named`() throws {
        let configuration = try TestConfiguration()
        let first = try TestService(configuration)
        try score(1...20, first.client())
        #expect(first.stop())
        let log = configuration.data + "/log/00000000000000000001.ndjson"
        var bytes = try readFile(log)
        bytes[bytes.count / 2] ^= 1
        try put(log, bytes)
        let service = try TestService(configuration)
        #expect(service.engine.recovery.report.startedAfter == 21)
        #expect(eventually { service.engine.earlierLog.finding != .checking })
        let ready = try service.client().get("/readyz")
        #expect(ready.status == 200)
        let reason = ready.json["reasons"].elements.first { $0["code"].text == "log_damaged" }
        let path = service.log + "/00000000000000000001.ndjson"
        #expect(reason?["detail"].text.contains(path) == true && reason?["detail"].text.contains("line ") == true)
        #expect(try Metrics(parsing: service.client().get("/metrics").text)["shroff_log_damaged"] == 1)
    }

    // MARK: Pauses

    @Test func `payments go on while snapshots are written`() throws {
        let folder = try TestFolder()
        let service = try ShippedService(data: folder.path + "/data")
        let client = try service.client()
        let bodies = try Shipped.payments(400)
        let isOver = Atomic<Bool>(false)
        let group = DispatchGroup()
        DispatchQueue(label: "snapshots").async(group: group) {
            while !isOver.load(ordering: .relaxed) { _ = service.running.engine.snapshots.takeNow() }
        }
        var longest: UInt64 = 0
        for body in bodies {
            let started = monotonicNanoseconds()
            #expect(try client.post("/v1/score", body).status == 200)
            longest = max(longest, monotonicNanoseconds() - started)
        }
        isOver.store(true, ordering: .relaxed)
        group.wait()
        let statistics = service.running.engine.snapshots.statistics
        #expect(statistics.written > 0 && statistics.failed == 0)
        // Nobody waits for a file: other tests keep the machine busy, so the bound is far above what is measured.
        #expect(longest < 5_000_000_000 && statistics.copyNanoseconds < 1_000_000_000)
    }
}

private func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A generator whose numbers a seed settles.
private struct SeededNumbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
