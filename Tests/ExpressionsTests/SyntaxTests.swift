// What the parser accepts, how it groups, what it writes back, and where it says that it does not accept.

import Testing

@testable import Expressions

@Suite struct SyntaxTests {
    @Test(arguments: [
        ("a+b*c", "a + b * c"),
        ("(a+b)*c", "(a + b) * c"),
        ("a-(b-c)-d", "a - (b - c) - d"),
        ("a*b/c%d", "a * b / c % d"),
        ("a<b==c", "a < b == c"),
        ("a<(b==c)", "a < (b == c)"),
        ("a&&b||c&&d", "a && b || c && d"),
        ("a&&(b||c)", "a && (b || c)"),
        ("(a&&b)&&c", "(a && b) && c"),
        ("a&&b&&c", "a && b && c"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("a?(b?c:d):e", "a ? (b ? c : d) : e"),
        ("(a?b:c)?d:e", "(a ? b : c) ? d : e"),
        ("!a.b", "!a.b"),
        ("!(a&&b)", "!(a && b)"),
        ("!!a", "!!a"),
        ("-a.b", "-a.b"),
        ("-(5)", "-(5)"),
        ("- 5", "-5"),
        ("-(-5)", "-(-5)"),
        ("--a", "--a"),
        ("a - -5", "a - -5"),
        ("a--5", "a - -5"),
        ("'it''s'[0]", "refused"),
        ("{ 'a' :1, b:[ ], }", "{\"a\": 1, b: []}"),
        ("a [ b + 1 ] . c [ 0 ]", "a[b + 1].c[0]"),
        ("a.`b-c`.`d`", "a.`b-c`.d"),
        (". a.b", ".a.b"),
        ("b'a\\xff\\'' + null", "b\"a\\xff'\" + null"),
        ("[1].exists(x , x>1)", "[1].exists(x, x > 1)"),
        ("x in ['a' , \"b\",]", "x in [\"a\", \"b\"]"),
        ("f( a ,1 ).g('x')", "f(a, 1).g(\"x\")"),
        ("has( card . bin )", "has(card.bin)"),
        ("a // a comment\n + 1", "a + 1"),
        ("0x1F", "31"),
        ("0X1fU", "31u"),
        ("1e3", "1000.0"),
        (".5", "0.5"),
        ("1.5E-3", "0.0015"),
        ("'a\"b\\'c'", "\"a\\\"b'c\""),
        ("r'\\d\\n'", "\"\\\\d\\\\n\""),
        ("'''a\nb'''", "\"a\\nb\""),
        ("\"\\u00e9\\x07\"", "\"é\\x07\""),
        ("a.in_list.string", "a.in_list.string"),
        ("a.package.return", "a.package.return"),
        ("count(card, \"10m\") >= 5", "count(card, \"10m\") >= 5"),
    ])
    func `a text has one canonical form, which parses to itself`(text: String, canonical: String) throws {
        guard canonical != "refused" else {
            #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
            return
        }
        let first = try Expression(parsing: text)
        #expect(first.description == canonical)
        #expect(try Expression(parsing: canonical).description == canonical)
    }

    @Test(arguments: [
        ("", 1, 1, "the expression is empty"),
        ("  ", 1, 3, "the expression is empty"),
        ("a b", 1, 3, "unexpected 'b' after the expression"),
        ("a +", 1, 4, "expected an expression, found the end of the text"),
        ("a = 5", 1, 3, "unexpected character '='; equality is '=='"),
        ("a & b", 1, 3, "unexpected character '&'; the conjunction is '&&'"),
        ("a | b", 1, 3, "unexpected character '|'; the disjunction is '||'"),
        ("x > £5", 1, 5, "unexpected character '£'"),
        ("a &&\n  é", 2, 3, "unexpected character 'é'"),
        ("(a + b", 1, 7, "expected ')' to close the '(' of column 1, found the end of the text"),
        ("f(a,", 1, 5, "expected an expression, found the end of the text"),
        ("f(a b)", 1, 5, "expected ')' after the arguments of 'f', found 'b'"),
        ("[1, 2", 1, 6, "expected ']' after the elements of the list, found the end of the text"),
        ("a ? b", 1, 6, "expected ':' between the branches of '?:', found the end of the text"),
        ("a.", 1, 3, "expected a field or a function after '.', found the end of the text"),
        ("a.1", 1, 2, "unexpected a number after the expression"),
        ("a{b: 1}", 1, 2, "messages with '{…}' are not supported"),
        ("a[0", 1, 4, "expected ']' after the index, found the end of the text"),
        ("{'a' 1}", 1, 6, "expected ':' between a key and its value, found a number"),
        ("{'a': 1", 1, 8, "expected '}' after the entries of the map, found the end of the text"),
        (
            "a.`b", 1, 3,
            "a quoted name is letters, digits, '_', '.', '-', '/' and spaces between backticks"
        ),
        ("a + `b`", 1, 5, "expected an expression, found '`b`'"),
        (". 5", 1, 3, "expected a name after '.', found a number"),
        ("b'\\u0041'", 1, 3, "'\\u' is an escape of strings; in bytes write '\\x'"),
        ("while", 1, 1, "'while' is a reserved word and cannot be a name"),
        ("'abc", 1, 1, "the string is not closed"),
        ("'a\nb'", 1, 1, "the string is not closed on its line"),
        ("'''abc''", 1, 1, "the string is not closed"),
        ("'a\\qb'", 1, 3, "'\\q' is not an escape; a backslash itself is '\\\\'"),
        ("'\\ud800'", 1, 2, "'\\ud800' is not a code point"),
        ("'\\U00110000'", 1, 2, "'\\U00110000' is not a code point"),
        ("'\\x4'", 1, 2, "the escape needs 2 more hexadecimal digits"),
        ("'\\08'", 1, 2, "the escape needs 2 more octal digits"),
        ("9223372036854775808", 1, 1, "the number is too large for an int"),
        ("-9223372036854775809", 1, 2, "the number is too large for an int"),
        ("18446744073709551616u", 1, 1, "the number is too large for a uint"),
        ("0xFFFFFFFFFFFFFFFFF", 1, 1, "the number is too large for an int"),
        ("1e999", 1, 1, "the number is too large for a double"),
        ("12abc", 1, 1, "'12abc' is not a number"),
        ("1e+", 1, 1, "the exponent of the number has no digits"),
        ("0x", 1, 1, "'0x' is not followed by hexadecimal digits"),
        ("-5u", 1, 1, "a uint has no sign"),
        ("has()", 1, 1, "has() takes one field, such as has(card.bin)"),
        ("a == 'ééé' &&\n\tb == = c", 2, 7, "unexpected character '='; equality is '=='"),
    ])
    func `a syntax error says what and where`(text: String, line: Int, column: Int, message: String) {
        do {
            _ = try Expression(parsing: text)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.message == message)
            #expect((error.line, error.column) == (line, column), "\(error)")
        }
    }

    @Test func `an error is shown with its line and a caret`() throws {
        var payment = Payment()
        let text = "recurring &&\n\tamuont > 5 || false"
        let refusal = payment.refusal(of: text)
        let error = try #require(refusal)
        #expect(
            error.rendered(source: text) == """
                line 2, column 2: unknown name 'amuont'; did you mean 'amount'?
                  \tamuont > 5 || false
                  \t^~~~~~
                """)
    }

    // MARK: Limits

    private func accepts(_ text: String, _ limits: ExpressionLimits) -> Bool {
        (try? Expression(parsing: text, limits: limits)) != nil
    }

    @Test func `each limit admits what is at it and refuses one more`() {
        let text = "a + b"
        #expect(accepts(text, ExpressionLimits(textBytes: 5)))
        #expect(!accepts(text, ExpressionLimits(textBytes: 4)))
        #expect(accepts(text, ExpressionLimits(nodes: 3)))
        #expect(!accepts(text, ExpressionLimits(nodes: 2)))
        #expect(accepts("x in [1, 2, 3]", ExpressionLimits(listElements: 3)))
        #expect(!accepts("x in [1, 2, 3, 4]", ExpressionLimits(listElements: 3)))
        #expect(accepts("f(1, 2, 3)", ExpressionLimits(listElements: 3)))
        #expect(!accepts("f(1, 2, 3, 4)", ExpressionLimits(listElements: 3)))
    }

    @Test(arguments: ["(", "!", "-a + -", "[", "f(", "a ? b : "])
    func `nesting of every kind ends at the limit`(opening: String) {
        let limits = ExpressionLimits(nesting: 20)
        let closing = opening == "(" || opening == "f(" ? ")" : opening == "[" ? "]" : ""
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + "a" + String(repeating: closing, count: depth)
        }
        // Every kind of nesting takes one level, or two where an operator and an operand are levels of their own.
        let deepest = (0...40).last { accepts(nested($0), limits) } ?? 0
        #expect((9...20).contains(deepest), "\(opening) \(deepest)")
        #expect((0...deepest).allSatisfy { accepts(nested($0), limits) })
        #expect((deepest + 1...200).allSatisfy { !accepts(nested($0), limits) })
        #expect(!accepts(nested(10_000), .standard))
    }

    @Test func `brackets nest to one less than the limit, a sum of as many terms as the limit is as deep`() {
        let limits = ExpressionLimits(nesting: 20)
        let brackets = { String(repeating: "(", count: $0) + "a" + String(repeating: ")", count: $0) }
        #expect(accepts(brackets(19), limits))
        #expect(!accepts(brackets(20), limits))
        #expect(accepts(Array(repeating: "a", count: 20).joined(separator: " + "), limits))
        #expect(!accepts(Array(repeating: "a", count: 21).joined(separator: " + "), limits))
    }

    @Test func `a rule of a thousand conditions is wide, not deep`() {
        #expect(accepts(Array(repeating: "a < b", count: 1_000).joined(separator: " && "), .standard))
    }
}
