// Gives every node a type and a meaning, or refuses it where it stands. Names are looked up in the environment, longest
// dotted name first; calls are CEL's own, then the host's, then the resolver's.

struct Checker<Resolver: CallResolver> {
    var environment: Environment
    var resolver: Resolver
    private(set) var resolvedCalls: [String: ResolvedSlot] = [:]
    /// Sets by the text of their `in`.
    var resolvedSets: [String: Int] = [:]
    /// The variables of the macros around, the innermost last.
    var locals: [(name: String, type: ValueType)] = []

    init(environment: Environment, resolver: Resolver) {
        self.environment = environment
        self.resolver = resolver
    }

    mutating func check(_ expression: Expression) throws(ExpressionError) -> Checked {
        let checked = try checkNode(expression)
        // In a macro only the general evaluator knows the variables, so that all of it is left to it.
        guard !locals.isEmpty, checked.constant == nil else { return checked }
        return general(expression, checked.type)
    }

    private mutating func checkNode(_ expression: Expression) throws(ExpressionError) -> Checked {
        switch expression.kind {
        case .literal(let literal):
            return checkLiteral(literal, expression)
        case .name, .select:
            return try checkName(expression)
        case .call(let name, let receiver, let arguments):
            return try checkCall(name, receiver, arguments, expression).folded()
        case .not(let operand):
            let checked = try check(operand)
            if checked.type.isDyn { return general(expression, .bool) }
            guard checked.type == .bool else {
                throw ExpressionError("'!' takes a bool, but this is \(checked.type.withArticle)", at: operand)
            }
            return try Checked(.not, [checked], .bool, expression.place).folded()
        case .negate(let operand):
            return try checkNegation(try check(operand), expression).folded()
        case .binary(.in, let left, let right):
            return try checkMembership(left, right, expression).folded()
        case .binary(let binary, let left, let right):
            return try checkBinary(binary, try check(left), try check(right), expression).folded()
        case .logical(let logical, let operands):
            var checked: [Checked] = []
            for operand in operands { checked.append(try checkCondition(operand, of: "'\(logical.rawValue)'")) }
            return try Checked(.logical(logical, checked), .bool, expression.place).folded()
        case .conditional(let condition, let then, let otherwise):
            return try checkConditional(condition, then, otherwise, expression).folded()
        case .list(let elements):
            return try checkList(elements, expression)
        case .map(let entries):
            return try checkMap(entries, expression)
        case .index(let operand, let index):
            return try checkIndex(operand, index, expression)
        case .presence(let operand):
            return try checkPresence(operand, expression)
        }
    }

    private func checkLiteral(_ literal: Literal, _ expression: Expression) -> Checked {
        if case .null = literal { return general(expression, .general(.null)) }
        if case .bytes = literal { return general(expression, .general(.bytes)) }
        let (constant, type): (Constant, ValueType) =
            switch literal {
            case .bool(let value): (.bits(value ? 1 : 0), .bool)
            case .int(let value): (.bits(UInt64(bitPattern: value)), .int)
            case .uint(let value): (.bits(value), .uint)
            case .double(let value): (.bits(value.bitPattern), .double)
            case .string(let value): (.text(Array(value.utf8)), .string)
            case .bytes(let value): (.text(value), .general(.bytes))
            case .null: (.bits(0), .general(.null))
            }
        return Checked(.constant(constant), type, expression.place)
    }

    // MARK: Logic

    mutating func checkCondition(
        _ operand: Expression, of taker: String
    ) throws(ExpressionError) -> Checked {
        let checked = try check(operand)
        if checked.type.isDyn { return general(operand, .bool) }
        guard checked.type == .bool else {
            throw ExpressionError("\(taker) takes a bool, but this is \(checked.type.withArticle)", at: operand)
        }
        return checked
    }

    private mutating func checkConditional(
        _ condition: Expression, _ then: Expression, _ otherwise: Expression, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let question = try checkCondition(condition, of: "'?:'")
        let first = try check(then)
        let second = try check(otherwise)
        if !first.type.isScalar || !second.type.isScalar, first.type.isComparable(with: second.type) {
            return general(expression, first.type.joined(with: second.type))
        }
        guard first.type == second.type else {
            throw ExpressionError(
                "the branches of '?:' must have one type, but they are \(first.type.withArticle) and "
                    + second.type.withArticle, at: otherwise)
        }
        return Checked(.conditional(question, then: first, otherwise: second), first.type, expression.place)
    }

    // MARK: Names

    private mutating func checkName(_ expression: Expression) throws(ExpressionError) -> Checked {
        guard let dotted = expression.dottedName else {
            guard case .select(let operand, let field) = expression.kind else {
                throw ExpressionError("expected a name", at: expression.place)
            }
            return try checkSelection(operand, field, expression)
        }
        let isRooted = dotted.hasPrefix(".")
        let name = isRooted ? String(dotted.dropFirst()) : dotted
        let root = name.prefix { $0 != "." }
        if !isRooted, let local = locals.last(where: { $0.name == root }) {
            if root.count == name.count { return general(expression, local.type) }
            guard case .select(let operand, let field) = expression.kind else { throw unknown(name, expression) }
            return try checkSelection(operand, field, expression)
        }
        if let column = environment.column(name) {
            return Checked(.column(column.slot), column.type, expression.place)
        }
        if ValueType.typeNames.contains(name) { return general(expression, .general(.type)) }
        throw unknown(name, expression)
    }

    private func unknown(_ name: String, _ expression: Expression) -> ExpressionError {
        if environment.functions[name] != nil || Builtin.globalNames.contains(name) || resolver.names.contains(name) {
            return ExpressionError("'\(name)' is a function; write \(name)(…)", at: expression)
        }
        let fields = environment.columnNames.filter { $0.hasPrefix(name + ".") }.sorted()
        if let field = fields.first {
            return ExpressionError("'\(name)' is no field by itself; there is '\(field)'", at: expression)
        }
        let suggestion = Suggestion.suffix(for: name, among: environment.columnNames)
        return ExpressionError("unknown name '\(name)'\(suggestion)", at: expression)
    }

    /// `has(x)` of a column, or of a history, which is a column too.
    private mutating func checkPresence(
        _ operand: Expression, _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        if case .select(let owner, let field) = operand.kind, isGeneral(owner) {
            _ = try checkSelection(owner, field, operand)
            return general(expression, .bool)
        }
        var isAskable = operand.dottedName != nil
        if case .call(let name, nil, _) = operand.kind {
            isAskable = !Builtin.globalNames.contains(name) && environment.functions[name] == nil
        }
        guard isAskable else {
            throw ExpressionError("has() asks for a field or a history, such as has(card.bin)", at: operand)
        }
        guard case .column(let column) = try checkNode(operand).kind else {
            throw ExpressionError("has() asks for a field or a history, such as has(card.bin)", at: operand)
        }
        return Checked(.has(column: column), .bool, expression.place)
    }

    /// Whether an expression is other than a chain of names of the environment.
    private func isGeneral(_ expression: Expression) -> Bool {
        guard let name = expression.dottedName else { return true }
        return locals.contains { $0.name == name.prefix { $0 != "." } }
    }

    // MARK: Calls of the host

    private mutating func checkCall(
        _ name: String, _ receiver: Expression?, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        if let receiver {
            if let macro = Macro(name: name, arguments: arguments.count) {
                return try checkMacro(macro, receiver, arguments, expression)
            }
            if let prefix = receiver.dottedName, let function = Function(rawValue: "\(prefix).\(name)") {
                return try checkFunction(function, arguments, expression)
            }
            if let prefix = receiver.dottedName, environment.functions["\(prefix).\(name)"] != nil {
                return try checkHostCall("\(prefix).\(name)", arguments, expression)
            }
            return try checkMethod(name, receiver, arguments, expression)
        }
        if Builtin.globalNames.contains(name) { return try checkGlobal(name, arguments, expression) }
        if environment.functions[name] != nil { return try checkHostCall(name, arguments, expression) }
        let text = expression.description
        let resolved: ResolvedSlot?
        if let known = resolvedCalls[text] {
            resolved = known
        } else {
            resolved = try resolver.resolve(name: name, arguments: arguments, environment: &environment)
        }
        guard let resolved else { throw unknownFunction(name, expression) }
        precondition(
            environment.columns.indices.contains(resolved.slot) && resolved.type.isScalar,
            "the resolver answered \(text) with no column")
        resolvedCalls[text] = resolved
        return Checked(.column(resolved.slot), resolved.type, expression.place)
    }

    func unknownFunction(_ name: String, _ expression: Expression) -> ExpressionError {
        if Builtin.methodNames.contains(name) {
            return ExpressionError("'\(name)' stands behind its value: value.\(name)(…)", at: expression.place)
        }
        let known = Array(environment.functions.keys) + Array(Builtin.globalNames) + resolver.names
        let suggestion = Suggestion.suffix(for: name, among: known)
        return ExpressionError("unknown function '\(name)'\(suggestion)", at: expression.place)
    }

    private mutating func checkHostCall(
        _ name: String, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        var checked: [Checked] = []
        for argument in arguments { checked.append(try check(argument)) }
        let types = checked.map(\.type)
        let overloads = environment.functions[name, default: []]
        guard let function = overloads.first(where: { $0.parameters == types }) else {
            let forms = overloads.map { "\(name)(\($0.parameters.map(\.description).joined(separator: ", ")))" }
            let given = types.map(\.description).joined(separator: ", ")
            throw ExpressionError(
                "\(forms.joined(separator: " or ")) cannot be called with (\(given))", at: expression.place)
        }
        return Checked(.host(function, checked), function.result, expression.place)
    }
}
