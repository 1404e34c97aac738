// What expressions are worth over one payment, and what the checker refuses.

import Testing

@testable import Expressions

@Suite struct MeaningTests {
    @Test(arguments: [
        // Numbers.
        ("amount + 1", "12551"), ("7 / 2", "3"), ("-7 / 2", "-3"), ("-7 % 2", "-1"), ("7u % 4u", "3u"),
        ("amount / 100.0", "125.5"), ("2 * feature.amount_ratio", "5.0"), ("1.0 / 0.0", "inf"),
        ("amount * 9223372036854775807", "error overflow at 7"),
        ("amount / (amount - 12550)", "error divisionByZero at 7"),
        ("amount % 0", "error divisionByZero at 7"), ("attempts - 4u", "error overflow at 9"),
        ("-(-9223372036854775808)", "error overflow at 0"), ("int(2.9)", "2"), ("int(-2.9)", "-2"),
        ("int(feature.amount_ratio * 1e300)", "error outOfRange at 0"), ("uint(-1)", "error outOfRange at 0"),
        ("uint(0.0 - 0.5)", "0u"), ("double(attempts) / 2.0", "1.5"), ("int(card.bin) + 1", "411112"),
        ("int(currency)", "error malformedText at 0"), ("double(\"1e-3\")", "0.001"), ("bool(\"f\")", "false"),
        // Comparisons of numbers of any type.
        ("amount > 125.5", "true"), ("attempts == 3", "true"), ("attempts >= 3.5", "false"),
        ("3.0 == attempts", "true"),
        ("feature.amount_ratio > 2", "true"), ("-1 < attempts", "true"), ("amount != 0.0 / 0.0", "true"),
        ("9007199254740993 > 9007199254740992.0", "false"), ("amount < 9007199254740993.0", "true"),
        ("dyn(-1) < 18446744073709551615u", "true"), ("attempts > -1", "true"), ("attempts <= amount", "true"),
        ("amount > attempts", "true"), ("attempts > amount", "false"), ("attempts != amount", "true"),
        // Texts.
        ("currency == 'EUR'", "true"), ("currency < 'EV'", "true"), ("name.size()", "5"), ("size(name)", "5"),
        ("card.bin.startsWith('4111')", "true"), ("card.bin.endsWith(\"12\")", "false"),
        ("name.contains('ë 🐱')", "true"),
        ("''.contains('')", "true"), ("currency.contains('URE')", "false"),
        ("currency + ':' + card.bin", "\"EUR:411111\""),
        ("string(amount) + string(recurring) + string(1.5) + string(attempts)", "\"12550false1.53\""),
        ("(currency + 'x').size()", "4"), ("recurring ? 'yes' : currency", "\"EUR\""),
        ("!recurring ? 'yes' : 'no'", "\"yes\""),
        // Lists.
        ("merchant.country in ['GB', 'IE']", "true"), ("merchant.country in []", "false"),
        ("attempts in [1, 3.0]", "true"),
        ("feature.amount_ratio in [1, 2.5]", "true"), ("amount in [12550u, 7]", "true"),
        ("amount in [1.5, -3]", "false"),
        ("0.0 in [-0.0]", "true"), ("-0.0 in [0]", "true"), ("session in [duration('1h30m')]", "true"),
        ("merchant.country in ['A','B','C','D','E','F','G','H','I','J','IE','IE']", "true"),
        ("currency in ['A','B','C','D','E','F','G','H','I','J','IE','IE']", "false"),
        // Logic and presence.
        ("has(card.bin) && !has(card.last4)", "true"), ("has(amount)", "true"),
        ("has(feature.failed)", "error divisionByZero at 3"),
        ("card.last4 == '1234'", "missing card.last4"),
        ("device.time_on_page_ms + 1 < 5", "missing device.time_on_page_ms"),
        ("card.last4 == '1' && amount < 0", "false"), ("amount < 0 && card.last4 == '1'", "false"),
        ("card.last4 == '1' || amount > 0", "true"), ("amount > 0 || card.last4 == '1'", "true"),
        ("card.last4 == '1' && amount > 0", "missing card.last4"),
        ("amount > 0 && card.last4 == '1'", "missing card.last4"),
        ("1 / 0 > 0 && card.last4 == '1'", "error divisionByZero at 2"),
        ("card.last4 == '1' && 1 / 0 > 0", "missing card.last4"),
        ("card.last4 == '1' || 1 / 0 > 0 || recurring", "missing card.last4"),
        ("has(card.last4) ? card.last4 : '0000'", "\"0000\""), ("card.last4 == '1' ? 1 : 2", "missing card.last4"),
        ("amount > 0 ? 1 : amount / 0", "1"), ("has(card.last4) || recurring", "false"), ("!has(card.last4)", "true"),
        ("card == card", "true"), ("card != customer", "true"), ("card == customer", "false"),
        ("feature.failed > 1.0", "error divisionByZero at 3"),
        // Times.
        ("event_time.getHours()", "23"), ("event_time.getHours('+02:00')", "1"),
        ("event_time.getMinutes(\"-00:45\")", "46"),
        ("event_time.getDayOfWeek()", "0"), ("event_time.getDayOfWeek('+01:00')", "1"),
        ("event_time.getFullYear()", "2018"),
        ("event_time.getMonth()", "6"), ("event_time.getDate()", "1"), ("event_time.getDayOfMonth()", "0"),
        ("event_time.getDayOfYear('UTC')", "181"), ("event_time.getSeconds()", "30"),
        ("event_time.getMilliseconds()", "250"),
        ("session.getHours()", "1"), ("session.getMinutes()", "90"), ("session.getSeconds()", "5400"),
        ("duration('-1.5s').getMilliseconds()", "-500"),
        ("timestamp('1969-12-31T23:59:59.5Z').getMilliseconds()", "500"),
        ("int(timestamp('1969-12-31T23:59:59.5Z'))", "-1"),
        ("event_time - timestamp('2018-07-01T23:31:30Z')", "250000000ns"),
        ("session + duration('30m')", "7200000000000ns"),
        ("event_time + session > timestamp('2018-07-02T01:01:30Z')", "true"), ("timestamp(5)", "@5000000000"),
        ("timestamp(9223372036854775807)", "error overflow at 0"), ("duration('1h') < session", "true"),
        ("duration('292y')", "refused"), ("string(session)", "\"5400s\""),
        ("string(event_time)", "\"2018-07-01T23:31:30.25Z\""),
        ("duration('1.5h') == duration('90m')", "true"), ("duration('1us') == duration('1000ns')", "true"),
        // Host functions and histories.
        ("major_units(amount, currency)", "125.5"), ("major_units(amount, 'JPY') + 1", "12551.0"),
        ("major_units(amount, currency + 'x')", "error function at 0"),
        ("major_units(amount, card.last4)", "missing card.last4"),
        ("major_units(int(card.bin), currency) > 4000 ? major_units(1, 'EUR') : 0.0", "0.01"),
        ("count(card, '10m') >= 5", "missing count(card, \"10m\")"), ("has(mean(card, amount, '30d'))", "false"),
        ("amount / mean(card, amount, '30d')", "missing mean(card, amount, \"30d\")"),
        ("since_first(card) < duration('1h') || amount > 1", "true"), ("dyn(1u) == 1", "true"),
    ])
    func `an expression is worth what CEL says`(text: String, expected: String) throws {
        var payment = Payment()
        guard expected != "refused" else {
            #expect(payment.refusal(of: text) != nil)
            return
        }
        #expect(try payment.evaluate(text) == expected)
    }

    @Test(arguments: [
        ("amuont > 5", 1, "unknown name 'amuont'; did you mean 'amount'?"),
        ("1 + card.bim", 5, "unknown name 'card.bim'; did you mean 'card.bin'?"),
        ("merchant == 'x'", 1, "'merchant' is no field by itself; there is 'merchant.country'"),
        ("cuont(card, '1h') > 1", 1, "unknown function 'cuont'; did you mean 'count'?"),
        ("zzzzzz(1)", 1, "unknown function 'zzzzzz'"),
        ("count > 1", 1, "'count' is a function; write count(…)"),
        ("count(card, 'soon')", 13, "count() takes a window"),
        ("card.bin.startWith('4')", 10, "unknown function 'startWith'; did you mean 'startsWith'?"),
        ("startsWith(card.bin, '4')", 1, "'startsWith' stands behind its value: value.startsWith(…)"),
        ("amount.major_units(currency)", 8, "'major_units' is called as major_units(…), not behind a value"),
        ("card.bin.matches('4(')", 18, "this pattern is not supported: a '(' has no ')'"),
        ("name.all(c, true)", 1, "'all' goes through a list or a map, but this is a string"),
        ("[1].all(c)", 5, "'all' takes a variable and what is asked of it"),
        ("[1].all(c.d, true)", 9, "the first argument of a macro is the name of its variable"),
        ("['a'].all(card, true)", 11, "the variable 'card' would hide the field of this name"),
        ("[1].exists(x, x)", 15, "'exists' takes a bool, but this is an int"),
        ("['a'].exists(x, x > 1)", 19, "'>' cannot compare a string with an int"),
        ("['a'].exists(x, y == x)", 17, "unknown name 'y'"),
        ("[1].exists(x, x.y == 1)", 15, "'.y' asks for a field of a value that has none"),
        ("{1.5: 2}.size() > 0", 2, "a key is a bool, an int, a uint or a string, but this is a double"),
        ("[1]['a'] == 1", 5, "the index of a list is an int, but this is a string"),
        ("{'a': 1}[1] == 1", 10, "the keys are strings, but this is an int"),
        ("amount[0] == 1", 1, "'[…]' takes a list or a map, but this is an int"),
        ("'a'.charAt('b') == ''", 5, "charAt() cannot be called with (string, string)"),
        ("null == amount", 6, "'==' cannot compare a null_type with an int"),
        ("[1][0] + 'a'", 8, "'+' is not defined for an int and a string"),
        ("currency in ['a', amount]", 19, "the element is an int, but the left side of 'in' is a string"),
        ("amount == 'x'", 8, "'==' cannot compare an int with a string"),
        ("amount && true", 1, "'&&' takes a bool, but this is an int"),
        ("true || currency", 9, "'||' takes a bool, but this is a string"),
        ("!amount", 2, "'!' takes a bool, but this is an int"),
        ("-currency", 1, "'-' takes an int or a double, but this is a string"),
        ("amount ? 1 : 2", 1, "'?:' takes a bool, but this is an int"),
        ("recurring ? 1 : 2.0", 17, "the branches of '?:' must have one type, but they are an int and a double"),
        (
            "amount + attempts", 8,
            "'+' is not defined for an int and a uint; convert one side with int(), uint() or double()"
        ),
        ("1.5 % 2.0", 5, "'%' is not defined for a double and a double; '%' is of integers"),
        ("session > 3600", 9, "'>' cannot compare a duration with an int; write duration(\"1h\")"),
        (
            "event_time > '2018-07-01'", 12,
            "'>' cannot compare a timestamp with a string; write timestamp(\"2018-07-01T00:00:00Z\")"
        ),
        (
            "card == '4111'", 6,
            "an identifier cannot be compared with a string: it stands as a keyed hash, which no text equals;"
                + " compare it with another identifier, or ask has()"
        ),
        ("card < customer", 6, "identifiers have no order; they can only be compared with '==' and '!='"),
        (
            "card in ['4111']", 10,
            "an identifier cannot be compared with a string: it stands as a keyed hash, which no text equals;"
                + " compare it with another identifier, or ask has()"
        ),
        ("size(card) > 1", 1, "size() takes a string, but this is an identifier"),
        ("amount in ['x']", 12, "the element is a string, but the left side of 'in' is an int"),
        ("amount in [9007199254740992.0]", 12, "this double is too large to equal a single int"),
        ("amount in [1 / 0]", 12, "this element is an error"),
        ("amount in amount", 11, "'in' takes a list such as [\"GB\", \"IE\"] or a map, but this is an int"),
        ("[1, 2]", 1, "the result cannot be a list(int); ask something of it"),
        ("dyn([1, 'a'][0])", 1, "the result cannot be a dyn; ask something of it"),
        ("has(amount + 1)", 5, "has() asks for a field or a history, such as has(card.bin)"),
        ("has('x')", 5, "has() asks for a field or a history, such as has(card.bin)"),
        ("has(dyn(amount))", 5, "has() asks for a field or a history, such as has(card.bin)"),
        ("int == 5", 5, "'==' cannot compare a type with an int"),
        ("'x'.y == 1", 1, "'.y' asks for a field of a value that has none"),
        (
            "timestamp('yesterday')", 11,
            "this is no RFC 3339 timestamp, such as \"2018-07-01T12:30:00Z\" or \"2018-07-01T12:30:00.5+02:00\""
        ),
        (
            "timestamp('2018-02-29T00:00:00Z')", 11,
            "this is no RFC 3339 timestamp, such as \"2018-07-01T12:30:00Z\" or \"2018-07-01T12:30:00.5+02:00\""
        ),
        ("timestamp('1066-10-14T09:00:00Z')", 11, "the timestamp is outside the years 1678 to 2261"),
        ("duration('1d')", 10, "durations have no days: write \"24h\" for a day"),
        (
            "duration('1 h')", 10,
            "this is no duration, such as \"1h30m\" or \"1.5s\" (units h, m, s, ms, us, ns; at most 292 years)"
        ),
        (
            "event_time.getHours('Europe/Dubl')", 21,
            "this machine's time zone database has no \"Europe/Dubl\"; write an offset such as \"+02:00\""
        ),
        ("event_time.getHours('+25:00')", 21, "\"+25:00\" is no offset from UTC, such as \"+02:00\""),
        ("event_time.getHours(currency)", 21, "the time zone must be a literal text, such as \"+02:00\""),
        ("session.getFullYear()", 9, "'getFullYear' is of timestamps, but this is a duration"),
        ("int(recurring)", 1, "int() does not take a bool"),
        ("int(1, 2)", 1, "int() takes one argument, but here are 2"),
        ("major_units(1.5, currency)", 1, "major_units(int, string) cannot be called with (double, string)"),
    ])
    func `a refusal says what and where`(text: String, column: Int, message: String) throws {
        var payment = Payment()
        let refusal = payment.refusal(of: text)
        let error = try #require(refusal)
        #expect(error.message == message)
        #expect(error.column == column)
    }

    @Test func `a result of another type than expected is refused`() {
        var payment = Payment()
        #expect(throws: Never.self) { try payment.compile("amount > 5", expecting: [.bool]) }
        do {
            _ = try payment.compile("amount + 5", expecting: [.bool, .string])
            Issue.record("accepted")
        } catch {
            #expect(error.message == "expected bool or string, but this is an int")
        }
    }

    @Test func `equal histories are asked once, and the program says which columns it reads`() throws {
        var payment = Payment()
        let program = try payment.compile(
            "count(card, '1h') > 2 * count( card,\"1h\" ) || amount > before(count(card, '1h'))")
        #expect(payment.resolver.asked == ["count(card, \"1h\")", "before(count(card, \"1h\"))"])
        let count = try #require(program.resolvedCalls["count(card, \"1h\")"])
        let before = try #require(program.resolvedCalls["before(count(card, \"1h\"))"])
        let amount = try #require(payment.environment.column("amount"))
        #expect(program.slots == [amount.slot, count.slot, before.slot].sorted())
    }

    @Test func `a text result can be stored in the frame that outlives the scratch`() throws {
        var payment = Payment()
        var scratch = ProgramScratch()
        for (text, expected) in [("currency + '!'", "EUR!"), ("'constant'", "constant"), ("currency", "EUR")] {
            let program = try payment.compile(text)
            let result = program.evaluate(payment.frame, scratch: &scratch)
            let stored = program.stored(result, in: &payment.frame, scratch: scratch)
            let bytes = payment.frame.text[stored.textOffset..<stored.textOffset + stored.textCount]
            #expect(String(decoding: bytes, as: UTF8.self) == expected)
        }
    }

    @Test func `joined text ends at its limit`() throws {
        var payment = Payment()
        let half = String(repeating: "x", count: LinkedCode.maximumJoinedBytes / 2)
        payment.environment.declare("long", .string)
        payment.frame.slots.append(payment.frame.append(text: half.utf8))
        #expect(try payment.evaluate("size(long + long)") == "\(LinkedCode.maximumJoinedBytes)")
        payment.environment.declare("longer", .string)
        payment.frame.slots.append(payment.frame.append(text: (half + "x").utf8))
        #expect(try payment.evaluate("size(long + longer)") == "error outOfRange at 10")
    }

    @Test func `every day from 1678 to 2261 is read, written and taken apart alike`() {
        var date = CivilDate(year: 1678, month: 1, day: 1)
        var day = date.daysSince1970
        while date.year < 2262 {
            let nanoseconds = Int64(day) * 86_400_000_000_000 + 1
            var text: [UInt8] = []
            TimeText.append(timestamp: nanoseconds, to: &text)
            let reading = TimeText.timestampNanoseconds(String(decoding: text, as: UTF8.self))
            if CivilDate(daysSince1970: day) != date || reading != .nanoseconds(nanoseconds) {
                Issue.record("\(date)")
            }
            day += 1
            let next = CivilDate(year: date.year, month: date.month, day: date.day + 1)
            let month = CivilDate(year: date.year, month: date.month + 1, day: 1)
            date = next.isValid ? next : month.isValid ? month : CivilDate(year: date.year + 1, month: 1, day: 1)
        }
    }

    @Test(
        arguments: [
            ("1d", 86_400_000_000_000), ("1h30m", 5_400_000_000_000), ("-1.5s", -1_500_000_000), ("0", 0),
            ("+.5ms", 500_000),
            ("1.000000001s", 1_000_000_001), ("9223372036854775807ns", .max), ("2562047.5h", 9_223_371_000_000_000_000),
        ] as [(String, Int64)])
    func `a duration is read to the nanosecond`(text: String, nanoseconds: Int64) {
        #expect(TimeText.durationNanoseconds(text, allowingDays: true) == nanoseconds)
    }

    @Test(arguments: [
        "", "-", "1", "h", "1x", "1h 2m", ".s", "1..5s", "9223372036854775808ns", "2562048h", "1h-2m", "٣s",
    ])
    func `what is no duration is none`(text: String) {
        #expect(TimeText.durationNanoseconds(text, allowingDays: true) == nil)
    }
}
