// The general evaluator: walks nodes with values that know their own type. It is what lists, maps, macros and all else
// that slots cannot hold run on, what `rules eval` runs on, and the machine's oracle in the tests. It may allocate; its
// steps are counted, and past a limit it ends with an error.

/// What a machine's frame or a set of bindings gives the evaluator to read.
struct ValueEvaluator: ~Escapable {
    private let slots: Span<Slot>
    private let text: Span<UInt8>
    private let bindings: [Value]
    private let sets: (any SetProvider)?
    /// Results must fit slots: timestamps of 1678 to 2261.
    private let timesFitSlots: Bool
    private let maximumSteps: Int
    private(set) var steps = 0
    private var locals: [Value]

    @_lifetime(copy slots, copy text)
    init(
        slots: Span<Slot>, text: Span<UInt8>, bindings: [Value] = [], localCount: Int, sets: (any SetProvider)?,
        timesFitSlots: Bool, maximumSteps: Int
    ) {
        self.slots = slots
        self.text = text
        self.bindings = bindings
        self.sets = sets
        self.timesFitSlots = timesFitSlots
        self.maximumSteps = maximumSteps
        locals = Array(repeating: .null, count: localCount)
    }

    /// The value of a node; an error where the steps did not suffice, whatever was found until then.
    mutating func evaluate(_ node: ValueNode) -> Value {
        let result = value(of: node)
        return isExhausted ? .error(.cost, offset: node.offset) : result
    }

    private var isExhausted: Bool { steps > maximumSteps }

    /// Counts steps before they are taken; false where they are too many.
    private mutating func charge(_ count: Int) -> Bool {
        steps = steps.addingReportingOverflow(count).overflow ? .max : steps + count
        return !isExhausted
    }

    private mutating func value(of node: ValueNode) -> Value {
        guard charge(1) else { return .error(.cost, offset: node.offset) }
        switch node.kind {
        case .constant(let value): return value
        case .column(let slot, let type): return column(slot, type)
        case .binding(let index): return bindings[index]
        case .local(let index): return locals[index]
        case .failure(let reason): return .error(reason, offset: node.offset)
        case .not(let operand):
            let value = value(of: operand)
            if case .bool(let bool) = value { return .bool(!bool) }
            return value.hasFailed ? value : .error(.noOverload, offset: node.offset)
        case .negate(let operand):
            let value = value(of: operand)
            return value.hasFailed ? value : ValueOperators.negated(value, offset: node.offset)
        case .binary(let binary, let left, let right): return self.binary(binary, left, right, node.offset)
        case .logical(let logical, let operands): return decide(operands, deciding: logical == .or)
        case .conditional(let condition, let then, let otherwise):
            let chosen = truth(condition)
            guard case .bool(let bool) = chosen else { return chosen }
            return value(of: bool ? then : otherwise)
        case .list(let elements):
            let (values, failed) = values(of: elements)
            return failed ?? .list(values)
        case .map(let entries): return map(entries)
        case .index(let operand, let index): return indexed(operand, index, node.offset)
        case .select(let operand, let field):
            let owner = value(of: operand)
            if owner.hasFailed { return owner }
            guard case .map(let map) = owner else { return .error(.noOverload, offset: node.offset) }
            return map[.string(field)] ?? .error(.noSuchKey, offset: node.offset)
        case .present(let operand):
            let value = value(of: operand)
            if case .missing = value { return .bool(false) }
            return value.hasFailed ? value : .bool(true)
        case .has(let operand, let field):
            let owner = value(of: operand)
            if case .missing = owner { return .bool(false) }
            guard case .map(let map) = owner else {
                return owner.hasFailed ? owner : .error(.noOverload, offset: node.offset)
            }
            return .bool(map[.string(field)] != nil)
        case .memberOfSet(let element, let set): return member(element, set, node.offset)
        case .macro(let macro, let range, let local, let condition, let transform):
            return iterate(macro, range, local, condition, transform, node.offset)
        case .call(let function, let arguments): return call(function, arguments, node.offset)
        case .matches(let operand, let pattern):
            let value = value(of: operand)
            guard case .string(let bytes) = value else {
                return value.hasFailed ? value : .error(.noOverload, offset: node.offset)
            }
            guard charge(pattern.steps(textBytes: bytes.count)) else { return .error(.cost, offset: node.offset) }
            return .bool(pattern.matches(bytes))
        case .field(let field, let arguments):
            let (values, failed) = values(of: arguments)
            return failed ?? ValueFunctions.field(field, values, offset: node.offset)
        case .host(let overloads, let arguments):
            let (values, failed) = values(of: arguments)
            return failed ?? host(overloads, values, node.offset)
        }
    }

    /// All values, and the first failure among them.
    private mutating func values(of nodes: [ValueNode]) -> ([Value], failed: Value?) {
        var values: [Value] = []
        values.reserveCapacity(nodes.count)
        var failed: Value?
        for node in nodes {
            let value = value(of: node)
            if failed == nil, value.hasFailed { failed = value }
            values.append(value)
        }
        return (values, failed)
    }

    /// A bool, or why there is none.
    private mutating func truth(_ node: ValueNode) -> Value {
        let value = value(of: node)
        if case .bool = value { return value }
        return value.hasFailed ? value : .error(.noOverload, offset: node.offset)
    }

    /// CEL's `&&` and `||`: one deciding operand is enough, wherever it stands; else the first failure; else the rest.
    private mutating func decide(_ operands: [ValueNode], deciding: Bool) -> Value {
        var failed: Value?
        for operand in operands {
            let value = truth(operand)
            if case .bool(let bool) = value {
                if bool == deciding { return value }
            } else if failed == nil {
                failed = value
            }
        }
        return failed ?? .bool(!deciding)
    }

    private mutating func binary(
        _ binary: BinaryOperator, _ left: ValueNode, _ right: ValueNode, _ offset: Int
    ) -> Value {
        let first = value(of: left)
        let second = value(of: right)
        if first.hasFailed { return first }
        if second.hasFailed { return second }
        let cost: Int =
            switch binary {
            case .add: first.weight + second.weight
            case .in: if case .map = second { first.weight } else { second.weight }
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: min(first.weight, second.weight)
            case .subtract, .multiply, .divide, .remainder: 0
            }
        guard charge(cost) else { return .error(.cost, offset: offset) }
        return fitted(ValueOperators.apply(binary, first, second, offset: offset), offset)
    }

    /// A timestamp that the results' slots could not hold is an overflow, as in the machine.
    private func fitted(_ value: Value, _ offset: Int) -> Value {
        guard timesFitSlots, case .timestamp(let time) = value, time.slotNanoseconds == nil else { return value }
        return .error(.overflow, offset: offset)
    }

    // MARK: Columns, sets and host functions

    private func column(_ slot: Int, _ type: ValueType) -> Value {
        let value = slots[slot]
        if value.state == .missing { return .missing(column: slot) }
        return typed(value, type, text)
    }

    private func typed(_ slot: Slot, _ type: ValueType, _ text: Span<UInt8>) -> Value {
        switch slot.state {
        case .missing: return .missing(column: slot.missingColumn)
        case .error: return .error(slot.failure ?? .column, offset: slot.failureOffset ?? 0)
        case .present: break
        }
        switch type {
        case .bool: return .bool(slot.bool)
        case .int: return .int(slot.int)
        case .uint: return .uint(slot.uint)
        case .double: return .double(slot.double)
        case .string: return .string(Self.bytes(slot, text))
        case .identifier: return .identifier(Self.bytes(slot, text))
        case .timestamp: return .timestamp(Instant(slot: slot.int))
        case .duration: return .duration(slot.int)
        case .list, .emptyList, .general: return .error(.column, offset: 0)
        }
    }

    private static func bytes(_ slot: Slot, _ text: Span<UInt8>) -> [UInt8] {
        let range = text.extracting(slot.textOffset..<slot.textOffset + slot.textCount)
        return range.withUnsafeBufferPointer { Array($0) }
    }

    private mutating func member(_ element: ValueNode, _ set: Int, _ offset: Int) -> Value {
        let value = value(of: element)
        if value.hasFailed { return value }
        var bytes: [UInt8] = []
        guard let sets, let (slot, _) = value.slot(appendingTo: &bytes) else {
            return .error(.function, offset: offset)
        }
        let none: [UInt8] = []
        let reader = TextReader(frame: bytes.span, constants: none.span, scratch: none.span)
        return .bool(sets.contains(slot, set: set, text: reader))
    }

    /// Host functions speak slots, so the texts of the arguments are laid out for them.
    private mutating func host(_ overloads: [HostFunction], _ values: [Value], _ offset: Int) -> Value {
        var bytes: [UInt8] = []
        var arguments: [Slot] = []
        var types: [ValueType] = []
        for value in values {
            guard let (slot, type) = value.slot(appendingTo: &bytes) else { return .error(.noOverload, offset: offset) }
            arguments.append(slot)
            types.append(type)
        }
        guard let function = overloads.first(where: { $0.parameters == types }) else {
            return .error(.noOverload, offset: offset)
        }
        let none: [UInt8] = []
        let reader = TextReader(frame: bytes.span, constants: none.span, scratch: none.span)
        let result = function.body(arguments.span, reader)
        if let failure = result.failure { return .error(failure, offset: offset) }
        return typed(result, function.result, bytes.span)
    }

    // MARK: Lists and maps

    private mutating func map(_ entries: [(key: ValueNode, value: ValueNode)]) -> Value {
        var map = ValueMap()
        var failed: Value?
        for entry in entries {
            let key = value(of: entry.key)
            let value = value(of: entry.value)
            if key.hasFailed || value.hasFailed {
                failed = failed ?? (key.hasFailed ? key : value)
                continue
            }
            guard charge(key.weight) else { return .error(.cost, offset: entry.key.offset) }
            switch map.insert(value, for: key) {
            case .done: break
            case .duplicate: failed = failed ?? .error(.duplicateKey, offset: entry.key.offset)
            case .notAKey: failed = failed ?? .error(.noOverload, offset: entry.key.offset)
            }
        }
        return failed ?? .map(map)
    }

    private mutating func indexed(_ operand: ValueNode, _ index: ValueNode, _ offset: Int) -> Value {
        let owner = value(of: operand)
        let place = value(of: index)
        if owner.hasFailed { return owner }
        if place.hasFailed { return place }
        switch owner {
        case .list(let elements):
            let number: Int? =
                switch place {
                case .int(let value): Int(exactly: value)
                case .uint(let value): Int(clamping: value)
                case .double(let value): Int(exactly: value)
                default: nil
                }
            guard let number else { return .error(.noOverload, offset: offset) }
            return elements.indices.contains(number) ? elements[number] : .error(.index, offset: offset)
        case .map(let map):
            guard charge(place.weight) else { return .error(.cost, offset: offset) }
            guard ValueMap.mayBeKey(place) else { return .error(.noOverload, offset: offset) }
            return map[place] ?? .error(.noSuchKey, offset: offset)
        default: return .error(.noOverload, offset: offset)
        }
    }

    private mutating func iterate(
        _ macro: Macro, _ range: ValueNode, _ local: Int, _ condition: ValueNode?, _ transform: ValueNode?,
        _ offset: Int
    ) -> Value {
        let range = value(of: range)
        let elements: [Value]
        switch range {
        case .list(let values): elements = values
        case .map(let map): elements = map.entries.map(\.key)
        default: return range.hasFailed ? range : .error(.noOverload, offset: offset)
        }
        var results: [Value] = []
        var matches = 0
        var failed: Value?
        for element in elements {
            guard charge(1) else { return .error(.cost, offset: offset) }
            locals[local] = element
            var isWanted = true
            if let condition {
                let truth = truth(condition)
                if case .bool(let bool) = truth {
                    isWanted = bool
                } else {
                    failed = failed ?? truth
                    isWanted = false
                    if macro == .all || macro == .exists { continue }
                    return truth
                }
            }
            switch macro {
            case .all: if !isWanted { return .bool(false) }
            case .exists: if isWanted { return .bool(true) }
            case .existsOne: matches += isWanted ? 1 : 0
            case .filter: if isWanted { results.append(element) }
            case .map:
                guard isWanted, let transform else { continue }
                let value = value(of: transform)
                if value.hasFailed { return value }
                results.append(value)
            }
        }
        if let failed { return failed }
        switch macro {
        case .all: return .bool(true)
        case .exists: return .bool(false)
        case .existsOne: return .bool(matches == 1)
        case .map, .filter: return .list(results)
        }
    }

    private mutating func call(_ function: Function, _ arguments: [ValueNode], _ offset: Int) -> Value {
        let (values, failed) = values(of: arguments)
        if let failed { return failed }
        guard charge(ValueCost.steps(of: function, values.map(Extent.init))) else {
            return .error(.cost, offset: offset)
        }
        return fitted(ValueFunctions.apply(function, values, offset: offset), offset)
    }
}

extension Value {
    /// The value as a slot, its text appended to the bytes, and its type; nil where slots cannot hold it.
    func slot(appendingTo bytes: inout [UInt8]) -> (Slot, ValueType)? {
        switch self {
        case .bool(let value): return (Slot(bool: value), .bool)
        case .int(let value): return (Slot(int: value), .int)
        case .uint(let value): return (Slot(uint: value), .uint)
        case .double(let value): return (Slot(double: value), .double)
        case .timestamp(let value): return value.slotNanoseconds.map { (Slot(int: $0), .timestamp) }
        case .duration(let value): return (Slot(int: value), .duration)
        case .string(let text), .identifier(let text):
            bytes.append(contentsOf: text)
            let slot = Slot(textOffset: bytes.count - text.count, count: text.count)
            if case .string = self { return (slot, .string) }
            return (slot, .identifier)
        case .null, .bytes, .list, .map, .type, .missing, .error: return nil
        }
    }
}
