// The words of a text. Keywords and reserved words are identifiers here; the parser knows where they may stand.

enum Symbol: String, CaseIterable {
    case openParenthesis = "("
    case closeParenthesis = ")"
    case openBracket = "["
    case closeBracket = "]"
    case openBrace = "{"
    case closeBrace = "}"
    case dot = "."
    case comma = ","
    case colon = ":"
    case question = "?"
    case not = "!"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case and = "&&"
    case or = "||"

    /// The operator that the symbol is between two operands.
    var binaryOperator: BinaryOperator? { BinaryOperator(rawValue: rawValue) }
}

struct Token: Equatable {
    enum Kind: Equatable {
        case identifier(String)
        /// The magnitude: -9223372036854775808 is a minus and one more than Int64 holds.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// A field's name between backticks.
        case quotedName(String)
        case symbol(Symbol)
        case end
    }

    var kind: Kind
    var range: SourceRange
}

extension Token {
    /// How an error names the token.
    var name: String {
        switch kind {
        case .identifier(let name): "'\(name)'"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .quotedName(let name): "'`\(name)`'"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end of the text"
        }
    }
}
