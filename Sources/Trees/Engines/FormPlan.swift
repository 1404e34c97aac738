// Packs a forest in the form that would cost a row the least. A form may refuse: then the next is tried.

/// The form that was chosen, packed; the others are empty.
struct FormPlan<Value: Scalar, Leaf: Scalar> {
    let forest: ReferenceForest
    private(set) var engine = ModelSummary.Engine.reference
    private(set) var conditions = Conditions()
    private(set) var heap = HeapPacker<Leaf>()
    private(set) var treelets = TreeletPacker<Leaf>()
    private(set) var oblivious = ObliviousPacker<Leaf>()
    private(set) var compact = CompactPacker<Value, Leaf>()

    /// nil when no form takes the forest.
    ///
    /// - Parameter wanted: The one form to try, where a test asks for it.
    init?(_ forest: ReferenceForest, only wanted: ModelSummary.Engine? = nil) {
        self.forest = forest
        let conditions = Conditions(of: forest)
        for engine in Self.ranked(ForestShape(forest), forest, conditions) where wanted == nil || wanted == engine {
            if pack(engine, conditions) {
                self.engine = engine
                return
            }
        }
        return nil
    }

    /// The forms that might do, the cheapest first.
    private static func ranked(
        _ shape: ForestShape, _ forest: ReferenceForest, _ conditions: Conditions?
    ) -> [ModelSummary.Engine] {
        var costs: [(engine: ModelSummary.Engine, cost: Double)] = [(.walk, shape.walkCost)]
        if let cost = shape.lockstepCost { costs.append((.lockstep, cost)) }
        if let conditions {
            let table = conditions.cost
            let levels = forest.depths.prefix(forest.treesUsed).reduce(0) { $0 + Int($1) }
            costs.append((.oblivious, table + shape.obliviousCost(levels: levels)))
            if let cost = shape.heapCost { costs.append((.heap, table + cost)) }
            costs.append((.treelets, table + shape.treeletCost))
        }
        return costs.sorted { $0.cost < $1.cost }.map(\.engine)
    }

    /// False when the form does not take the forest.
    private mutating func pack(_ engine: ModelSummary.Engine, _ conditions: Conditions?) -> Bool {
        switch engine {
        case .heap:
            guard let conditions, let packed = HeapPacker<Leaf>(forest, conditions.numbers) else { return false }
            (self.conditions, heap) = (conditions, packed)
        case .treelets:
            guard let conditions, let packed = TreeletPacker<Leaf>(forest, conditions.numbers) else { return false }
            (self.conditions, treelets) = (conditions, packed)
        case .oblivious:
            guard let conditions, let packed = ObliviousPacker<Leaf>(forest, conditions.numbers) else { return false }
            (self.conditions, oblivious) = (conditions, packed)
        case .lockstep, .walk:
            guard let packed = CompactPacker<Value, Leaf>(forest) else { return false }
            compact = packed
        case .reference: return false
        }
        return true
    }
}
