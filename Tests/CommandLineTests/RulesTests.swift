// shroff rules check and test, as an analyst runs them.
import Foundation
import Testing

@Suite struct RulesTests {
    private static let rules = """
        lists: { bins: { type: bin, file: lists/bins.txt.gz } }
        rules:
          - id: quick
            when: count(card, "10m") >= 3 && amount < 500
            action: decline
            examples:
              - { payment: { amount: 100 }, before: [{ ago: 2m, times: 2 }], matches: true }
              - { payment: ordinary.json, matches: false }
          - { id: listed, when: 'card.bin in list("bins")', action: decline, points: 5 }
          - { id: off, when: amount > 1, points: 1, enabled: false, examples: [{ payment: {}, matches: true }] }

        """

    private func fixture(_ rules: String = rules) throws -> Fixture {
        let fixture = try Fixture()
        try fixture.write("config/rules.yaml", rules)
        try fixture.write("config/ordinary.json", #"{"amount": 100, "card": {"fingerprint": "c"}}"#)
        try #require(
            try fixture.shell("mkdir config/lists && printf '411111\\n520000\\n' | gzip > config/lists/bins.txt.gz")
                == 0)
        return fixture
    }

    @Test func `check says what each rule reads, costs and asks, and what is kept`() throws {
        let run = try fixture().run(["rules", "check"])
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        #expect(run.text.contains("quick: decline\n  cost 4\n  reads amount, count(card, \"10m\")\n"))
        #expect(run.text.contains("listed: decline, 5 points\n  cost 5\n  reads card.bin\n  asks the lists bins\n"))
        #expect(run.text.contains("off: score, 1 points, not enabled\n"))
        #expect(run.text.contains("list bins: bin, 2 entries, 16 bytes\n"))
        #expect(run.text.contains("  count(card, \"10m\")\n"))
    }

    @Test(arguments: [
        (rules.replacing("amount < 500", with: "amuont < 500"), "config/rules.yaml:4: rules[0].when: "),
        (rules.replacing("card.bin in", with: "card.country in"), "config/rules.yaml:9: rules[1].when: "),
        (rules.replacing("lists/bins", with: "lists/none"), "lists/none.txt.gz"),
    ])
    func `check ends with 2 and the place of a mistake`(text: String, message: String) throws {
        let run = try fixture(text).run(["rules", "check"])
        #expect(run.code == 2 && run.errors.contains(message), "\(run.errors)")
        #expect(message.contains("none") || run.errors.contains("^"))
    }

    @Test func `test runs the examples, and ends with 1 and their lines when one fails`() throws {
        let good = try fixture().run(["rules", "test"])
        #expect(good.code == 0 && good.text.contains("pass config/rules.yaml:7: quick\n"), "\(good.text)\(good.errors)")
        #expect(good.text.contains("skip config/rules.yaml:10: off: the rule is not enabled\n"))
        #expect(good.text.hasSuffix("2 passed, 0 failed, 1 skipped\n"))
        let bad = try fixture(Self.rules.replacing("times: 2", with: "times: 1")).run(["rules", "test"])
        #expect(bad.code == 1)
        #expect(bad.text.contains("FAIL config/rules.yaml:7: quick: does not match, and should\n"))
    }

    @Test func `the shipped rules pass their own examples`() throws {
        guard let shipped = Fixture.shippedConfiguration else { return }
        let run = try Fixture().run(["rules", "test", "--config", shipped])
        #expect(run.code == 0 && run.text.contains(" passed, 0 failed"), "\(run.text)\(run.errors)")
    }
}
