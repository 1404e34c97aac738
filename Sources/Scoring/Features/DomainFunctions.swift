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
    }
}
