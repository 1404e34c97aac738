// Which operators there are for which types, and what each becomes. Types must be equal, as in CEL, but for comparisons
// between numbers, and for the one departure: beside a double, an int is widened to a double in arithmetic.

extension Checker {
    func checkNegation(_ operand: Checked, _ expression: Expression) throws(ExpressionError) -> Checked {
        switch operand.type {
        case .int: return Checked(.negateInt, [operand], .int, expression.place)
        case .double: return Checked(.negateDouble, [operand], .double, expression.place)
        case .general(.dyn): return general(expression, .dyn)
        case .bool, .uint, .string, .identifier, .timestamp, .duration, .list, .emptyList, .general:
            throw ExpressionError(
                "'-' takes an int or a double, but this is \(operand.type.withArticle)", at: expression)
        }
    }

    func checkBinary(
        _ binary: BinaryOperator, _ left: Checked, _ right: Checked, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        if !left.type.isScalar || !right.type.isScalar,
            let checked = generalBinary(binary, left, right, expression)
        {
            return checked
        }
        if let order = Order(binary) { return try checkRelation(binary, order, left, right, expression) }
        if let found = Self.arithmetic(binary, left.type, right.type) {
            return Checked(found.code, [left, right], found.result, expression.place)
        }
        if let widened = try checkWidened(binary, left, right, expression) { return widened }
        var hint = ""
        if left.type.isNumber, right.type.isNumber, left.type != right.type {
            hint = "; convert one side with int(), uint() or double()"
        } else if left.type.isNumber, left.type == right.type {
            hint = "; '%' is of integers"
        }
        throw ExpressionError(
            "'\(binary.rawValue)' is not defined for \(left.type.withArticle) and \(right.type.withArticle)\(hint)",
            at: expression.place)
    }

    private func checkWidened(
        _ binary: BinaryOperator, _ left: Checked, _ right: Checked, _ expression: Expression
    ) throws(ExpressionError) -> Checked? {
        let types = [left.type, right.type]
        guard types == [.int, .double] || types == [.double, .int],
            let found = Self.arithmetic(binary, .double, .double)
        else { return nil }
        let operands = [try widened(left), try widened(right)]
        return Checked(found.code, operands, found.result, expression.place)
    }

    private func widened(_ operand: Checked) throws(ExpressionError) -> Checked {
        guard operand.type != .double else { return operand }
        let code: Code = operand.type == .int ? .intToDouble : .uintToDouble
        return try Checked(code, [operand], .double, operand.place).folded()
    }

    private static func arithmetic(
        _ binary: BinaryOperator, _ left: ValueType, _ right: ValueType
    ) -> (code: Code, result: ValueType)? {
        switch (binary, left, right) {
        case (.add, .int, .int): (.addInt, .int)
        case (.subtract, .int, .int): (.subtractInt, .int)
        case (.multiply, .int, .int): (.multiplyInt, .int)
        case (.divide, .int, .int): (.divideInt, .int)
        case (.remainder, .int, .int): (.remainderInt, .int)
        case (.add, .uint, .uint): (.addUInt, .uint)
        case (.subtract, .uint, .uint): (.subtractUInt, .uint)
        case (.multiply, .uint, .uint): (.multiplyUInt, .uint)
        case (.divide, .uint, .uint): (.divideUInt, .uint)
        case (.remainder, .uint, .uint): (.remainderUInt, .uint)
        case (.add, .double, .double): (.addDouble, .double)
        case (.subtract, .double, .double): (.subtractDouble, .double)
        case (.multiply, .double, .double): (.multiplyDouble, .double)
        case (.divide, .double, .double): (.divideDouble, .double)
        case (.add, .string, .string): (.joinText, .string)
        case (.add, .timestamp, .duration), (.add, .duration, .timestamp): (.addInt, .timestamp)
        case (.subtract, .timestamp, .duration): (.subtractInt, .timestamp)
        case (.subtract, .timestamp, .timestamp): (.subtractInt, .duration)
        case (.add, .duration, .duration): (.addInt, .duration)
        case (.subtract, .duration, .duration): (.subtractInt, .duration)
        default: nil
        }
    }

    // MARK: Relations

    private func checkRelation(
        _ binary: BinaryOperator, _ order: Order, _ left: Checked, _ right: Checked, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let place = expression.place
        let isEquality = binary == .equal || binary == .notEqual
        if left.type == .identifier || right.type == .identifier {
            try checkIdentifiers(left, right, isEquality: isEquality, place)
            return Checked(.equalText, detail: order.rawValue, [left, right], .bool, place)
        }
        if left.type.isNumber, right.type.isNumber { return try checkNumbers(order, left, right, place) }
        guard left.type == right.type, left.type.isScalar else {
            throw ExpressionError(
                "'\(binary.rawValue)' cannot compare \(left.type.withArticle) with \(right.type.withArticle)"
                    + Self.comparisonHint(left.type, right.type), at: place)
        }
        let code: Code =
            switch left.type {
            case .string: isEquality ? .equalText : .compareText
            case .timestamp, .duration: .compareInt
            case .bool, .int, .uint, .double, .identifier, .list, .emptyList, .general: .compareUInt
            }
        return Checked(code, detail: order.rawValue, [left, right], .bool, place)
    }

    private static func comparisonHint(_ left: ValueType, _ right: ValueType) -> String {
        let types = [left, right]
        if types.contains(.duration), left.isNumber || right.isNumber { return "; write duration(\"1h\")" }
        if types.contains(.duration), types.contains(.string) { return "; write duration(\"1h\")" }
        if types.contains(.timestamp), types.contains(.string) { return "; write timestamp(\"2018-07-01T00:00:00Z\")" }
        return ""
    }

    private func checkIdentifiers(
        _ left: Checked, _ right: Checked, isEquality: Bool, _ place: SourceRange
    ) throws(ExpressionError) {
        guard left.type != right.type || !isEquality else { return }
        guard left.type == right.type else {
            throw ExpressionError(Self.identifierRefusal(left.type == .identifier ? right.type : left.type), at: place)
        }
        throw ExpressionError("identifiers have no order; they can only be compared with '==' and '!='", at: place)
    }

    static func identifierRefusal(_ other: ValueType) -> String {
        "an identifier cannot be compared with \(other.withArticle): it stands as a keyed hash, which no text equals;"
            + " compare it with another identifier, or ask has()"
    }

    /// Numbers of two types: an int and a uint are compared by value; beside a double, both are widened to doubles, as
    /// CEL's own implementations do. A constant is brought to the other side's type where that changes no outcome.
    private func checkNumbers(
        _ order: Order, _ left: Checked, _ right: Checked, _ place: SourceRange
    ) throws(ExpressionError) -> Checked {
        var first = left.equivalent(as: right.type) ?? left
        var second = right.equivalent(as: first.type) ?? right
        if first.type != second.type, first.type == .double || second.type == .double {
            first = try widened(first)
            second = try widened(second)
        }
        let code: Code
        var mask = order
        switch (first.type, second.type) {
        case (.int, .int): code = .compareInt
        case (.uint, .uint): code = .compareUInt
        case (.int, .uint): code = .compareIntUInt
        case (.uint, .int): (code, mask) = (.compareUIntInt, order.swapped)
        default: code = .compareDouble
        }
        return Checked(code, detail: mask.rawValue, [first, second], .bool, place)
    }

    // MARK: Lists

    mutating func checkMembership(
        _ left: Expression, _ right: Expression, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let value = try check(left)
        if let list = try Self.listName(right) { return try checkSet(value, left, list, expression) }
        guard case .list(let elements) = right.kind, try isConstant(elements, for: value) else {
            return try generalMembership(value, right, expression)
        }
        var constants: [Constant] = []
        for element in elements {
            let checked = try check(element)
            try checkElement(checked, of: value, element)
            if case .failure? = checked.constant { throw ExpressionError("this element is an error", at: element) }
            if let converted = checked.equivalent(as: value.type)?.constant {
                constants.append(converted)
            } else if checked.isLargeDouble {
                throw ExpressionError("this double is too large to equal a single \(value.type)", at: element)
            }
            // Any other element is one that no value of the left type equals.
        }
        let code: Code =
            switch value.type {
            case .double: .memberOfDoubles
            case .string: .memberOfTexts
            case .bool, .int, .uint, .timestamp, .duration: .memberOfBits
            case .identifier, .list, .emptyList, .general:
                throw ExpressionError("'in' does not take \(value.type.withArticle) on its left", at: left)
            }
        return Checked(.member(code, value, of: constants), .bool, expression.place)
    }

    /// Whether the machine can hold the value and all elements at load. What is of a wrong type is refused there too.
    private mutating func isConstant(
        _ elements: [Expression], for value: Checked
    ) throws(ExpressionError) -> Bool {
        guard value.type.isScalar, locals.isEmpty, value.type != .identifier || elements.isEmpty else { return false }
        for element in elements where try check(element).constant == nil { return false }
        return true
    }

    func checkElement(
        _ element: Checked, of value: Checked, _ expression: Expression
    ) throws(ExpressionError) {
        if value.type == .identifier, element.type.isScalar, element.type != .identifier {
            throw ExpressionError(Self.identifierRefusal(element.type), at: expression)
        }
        guard element.type.isComparable(with: value.type) else {
            throw ExpressionError(
                "the element is \(element.type.withArticle), but the left side of 'in' is \(value.type.withArticle)",
                at: expression)
        }
    }
}

extension Checked {
    private static let largestExact = 0x1p53

    /// A double that is the rounded value of several integers.
    var isLargeDouble: Bool {
        guard type == .double, case .bits(let bits)? = constant else { return false }
        return abs(Double(bitPattern: bits)) >= Self.largestExact
    }

    /// A constant number as the constant of another type that compares alike with every value of that type; the node
    /// itself where the types are equal; nil where there is none.
    func equivalent(as target: ValueType) -> Checked? {
        guard case .bits(let bits)? = constant, type.isNumber, target.isNumber else {
            return type == target ? self : nil
        }
        let converted: UInt64?
        let double = Double(bitPattern: bits)
        switch (type, target) {
        case (.double, .double):
            // Minus zero equals zero; not a number equals nothing.
            converted = double.isNaN ? nil : (double + 0).bitPattern
        case (.int, .double): converted = Double(Int64(bitPattern: bits)).bitPattern
        case (.uint, .double): converted = Double(bits).bitPattern
        case (.int, .uint): converted = UInt64(exactly: Int64(bitPattern: bits))
        case (.uint, .int): converted = Int64(exactly: bits).map { UInt64(bitPattern: $0) }
        case (.double, .int): converted = isLargeDouble ? nil : Int64(exactly: double).map { UInt64(bitPattern: $0) }
        case (.double, .uint): converted = isLargeDouble ? nil : UInt64(exactly: double)
        default: converted = bits
        }
        return converted.map { Checked(.constant(.bits($0)), target, place) }
    }
}
