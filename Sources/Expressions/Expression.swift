// The syntax tree of one text: what was written, before anybody asks what the names mean. Chains of && and of || are
// one node with all their operands, so that a rule of two hundred conditions is wide and not deep.

/// What a text, a tree or a list may be at most. What exceeds a limit is refused with its place.
public struct ExpressionLimits: Sendable, Equatable {
    /// Bytes of the text.
    public var textBytes: Int
    /// How deeply calls, brackets, signs and operators stand within each other.
    public var nesting: Int
    /// Nodes of the tree, list elements included.
    public var nodes: Int
    /// Elements of one list, entries of one map, arguments of one call.
    public var listElements: Int
    /// Steps that one evaluation may take at worst: a node, an element or sixteen bytes of text each are one.
    public var costSteps: Int
    /// Bytes that a column's text is taken to have at most when the worst cost is computed. A longer text is read all
    /// the same; its evaluation ends with an error at `costSteps`.
    public var columnTextBytes: Int

    public init(
        textBytes: Int = 65_536, nesting: Int = 64, nodes: Int = 8_192, listElements: Int = 4_096,
        costSteps: Int = 250_000, columnTextBytes: Int = 1_024
    ) {
        self.textBytes = textBytes
        self.nesting = nesting
        self.nodes = nodes
        self.listElements = listElements
        self.costSteps = costSteps
        self.columnTextBytes = columnTextBytes
    }

    public static let standard = ExpressionLimits()
}

/// A constant as written.
public enum Literal: Sendable, Hashable {
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case null
}

/// An operator between two operands that are both evaluated.
public enum BinaryOperator: String, Sendable, Hashable, CaseIterable {
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case add = "+"
    case subtract = "-"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case `in` = "in"

    /// CEL's precedence; a higher one binds tighter. All are left associative.
    var precedence: Int {
        switch self {
        case .multiply, .divide, .remainder: 5
        case .add, .subtract: 4
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .in: 3
        }
    }
}

/// `&&` and `||`, which evaluate their right side only when the left does not decide.
public enum LogicalOperator: String, Sendable, Hashable, CaseIterable {
    case and = "&&"
    case or = "||"

    var precedence: Int { self == .and ? 2 : 1 }
}

/// A key of a map and its value, as written.
public struct MapEntry: Sendable {
    public let key: Expression
    public let value: Expression
}

/// One node of the syntax tree, with its range in the text.
public struct Expression: Sendable {
    public indirect enum Kind: Sendable {
        case literal(Literal)
        /// A name of one part; behind a leading dot, which looks past the variables of macros, it begins with the dot.
        case name(String)
        case select(Expression, field: String)
        case call(name: String, receiver: Expression?, arguments: [Expression])
        case not(Expression)
        case negate(Expression)
        case binary(BinaryOperator, Expression, Expression)
        /// Two operands or more.
        case logical(LogicalOperator, [Expression])
        case conditional(Expression, then: Expression, otherwise: Expression)
        case list([Expression])
        case map([MapEntry])
        case index(Expression, Expression)
        /// `has(x)`.
        case presence(Expression)
    }

    public let kind: Kind
    public let range: SourceRange
    /// Where an error of this very node is shown: the operator's, the call's name.
    public let place: SourceRange
    /// Nodes on the longest way down, this one included.
    let height: Int

    init(_ kind: Kind, range: SourceRange, place: SourceRange? = nil) {
        self.kind = kind
        self.range = range
        self.place = place ?? range
        height = 1 + (kind.children.lazy.map(\.height).max() ?? 0)
    }

    /// Parses a text.
    public init(parsing text: String, limits: ExpressionLimits = .standard) throws(ExpressionError) {
        var parser = try Parser(text, limits: limits)
        self = try parser.parse()
    }

    /// `card.bin` of a name or of a chain of selected fields; nil of anything else.
    public var dottedName: String? {
        switch kind {
        case .name(let name): name
        case .select(let operand, let field): operand.dottedName.map { "\($0).\(field)" }
        default: nil
        }
    }

    /// The text of a string literal; nil of anything else.
    public var stringLiteral: String? {
        if case .literal(.string(let text)) = kind { text } else { nil }
    }
}

extension Expression.Kind {
    /// The nodes below, in the order of the text.
    public var children: [Expression] {
        switch self {
        case .literal, .name: []
        case .select(let operand, _), .not(let operand), .negate(let operand), .presence(let operand): [operand]
        case .call(_, let receiver, let arguments): (receiver.map { [$0] } ?? []) + arguments
        case .binary(_, let left, let right): [left, right]
        case .logical(_, let operands): operands
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .list(let elements): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .index(let operand, let index): [operand, index]
        }
    }
}
