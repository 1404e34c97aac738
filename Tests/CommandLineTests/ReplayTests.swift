// What a service decided, over reloads, restarts and a kill, comes out of its log again, bit for bit; and what does not
// is told with its record, its member and both values.

import Foundation
import Platform
import Synchronization
import Testing

@Suite(.serialized) struct ReplayTests {
    /// The shipped configuration, with its model, in a folder where it may be changed.
    private func makeFixture(payments days: Int) throws -> Fixture {
        let fixture = try Fixture()
        let shipped = URL(fileURLWithPath: try #require(Fixture.shippedConfiguration)).deletingLastPathComponent()
        try FileManager.default.removeItem(at: fixture.url("config"))
        try FileManager.default.copyItem(at: shipped, to: fixture.url("config"))
        let yaml = String(decoding: try fixture.read("config/shroff.yaml"), as: UTF8.self)
        try fixture.write(
            "config/shroff.yaml", yaml.replacing("segment_bytes: 67108864", with: "segment_bytes: 131072"))
        try fixture.simulate(days: days)
        return fixture
    }

    /// Every seventh payment has a millisecond, which is too little for the model.
    private func hurried(_ body: [UInt8], _ number: Int) -> [UInt8] {
        number % 7 == 0 ? body.dropLast() + Array(#","deadline_ms":1}"#.utf8) : body
    }

    /// Posts payments from several connections at once, each label behind its payment.
    private func post(
        _ bodies: ArraySlice<[UInt8]>, _ service: Service, clients: Int = 3, _ body: (Int) -> Void = { _ in }
    ) {
        let answered = Atomic<Int>(0)
        let group = DispatchGroup()
        let port = service.port
        for client in 0..<clients {
            let share = stride(from: bodies.startIndex + client, to: bodies.endIndex, by: clients).map {
                hurried(bodies[$0], $0)
            }
            DispatchQueue(label: "client-\(client)").async(group: group) {
                guard let connection = PlainConnection(port: port) else { return }
                for payment in share {
                    guard let answer = connection.post("/v1/score", payment) else { return }
                    // Again: the stored answer, and no record.
                    guard connection.post("/v1/score", payment)?.status == 200 else { return }
                    let transaction = answer.object?["transaction_id"] as? String ?? ""
                    let label = #"{"transaction_id":"\#(transaction)","label":"fraud","source":"chargeback"}"#
                    let outcome =
                        #"{"transaction_id":"\#(transaction)","status":"captured","occurred_at":"2026-06-02T00:00:00Z"}"#
                    guard connection.post("/v1/labels", Array(label.utf8)) != nil,
                        connection.post("/v1/outcomes", Array(outcome.utf8)) != nil
                    else { return }
                    answered.add(1, ordering: .relaxed)
                }
            }
        }
        while group.wait(timeout: .now() + 0.002) == .timedOut { body(answered.load(ordering: .relaxed)) }
    }

    private func append(_ text: String, to path: String, _ fixture: Fixture) throws {
        try fixture.write(path, String(decoding: try fixture.read(path), as: UTF8.self) + text)
    }

    private func reload(_ service: Service) throws {
        let connection = try #require(PlainConnection(port: service.port))
        let answer = try #require(connection.post("/v1/admin/reload", []))
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `a log over load, reloads, restarts and a kill replays without a difference`() throws {
        let fixture = try makeFixture(payments: 2)
        let bodies = try split(fixture.read("payments.ndjson"))
        let part = bodies.count / 5

        // A history and a rule come with a reload, under load, and the process is killed.
        var service = try Service(fixture, data: "data")
        var isReloaded = false
        var problem: (any Error)?
        post(bodies[..<(2 * part)], service) { answered in
            guard answered > part / 2 else { return }
            if !isReloaded {
                isReloaded = true
                do {
                    try append(
                        """

                          - id: replayed
                            when: count(card, "3h", label == "fraud") >= 1 || distinct(card, merchant.id, "5h") > 3
                            action: review
                        """, to: "config/rules.yaml", fixture)
                    try append("\n203.0.113.0/24\n", to: "config/lists/blocked-networks.txt", fixture)
                    try reload(service)
                } catch {
                    problem = error
                }
            }
            if answered > part { service.end() }
        }
        #expect(problem == nil)
        service.end()

        // The histories of the reload are whole now. Another model goes away and comes back.
        service = try Service(fixture, data: "data")
        post(bodies[(2 * part)..<(3 * part)], service)
        let yaml = String(decoding: try fixture.read("config/shroff.yaml"), as: UTF8.self)
        let model = try #require(yaml.split(separator: "\n").first { $0.hasPrefix("  model:") })
        try fixture.write("config/shroff.yaml", yaml.replacing(model, with: "  model: none"))
        try reload(service)
        post(bodies[(3 * part)..<(4 * part)], service)
        try fixture.write("config/shroff.yaml", yaml)
        try reload(service)
        #expect(service.stop() == 0)

        // A start with other limits, and nothing else.
        try fixture.write(
            "config/shroff.yaml", yaml.replacing("events_per_entity: 16384", with: "events_per_entity: 3"))
        service = try Service(fixture, data: "data")
        post(bodies[(4 * part)...], service)
        #expect(service.stop() == 0)

        // Nothing of it is needed but the data folder.
        try FileManager.default.removeItem(at: fixture.url("config"))
        let replayed = try fixture.run(["log", "replay", "data", "--verify"])
        #expect(replayed.code == 0, "\(replayed.text) \(replayed.errors)")
        #expect(replayed.text.contains(": 0 differences"), "\(replayed.text)")
        #expect(replayed.text.contains("3 starts, 3 reloads"), "\(replayed.text)")
        let sources = try fixture.shell(
            "zcat -f data/log/*.ndjson* | grep -q '\"decision_source\":\"rules\",\"degraded\":true,\"degraded_reason\":\"no_model'"
        )
        #expect(sources == 0)
        #if DEBUG  // optimised, the model may well be quick enough for a millisecond
            let lower = try fixture.shell("zcat -f data/log/*.ndjson* | grep -q '\"degraded_reason\":\"budget_short'")
            #expect(lower == 0)
        #endif
    }

    @Test func `a record that was changed, with its chain made anew, is told with both values`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        #expect(try fixture.run(["score", "--state", "state", "--decisions", "d", "payments.ndjson"]).code == 0)
        let sound = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(sound.code == 0, "\(sound.text) \(sound.errors)")
        #expect(try fixture.run(["log", "replay", "state"]).output == (try fixture.read("d")))

        let path = "state/log/00000000000000000001.ndjson"
        var lines = String(decoding: try fixture.read(path), as: UTF8.self).split(separator: "\n").map(String.init)
        let number = try #require(lines.indices.last { lines[$0].contains(#""card_count_1h":1,"#) })
        lines[number] = lines[number].replacing(#""card_count_1h":1,"#, with: #""card_count_1h":4,"#)
        try writeChained(lines, to: path, fixture)
        #expect(try fixture.run(["log", "verify", "state"]).code == 0)
        let run = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(run.code == 1)
        #expect(run.lines.first == "record \(number + 1): features.card_count_1h: recorded 4, replayed 1")
        #expect(run.lines.count == 2 && run.text.contains(": 1 differences in 1 payments"), "\(run.text)")
        #expect(try fixture.run(["log", "replay", "state", "--verify", "--to", "\(number)"]).code == 0)
        #expect(try fixture.run(["log", "replay", "state", "--verify", "--from", "\(number + 2)"]).code == 0)
    }

    /// Writes records with the chain that fits them.
    private func writeChained(_ lines: [String], to path: String, _ fixture: Fixture) throws {
        var chain = String(repeating: "0", count: 64)
        var text = ""
        for line in lines {
            let covered = line.prefix(line.count - #","chain":""}"#.count - 64)
            chain = SHA256.hash(chain + covered).hexadecimal
            text += covered + #","chain":"\#(chain)"}"# + "\n"
        }
        try fixture.write(path, text)
    }

    @Test func `a payment that was decided twice is told`() throws {
        let fixture = try Fixture()
        let bodies = try split(fixture.simulate())
        try Data(bodies[0] + [UInt8(ascii: "\n")] + bodies[1]).write(to: fixture.url("two.ndjson"))
        #expect(try fixture.run(["score", "--state", "state", "--decisions", "d", "two.ndjson"]).code == 0)
        let path = "state/log/00000000000000000001.ndjson"
        var lines = String(decoding: try fixture.read(path), as: UTF8.self).split(separator: "\n").map(String.init)
        let names = try bodies[..<2].map { body in
            let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
            return try #require(object?["transaction_id"] as? String)
        }
        lines[2] = lines[2].replacing(names[1], with: names[0])
        try writeChained(lines, to: path, fixture)
        let run = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(run.code == 1)
        #expect(
            run.lines.first
                == "record 3: payment.transaction_id: recorded a new payment, replayed that of record 2 again")
    }

    @Test func `a configuration that is not kept is asked for, and another one refused`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        #expect(try fixture.run(["score", "--state", "state", "--decisions", "d", "payments.ndjson"]).code == 0)
        try FileManager.default.removeItem(at: fixture.url("state/config"))
        let missing = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(missing.code == 2)
        #expect(missing.errors.contains("record 1: the configuration") && missing.errors.contains("--config"))
        let given = ["log", "replay", "state", "--verify", "--config", "config/shroff.yaml"]
        #expect(try fixture.run(given).code == 0)
        try append("  - { id: new, when: amount > 5, points: 1 }\n", to: "config/rules.yaml", fixture)
        let other = try fixture.run(given)
        #expect(other.code == 2)
        #expect(other.errors.contains("is not the configuration that decided from there on: other rules"))
    }

    @Test func `where the files can't be kept payments are decided all the same, and it is said`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        try FileManager.default.createDirectory(at: fixture.url("state"), withIntermediateDirectories: true)
        try fixture.write("state/config", "no folder")
        let run = try fixture.run(["score", "--state", "state", "--decisions", "d", "payments.ndjson"])
        #expect(run.code == 0 && run.errors.contains("the configuration was not kept beside the log"), "\(run.errors)")
        let missing = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(missing.code == 2 && missing.errors.contains("name the shroff.yaml"), "\(missing.errors)")
        #expect(try fixture.run(["log", "replay", "state", "--verify", "--config", "config/shroff.yaml"]).code == 0)
    }

    @Test func `a kept file that was changed is refused, and a damaged log ends the replay`() throws {
        let fixture = try Fixture()
        try fixture.simulate()
        #expect(try fixture.run(["score", "--state", "state", "--decisions", "d", "payments.ndjson"]).code == 0)
        let kept = try #require(
            try FileManager.default.contentsOfDirectory(atPath: fixture.url("state/config").path).first)
        let rules = "state/config/\(kept)/rules.yaml"
        let before = String(decoding: try fixture.read(rules), as: UTF8.self)
        try append("\n", to: rules, fixture)
        let changed = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(changed.code == 2 && changed.errors.contains("it was changed since it was kept"), "\(changed.errors)")
        try fixture.write(rules, before)

        let path = "state/log/00000000000000000001.ndjson"
        var bytes = try fixture.read(path)
        bytes[bytes.count - 200] ^= 1
        try Data(bytes).write(to: fixture.url(path))
        let damaged = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(damaged.code == 1 && damaged.errors.contains("the log is damaged"), "\(damaged.errors)")
    }

    @Test func `a governor that steps in, and starts that find it engaged, replay`() throws {
        let fixture = try Fixture()
        let bodies = try split(fixture.simulate(days: 8))
        for (i, share) in [bodies[..<(bodies.count / 2)], bodies[(bodies.count / 2)...]].enumerated() {
            try Data(share.flatMap { $0 + [UInt8(ascii: "\n")] }).write(to: fixture.url("\(i).ndjson"))
        }
        try fixture.write("more.ndjson", Self.late + "\n")
        let governor = "governor: { window: 1h, multiple: 2, floor: 0.02, at_least: 10 }\n"
        try append(governor, to: "config/policy.yaml", fixture)
        let score = ["score", "--state", "state", "--decisions", "d"]
        #expect(try fixture.run(score + ["0.ndjson"]).code == 0)
        try append("  - { id: all, when: amount > 0, action: decline }\n", to: "config/rules.yaml", fixture)
        #expect(try fixture.run(score + ["1.ndjson"]).code == 0)
        #expect(try fixture.run(score + ["more.ndjson"]).code == 0)
        #expect(try fixture.shell("tail -n 1 d | grep -q '\"governor\":\"engaged\"'") == 0)
        // With its snapshots and without, because none is looked at.
        for _ in 0..<2 {
            let run = try fixture.run(["log", "replay", "state", "--verify"])
            #expect(run.code == 0, "\(run.text) \(run.errors)")
            #expect(run.text.contains("3 starts, 0 reloads"), "\(run.text)")
            try? FileManager.default.removeItem(at: fixture.url("state/state"))
        }
    }

    @Test func `a governor that goes back to the rules before a reload replays`() throws {
        let fixture = try Fixture()
        let bodies = try split(fixture.simulate(days: 6))
        try append(
            "governor: { window: 6h, multiple: 2, floor: 0.02, at_least: 10 }\n", to: "config/policy.yaml", fixture)
        let service = try Service(fixture, data: "data")
        defer { service.end() }
        // One after another, because what the governor does depends on their order.
        post(bodies[..<(bodies.count / 2)], service, clients: 1)
        try append("  - { id: all, when: amount > 0, action: decline }\n", to: "config/rules.yaml", fixture)
        try reload(service)
        post(bodies[(bodies.count / 2)...], service, clients: 1)
        try reload(service)
        post([Array(Self.late.utf8)][...], service)
        #expect(service.stop() == 0)
        let run = try fixture.run(["log", "replay", "data", "--verify"])
        #expect(run.code == 0, "\(run.text) \(run.errors)")
        #expect(run.text.contains("1 starts, 2 reloads"), "\(run.text)")
        #expect(try fixture.shell("grep -q '\"kind\":\"config\".*\"suspended\"' data/log/*.ndjson") == 0)
    }

    @Test func `a log without its beginning is replayed from the oldest snapshot in it, or refused`() throws {
        let fixture = try Fixture()
        try fixture.write(
            "config/shroff.yaml",
            Fixture.scoring + "data: { directory: ../data }\nlog: { segment_bytes: 65536 }\n")
        let bodies = try split(fixture.simulate(days: 2))
        for i in 0..<4 {
            let share = bodies[(bodies.count * i / 4)..<(bodies.count * (i + 1) / 4)]
            try Data(share.flatMap { $0 + [UInt8(ascii: "\n")] }).write(to: fixture.url("\(i).ndjson"))
            let run = try fixture.run(["score", "--state", "state", "--decisions", "d", "\(i).ndjson"])
            #expect(run.code == 0, "\(run.errors)")
        }
        let whole = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(whole.code == 0, "\(whole.text) \(whole.errors)")
        let segments = try FileManager.default.contentsOfDirectory(atPath: fixture.url("state/log").path)
            .filter { $0.contains(".ndjson") }.sorted()
        try #require(segments.count > 2)
        try FileManager.default.removeItem(at: fixture.url("state/log/" + segments[0]))
        let snapshots = try FileManager.default.contentsOfDirectory(atPath: fixture.url("state/state").path).sorted()
        let oldest = try #require(snapshots.first.flatMap { UInt64($0.prefix(20)) })
        let rest = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(rest.code == 0, "\(rest.text) \(rest.errors)")
        #expect(
            rest.text.replacing(",", with: "").contains("from the snapshot behind record \(oldest)"), "\(rest.text)")
        try FileManager.default.removeItem(at: fixture.url("state/state"))
        let none = try fixture.run(["log", "replay", "state", "--verify"])
        #expect(none.code == 2)
        #expect(none.errors.contains("what was known before it is gone"), "\(none.errors)")
    }

    private func split(_ bytes: [UInt8]) -> [[UInt8]] { bytes.split(separator: UInt8(ascii: "\n")).map(Array.init) }

    /// One payment behind all others.
    private static let late = """
        {"transaction_id":"late","event_time":"2026-06-20T00:00:00Z","amount":100,"currency":"EUR",\
        "card":{"fingerprint":"f"},"merchant":{"id":"m"}}
        """
}
