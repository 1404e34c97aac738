// Lists of every type: what a line may be, what is found, what is refused with its line, and the compact tables against a
// plain walk over all entries.
import Aggregates
import AllocationCounter
import Glibc
import Platform
import Testing

@testable import Scoring

@Suite struct ListTests {
    private static let pseudonymizer = Pseudonymizer(key: Array("a key of the tests".utf8))

    private func table(_ kind: ListKind, _ lines: [String]) -> ListTable {
        var reader = ListReader(kind: kind, pseudonymizer: Self.pseudonymizer)
        for line in lines {
            if let problem = reader.take(Array(line.utf8)) { Issue.record("\(line): \(problem)") }
        }
        return reader.table
    }

    private func problem(_ kind: ListKind, _ line: String) -> String? {
        var reader = ListReader(kind: kind, pseudonymizer: Self.pseudonymizer)
        return reader.take(Array(line.utf8))
    }

    private func holds(_ table: ListTable, _ text: String, at time: Int64 = midnight) -> Bool {
        let bytes = Array(text.utf8)
        return table.contains(bytes.span, at: time)
    }

    private func holds(_ table: ListTable, address: String, at time: Int64 = midnight) throws -> Bool {
        let bytes = Array(address.utf8)
        let value = InternetAddress.value(bytes.span)
        return table.contains(try #require(value), at: time)
    }

    @Test func `remarks, empty lines, ends and quotes are read`() throws {
        let list = table(
            .text,
            [
                "# a remark", "", "   ", "plain", " spaced \t", "ended,2026-11-23", "kept , 2026-11-24T00:00:00Z # why",
                "\"a, b\"", "\"a, c\" , 2026-11-24", "shop#7", "\r",
            ])
        #expect(list.count == 7)
        for text in ["plain", "spaced", "kept", "a, b", "a, c", "shop#7"] { #expect(holds(list, text), "\(text)") }
        #expect(!holds(list, "ended") && holds(list, "ended", at: midnight - 1))
        #expect(!holds(list, "kept", at: midnight + 86_400 * second))
        #expect(!holds(list, "other") && !holds(list, ""))
    }

    @Test(arguments: [
        (ListKind.bin, "41111", "six to eight digits"), (.bin, "411111111", "six to eight digits"),
        (.bin, "41111x", "six to eight digits"), (.mcc, "54", "four digits"), (.country, "XX", "3166"),
        (.country, "de", "3166"), (.emailDomain, "a@example.com", "is no domain"),
        (.emailDomain, "a..b", "is no domain"),
        (.ip, "10.0.0.256", "is no address"), (.ip, "10.0.0.5/8", "bits behind its prefix"),
        (.ip, "10.0.0.0/33", "from 0 to 32"), (.ip, "2001:db8::/129", "from 0 to 128"), (.ip, "10.0.0.0/", "from 0 to"),
        (.fingerprint, "hmac:0123", "hexadecimal"), (.text, "a,b", "b is no time"), (.text, ",2026-12-01", "no entry"),
        (.text, "\"a", "quote"), (.text, "\"a\" b", "quote"), (.text, "a,2026-13-01", "is no time"),
    ])
    func `a bad line is refused with its reason`(kind: ListKind, line: String, reason: String) throws {
        #expect(try #require(problem(kind, line)).contains(reason))
    }

    @Test func `a bin matches by its first six, seven or eight digits`() throws {
        let list = table(.bin, ["411111", "5200001", "00000012"])
        for bin in ["411111", "4111112", "41111123", "5200001", "52000019", "00000012"] {
            #expect(holds(list, bin), "\(bin)")
        }
        for bin in ["411112", "520000", "000000", "12"] { #expect(!holds(list, bin), "\(bin)") }
    }

    @Test func `a domain matches itself and what is below it, in any case`() throws {
        let list = table(.emailDomain, ["Example.com", "mail.test"])
        for name in ["example.com", "a.example.com", "A.B.EXAMPLE.COM", "mail.test"] { #expect(holds(list, name)) }
        for name in ["notexample.com", "com", "test", "example.com.org", ""] { #expect(!holds(list, name)) }
        #expect(!holds(list, String(repeating: "a.", count: 128) + "example.com"))
    }

    @Test func `addresses and networks of both families, within each other, with ends`() throws {
        let list = table(
            .ip,
            [
                "10.0.0.0/8", "10.1.0.0/16,2026-11-23", "192.0.2.7", "2001:db8::/32", "255.255.255.255",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "203.0.113.0/24,2026-11-23", "203.0.113.9",
            ])
        for address in [
            "10.0.0.0", "10.1.2.3", "10.255.255.255", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1",
            "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "203.0.113.9",
        ] { #expect(try holds(list, address: address), "\(address)") }
        for address in ["9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "2001:db9::", "::1", "203.0.113.8"] {
            #expect(try !holds(list, address: address), "\(address)")
        }
        #expect(try holds(list, address: "203.0.113.8", at: midnight - 1))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `random networks are found as by a walk over all of them`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var ranges: [ListTable.Range] = []
        for _ in 0..<200 {
            let length = UInt32.random(in: 20...32, using: &rng)
            let host = UInt32.random(in: 0..<8_192, using: &rng)
            let mask: UInt32 = length == 32 ? 0 : (1 << (32 - length)) - 1
            let low = UInt128(host & ~mask)
            let until = Bool.random(using: &rng) ? ListTable.never : Int64.random(in: 0..<10, using: &rng)
            ranges.append(ListTable.Range(low: low, high: low | UInt128(mask), until: until))
        }
        let table = ListTable(ranges: ranges)
        for address in 0..<UInt128(8_300) {
            for time in [0, 5, 9, 10] as [Int64] {
                let plain = ranges.contains { $0.low <= address && address <= $0.high && time < $0.until }
                #expect(table.contains(address, at: time) == plain, "seed \(seed) address \(address) time \(time)")
            }
        }
    }

    @Test func `of an entry that stands twice the later end counts`() throws {
        let list = table(.merchant, ["m,2026-11-22", "m,2026-11-25", "n", "n,2026-11-22"])
        #expect(list.count == 2 && holds(list, "m") && holds(list, "n"))
        #expect(!holds(list, "m", at: midnight + 3 * 86_400 * second))
    }

    @Test func `entries without ends take eight bytes`() throws {
        let list = table(.merchant, (0..<10_000).map { "m\($0)" })
        #expect(list.count == 10_000 && list.byteCount == 80_000)
        for i in 0..<10_000 where !holds(list, "m\(i)") { Issue.record("m\(i) is not found") }
        #expect(!(10_000..<20_000).contains { holds(list, "m\($0)") })
    }

    // MARK: In the language

    /// A folder of lists; the plan's rules.yaml stands in it.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/shroff-lists-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit {
            for name in (try? fileNames(in: path)) ?? [] { unlink(path + "/" + name) }
            rmdir(path)
        }

        func write(_ name: String, _ text: String) throws {
            try writeFileAtomically(path + "/" + name, Array(text.utf8))
        }

        func plan(_ lists: String, when: String, action: String = "decline") throws(ConfigurationError) -> ScoringPlan {
            let rules = "lists: \(lists)\nrules:\n  - id: r\n    action: \(action)\n    when: \(when)\n"
            return try ScoringPlan(
                ScoringPlan.Sources(
                    features: ("features.yaml", defaultEntities + "\nfeatures: []\n"),
                    rules: (path + "/rules.yaml", rules), policy: ("policy.yaml", defaultPolicy)),
                pseudonymizer: ListTests.pseudonymizer)
        }
    }

    @Test(arguments: [
        ("bin", "411111", #"card.bin in list("l")"#, true), ("bin", "411112", #"card.bin in list("l")"#, false),
        ("ip", "2001:db8::/64", #"device.ip in list("l")"#, true),
        ("ip", "10.0.0.0/8", #"device.ip in list("l")"#, false),
        ("fingerprint", "fp_1", #"card.fingerprint in list("l")"#, true),
        ("customer", "cus_1", #"customer.id in list("l")"#, true), ("device", "x", #"device.id in list("l")"#, false),
        ("email_domain", "com", #"customer.email_domain in list("l")"#, true),
        ("country", "FR", #"merchant.country in list("l")"#, true),
        ("country", "FR", #"card.country in list("l")"#, false),
        ("merchant", "m_1", #"merchant.id in list("l")"#, true),
        ("mcc", "5411", #"merchant.mcc in list("l")"#, true), ("text", "visa", #"card.brand in list("l")"#, true),
        ("text", "visa", #"!(card.brand in list("l")) || amount < 0"#, false),
    ])
    func `a payment's field is looked up`(kind: String, line: String, when: String, matches: Bool) throws {
        let folder = try Folder()
        try folder.write("l.txt", line + "\n")
        var run = try Run(try folder.plan("{ l: { type: \(kind), file: l.txt } }", when: "'\(when)'"))
        try run.submit(RequestText.full.text)
        #expect(run.decision.verdict == (matches ? .decline : .approve))
        try run.submit(RequestText.minimal.setting("transaction_id", "\"t2\"").text)
        #expect(run.decision.missingRules + run.decision.firedRules.count <= 1)
    }

    @Test func `a field that the payment lacks is missing, in a list as elsewhere`() throws {
        let folder = try Folder()
        try folder.write("l.txt", "10.0.0.0/8\n")
        var run = try Run(try folder.plan("{ l: { type: ip, file: l.txt } }", when: "'!(device.ip in list(\"l\"))'"))
        try run.submit(RequestText.minimal.text)
        #expect(run.decision.missingRules == 1 && run.decision.firedRules.isEmpty)
    }

    @Test func `a compressed list is read, and its digest follows its lines`() throws {
        let folder = try Folder()
        let text = "# bins\n411111\n"
        try folder.write("l.txt", text)
        let bytes = Array(text.utf8)
        try writeFileAtomically(folder.path + "/l.txt.gz", try Gzip.compress(bytes.span, level: 6))
        let when = #"card.bin in list("l")"#
        let plain = try folder.plan("{ l: { type: bin, file: l.txt } }", when: when)
        let packed = try folder.plan("{ l: { type: bin, file: l.txt.gz } }", when: when)
        #expect(packed.lists[0].digest == plain.lists[0].digest && packed.lists[0].table.count == 1)
        #expect(plain.digests.lists != nil && plain.digests.lists == packed.digests.lists)
        try folder.write("l.txt", text + "411112\n")
        #expect(try folder.plan("{ l: { type: bin, file: l.txt } }", when: when).digests.lists != plain.digests.lists)
        #expect(try makePlan().digests.lists == nil)
    }

    @Test(arguments: [
        (#"card.country in list("l")"#, "l is a list of type bin; what may be looked up in it: card.bin", true),
        (#"card.bin in list("ll")"#, "there is no list", true), (#"amount in list("l")"#, "of type bin", true),
        (#"device.ip in list("l")"#, "of type bin", true), (#"card.bin in list(l)"#, "list", true),
    ])
    func `a wrong type, name or form is refused at load with a caret`(when: String, message: String, _: Bool) throws {
        let folder = try Folder()
        try folder.write("l.txt", "411111\n")
        let error = configurationError { () throws(ConfigurationError) in
            _ = try folder.plan("{ l: { type: bin, file: l.txt } }", when: "'\(when)'")
        }
        let found = try #require(error)
        #expect(found.line == 5 && found.message.contains(message) && found.message.contains("^"), "\(found)")
    }

    @Test func `lists, and those of addresses, end at their limits`() throws {
        let folder = try Folder()
        try folder.write("l.txt", "10.0.0.0/8\n")
        try folder.write("b.txt", "411111\n")
        func refusal(_ addresses: Int, of all: Int) -> String? {
            let lists = (0..<all).map { number in
                let isAddresses = number < addresses
                return "l\(number): { type: \(isAddresses ? "ip" : "bin"), file: \(isAddresses ? "l" : "b").txt }"
            }
            return configurationError { () throws(ConfigurationError) in
                let when = (0..<addresses).map { "device.ip in list(\"l\($0)\")" }.joined(separator: " || ")
                _ = try folder.plan(
                    "{ \(lists.joined(separator: ", ")) }", when: "'\(when.isEmpty ? "amount > 0" : when)'")
            }?.message
        }
        let (most, addresses) = (ListLimits.maximumLists, MembershipCatalog.maximumAddressQuestions)
        #expect(refusal(0, of: most) == nil && refusal(addresses, of: addresses) == nil)
        #expect(try #require(refusal(0, of: most + 1)).contains("at most \(most)"))
        #expect(try #require(refusal(addresses + 1, of: addresses + 1)).contains("at most \(addresses)"))
    }

    @Test(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
    func `asking lists and snoozes allocates nothing`() throws {
        let folder = try Folder()
        for (name, line) in [("a", "10.0.0.0/8"), ("b", "411112"), ("c", "test.org"), ("d", "fp_2")] {
            try folder.write("\(name).txt", line + "\n")
        }
        let lists = """
            { a: { type: ip, file: a.txt }, b: { type: bin, file: b.txt }, c: { type: email_domain, file: c.txt }, \
            d: { type: fingerprint, file: d.txt } }
            """
        let when = """
            'device.ip in list("a") || card.bin in list("b") || customer.email_domain in list("c") || \
            card.fingerprint in list("d")'
            """
        let plan = try folder.plan(lists, when: when)
        let payment = {
            var payment = try read(RequestText.full.text)
            Self.pseudonymizer.apply(to: &payment)
            return payment
        }
        let known = try payment()
        var evaluator = try Evaluator(plan: plan, model: .none)
        var stores = HistoryStores(plan: plan, limits: AggregateLimits())
        var decision = Decision()
        func decide() {
            evaluator.observe(known, &stores, &decision)
            evaluator.matchRules(&decision, known, isSkipped: false)
        }
        for _ in 0..<3 { decide() }
        #expect(AllocationCounter.allocations { decide() } == 0)
        #expect(decision.firedRules.isEmpty && decision.missingRules == 0)
    }

    @Test func `a bad entry refuses the plan with the list's file and line`() throws {
        let folder = try Folder()
        try folder.write("l.txt", "411111\n\nx\n")
        let error = configurationError { () throws(ConfigurationError) in
            _ = try folder.plan("{ l: { type: bin, file: l.txt } }", when: #"card.bin in list("l")"#)
        }
        #expect(error?.file == folder.path + "/l.txt" && error?.line == 3)
        let absent = configurationError { () throws(ConfigurationError) in
            _ = try folder.plan("{ l: { type: bin, file: none.txt } }", when: "amount > 1")
        }
        #expect(try #require(absent).message.contains("No such file"))
    }
}
