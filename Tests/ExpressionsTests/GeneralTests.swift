// What lists, maps, macros and the other general values are worth within typed expressions over a payment, and what they
// may cost.

import Testing

@testable import Expressions

@Suite struct GeneralTests {
    @Test(arguments: [
        ("['GB', merchant.country].exists(c, c == 'IE')", "true"), ("[amount, 5].all(x, x > 5)", "false"),
        ("[1, 2, 3].filter(x, x > 1).size() > 1 && amount > 1", "true"),
        ("[1, 2, 3].map(x, x * amount)[2]", "37650"), ("[1, 2, 3].map(x, x > 1, x * 10) == [20, 30]", "true"),
        ("[card, customer].exists_one(c, c == card)", "true"), ("card in [customer, card]", "true"),
        ("currency in ['USD', currency]", "true"), ("[[1, 2], [3]].exists(l, l.exists(x, x == 3))", "true"),
        ("{'EUR': 100, 'JPY': 1}[currency]", "100"), ("{'EUR': 100}.EUR + 1", "101"),
        ("has({'a': 1}.b) || currency in {'EUR': 1}", "true"), ("{'USD': 100}[currency]", "error noSuchKey at 12"),
        ("{1: 'a', 1u: 'b'}[1]", "error duplicateKey at 9"), ("[1, 2][amount]", "error index at 6"),
        ("[1, 2].map(x, x / 0)[0]", "error divisionByZero at 16"),
        ("[0, 1].exists(x, 1 / x == 1)", "true"), ("[0, 2].exists(x, 1 / x == 1)", "error divisionByZero at 19"),
        ("name.matches('^Zo[ë] .$')", "true"),
        ("name.upperAscii() + name.substring(4)", "\"ZOë 🐱🐱\""),
        ("'%d of %s'.format([amount, currency])", "\"12550 of EUR\""),
        ("math.greatest(amount, 3, 7)", "12550"), ("math.abs(-amount) == amount", "true"),
        ("event_time.getHours('Europe/Dublin')", "0"), ("event_time.getHours('America/New_York')", "19"),
        ("timestamp(string(event_time)) == event_time", "true"), ("b'abc' == bytes('abc')", "true"),
        ("type(amount) == int && type([]) == list", "true"), ("null == null", "true"),
        ("[1, 'a', 2.5][0] == 1", "true"), ("[1, 'a'][1] + 'b' == 'ab'", "true"),
        ("[1, 'a'][1] + 1 == 2", "error noOverload at 12"), ("[true, 'a'][1] && amount > 1", "error noOverload at 11"),
        ("[true, 'a'][0] && amount > 1", "true"), ("amount > 1 || [1, 'a'][0]", "true"),
        ("recurring ? [1] == [2] : [1] == [1]", "true"),
        ("size(recurring ? [1] : [1, 2])", "2"),
        // What is missing stays missing, unless the rest decides.
        ("[card.last4, 'x'].exists(c, c == 'x')", "missing card.last4"),
        ("['x', 'y'].exists(c, c == card.last4)", "missing card.last4"),
        ("['x', 'y'].exists(c, c == 'x' || c == card.last4)", "true"),
        ("['x', 'y'].all(c, has(card.last4))", "false"), ("card.last4 in ['x', currency]", "missing card.last4"),
        ("card.last4.matches('.*')", "missing card.last4"), ("card.last4.matches('.*') || amount > 1", "true"),
        ("has(card.last4) ? card.last4.reverse() : 'none'", "\"none\""),
        ("[feature.failed].exists(x, x > 1.0)", "error divisionByZero at 3"),
        // Histories within macros.
        ("[1, 5].exists(n, count(card, '1h') > n)", "missing count(card, \"1h\")"),
        ("[1, 5].exists(n, major_units(amount * n, currency) > 600.0)", "true"),
    ])
    func `a general value is worth what CEL says`(text: String, expected: String) throws {
        var payment = Payment()
        #expect(try payment.evaluate(text) == expected)
    }

    @Test func `a result whose type is known late is taken for the one that is expected`() throws {
        var payment = Payment()
        var scratch = ProgramScratch()
        for (text, expected) in [("[true, 1][0]", "true"), ("[true, 1][1]", "error noOverload at 9")] {
            let program = try payment.compile(text, expecting: [.bool])
            #expect(payment.describe(program.evaluate(payment.frame, scratch: &scratch), program, scratch) == expected)
        }
        #expect(throws: ExpressionError.self) { try payment.compile("[true, 1][0]", expecting: [.bool, .int]) }
    }

    @Test func `a dotted binding is found by its longest name, and a variable hides it unless a dot leads`() throws {
        let inner = { (text: String) -> Value in
            var map = ValueMap()
            _ = map.insert(Value(text), for: Value("c"))
            return .map(map)
        }
        let bindings: [String: Value] = ["a.b.c": Value("long"), "a.b": inner("short"), "x": .int(1), "y": inner("y")]
        for (text, expected) in [
            ("a.b.c", "long"), ("a.b['c']", "short"), ("y.c", "y"), ("['v'].map(x, x)[0]", "v"),
            ("['v'].map(x, string(.x))[0]", "1"), ("['v'].map(a, a)[0]", "v"),
        ] {
            let value = try ValueProgram(parsing: text, bindings: bindings).evaluate()
            #expect(isSame(value, Value(expected)), "\(text): \(value)")
        }
    }

    // MARK: Cost

    @Test func `nested macros multiply, and the cost is admitted at the limit and refused one below`() throws {
        let text = "[1, 2, 3].all(x, [4, 5, 6].all(y, x < y))"
        let wide = try ValueProgram(parsing: text, bindings: [:])
        let flat = try ValueProgram(parsing: "[1, 2, 3].all(x, x < 4)", bindings: [:])
        #expect(wide.worstSteps > 3 * flat.worstSteps)
        let (value, steps) = wide.run(Frame(), nil)
        #expect(isSame(value, .bool(true)))
        #expect(steps <= wide.worstSteps && steps * 2 > wide.worstSteps, "\(steps) of \(wide.worstSteps)")
        let limits = ExpressionLimits(costSteps: wide.worstSteps)
        #expect(throws: Never.self) { try ValueProgram(parsing: text, bindings: [:], limits: limits) }
        do {
            _ = try ValueProgram(parsing: text, bindings: [:], limits: ExpressionLimits(costSteps: wide.worstSteps - 1))
            Issue.record("accepted")
        } catch {
            #expect((error.line, error.column) == (1, 11), "\(error)")
            #expect(error.message.contains("\(wide.worstSteps) steps"))
        }
    }

    @Test(arguments: [
        "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, "
            + "[1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, a + b + c + d + e < f))))))",
        "name.replace('', name).replace('', name).size() > 1",
        "[name, name].map(x, x.split('').map(y, x.split('')))[0].size() > 1",
        "name.matches('((a{100}){100}){100}')", "name.matches(currency)",
    ])
    func `what would run away is refused at load`(text: String) {
        var payment = Payment()
        #expect(payment.refusal(of: text) != nil)
    }

    @Test func `a text longer than columns are taken for ends in an error, not in a long evaluation`() throws {
        var payment = Payment()
        payment.environment.declare("long", .string)
        payment.frame.slots.append(payment.frame.append(text: [UInt8](repeating: UInt8(ascii: "a"), count: 500_000)))
        let program = try payment.compile("long.matches('a*b') || [1].exists(x, x == 1)")
        var scratch = ProgramScratch()
        #expect(
            payment.describe(program.evaluate(payment.frame, scratch: &scratch), program, scratch) == "error cost at 5")
    }
}

@Suite struct PatternTests {
    @Test(arguments: [
        ("", "x", true), ("a", "bab", true), ("^a$", "a", true), ("^a$", "ab", false), ("a*", "", true),
        ("a+", "", false),
        ("^(ab|cd)+$", "abcdab", true), ("^a{2,3}$", "aaaa", false), ("^a{2,}$", "aaaa", true), ("^a{2}$", "aa", true),
        ("a{,2}", "a{,2}", true), ("x{", "x{", true), ("^[^a-c]$", "d", true), ("[]a]", "]", true), ("[a-]", "-", true),
        ("^[[:alpha:]_]+$", "aB_", true), ("[[:^digit:]]", "5", false), ("^\\d\\D\\s\\S\\w\\W$", "1a b_-", true),
        ("^\\pL\\p{Lu}\\P{L}$", "éÉ1", true), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false),
        ("a.c", "a\nc", false), ("(?s)a.c", "a\nc", true), ("(?i)straße", "STRAßE", true), ("(?i:A)b", "aB", false),
        ("(?m)^b$", "a\nb\nc", true), ("\\Ab", "a\nb", false), ("\\Qa.b\\E+", "a.bb", true),
        ("\\x41\\x{42}\\103", "ABC", true),
        ("^.$", "🐱", true), ("(?P<n>a)(?<m>b)(?:c)", "abc", true), ("^(a*)*$", "aaaa", true),
        ("^(a|a)*b", "aaaac", false),
        ("a??b*?", "", true), ("\\.", "x", false), ("^\\s$", "\u{B}", false),
    ])
    func `a pattern matches as RE2 has it`(pattern: String, text: String, matches: Bool) throws {
        #expect(try Pattern(pattern).matches(Array(text.utf8)) == matches)
    }

    @Test(arguments: [
        "(", ")", "[", "[b-a]", "a**", "*a", "\\1", "(?=a)", "(?!a)", "(?<=a)", "\\", "\\p{Greek}", "\\C", "a{1001}",
        "a{3,2}",
        "[[:foo:]]", "(?z)", "\\x4", "((((a{30}){30}){30}){30})", "(?P<a b>c)",
    ])
    func `what is none is refused`(pattern: String) {
        #expect(throws: PatternError.self) { try Pattern(pattern) }
    }

    @Test func `parts that make no state end at their limit, however they are nested`() {
        #expect(throws: PatternError.self) { try Pattern("(((){1000}){1000}){1000}") }
        // The repetition and each round of it are a part, and so is the sequence around them all.
        func pattern(_ rounds: Int) -> String {
            let whole = (rounds - 1) / 1_000
            return String(repeating: "(){999}", count: whole) + "(){\(rounds - whole * 1_000 - 1)}"
        }
        #expect(throws: Never.self) { try Pattern(pattern(Pattern.maximumParts - 1)) }
        #expect(throws: PatternError.self) { try Pattern(pattern(Pattern.maximumParts)) }
    }

    @Test func `states end at their limit`() {
        // n letters are n states, and one for the match.
        let letters = { String(repeating: "a", count: $0) }
        #expect(throws: Never.self) { try Pattern(letters(Pattern.maximumStates - 1)) }
        #expect(throws: PatternError.self) { try Pattern(letters(Pattern.maximumStates)) }
        let groups = { String(repeating: "(", count: $0) + "a" + String(repeating: ")", count: $0) }
        #expect(throws: Never.self) { try Pattern(groups(PatternParser.maximumNesting)) }
        #expect(throws: PatternError.self) { try Pattern(groups(PatternParser.maximumNesting + 1)) }
    }
}

@Suite struct TimeZoneTests {
    @Test(arguments: [
        ("GMT0BST,M3.5.0/1,M10.5.0", 1_782_864_000, 3_600), ("GMT0BST,M3.5.0/1,M10.5.0", 1_767_225_600, 0),
        ("EST5EDT,M3.2.0,M11.1.0", 1_767_225_600, -18_000), ("EST5EDT,M3.2.0,M11.1.0", 1_782_864_000, -14_400),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_767_225_600, 39_600),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_782_864_000, 36_000),
        ("<+0545>-5:45", 0, 20_700), ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_767_225_600, 0),
        // The second before and at the change of 2026-03-29T01:00:00Z.
        ("GMT0BST,M3.5.0/1,M10.5.0", 1_774_745_999, 0), ("GMT0BST,M3.5.0/1,M10.5.0", 1_774_746_000, 3_600),
    ])
    func `a rule says standard and daylight saving time`(rule: String, seconds: Int, offset: Int) throws {
        #expect(try #require(ZoneRule(rule)).offsetSeconds(at: seconds) == offset)
    }

    @Test(arguments: ["", "A", "EST", "EST5EDT,J60,J300", "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.2.0", "E5", "EST5x"])
    func `what is no rule is none`(text: String) { #expect(ZoneRule(text) == nil) }

    @Test(arguments: [
        "../passwd", "/etc/passwd", "Europe", "Europe/", "Europe/Nowhere", "", ".", "+25:00", "Europe//Dublin",
    ])
    func `what names no zone has none`(name: String) { #expect(TimeZones.zone(name) == nil) }

    @Test func `a damaged file of the database is refused or read, and never crashes`() throws {
        var file = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 39)
        file += Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        file += [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4]
        file +=
            [0, 0, 0, 0, 0, 0, 0, 1, 0] + [0, 0, 14, 16, 0, 0] + Array("ABC\u{0}\nIST-1GMT0,M10.5.0,M3.5.0/1\n".utf8)
        let zone = try #require(TimeZone(file: file))
        #expect(zone.offsetSeconds(at: 1_782_864_000) == 3_600)
        #expect(zone.offsetSeconds(at: 0) == 3_600)
        var rng = SplitMix64(seed: 5)
        for count in file.indices { _ = TimeZone(file: Array(file.prefix(count))) }
        for _ in 0..<2_000 {
            var damaged = file
            for _ in 0..<3 {
                damaged[Int.random(in: damaged.indices, using: &rng)] = UInt8(truncatingIfNeeded: rng.next())
            }
            _ = TimeZone(file: damaged)?.offsetSeconds(at: 1_782_864_000)
        }
    }
}
