// Lists that live outside the text: `card.bin in list("blocked-bins")`. At load the resolver answers the list's name with
// a number; at evaluation the scratch's provider is asked whether the element is in it. So a list of millions of
// entries is no part of a program, and may change without compiling it again.

/// Answers whether a value is in a list of the host.
public protocol SetProvider: Sendable {
    /// Whether the element is in a set.
    ///
    /// It does no I/O. Called once for each `in list(…)` that is evaluated; a present element only.
    ///
    /// - Parameters:
    ///   - element: A present slot of the type that the resolver was told.
    ///   - set: What `CallResolver.resolveMembership` answered.
    ///   - text: The bytes of the element where it is a text.
    func contains(_ element: Slot, set: Int, text: borrowing TextReader) -> Bool
}

extension Checker {
    /// The name of the list where an expression is `list("name")`; nil of anything else.
    static func listName(_ expression: Expression) throws(ExpressionError) -> (name: String, place: Expression)? {
        guard case .call("list", nil, let arguments) = expression.kind else { return nil }
        guard arguments.count == 1, let name = arguments[0].stringLiteral else {
            throw ExpressionError("list() takes the name of a list, such as list(\"blocked-bins\")", at: expression)
        }
        return (name, arguments[0])
    }

    /// `element in list("name")`.
    mutating func checkSet(
        _ value: Checked, _ element: Expression, _ list: (name: String, place: Expression), _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        guard value.type.isScalar else {
            throw ExpressionError("'in' does not take \(value.type.withArticle) on its left", at: element)
        }
        let resolved = try resolver.resolveMembership(
            of: element, type: value.type, listName: list.name, place: list.place)
        guard let set = resolved, let number = Int32(exactly: set), number >= 0 else {
            let suggestion = Suggestion.suffix(for: list.name, among: resolver.listNames)
            throw ExpressionError("there is no list \(Literal.quoted(list.name))\(suggestion)", at: list.place)
        }
        resolvedSets[expression.description] = set
        return Checked(.memberOfSet, extra: number, [value], .bool, expression.place)
    }
}
