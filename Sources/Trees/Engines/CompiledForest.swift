// A forest in the form that was chosen for it: what stands between a model and the walks.

/// A forest in the form that is walked: of one of the three classes below, by the types that its library computes in, or
/// of this one, where no form takes it.
///
/// `@unchecked Sendable`: its one stored property is a `let` of a Sendable type. That it is a parent keeps the compiler
/// from seeing it.
class CompiledForest: @unchecked Sendable {
    let facts: FormFacts

    fileprivate init(_ facts: FormFacts) { self.facts = facts }

    /// - Parameter engine: The one form to try, where a test asks for it.
    static func of(_ forest: ReferenceForest, only engine: ModelSummary.Engine? = nil) -> CompiledForest {
        if engine != .reference && forest.featureCount > 0 {
            switch (forest.dialect.isSingle, forest.summation.isSingle) {
            case (true, true):
                if let plan = FormPlan<Float, Float>(forest, only: engine) { return SingleForest(plan) }
            case (true, false):
                if let plan = FormPlan<Float, Double>(forest, only: engine) { return MixedForest(plan) }
            case (false, false):
                if let plan = FormPlan<Double, Double>(forest, only: engine) { return DoubleForest(plan) }
            case (false, true):
                break
            }
        }
        return CompiledForest(FormFacts(engine: .reference))
    }

    /// False where no form takes the forest.
    func walk(_ rows: RowBatch, _ memory: borrowing ScratchMemory) -> Bool { false }
}

/// XGBoost. `@unchecked Sendable`: its one property is a `let` of a Sendable type, and so is its parent's.
private final class SingleForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Float, Float>

    init(_ plan: FormPlan<Float, Float>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func walk(_ rows: RowBatch, _ memory: borrowing ScratchMemory) -> Bool {
        for row in 0..<rows.count { rows.margins[row] = form.margin(ofFirst: rows.trees, rows.row(row), memory) }
        return true
    }
}

/// CatBoost. `@unchecked Sendable`: its one property is a `let` of a Sendable type, and so is its parent's.
private final class MixedForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Float, Double>

    init(_ plan: FormPlan<Float, Double>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func walk(_ rows: RowBatch, _ memory: borrowing ScratchMemory) -> Bool {
        for row in 0..<rows.count { rows.margins[row] = form.margin(ofFirst: rows.trees, rows.row(row), memory) }
        return true
    }
}

/// LightGBM. `@unchecked Sendable`: its one property is a `let` of a Sendable type, and so is its parent's.
private final class DoubleForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Double, Double>

    init(_ plan: FormPlan<Double, Double>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func walk(_ rows: RowBatch, _ memory: borrowing ScratchMemory) -> Bool {
        for row in 0..<rows.count { rows.margins[row] = form.margin(ofFirst: rows.trees, rows.row(row), memory) }
        return true
    }
}

/// Rows to be scored one after the other. Blocks of rows were no faster: even 500 trees of depth 8 wait for the answers
/// of conditions, not for the nodes.
struct RowBatch {
    /// As they come, one behind the other.
    let values: UnsafePointer<Double>
    let columns: Int
    let count: Int
    /// The first trees, which are added.
    let trees: Int
    /// One a row.
    let margins: UnsafeMutablePointer<Double>

    @inline(__always)
    func row(_ index: Int) -> UnsafePointer<Double> { values + index &* columns }
}

/// What is to be known of a form from outside.
struct FormFacts: Sendable {
    var engine: ModelSummary.Engine
    var bytes = 0
    var need = ScratchNeed()
}

/// One form of a forest. `Value` is what thresholds are, `Leaf` what leaves are.
private struct ForestForm<Value: Scalar, Leaf: Scalar>: Sendable {
    let facts: FormFacts
    private let engine: ModelSummary.Engine
    private let start: Leaf
    private let summation: Summation
    private let table: ConditionTable<Value>
    private let heap: HeapForest<Leaf>
    private let treelets: TreeletForest<Leaf>
    private let oblivious: ObliviousForest<Leaf>
    private let compact: CompactForest<Value, Leaf>

    init(_ plan: FormPlan<Value, Leaf>) {
        start = Leaf(plan.forest.summation.start)
        summation = plan.forest.summation
        table = ConditionTable(ConditionPacker(plan.conditions, of: plan.forest), plan.forest.dialect)
        heap = HeapForest(plan.heap)
        treelets = TreeletForest(plan.treelets)
        oblivious = ObliviousForest(plan.oblivious)
        compact = CompactForest(plan.compact, of: plan.forest, isLockstep: plan.engine == .lockstep)
        engine = plan.engine
        facts = FormFacts(
            engine: plan.engine,
            bytes: table.bytes + heap.bytes + treelets.bytes + oblivious.bytes + compact.bytes,
            need: ScratchNeed(
                bytes: max(table.scratchBytes, compact.scratchBytes), trees: treelets.scratchTrees))
    }

    @inline(__always)
    func margin(ofFirst count: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory) -> Double {
        let conditions = UnsafePointer(memory.bytes.assumingMemoryBound(to: UInt8.self))
        if engine != .walk && engine != .lockstep { table.fill(row, into: memory.bytes) }
        let sum: Leaf
        switch engine {
        case .heap: sum = heap.sum(ofFirst: count, from: start, conditions)
        case .treelets:
            sum = treelets.sum(ofFirst: count, from: start, conditions, exits: memory.exits, list: memory.list)
        case .oblivious: sum = oblivious.sum(ofFirst: count, from: start, conditions)
        case .lockstep, .walk, .reference:
            sum = compact.sum(ofFirst: count, from: start, row, memory: memory.bytes)
        }
        return summation.margin(ofSum: Double(sum))
    }
}
