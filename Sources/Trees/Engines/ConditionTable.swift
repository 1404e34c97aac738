// Answers every condition of a forest for one row: a byte each, 1 where the row goes right. A run's thresholds ascend,
// so its answers are always ones and then zeros; how many ones is the rank of the value among the thresholds. One
// search a column finds the rank, and the bytes are copied from a staircase in which every such pattern stands.
//
//   staircase: 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0     three ones: begin three before the first zero
//
// A missing value has a rank of its own, by the rule of each run; so has zero where a run takes it for missing. A
// category's answers stand ready in a table by code.

/// How the rank of a value among the thresholds of its column is found.
struct ConditionColumn: BitwiseCopyable, Sendable {
    var column: Int32
    /// Quads of pivots, the last thresholds of all blocks but one; behind them stand the blocks.
    var pivots: Int32
    /// Quads of a block.
    var block: Int32
    /// Where the pivots begin.
    var thresholds: Int32
    /// Rank that stands for a missing value, and for zero, or -1 where zero is like any other.
    var missing: Int32
    var zero: Int32
    var runs: Int32
}

struct ConditionRun: BitwiseCopyable, Sendable {
    var first: Int32
    var chunks: Int32
    /// Where the run's ranks by the column's rank begin.
    var ranks: Int32
}

struct ConditionCategory: BitwiseCopyable, Sendable {
    var column: Int32
    var first: Int32
    var chunks: Int32
    var codeCount: Int32
    var answers: Int
}

struct ConditionTable<Value: Scalar>: ~Copyable, Sendable {
    private let dialect: Dialect
    private let columns: FixedArray<ConditionColumn>
    private let runs: FixedArray<ConditionRun>
    private let thresholds: FixedArray<Value>
    private let ranks: FixedArray<UInt16>
    private let staircase: FixedArray<UInt8>
    private let firstZero: Int
    private let categories: FixedArray<ConditionCategory>
    private let answers: FixedArray<UInt8>
    /// Bytes of the table: all conditions, and what the last copy writes beyond them.
    let scratchBytes: Int

    init(_ conditions: Conditions, of forest: ReferenceForest) {
        dialect = forest.dialect
        var columns: [ConditionColumn] = []
        var runs: [ConditionRun] = []
        var thresholds: [Value] = []
        var ranks: [UInt16] = []
        var longest = 0
        for source in conditions.columns {
            let count = source.thresholds.count
            let block = Self.blockSize(count)
            let pivots = stride(from: block - 1, to: count - 1, by: block).map { source.thresholds[$0] }
            let quads = (pivots.count + 3) / 4
            let hasZero = source.runs.contains { $0.rule == .zeroLeft || $0.rule == .zeroRight }
            columns.append(
                ConditionColumn(
                    column: Int32(source.column), pivots: Int32(quads), block: Int32(block / 4), thresholds: Int32(thresholds.count),
                    missing: Int32(count + 1), zero: hasZero ? Int32(count + 2) : -1, runs: Int32(source.runs.count)))
            thresholds += pivots.map { Value($0) }
            thresholds += repeatElement(.nan, count: quads * 4 - pivots.count)
            thresholds += source.thresholds.map { Value($0) }
            thresholds += repeatElement(.nan, count: (pivots.count + 1) * block - count)
            for run in source.runs {
                let chunks = Conditions.wholeChunks(run.thresholds.count) / Conditions.chunk
                runs.append(ConditionRun(first: Int32(run.first), chunks: Int32(chunks), ranks: Int32(ranks.count)))
                ranks += Self.ranks(of: run, in: source.thresholds)
                longest = max(longest, chunks * Conditions.chunk)
            }
        }
        self.columns = FixedArray(columns)
        self.runs = FixedArray(runs)
        self.thresholds = FixedArray(thresholds)
        self.ranks = FixedArray(ranks)
        staircase = FixedArray([UInt8](repeating: 1, count: longest) + [UInt8](repeating: 0, count: longest))
        firstZero = longest
        var categories: [ConditionCategory] = []
        var answers: [UInt8] = []
        for source in conditions.categories {
            categories.append(
                ConditionCategory(
                    column: Int32(source.column), first: Int32(source.first),
                    chunks: Int32(source.stride / Conditions.chunk), codeCount: Int32(source.codeCount),
                    answers: answers.count))
            Self.append(answersOf: source, forest, to: &answers)
        }
        self.categories = FixedArray(categories)
        self.answers = FixedArray(answers)
        scratchBytes = Conditions.wholeChunks(conditions.count + Conditions.chunk)
    }

    var bytes: Int {
        columns.bytes + runs.bytes + thresholds.bytes + ranks.bytes + staircase.bytes + categories.bytes
            + answers.bytes
    }

    /// About the square root, so that pivots and block cost alike; not less than four quads.
    private static func blockSize(_ count: Int) -> Int {
        if count <= 16 { return max(4, (count + 3) / 4 * 4) }
        var size = 16
        while size * size < count { size *= 2 }
        return size
    }

    /// How many of a run's thresholds are reached: at each rank of its column, by a missing value, and by zero.
    private static func ranks(of run: Conditions.Run, in merged: [Double]) -> [UInt16] {
        var ranks: [UInt16] = [0]
        var reached = 0
        for threshold in merged {
            if reached < run.thresholds.count, run.thresholds[reached].bitPattern == threshold.bitPattern {
                reached += 1
            }
            ranks.append(UInt16(reached))
        }
        let all = UInt16(run.thresholds.count)
        let ofZero = UInt16(run.thresholds.count { $0 <= 0 })
        switch run.rule {
        case .left: ranks += [0, ofZero]
        case .right: ranks += [all, ofZero]
        case .zero: ranks += [ofZero, ofZero]
        case .zeroLeft: ranks += [0, 0]
        case .zeroRight: ranks += [all, all]
        }
        return ranks
    }

    private static func append(
        answersOf source: Conditions.CategoryColumn, _ forest: ReferenceForest, to answers: inout [UInt8]
    ) {
        let listed: UInt8 = forest.dialect.listedGoRight ? 1 : 0
        let base = answers.count
        let stride = source.stride
        answers += repeatElement(1 - listed, count: stride * source.rows)
        for (place, condition) in source.conditions.enumerated() {
            for code in 0..<forest.categories.codeCount(ofSet: condition.set)
            where forest.categories.lists(code, set: condition.set) {
                answers[base + code * stride + place] = listed
            }
            answers[base + (source.codeCount + 1) * stride + place] = condition.rule == .right ? 1 : 0
        }
    }

    /// - Parameter row: As it comes.
    /// - Parameter conditions: Gets the answers; `scratchBytes` long.
    @inline(__always)
    func fill(_ row: UnsafePointer<Double>, into conditions: UnsafeMutablePointer<UInt8>) {
        let firstZero = staircase.base + firstZero
        let ranks = ranks.base
        var run = runs.base
        for index in 0..<columns.count {
            let column = columns.base[index]
            let value = Value.read(row[Int(column.column)])
            let thresholds = thresholds.base + Int(column.thresholds)
            let block = Int(column.block)
            var rank = 0
            if column.pivots > 0 {
                rank = Value.reached(by: value, of: thresholds, quads: Int(column.pivots)) &* block &* 4
            }
            let first = thresholds + (Int(column.pivots) &* 4 &+ rank)
            rank &+= Value.reached(by: value, of: first, quads: block)
            if value.isNaN { rank = Int(column.missing) }
            if column.zero >= 0 && value == 0 { rank = Int(column.zero) }
            for _ in 0..<Int(column.runs) {
                let ones = Int(ranks[Int(run.pointee.ranks) &+ rank])
                Self.copy(firstZero - ones, to: conditions + Int(run.pointee.first), chunks: Int(run.pointee.chunks))
                run += 1
            }
        }
        if categories.count > 0 { fillCategories(row, into: conditions) }
    }

    private func fillCategories(_ row: UnsafePointer<Double>, into conditions: UnsafeMutablePointer<UInt8>) {
        for index in 0..<categories.count {
            let category = categories.base[index]
            let value = Double(Value.read(row[Int(category.column)]))
            let unlisted = Int(category.codeCount)
            let code = value.isNaN ? unlisted &+ 1 : min(dialect.category(value) ?? unlisted, unlisted)
            let chunks = Int(category.chunks)
            Self.copy(
                answers.base + (category.answers &+ code &* chunks &* Conditions.chunk),
                to: conditions + Int(category.first), chunks: chunks)
        }
    }

    @inline(__always)
    private static func copy(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, chunks: Int) {
        let source = UnsafeRawPointer(source)
        let target = UnsafeMutableRawPointer(target)
        var offset = 0
        for _ in 0..<chunks {
            target.storeBytes(
                of: source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self), toByteOffset: offset,
                as: SIMD16<UInt8>.self)
            offset &+= Conditions.chunk
        }
    }
}
