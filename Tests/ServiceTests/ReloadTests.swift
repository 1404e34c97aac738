// POST /v1/admin/reload on a socket: all or nothing, with what changed or with the file and the line; histories go on,
// payments under way are answered, the log has the change in its place.
import Dispatch
import Glibc
import JSON
import Scoring
import Synchronization
import Testing

@testable import Service

extension JSONValue? {
    fileprivate var texts: [String] { elements.map { Optional($0).text } }
}

@Suite struct ReloadTests {
    private func reload(_ service: TestService) throws -> Answer {
        try service.client().post("/v1/admin/reload", "")
    }

    @Test func `new rules decide from the next payment on, histories go on, and new ones say since when`() throws {
        let service = try TestService()
        let client = try service.client()
        for i in 0..<2 { #expect(try client.score(Body("a\(i)", at: time(i)).text).status == 200) }
        let folder = service.configuration.folder
        try folder.write(
            "config/rules.yaml",
            """
            rules:
              - { id: many, when: 'count(card, "1h") >= 3 && count(card, "2h") < 2', action: decline }
              - { id: fresh, when: amount > 5000000, action: review }
            """)
        let answer = try reload(service)
        #expect(answer.status == 200, "\(answer.text)")
        let json = answer.json
        #expect(json["reloaded"].bool == true && json["rules"]["added"].texts == ["fresh"])
        #expect(json["rules"]["removed"].texts == ["high", "divided"] && json["rules"]["changed"].texts == ["many"])
        #expect(json["digests"]["before"]["rules"].text != json["digests"]["after"]["rules"].text)
        #expect(json["history_since"]["count(card, \"2h\")"].text == json["at"].text)
        // Two payments before the reload, one behind it: three in the hour, and one in the new history.
        let third = try client.score(Body("a2", at: time(2)).text).json
        #expect(third["decision"].text == "decline")
        #expect(third["history_since"]["count(card, \"2h\")"].text == json["at"].text)
        let ready = try client.get("/readyz").json
        #expect(ready["history_since"]["count(card, \"2h\")"].text == json["at"].text)
        #expect(service.stop())
        let kinds = try service.records().map { $0["kind"].text }
        #expect(kinds == ["config", "payment", "payment", "config", "payment"])
        #expect(
            try service.records()[3]["config"]["rules"].text == json["digests"]["after"]["rules"].text)
    }

    @Test(arguments: [
        ("config/rules.yaml", "rules:\n  - id: a\n    when: amuont > 1\n    points: 1\n", 3, "did you mean 'amount'?"),
        ("config/policy.yaml", "bands: []\n", 0, "risk_levels"),
        ("config/features.yaml", "entities: {}\n", 0, "features"),
        ("config/shroff.yaml", "http: { port: 0 }\nscorin: {}\n", 2, "did you mean scoring?"),
    ])
    func `what is wrong comes back with its place, and the old stays`(
        file: String, text: String, line: Int64, message: String
    ) throws {
        let service = try TestService()
        let before = service.engine.assembly.plan.digests
        try service.configuration.folder.write(file, text)
        let answer = try reload(service)
        #expect(answer.status == 422)
        let json = answer.json
        #expect(json["code"].text == "configuration_refused" && json["file"].text.hasSuffix(file))
        #expect(line == 0 || json["line"].integer == line)
        #expect(json["message"].text.contains(message), "\(answer.text)")
        #expect(service.engine.assembly.plan.digests == before)
        #expect(try service.client().score(Body("a").text).status == 200)
        let metrics = try service.client().get("/metrics").text
        #expect(metrics.contains("shroff_reloads_total{result=\"refused\"} 1"))
    }

    @Test func `a refused model refuses the reload`() throws {
        let service = try TestService()
        try service.configuration.folder.write(
            "config/shroff.yaml", "http: { port: 0, loops: 2 }\nscoring: { model: nowhere, shed_after: 1h }\n")
        let answer = try reload(service)
        #expect(answer.status == 422 && answer.json["message"].text.contains("the model was refused"))
    }

    @Test func `while a client's reload is under way another one is told to come again`() throws {
        let service = try TestService()
        let (isHeld, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let engine = service.engine
        let group = DispatchGroup()
        // Whoever holds the sequencer holds the swap up.
        DispatchQueue(label: "holder").async(group: group) {
            engine.withSequencer { _ in
                isHeld.signal()
                release.wait()
            }
        }
        isHeld.wait()
        let first = try service.client()
        try first.send("POST /v1/admin/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        for _ in 0..<20_000 where !engine.reloads.isAwaited.load(ordering: .acquiring) { usleep(1_000) }
        let second = try? reload(service)
        release.signal()
        group.wait()
        #expect(second?.status == 503 && second?.json["code"].text == "reload_under_way")
        #expect(second?.fields["retry-after"] == "1")
        #expect(try first.receive().status == 200)
        #expect(try reload(service).status == 200)
    }

    @Test func `only POST reloads`() throws {
        let service = try TestService()
        #expect(try service.client().get("/v1/admin/reload").status == 405)
    }

    @Test func `payments are answered while reloads come and go`() throws {
        let service = try TestService()
        let folder = service.configuration.folder
        let base = TestConfiguration.rules
        let client = try service.client()
        var answered = 0
        for round in 0..<6 {
            try folder.write(
                "config/rules.yaml", base + "\n  - { id: r\(round), when: 'count(card, \"1h\") >= 0', points: 1 }\n")
            #expect(try reload(service).status == 200)
            for i in 0..<20 {
                let answer = try client.score(
                    Body("p\(round)-\(i)", card: "c\(round)-\(i)", at: time(round * 20 + i)).text)
                answered += answer.status == 200 ? 1 : 0
                #expect(answer.json["rules"].elements.map { $0["id"].text } == ["r\(round)"], "\(answer.text)")
            }
        }
        #expect(answered == 120)
        let metrics = try client.get("/metrics").text
        #expect(metrics.contains("shroff_reloads_total{result=\"done\"} 6"))
        #expect(metrics.contains("shroff_rule_matches_total{rule=\"r3\"} 20"))
        #expect(service.stop())
        // Everything that was decided is there again after a restart.
        let again = try TestService(service.configuration)
        #expect(again.engine.withSequencer { $0.core.statistics.transactions } == 120)
    }

    @Test func `identifiers in lists and snoozes are hashed with the key that the first start makes`() throws {
        let configuration = try TestConfiguration()
        try configuration.folder.write("config/lists/cards.txt", "fp_bad\n")
        try configuration.folder.write(
            "config/rules.yaml",
            """
            lists: { cards: { type: fingerprint, file: lists/cards.txt } }
            rules:
              - { id: listed, when: 'card.fingerprint in list("cards")', action: decline }
              - id: all
                when: amount > 0
                action: review
                snooze: [{ entity: card, key: fp_good, until: 2030-01-01 }]
            """)
        let service = try TestService(configuration)
        let client = try service.client()
        func decision(_ id: String, _ card: String) throws -> String {
            try client.score(Body(id, card: card).text).json["decision"].text
        }
        #expect(try decision("a", "fp_bad") == "decline")
        #expect(try decision("b", "fp_good") == "approve" && decision("c", "fp_other") == "review")
        try configuration.folder.write("config/lists/cards.txt", "fp_other\n")
        #expect(try reload(service).json["lists_changed"].texts == ["cards"])
        #expect(try decision("d", "fp_other") == "decline" && decision("e", "fp_bad") == "review")
        let metrics = try client.get("/metrics").text
        #expect(metrics.contains("shroff_list_entries{list=\"cards\",type=\"fingerprint\"} 1"))
    }

    @Test func `while the governor is engaged the service speaks of what decides, and so does a reload`() throws {
        let configuration = try TestConfiguration()
        let governor = "\ngovernor: { window: 10m, multiple: 2, floor: 0.02, at_least: 10 }\n"
        try configuration.folder.write("config/policy.yaml", TestConfiguration.policy + governor)
        func write(_ list: String, _ rules: String) throws {
            try configuration.folder.write("config/lists/cards.txt", list)
            try configuration.folder.write(
                "config/rules.yaml",
                "lists: { cards: { type: fingerprint, file: lists/cards.txt } }\nrules:\n" + rules)
        }
        let high = "  - { id: high, when: 'amount > 1000 || card.fingerprint in list(\"cards\")', action: decline }\n"
        let bad = "  - { id: high, when: amount > 10, action: decline }\n"
        try write("a\n", high)
        let service = try TestService(configuration)
        let client = try service.client()
        let digests = service.engine.assembly.plan.digests
        var number = 0
        func score() throws -> JSONValue {
            number += 1
            return try client.score(
                Body("t\(number)", amount: 100, card: "c\(number)", at: time(number * 10)).text
            ).json
        }
        for _ in 0..<100 { #expect(try score()["decision"].text == "approve") }
        try write("a\nb\n", bad + "  - { id: extra, when: amount > 5000000, action: review }\n")
        #expect(try reload(service).status == 200 && service.engine.assembly.plan.digests != digests)
        while try score()["governor"].text != "engaged", number < 200 {}
        #expect(number < 200 && service.engine.assembly.plan.digests == digests)
        let entries = "shroff_list_entries{list=\"cards\",type=\"fingerprint\"} 1\n"
        #expect(try client.get("/metrics").text.contains(entries))
        try write("a\n", high + "  - { id: third, when: amount > 5000000, action: review }\n")
        let json = try reload(service).json
        #expect(json["digests"]["before"]["rules"].text == digests.rules.hexadecimal)
        #expect(json["rules"]["added"].texts == ["third"] && json["lists_changed"].texts.isEmpty)
        #expect(json["rules"]["changed"].texts.isEmpty && json["rules"]["removed"].texts.isEmpty)
    }

    @Test func `an engaged governor is told everywhere, outlives a restart, and ends with a reload`() throws {
        let configuration = try TestConfiguration()
        let governor = "\ngovernor: { window: 10m, multiple: 2, floor: 0.02, at_least: 10 }\n"
        try configuration.folder.write("config/policy.yaml", TestConfiguration.policy + governor)
        try configuration.folder.write(
            "config/rules.yaml", "rules:\n  - { id: high, when: amount > 1000, action: decline }\n")
        var service: TestService? = try TestService(configuration)
        func score(_ number: Int, _ amount: Int) throws -> JSONValue {
            let client = try #require(service).client()
            return try client.score(
                Body("t\(number)", amount: amount, card: "c\(number)", at: time(number * 10)).text
            ).json
        }
        for i in 0..<100 { #expect(try score(i, 100)["decision"].text == "approve") }
        var number = 100
        while try score(number, 2_000)["decision"].text == "decline", number < 200 { number += 1 }
        #expect(number < 200)
        #expect(try score(201, 2_000)["governor"].text == "engaged")
        func reasons() throws -> String { try #require(service).client().get("/readyz").text }
        #expect(try reasons().contains("governor_engaged"))
        #expect(try #require(service).client().get("/metrics").text.contains("shroff_governor_engaged 1"))
        #expect(service?.stop() == true)
        service = try TestService(configuration)
        let usual = try #require(service).client().get("/metrics").text
        #expect(usual.contains("shroff_decline_share ") && !usual.contains("shroff_decline_share 0\n"))
        #expect(try reasons().contains("governor_engaged") && score(202, 2_000)["decision"].text == "approve")
        #expect(try reload(#require(service)).json["governor_released"].bool == true)
        #expect(try score(203, 2_000)["decision"].text == "decline" && !reasons().contains("governor"))
    }
}
