// A whole expression for the general evaluator: over values given by name, as `rules eval` has them, or over a frame,
// where it is the plain twin of the compiled program and the oracle of its tests.

/// An expression that is evaluated with values that know their own type.
public struct ValueProgram: Sendable {
    let root: ValueNode
    private let localCount: Int
    private let bindings: [Value]
    private let timesFitSlots: Bool
    private let limits: ExpressionLimits
    /// Steps of an evaluation at worst.
    public let worstSteps: Int

    /// An expression of which nothing is checked before it is evaluated: an unknown name or function is an error where
    /// it is evaluated, and `true || f(1)` is true.
    ///
    /// - Parameter bindings: Values by name; a name may have dots.
    /// - Throws: Where the text is no expression, or may take more steps than the limits allow.
    public init(
        parsing text: String, bindings: [String: Value], limits: ExpressionLimits = .standard
    ) throws(ExpressionError) {
        let expression = try Expression(parsing: text, limits: limits)
        let names = bindings.keys.sorted()
        var compiler = ValueCompiler(bindings: names)
        let root = compiler.compile(expression)
        let values = names.compactMap { bindings[$0] }
        var cost = ValueCost(
            bindings: values.map(Extent.init), columnTextBytes: limits.columnTextBytes,
            localCount: compiler.localCount, limit: limits.costSteps)
        _ = cost.add(root)
        try cost.check(expression)
        self.root = root
        self.bindings = values
        self.limits = limits
        localCount = compiler.localCount
        timesFitSlots = false
        worstSteps = cost.steps
    }

    /// An expression that the checker has accepted, over frames.
    init(
        _ expression: Expression, environment: Environment, resolvedCalls: [String: ResolvedSlot] = [:],
        resolvedSets: [String: Int] = [:], limits: ExpressionLimits = .standard
    ) throws(ExpressionError) {
        var compiler = ValueCompiler(
            environment: environment, resolvedCalls: resolvedCalls, resolvedSets: resolvedSets)
        root = compiler.compile(expression)
        localCount = compiler.localCount
        bindings = []
        timesFitSlots = true
        self.limits = limits
        var cost = ValueCost(
            columnTextBytes: limits.columnTextBytes, localCount: localCount, limit: limits.costSteps)
        _ = cost.add(root)
        try cost.check(expression)
        worstSteps = cost.steps
    }

    /// The value, or why there is none.
    public func evaluate() -> Value { run(Frame(), nil).value }

    func evaluate(_ frame: Frame, sets: (any SetProvider)? = nil) -> Value { run(frame, sets).value }

    /// The value and the steps that were taken.
    func run(_ frame: Frame, _ sets: (any SetProvider)?) -> (value: Value, steps: Int) {
        let slots = frame.slots
        let text = frame.text
        var evaluator = ValueEvaluator(
            slots: slots.span, text: text.span, bindings: bindings, localCount: localCount, sets: sets,
            timesFitSlots: timesFitSlots, maximumSteps: limits.costSteps)
        let value = evaluator.evaluate(root)
        return (value, evaluator.steps)
    }
}

/// A part of a program that the machine leaves to the general evaluator.
struct GeneralCode: Sendable {
    let node: ValueNode
    let localCount: Int
    /// What the machine takes the result for.
    let type: ValueType

    func evaluate(
        _ slots: Span<Slot>, _ text: Span<UInt8>, _ sets: (any SetProvider)?, stepsLeft: inout Int
    ) -> Value {
        var evaluator = ValueEvaluator(
            slots: slots, text: text, localCount: localCount, sets: sets, timesFitSlots: true,
            maximumSteps: stepsLeft)
        let value = evaluator.evaluate(node)
        stepsLeft = max(0, stepsLeft - evaluator.steps)
        return value
    }

    /// The result as a slot; a text is appended to the arena, and a value of another type is an error.
    func slot(_ value: Value, _ arena: inout [UInt8]) -> Slot {
        switch value {
        case .missing(let column): return Slot(bits: column.map { UInt64($0) } ?? .max, state: .missing)
        case .error(let reason, let offset): return Slot(failure: reason, offset: offset)
        default: break
        }
        let start = arena.count
        guard let (slot, found) = value.slot(appendingTo: &arena), found == type else {
            arena.removeLast(arena.count - start)
            return Slot(failure: .noOverload, offset: node.offset)
        }
        guard type.isText else { return slot }
        guard arena.count <= LinkedCode.maximumJoinedBytes else {
            arena.removeLast(arena.count - start)
            return Slot(failure: .outOfRange, offset: node.offset)
        }
        return Slot(space: .scratch, offset: start, count: arena.count - start)
    }
}
