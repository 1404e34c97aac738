// Types of what only the general evaluator can do: lists, maps, macros, bytes, types, dyn, and CEL's extensions.

extension Checker {
    func general(_ expression: Expression, _ type: ValueType) -> Checked {
        Checked(.general(expression), type, expression.place)
    }

    // MARK: Lists and maps

    mutating func checkList(_ elements: [Expression], _ expression: Expression) throws(ExpressionError) -> Checked {
        guard let type = try joinedType(elements) else { return general(expression, .emptyList) }
        return general(expression, .list(of: type))
    }

    private mutating func joinedType(_ expressions: [Expression]) throws(ExpressionError) -> ValueType? {
        var joined: ValueType?
        for expression in expressions {
            let type = try check(expression).type
            joined = joined?.joined(with: type) ?? type
        }
        return joined
    }

    mutating func checkMap(_ entries: [MapEntry], _ expression: Expression) throws(ExpressionError) -> Checked {
        let key = try joinedType(entries.map(\.key)) ?? .dyn
        for entry in entries {
            let type = try check(entry.key).type
            guard [.bool, .int, .uint, .string, .dyn].contains(type) else {
                throw ExpressionError(
                    "a key is a bool, an int, a uint or a string, but this is \(type.withArticle)", at: entry.key)
            }
        }
        let value = try joinedType(entries.map(\.value)) ?? .dyn
        return general(expression, .general(.map(key: key, value: value)))
    }

    mutating func checkIndex(
        _ operand: Expression, _ index: Expression, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let owner = try check(operand).type
        let place = try check(index).type
        switch owner {
        case .list, .emptyList:
            guard [.int, .uint, .dyn].contains(place) else {
                throw ExpressionError("the index of a list is an int, but this is \(place.withArticle)", at: index)
            }
            return general(expression, owner.element ?? .dyn)
        case .general(.map(let key, let value)):
            guard place.isComparable(with: key) else {
                throw ExpressionError("the keys are \(key)s, but this is \(place.withArticle)", at: index)
            }
            return general(expression, value)
        case .general(.dyn): return general(expression, .dyn)
        default:
            throw ExpressionError("'[…]' takes a list or a map, but this is \(owner.withArticle)", at: operand)
        }
    }

    /// `map.field` of what is no column.
    mutating func checkSelection(
        _ operand: Expression, _ field: String, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let owner = try check(operand).type
        switch owner {
        case .general(.map(let key, let value)) where key == .string || key.isDyn: return general(expression, value)
        case .general(.dyn): return general(expression, .dyn)
        default:
            throw ExpressionError("'.\(field)' asks for a field of a value that has none", at: expression.place)
        }
    }

    // MARK: Operators

    /// An operator of which an operand is no scalar; nil where it is not defined for the two.
    func generalBinary(
        _ binary: BinaryOperator, _ left: Checked, _ right: Checked, _ expression: Expression
    ) -> Checked? {
        let (first, second) = (left.type, right.type)
        let hasDyn = first.isDyn || second.isDyn
        switch binary {
        case .equal, .notEqual: return first.isComparable(with: second) ? general(expression, .bool) : nil
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return hasDyn || (first == .general(.bytes) && first == second) ? general(expression, .bool) : nil
        case .add where first.isList && second.isList: return general(expression, first.joined(with: second).asList)
        case .add where first == .general(.bytes) && first == second: return general(expression, first)
        case .add, .subtract, .multiply, .divide, .remainder: return hasDyn ? general(expression, .dyn) : nil
        case .in: return nil
        }
    }

    /// `element in container` where not all is constant.
    mutating func generalMembership(
        _ value: Checked, _ right: Expression, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let container = try check(right).type
        guard let element = container.element else {
            throw ExpressionError(
                "'in' takes a list such as [\"GB\", \"IE\"] or a map, but this is \(container.withArticle)", at: right)
        }
        if case .list(let elements) = right.kind {
            for element in elements { try checkElement(try check(element), of: value, element) }
        }
        guard value.type.isComparable(with: element) else {
            if value.type == .identifier || element == .identifier {
                throw ExpressionError(
                    Self.identifierRefusal(value.type == .identifier ? element : value.type), at: right)
            }
            throw ExpressionError(
                "the elements are \(element)s, but the left side of 'in' is \(value.type.withArticle)", at: right)
        }
        return general(expression, .bool)
    }

    // MARK: Calls

    /// `range.exists(x, condition)` and its kin.
    mutating func checkMacro(
        _ macro: Macro, _ range: Expression, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        guard case .name(let variable) = arguments[0].kind, !variable.hasPrefix(".") else {
            throw ExpressionError("the first argument of a macro is the name of its variable", at: arguments[0])
        }
        guard environment.column(variable) == nil else {
            throw ExpressionError("the variable '\(variable)' would hide the field of this name", at: arguments[0])
        }
        let type = try check(range).type
        guard let element = type.element else {
            throw ExpressionError(
                "'\(macro.rawValue)' goes through a list or a map, but this is \(type.withArticle)", at: range)
        }
        locals.append((variable, element))
        defer { locals.removeLast() }
        if macro != .map || arguments.count == 3 {
            _ = try checkCondition(arguments[1], of: "'\(macro.rawValue)'")
        }
        switch macro {
        case .all, .exists, .existsOne: return general(expression, .bool)
        case .filter: return general(expression, .list(of: element))
        case .map: return general(expression, .list(of: try check(arguments[arguments.count - 1]).type))
        }
    }

    /// A function that the machine does not have, or whose arguments it cannot hold.
    func generalCall(
        _ function: Function, _ arguments: [Checked], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let types = arguments.map(\.type)
        guard let type = function.resultType(of: types) else {
            let given = types.map(\.description).joined(separator: ", ")
            throw ExpressionError("\(function.rawValue)() cannot be called with (\(given))", at: expression.place)
        }
        if function == .matches, let text = arguments[1].constantText {
            do throws(PatternError) {
                _ = try Pattern(text)
            } catch {
                throw ExpressionError("this pattern is not supported: \(error.message)", at: arguments[1].place)
            }
        }
        return general(expression, type)
    }
}

extension ValueType {
    fileprivate var asList: ValueType { isList ? self : .list(of: .dyn) }
}
