// The functions that the language gains from payments: what the expression leaf can't know.

import Expressions

enum DomainFunctions {
    private static let powersOfTen: [Double] = [1, 10, 100, 1_000, 10_000]

    static func declare(in environment: inout Environment) {
        // major_units(1999, "EUR") is 19.99: one correctly rounded division, so it is the double nearest to the decimal.
        environment.declareFunction("major_units", parameters: [.int, .string], result: .double) { arguments, text in
            guard let digits = Currencies.minorUnitDigits(of: text.bytes(of: arguments[1])) else {
                return Slot(failure: .function)
            }
            return Slot(double: Double(arguments[0].int) / powersOfTen[digits])
        }
        // region("DE") is 155, Western Europe. A country without a region is missing, as if it had not been told.
        environment.declareFunction("region", parameters: [.string], result: .int) { arguments, text in
            Regions.code(of: text.bytes(of: arguments[0])).map(Slot.init(int:)) ?? .missing
        }
        environment.declareFunction("same_region", parameters: [.string, .string], result: .bool) { arguments, text in
            guard let first = Regions.code(of: text.bytes(of: arguments[0])),
                let second = Regions.code(of: text.bytes(of: arguments[1]))
            else { return .missing }
            return Slot(bool: first == second)
        }
    }
}
