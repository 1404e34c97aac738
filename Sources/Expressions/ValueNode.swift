// An expression whose names are resolved, for the general evaluator: a tree of nodes that name columns, bindings and
// variables by number. The compiler checks no types; where the checker has run before, what is unknown here was
// refused there, and elsewhere (`rules eval`) it is an error of the evaluation, as in CEL without a checker.

struct ValueNode: Sendable {
    indirect enum Kind: Sendable {
        case constant(Value)
        /// A slot of the frame.
        case column(Int, ValueType)
        /// A value that was given by name.
        case binding(Int)
        /// A variable of a macro.
        case local(Int)
        case failure(FailureReason)
        case not(ValueNode)
        case negate(ValueNode)
        case binary(BinaryOperator, ValueNode, ValueNode)
        case logical(LogicalOperator, [ValueNode])
        case conditional(ValueNode, then: ValueNode, otherwise: ValueNode)
        case list([ValueNode])
        case map([(key: ValueNode, value: ValueNode)])
        case index(ValueNode, ValueNode)
        case select(ValueNode, field: [UInt8])
        /// Whether a node, a column or a binding, is there.
        case present(ValueNode)
        /// Whether a map has a field.
        case has(ValueNode, field: [UInt8])
        case memberOfSet(ValueNode, Int)
        case macro(Macro, range: ValueNode, local: Int, condition: ValueNode?, transform: ValueNode?)
        case call(Function, [ValueNode])
        case matches(ValueNode, Pattern)
        case field(TimeField, [ValueNode])
        case host([HostFunction], [ValueNode])
    }

    let kind: Kind
    /// Bytes from the start of the text, for errors.
    let offset: Int
}

/// Turns syntax into nodes.
struct ValueCompiler {
    /// Columns and host functions; nil where names are bindings.
    var environment: Environment?
    var resolvedCalls: [String: ResolvedSlot] = [:]
    /// Sets by the text of their `in`.
    var resolvedSets: [String: Int] = [:]
    /// In the order of their values.
    var bindings: [String: Int] = [:]
    private var locals: [String] = []
    /// Columns that the nodes may read.
    private(set) var columns: Set<Int> = []
    private(set) var sets: Set<Int> = []
    private(set) var localCount = 0

    init(environment: Environment, resolvedCalls: [String: ResolvedSlot], resolvedSets: [String: Int] = [:]) {
        self.environment = environment
        self.resolvedCalls = resolvedCalls
        self.resolvedSets = resolvedSets
    }

    init(bindings: [String]) {
        for (index, name) in bindings.enumerated() { self.bindings[name] = index }
    }

    mutating func compile(_ expression: Expression) -> ValueNode {
        ValueNode(kind: kind(of: expression), offset: expression.place.start.offset)
    }

    private mutating func compile(_ expressions: [Expression]) -> [ValueNode] {
        var nodes: [ValueNode] = []
        for expression in expressions { nodes.append(compile(expression)) }
        return nodes
    }

    private mutating func kind(of expression: Expression) -> ValueNode.Kind {
        switch expression.kind {
        case .literal(let literal): .constant(Value(literal))
        case .name, .select: name(expression)
        case .not(let operand): .not(compile(operand))
        case .negate(let operand): .negate(compile(operand))
        case .binary(.in, let left, let right) where resolvedSets[expression.description] != nil && right.isListCall:
            member(left, of: resolvedSets[expression.description] ?? 0)
        case .binary(let binary, let left, let right): .binary(binary, compile(left), compile(right))
        case .logical(let logical, let operands): .logical(logical, compile(operands))
        case .conditional(let condition, let then, let otherwise):
            .conditional(compile(condition), then: compile(then), otherwise: compile(otherwise))
        case .list(let elements): .list(compile(elements))
        case .map(let entries): map(entries)
        case .index(let operand, let index): .index(compile(operand), compile(index))
        case .presence(let operand): presence(operand)
        case .call(let name, let receiver, let arguments): call(name, receiver, arguments, expression)
        }
    }

    private mutating func member(_ left: Expression, of set: Int) -> ValueNode.Kind {
        sets.insert(set)
        return .memberOfSet(compile(left), set)
    }

    private mutating func map(_ entries: [MapEntry]) -> ValueNode.Kind {
        var nodes: [(key: ValueNode, value: ValueNode)] = []
        for entry in entries { nodes.append((compile(entry.key), compile(entry.value))) }
        return .map(nodes)
    }

    // MARK: Names

    /// A variable of a macro; else the longest dotted name that is known; else a type.
    private mutating func name(_ expression: Expression) -> ValueNode.Kind {
        if let dotted = expression.dottedName {
            let root = dotted.prefix { $0 != "." }
            let isRooted = root.isEmpty
            if !isRooted, let local = locals.lastIndex(of: String(root)) {
                if root.count == dotted.count { return .local(local) }
            } else {
                let name = isRooted ? String(dotted.dropFirst()) : dotted
                if let known = known(name) { return known }
                if ValueType.typeNames.contains(name) { return .constant(.type(name)) }
            }
        }
        guard case .select(let operand, let field) = expression.kind else { return .failure(.unknownName) }
        return .select(compile(operand), field: Array(field.utf8))
    }

    private mutating func known(_ name: String) -> ValueNode.Kind? {
        if let column = environment?.column(name) { return self.column(column) }
        return bindings[name].map { .binding($0) }
    }

    private mutating func column(_ column: ResolvedSlot) -> ValueNode.Kind {
        columns.insert(column.slot)
        return .column(column.slot, column.type)
    }

    private mutating func presence(_ operand: Expression) -> ValueNode.Kind {
        let node = compile(operand)
        switch node.kind {
        case .select(let owner, let field): return .has(owner, field: field)
        case .column, .binding: return .present(node)
        default: return .failure(.noOverload)
        }
    }

    // MARK: Calls

    private mutating func call(
        _ name: String, _ receiver: Expression?, _ arguments: [Expression], _ expression: Expression
    ) -> ValueNode.Kind {
        if let receiver, let macro = macro(name, receiver, arguments) { return macro }
        let prefix = receiver?.dottedName.map { "\($0)." } ?? ""
        if receiver == nil || !prefix.isEmpty, let overloads = environment?.functions[prefix + name] {
            return .host(overloads, compile(arguments))
        }
        if receiver == nil, let resolved = resolvedCalls[expression.description] { return column(resolved) }
        if !prefix.isEmpty, !locals.contains(String(prefix.dropLast())),
            let function = Function(rawValue: prefix + name)
        {
            return .call(function, compile(arguments))
        }
        if let receiver, let field = TimeField.functions[name] { return .field(field, compile([receiver] + arguments)) }
        guard let function = Function(rawValue: name), receiver == nil ? function.isGlobal : function.isMethod else {
            return .failure(.unknownName)
        }
        let nodes = compile((receiver.map { [$0] } ?? []) + arguments)
        if function == .matches, nodes.count == 2, case .constant(.string(let text)) = nodes[1].kind,
            let pattern = try? Pattern(String(decoding: text, as: UTF8.self))
        {
            return .matches(nodes[0], pattern)
        }
        return .call(function, nodes)
    }

    private mutating func macro(
        _ name: String, _ receiver: Expression, _ arguments: [Expression]
    ) -> ValueNode.Kind? {
        guard let macro = Macro(name: name, arguments: arguments.count) else { return nil }
        guard case .name(let variable) = arguments[0].kind, !variable.hasPrefix(".") else {
            return .failure(.noOverload)
        }
        let range = compile(receiver)
        locals.append(variable)
        localCount = max(localCount, locals.count)
        let bodies = compile(Array(arguments.dropFirst()))
        locals.removeLast()
        let isMap = macro == .map
        let condition = isMap ? (bodies.count == 2 ? bodies[0] : nil) : bodies[0]
        return .macro(
            macro, range: range, local: locals.count, condition: condition, transform: isMap ? bodies.last : nil)
    }
}

extension Expression {
    /// True of `list(…)`.
    var isListCall: Bool {
        if case .call("list", nil, _) = kind { true } else { false }
    }
}

extension Value {
    init(_ literal: Literal) {
        switch literal {
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = .uint(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = Value(value)
        case .bytes(let value): self = .bytes(value)
        case .null: self = .null
        }
    }
}
