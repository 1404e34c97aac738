// Lists of the host: how they are resolved at load, refused, and asked at evaluation.

import Testing

@testable import Expressions

/// Knows "blocked-bins" of strings as set 7 and "cards" of identifiers as set 8.
private struct Lists: CallResolver {
    var listNames: [String] { ["blocked-bins", "cards"] }
    private(set) var asked: [String] = []

    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? { nil }

    mutating func resolveMembership(
        of element: Expression, type: ValueType, listName: String, place: Expression
    ) throws(ExpressionError) -> Int? {
        asked.append("\(element) \(type) \(listName)")
        switch listName {
        case "blocked-bins":
            guard type == .string else { throw ExpressionError("the list holds strings", at: place) }
            return 7
        case "cards": return 8
        default: return nil
        }
    }
}

private struct Members: SetProvider {
    func contains(_ element: Slot, set: Int, text: borrowing TextReader) -> Bool {
        let bytes = text.bytes(of: element)
        let name = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        return set == 7 ? name == "411111" : name == "3f9a"
    }
}

@Suite struct MembershipTests {
    private func compile(_ text: String) throws(ExpressionError) -> (Program, Payment) {
        var payment = Payment()
        var lists = Lists()
        let program = try Program(
            compiling: Expression(parsing: text), environment: &payment.environment, resolver: &lists)
        return (program, payment)
    }

    @Test(arguments: [
        ("card.bin in list('blocked-bins')", "true"), ("currency in list('blocked-bins')", "false"),
        ("'4111' + '11' in list('blocked-bins')", "true"), ("!(card in list('cards'))", "false"),
        ("customer in list('cards') || amount > 1", "true"),
        ("card.last4 in list('blocked-bins')", "missing card.last4"),
        ("'411111' in list('blocked-bins') && card in list('cards')", "true"),
    ])
    func `a list of the host is asked with the element`(text: String, expected: String) throws {
        let (program, payment) = try compile(text)
        var scratch = ProgramScratch()
        scratch.sets = Members()
        #expect(payment.describe(program.evaluate(payment.frame, scratch: &scratch), program, scratch) == expected)
    }

    @Test func `the program says which sets it asks, and fails without a provider`() throws {
        let (program, payment) = try compile("card in list('cards') || card.bin in list('blocked-bins')")
        #expect(program.sets == [7, 8])
        var scratch = ProgramScratch()
        let result = program.evaluate(payment.frame, scratch: &scratch)
        #expect(payment.describe(result, program, scratch) == "error function at 5")
    }

    @Test(arguments: [
        ("amount in list('blocked-bins')", 16, "the list holds strings"),
        ("card.bin in list('blocked-bin')", 18, "there is no list \"blocked-bin\"; did you mean 'blocked-bins'?"),
        ("card.bin in list(currency)", 13, "list() takes the name of a list, such as list(\"blocked-bins\")"),
        ("card.bin in list()", 13, "list() takes the name of a list, such as list(\"blocked-bins\")"),
    ])
    func `a wrong list is refused where it is named`(text: String, column: Int, message: String) {
        do {
            _ = try compile(text)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.message == message)
            #expect(error.column == column)
        }
    }
}
