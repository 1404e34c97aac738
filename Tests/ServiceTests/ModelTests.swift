// A model that can't be proven never answers: the service starts, the rules answer, and every place says so.
import Glibc
import JSON
import Platform
import Testing

@testable import Service

@Suite struct ModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// A part of the reason.
        let reason: String
        let make: @Sendable (TestConfiguration) throws -> Void
        var testDescription: String { name }

        init(_ name: String, _ reason: String, _ make: @escaping @Sendable (TestConfiguration) throws -> Void) {
            self.name = name
            self.reason = reason
            self.make = make
        }
    }

    static let cases = [
        Case("no folder", "bundle.yaml") { _ in },
        Case("no model file", "model.json") { configuration in
            try TestBundle().write(into: configuration)
            unlink(configuration.folder.path + "/config/models/test/model.json")
        },
        Case("a broken document", "model.json") { configuration in
            // Its digest is right: it was broken when the bundle was made.
            var bundle = TestBundle()
            bundle.breakDocument = { $0.removeLast(40) }
            try bundle.write(into: configuration)
        },
        Case("a file that changed behind its digest", "SHA-256") { configuration in
            var bundle = TestBundle()
            bundle.spoil = { $0 = $0.replacing("1.25", with: "1.26") }
            try bundle.write(into: configuration)
        },
        Case("golden rows that changed behind their digest", "golden.csv") { configuration in
            var bundle = TestBundle()
            bundle.spoilGolden = { $0 = $0.replacing("600", with: "400") }
            try bundle.write(into: configuration)
        },
        Case("golden rows with other margins", "golden row on line 2") { configuration in
            var bundle = TestBundle()
            bundle.goldenShift = 0.000_001
            try bundle.write(into: configuration)
        },
        Case("no golden rows", "golden") { configuration in
            var bundle = TestBundle()
            bundle.rows = []
            try bundle.write(into: configuration)
        },
        Case("other feature definitions", "retrain") { configuration in
            try TestBundle().write(into: configuration)
            let features = TestConfiguration.features.replacing("'count(card, \"1h\")'", with: "'count(card, \"2h\")'")
            try configuration.folder.write("config/features.yaml", features)
        },
        Case("a feature that is gone", "card_count_1h") { configuration in
            try TestBundle().write(into: configuration)
            let features = TestConfiguration.features.replacing("card_count_1h", with: "card_count_hour")
            try configuration.folder.write("config/features.yaml", features)
        },
        Case("a manifest that says nothing", "needs") { configuration in
            try TestBundle().write(into: configuration)
            try configuration.folder.write("config/models/test/bundle.yaml", "name: test\n")
        },
    ]

    @Test(arguments: cases)
    func `a model that can't be proven leaves the answers to the rules, and every place says so`(example: Case) throws {
        let configuration = try TestConfiguration(model: "models/test")
        try example.make(configuration)
        let service = try TestService(configuration)
        let client = try service.client()
        for number in 1...4 {
            let answer = try client.score(Body("t_\(number)").text).json
            #expect(answer["decision_source"].text == "rules")
            #expect(answer["degraded"].bool == true)
            #expect(answer["degraded_reason"].text == "model_refused")
            #expect(answer["probability"] == .null)
            #expect(answer["versions"]["model"] == .null)
            // 500 points at the fourth: the scorecard answers, and its band is severer than the rule's review.
            #expect(answer["score"].integer == (number < 4 ? 0 : 500))
            #expect(answer["decision"].text == (number < 4 ? "approve" : "challenge"))
        }
        let ready = try client.get("/readyz")
        #expect(ready.status == 200)
        #expect(ready.json["status"].text == "degraded")
        #expect(ready.json["model"].text == "refused")
        let reason = ready.json["reasons"].elements.first
        #expect(reason["code"].text == "model_refused")
        #expect(reason["detail"].text.contains(example.reason), "\(reason["detail"].text)")
        let models = try client.get("/v1/models").json
        #expect(models["serving"] == .null)
        #expect(models["models"].elements.first["problem"].text.contains(example.reason))
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_model_serving"] == 0)
        #expect(metrics["shroff_model_refused"] == 1)
        #expect(metrics[#"shroff_degraded_total{reason="model_refused"}"#] == 4)
    }

    @Test func `other features may come and go without touching the model`() throws {
        let configuration = try TestConfiguration(model: "models/test")
        try TestBundle().write(into: configuration)
        try configuration.folder.write(
            "config/features.yaml",
            TestConfiguration.features.replacing(
                "features:\n", with: "features:\n  - night: event_time.getHours() < 6\n"))
        let service = try TestService(configuration)
        let answer = try service.client().score(Body("t_1").text).json
        #expect(answer["decision_source"].text == "model")
    }

    @Test func `features, rules or a policy that are wrong stop the start with file, line and what to do`() throws {
        let wrong = [
            ("features.yaml", "entities: {}\nfeatures:\n  - a: count(card, \"1h\")\n", "features.yaml:3"),
            ("rules.yaml", "rules:\n  - { id: a, when: amount > , points: 5 }\n", "rules.yaml:2"),
            ("rules.yaml", "rules:\n  - { id: a, when: amount, points: 5 }\n", "rules.yaml:2"),
            ("policy.yaml", "bands: []\nrisk_levels: { elevated: 5, highest: 4 }\ndefault: approve\n", "policy.yaml:2"),
            ("policy.yaml", "{", "policy.yaml"),
        ]
        for (name, text, place) in wrong {
            let configuration = try TestConfiguration()
            try configuration.folder.write("config/" + name, text)
            do {
                _ = try TestService(configuration)
                Issue.record("\(name) was taken: \(text)")
            } catch {
                #expect("\(error)".contains(place), "\(error)")
            }
        }
    }
}
