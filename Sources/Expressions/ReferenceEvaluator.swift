// The plain twin of the compiled program: it walks the syntax tree with values that know their own type, folds nothing,
// and is the oracle of the tests. It may allocate as it likes.

/// A value that knows its type.
public enum ReferenceValue: Sendable, Equatable {
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string([UInt8])
    case identifier([UInt8])
    case timestamp(Int64)
    case duration(Int64)
    case list([ReferenceValue])
    /// The column that was missing, where that is known.
    case missing(column: Int?)
    case error(FailureReason?, offset: Int)

    var hasFailed: Bool {
        switch self {
        case .missing, .error: true
        default: false
        }
    }
}

/// Evaluates a syntax tree by walking it.
public struct ReferenceEvaluator: Sendable {
    let expression: Expression
    let environment: Environment
    let resolvedCalls: [String: ResolvedSlot]

    /// - Parameter expression: One that the checker has accepted with this environment.
    public init(_ expression: Expression, environment: Environment, resolvedCalls: [String: ResolvedSlot] = [:]) {
        self.expression = expression
        self.environment = environment
        self.resolvedCalls = resolvedCalls
    }

    public func evaluate(_ frame: Frame) -> ReferenceValue { value(of: expression, frame) }

    private func value(of node: Expression, _ frame: Frame) -> ReferenceValue {
        switch node.kind {
        case .literal(.bool(let value)): return .bool(value)
        case .literal(.int(let value)): return .int(value)
        case .literal(.uint(let value)): return .uint(value)
        case .literal(.double(let value)): return .double(value)
        case .literal(.string(let value)): return .string(Array(value.utf8))
        case .name, .select: return column(environment.column(node.dottedName ?? ""), frame)
        case .not(let operand):
            let value = value(of: operand, frame)
            if case .bool(let bool) = value { return .bool(!bool) }
            return value
        case .negate(let operand):
            return negated(value(of: operand, frame), node)
        case .logical(let logical, let operands):
            return decide(operands.map { value(of: $0, frame) }, deciding: logical == .or)
        case .conditional(let condition, let then, let otherwise):
            let chosen = value(of: condition, frame)
            guard case .bool(let bool) = chosen else { return chosen }
            return value(of: bool ? then : otherwise, frame)
        case .list(let elements):
            let values = elements.map { value(of: $0, frame) }
            return values.first(where: \.hasFailed) ?? .list(values)
        case .presence(let operand):
            switch value(of: operand, frame) {
            case .missing: return .bool(false)
            case .error(let reason, let offset): return .error(reason, offset: offset)
            default: return .bool(true)
            }
        case .binary(let binary, let left, let right):
            let first = value(of: left, frame)
            let second = value(of: right, frame)
            if first.hasFailed { return first }
            if second.hasFailed { return second }
            return ReferenceOperators.apply(binary, first, second, offset: node.place.start.offset)
        case .call(let name, let receiver, let arguments):
            return call(name, receiver, arguments, node, frame)
        }
    }

    private func column(_ column: ResolvedSlot?, _ frame: Frame) -> ReferenceValue {
        guard let column else { return .error(.column, offset: 0) }
        let slot = frame.slots[column.slot]
        if slot.state == .missing { return .missing(column: column.slot) }
        return typed(slot, column.type, frame)
    }

    private func typed(_ slot: Slot, _ type: ValueType, _ frame: Frame) -> ReferenceValue {
        switch slot.state {
        case .missing: return .missing(column: slot.missingColumn)
        case .error: return .error(slot.failure, offset: slot.failureOffset ?? 0)
        case .present: break
        }
        switch type {
        case .bool: return .bool(slot.bool)
        case .int: return .int(slot.int)
        case .uint: return .uint(slot.uint)
        case .double: return .double(slot.double)
        case .string: return .string(Array(frame.text[slot.textOffset..<slot.textOffset + slot.textCount]))
        case .identifier: return .identifier(Array(frame.text[slot.textOffset..<slot.textOffset + slot.textCount]))
        case .timestamp: return .timestamp(slot.int)
        case .duration: return .duration(slot.int)
        case .list, .emptyList: return .error(.column, offset: 0)
        }
    }

    private func negated(_ value: ReferenceValue, _ node: Expression) -> ReferenceValue {
        switch value {
        case .int(.min): .error(.overflow, offset: node.place.start.offset)
        case .int(let int): .int(-int)
        case .double(let double): .double(-double)
        default: value
        }
    }

    /// CEL's `&&` and `||`: one deciding operand is enough, wherever it stands; else the first failure; else the rest.
    private func decide(_ values: [ReferenceValue], deciding: Bool) -> ReferenceValue {
        if values.contains(.bool(deciding)) { return .bool(deciding) }
        return values.first(where: \.hasFailed) ?? .bool(!deciding)
    }

    // MARK: Calls

    private func call(
        _ name: String, _ receiver: Expression?, _ arguments: [Expression], _ node: Expression, _ frame: Frame
    ) -> ReferenceValue {
        let prefix = receiver?.dottedName.map { "\($0)." } ?? ""
        if receiver == nil || !prefix.isEmpty, environment.functions[prefix + name] != nil {
            return host(prefix + name, arguments.map { value(of: $0, frame) }, node, frame)
        }
        if receiver == nil, let resolved = resolvedCalls[node.description] { return column(resolved, frame) }
        let values = ((receiver.map { [$0] } ?? []) + arguments).map { value(of: $0, frame) }
        if let failed = values.first(where: \.hasFailed) { return failed }
        return ReferenceFunctions.apply(name, values, offset: node.place.start.offset)
    }

    /// Host functions speak slots, so the texts of the arguments are appended to a copy of the frame.
    private func host(
        _ name: String, _ values: [ReferenceValue], _ node: Expression, _ frame: Frame
    ) -> ReferenceValue {
        if let failed = values.first(where: \.hasFailed) { return failed }
        var frame = frame
        var slots: [Slot] = []
        var types: [ValueType] = []
        for value in values {
            switch value {
            case .bool(let bool): (slots, types) = (slots + [Slot(bool: bool)], types + [.bool])
            case .int(let int): (slots, types) = (slots + [Slot(int: int)], types + [.int])
            case .uint(let uint): (slots, types) = (slots + [Slot(uint: uint)], types + [.uint])
            case .double(let double): (slots, types) = (slots + [Slot(double: double)], types + [.double])
            case .timestamp(let time): (slots, types) = (slots + [Slot(int: time)], types + [.timestamp])
            case .duration(let time): (slots, types) = (slots + [Slot(int: time)], types + [.duration])
            case .string(let text): (slots, types) = (slots + [frame.append(text: text)], types + [.string])
            case .identifier(let text): (slots, types) = (slots + [frame.append(text: text)], types + [.identifier])
            case .list, .missing, .error: return value
            }
        }
        guard let function = environment.functions[name, default: []].first(where: { $0.parameters == types }) else {
            return .error(.function, offset: node.place.start.offset)
        }
        let none: [UInt8] = []
        let reader = TextReader(frame: frame.text.span, constants: none.span, scratch: none.span)
        let result = function.body(slots.span, reader)
        if let failure = result.failure { return .error(failure, offset: node.place.start.offset) }
        return typed(result, function.result, frame)
    }
}
