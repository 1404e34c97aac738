import Foundation
import Testing

@Suite struct ConfigTests {
    @Test func `check lists what the configuration makes`() throws {
        let fixture = try Fixture()
        let run = try fixture.run(["config", "check"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.errors.isEmpty)
        #expect(run.text.contains("card: card.fingerprint"))
        #expect(run.text.contains("mean(card, amount, \"30d\")"))
        #expect(run.text.contains("none is configured; the rules answer"))
    }

    @Test func `check as JSON names features and their digest, which follows definitions only`() throws {
        let fixture = try Fixture()
        func digest() throws -> String {
            let run = try fixture.run(["config", "check", "--json"])
            #expect(run.code == 0, "\(run.errors)")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any])
            #expect(object["rules"] as? Int == 2)
            #expect((object["histories"] as? [String])?.count == 5)
            let features = try #require(object["features"] as? [String: Any])
            #expect((features["names"] as? [String])?.first == "amount")
            return try #require(features["digest"] as? String)
        }
        let first = try digest()
        #expect(first.count == 64)
        try fixture.write("config/features.yaml", "# a remark\n" + Fixture.features)
        #expect(try digest() == first)
        try fixture.write("config/features.yaml", Fixture.features.replacing("\"30d\"", with: "\"29d\""))
        #expect(try digest() != first)
    }

    @Test(arguments: [
        ("config/shroff.yaml", "http:\n  prt: 1\n", "shroff.yaml:2: http.prt: is no key here; did you mean port?"),
        ("config/shroff.yaml", "http: { port: 70000 }\n", "config/shroff.yaml:1: http.port: must be from 0 to 65535"),
        ("config/features.yaml", "entities: {}\n", "config/features.yaml"),
        (
            "config/features.yaml", "entities: { card: card.fingerprint }\nfeatures:\n  - x: count(crad, \"1h\")\n",
            "config/features.yaml:3: "
        ),
        (
            "config/rules.yaml", "rules:\n  - id: a\n    when: amount >\n    action: review\n",
            "config/rules.yaml:3: rules[0].when: "
        ),
        ("config/policy.yaml", "bands: []\n", "config/policy.yaml:1: needs bands, risk_levels and default"),
    ])
    func `a mistake exits 2 with file and line`(file: String, text: String, message: String) throws {
        let fixture = try Fixture()
        try fixture.write(file, text)
        for command in [["config", "check"], ["score", "-"], ["serve"]] {
            let run = try fixture.run(command)
            #expect(run.code == 2)
            #expect(run.output.isEmpty)
            #expect(run.errors.contains(message), "\(run.errors)")
        }
    }

    @Test func `the environment stands above the file, and is refused where it is wrong`() throws {
        let fixture = try Fixture()
        let run = try fixture.run(["config", "check"], environment: ["SHROFF_HTTP_PORT": "4711"])
        #expect(run.text.contains("127.0.0.1:4711"))
        let wrong = try fixture.run(["config", "check"], environment: ["SHROFF_HTTP_PROT": "4711"])
        #expect(wrong.code == 2)
        #expect(wrong.errors.contains("SHROFF_HTTP_PROT"))
    }

    @Test(.enabled(if: Fixture.shippedConfiguration != nil, "the checkout has no config/shroff.yaml"))
    func `the shipped configuration is sound`() throws {
        let path = try #require(Fixture.shippedConfiguration)
        let run = try Fixture().run(["config", "check", "--config", path])
        #expect(run.code != 2, "\(run.errors)")
        #expect(run.text.contains("features"))
    }
}
