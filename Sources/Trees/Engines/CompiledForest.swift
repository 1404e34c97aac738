// Chooses the form in which a forest is walked, by what it would cost a row.

/// Memory that a walk writes to.
struct ScratchNeed: Sendable {
    /// Answers of the condition table, or the row of the compact nodes.
    var bytes = 0
    /// Trees whose exits are kept.
    var trees = 0

    func covers(_ other: ScratchNeed) -> Bool { bytes >= other.bytes && trees >= other.trees }
}

/// A forest in the form that is walked. Immutable, and one of three classes, by the types that its library computes in.
class CompiledForest: @unchecked Sendable {
    let facts: FormFacts

    fileprivate init(_ facts: FormFacts) { self.facts = facts }

    /// - Parameter engine: The one form to try, where a test asks for it.
    static func of(_ forest: ReferenceForest, only engine: ModelSummary.Engine? = nil) -> CompiledForest {
        if engine != .reference && forest.featureCount > 0 {
            switch (forest.dialect.isSingle, forest.summation.isSingle) {
            case (true, true): if let plan = FormPlan<Float, Float>(forest, only: engine) { return SingleForest(plan) }
            case (true, false): if let plan = FormPlan<Float, Double>(forest, only: engine) { return MixedForest(plan) }
            case (false, false): if let plan = FormPlan<Double, Double>(forest, only: engine) { return DoubleForest(plan) }
            case (false, true): break
            }
        }
        return CompiledForest(FormFacts(engine: .reference))
    }

    /// nil where no form takes the forest.
    func margin(ofFirst trees: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory) -> Double? { nil }
}

/// XGBoost.
private final class SingleForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Float, Float>

    init(_ plan: FormPlan<Float, Float>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func margin(
        ofFirst trees: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory
    ) -> Double? {
        form.margin(ofFirst: trees, row, memory)
    }
}

/// CatBoost.
private final class MixedForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Float, Double>

    init(_ plan: FormPlan<Float, Double>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func margin(
        ofFirst trees: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory
    ) -> Double? {
        form.margin(ofFirst: trees, row, memory)
    }
}

/// LightGBM.
private final class DoubleForest: CompiledForest, @unchecked Sendable {
    private let form: ForestForm<Double, Double>

    init(_ plan: FormPlan<Double, Double>) {
        form = ForestForm(plan)
        super.init(form.facts)
    }

    override func margin(
        ofFirst trees: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory
    ) -> Double? {
        form.margin(ofFirst: trees, row, memory)
    }
}

/// What is to be known of a form from outside.
struct FormFacts: Sendable {
    var engine: ModelSummary.Engine
    var bytes = 0
    var need = ScratchNeed()
}

/// The form that was chosen, packed; the others are empty.
private struct FormPlan<Value: Scalar, Leaf: Scalar> {
    let forest: ReferenceForest
    var engine: ModelSummary.Engine
    var conditions = Conditions()
    var heap = HeapPacker<Leaf>()
    var treelets = TreeletPacker<Leaf>()
    var oblivious = ObliviousPacker<Leaf>()
    var compact = CompactPacker<Value, Leaf>()

    /// nil when no form takes the forest.
    init?(_ forest: ReferenceForest, only wanted: ModelSummary.Engine? = nil) {
        self.forest = forest
        if wanted != .lockstep && wanted != .walk, let conditions = Conditions(of: forest) {
            self.conditions = conditions
            if wanted ?? .oblivious == .oblivious, let trees = ObliviousPacker<Leaf>(forest, conditions.numbers) {
                engine = .oblivious
                oblivious = trees
                return
            }
            if wanted ?? .heap == .heap, let trees = HeapPacker<Leaf>(forest, conditions.numbers) {
                engine = .heap
                heap = trees
                return
            }
            if wanted ?? .treelets == .treelets, let trees = TreeletPacker<Leaf>(forest, conditions.numbers) {
                engine = .treelets
                treelets = trees
                return
            }
            if wanted != nil { return nil }
            self.conditions = Conditions()
        }
        guard let trees = CompactPacker<Value, Leaf>(forest) else { return nil }
        engine = .walk
        compact = trees
    }
}

/// One form of a forest. `Value` is what thresholds are, `Leaf` what leaves are.
private struct ForestForm<Value: Scalar, Leaf: Scalar>: ~Copyable, Sendable {
    let facts: FormFacts
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
        table = ConditionTable(plan.conditions, of: plan.forest)
        heap = HeapForest(plan.heap)
        treelets = TreeletForest(plan.treelets)
        oblivious = ObliviousForest(plan.oblivious)
        compact = CompactForest(plan.compact, of: plan.forest)
        facts = FormFacts(
            engine: plan.engine == .walk && compact.isLockstep ? .lockstep : plan.engine,
            bytes: table.bytes + heap.bytes + treelets.bytes + oblivious.bytes + compact.bytes,
            need: ScratchNeed(
                bytes: max(table.scratchBytes, compact.scratchBytes), trees: treelets.scratchTrees))
    }

    @inline(__always)
    func margin(ofFirst count: Int, _ row: UnsafePointer<Double>, _ memory: borrowing ScratchMemory) -> Double {
        let conditions = memory.bytes.assumingMemoryBound(to: UInt8.self)
        let sum: Leaf
        switch facts.engine {
        case .heap:
            table.fill(row, into: conditions)
            sum = heap.sum(ofFirst: count, from: start, conditions)
        case .treelets:
            table.fill(row, into: conditions)
            sum = treelets.sum(ofFirst: count, from: start, conditions, exits: memory.exits, list: memory.list)
        case .oblivious:
            table.fill(row, into: conditions)
            sum = oblivious.sum(ofFirst: count, from: start, conditions)
        case .lockstep, .walk, .reference:
            sum = compact.sum(ofFirst: count, from: start, row, memory: memory.bytes)
        }
        return summation.margin(ofSum: Double(sum))
    }
}

/// What a `ScratchNeed` asks for, owned by one scratch.
struct ScratchMemory: ~Copyable {
    let bytes: UnsafeMutableRawPointer
    let exits: UnsafeMutablePointer<UInt16>
    let list: UnsafeMutablePointer<UInt16>

    init(_ need: ScratchNeed) {
        let count = max(need.bytes, 1)
        bytes = .allocate(byteCount: count, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        let trees = max(need.trees, 1)
        exits = .allocate(capacity: trees)
        exits.initialize(repeating: 0, count: trees)
        list = .allocate(capacity: trees)
        list.initialize(repeating: 0, count: trees)
    }

    deinit {
        bytes.deallocate()
        exits.deallocate()
        list.deallocate()
    }
}
