// What an evaluation costs at worst, computed at load from the sizes of literals and the bounds of columns, in the steps
// that the evaluator counts: a node, an element, sixteen bytes of text. Where macros nest, their counts multiply.

/// How large a value may be.
struct Extent: Sendable {
    /// Elements of a list or map, bytes of a text.
    var count: Int
    /// Steps to look at all of it once: `Value.weight`.
    var weight: Int

    static let scalar = Extent(count: 0, weight: 1)

    static func text(_ bytes: Int) -> Extent { Extent(count: bytes, weight: Weight.ofText(bytes)) }

    init(count: Int, weight: Int) {
        self.count = min(count, Self.largest)
        self.weight = min(weight, Self.largest)
    }

    init(_ value: Value) {
        switch value {
        case .string(let bytes), .bytes(let bytes), .identifier(let bytes): self = .text(bytes.count)
        case .list(let elements): self.init(count: elements.count, weight: value.weight)
        case .map(let map): self.init(count: map.entries.count, weight: value.weight)
        default: self = .scalar
        }
    }

    /// Past this nothing is counted, so that no product of two overflows.
    static let largest = 1 << 30

    /// Any part of the value, which may be a text as well as a list.
    var part: Extent { Extent(count: weight * 16, weight: weight) }

    func or(_ other: Extent) -> Extent { Extent(count: max(count, other.count), weight: max(weight, other.weight)) }

    static func + (first: Extent, second: Extent) -> Extent {
        Extent(count: first.count + second.count, weight: first.weight + second.weight)
    }
}

struct ValueCost {
    /// Of the bindings, where values are given by name.
    var bindings: [Extent] = []
    var columnTextBytes: Int
    private var locals: [Extent]
    private(set) var steps = 0
    private let limit: Int
    /// Where the steps went past the limit first.
    private var exceededAt: Int?

    init(bindings: [Extent] = [], columnTextBytes: Int, localCount: Int, limit: Int) {
        self.bindings = bindings
        self.limit = limit
        self.columnTextBytes = columnTextBytes
        locals = Array(repeating: .scalar, count: localCount)
    }

    private mutating func charge(_ count: Int) { steps = min(steps + count, Extent.largest) }

    /// Refuses an expression that may take more steps than the limit, where they pass it.
    func check(_ expression: Expression) throws(ExpressionError) {
        guard steps > limit else { return }
        let shown = steps == Extent.largest ? "more than \(steps)" : "\(steps)"
        throw ExpressionError(
            "this may take \(shown) steps, and \(max(0, limit)) are left of the limit",
            at: expression.place(at: exceededAt ?? 0) ?? expression.place)
    }

    /// Adds the steps of a node at worst and answers how large its value may be.
    mutating func add(_ node: ValueNode) -> Extent {
        let result = cost(of: node)
        if steps > limit, exceededAt == nil { exceededAt = node.offset }
        return result
    }

    private mutating func cost(of node: ValueNode) -> Extent {
        charge(1)
        switch node.kind {
        case .constant(let value): return Extent(value)
        case .column(_, let type): return type.isText ? .text(columnTextBytes) : .scalar
        case .binding(let index): return bindings[index]
        case .local(let index): return locals[index]
        case .failure: return .scalar
        case .not(let operand), .negate(let operand), .present(let operand), .has(let operand, _),
            .memberOfSet(let operand, _):
            _ = add(operand)
            return .scalar
        case .binary(let binary, let left, let right): return add(binary, left, right)
        case .logical(_, let operands):
            for operand in operands { _ = add(operand) }
            return .scalar
        case .conditional(let condition, let then, let otherwise):
            _ = add(condition)
            return add(then).or(add(otherwise))
        case .list(let elements):
            var result = Extent(count: elements.count, weight: 1)
            for element in elements { result.weight += add(element).weight }
            return Extent(count: result.count, weight: result.weight)
        case .map(let entries):
            var weight = 1
            for entry in entries {
                let key = add(entry.key)
                charge(key.weight)
                weight += key.weight + add(entry.value).weight
            }
            return Extent(count: entries.count, weight: weight)
        case .index(let operand, let index):
            let owner = add(operand)
            charge(add(index).weight)
            return owner.part
        case .select(let operand, _): return add(operand).part
        case .macro(let macro, let range, let local, let condition, let transform):
            return add(macro, range, local, condition, transform)
        case .call(let function, let arguments):
            var extents: [Extent] = []
            for argument in arguments { extents.append(add(argument)) }
            charge(Self.steps(of: function, extents))
            return Self.result(of: function, extents)
        case .matches(let operand, let pattern):
            charge(pattern.steps(textBytes: add(operand).count))
            return .scalar
        case .field(_, let arguments):
            for argument in arguments { _ = add(argument) }
            return .scalar
        case .host(let overloads, let arguments):
            var result = Extent.scalar
            for argument in arguments { result = result.or(add(argument)) }
            return overloads.contains { $0.result.isText } ? result : .scalar
        }
    }

    private mutating func add(_ binary: BinaryOperator, _ left: ValueNode, _ right: ValueNode) -> Extent {
        let first = add(left)
        let second = add(right)
        switch binary {
        case .add:
            charge(first.weight + second.weight)
            return first + second
        case .in: charge(first.weight + second.weight)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: charge(min(first.weight, second.weight))
        case .subtract, .multiply, .divide, .remainder: break
        }
        return .scalar
    }

    private mutating func add(
        _ macro: Macro, _ range: ValueNode, _ local: Int, _ condition: ValueNode?, _ transform: ValueNode?
    ) -> Extent {
        let list = add(range)
        // A list of n elements weighs more than n, so a range cannot iterate more often than it weighs.
        let count = min(list.count, list.weight)
        locals[local] = list.part
        let before = steps
        if let condition { _ = add(condition) }
        let result = transform.map { add($0) }
        let once = steps - before
        steps = before
        charge(min(Extent.largest, once + 1) * max(count, 0))
        switch macro {
        case .all, .exists, .existsOne: return .scalar
        case .filter: return list
        case .map: return Extent(count: count, weight: 1 + count * (result?.weight ?? 1))
        }
    }

    // MARK: Functions

    /// What a function takes beside its arguments' own steps: to look at them and to write the result. A pattern that
    /// is known only now may have as many states as patterns have at most, but no more than a few for each letter.
    static func steps(of function: Function, _ arguments: [Extent]) -> Int {
        let read = arguments.reduce(0) { min(Extent.largest, $0 + $1.weight) }
        switch function {
        case .matches:
            guard arguments.count == 2 else { return read }
            return min(Extent.largest, (arguments[0].count + 2) * Pattern.maximumStates) + arguments[1].count
        case .indexOf, .lastIndexOf, .contains, .replace, .split:
            // At each place the part is compared until it differs.
            guard arguments.count >= 2 else { return read }
            let compared = min(Extent.largest, arguments[0].count * max(1, arguments[1].weight))
            return read + compared + result(of: function, arguments).weight
        case .dyn, .type: return 0
        default: return read + result(of: function, arguments).weight
        }
    }

    /// How large the result may be.
    static func result(of function: Function, _ arguments: [Extent]) -> Extent {
        let first = arguments.first ?? .scalar
        switch function {
        case .string: return .text(first.count + TextConversion.longestFormat)
        case .bytes, .lowerAscii, .upperAscii, .trim, .reverse, .substring, .charAt, .dyn: return first
        case .quote: return .text(first.count * 4 + 2)
        case .replace:
            guard arguments.count >= 3 else { return .scalar }
            return .text(min(Extent.largest, first.count + (first.count + 1) * arguments[2].count))
        case .split: return Extent(count: first.count + 1, weight: 2 + first.count * 2)
        case .join:
            let separator = arguments.count > 1 ? arguments[1].count : 0
            return .text(min(Extent.largest, first.weight * 16 + first.count * separator))
        case .format:
            let printed = (arguments.count > 1 ? arguments[1].weight : 0) * 64
            return .text(min(Extent.largest, first.count + first.count / 2 * TextFormat.longestNumber + printed))
        case .greatest, .least: return arguments.reduce(.scalar) { $0.or($1.part) }
        default: return .scalar
        }
    }
}

extension Expression {
    /// The place of the node whose errors are shown at a byte of the text.
    func place(at offset: Int) -> SourceRange? {
        if place.start.offset == offset { return place }
        for child in kind.children {
            if let found = child.place(at: offset) { return found }
        }
        return nil
    }
}
