// Lays out what a condition table reads: thresholds in blocks behind their pivots, ranks by run, answers by category.

struct ConditionPacker<Value: Scalar> {
    private(set) var columns: [ConditionColumn] = []
    private(set) var tinyEnd = 0
    private(set) var smallEnd = 0
    private(set) var middleEnd = 0
    private(set) var thresholds: [Value] = []
    private(set) var zeros: [ConditionZero] = []
    private(set) var runs: [ConditionRun] = []
    private(set) var ranks: [UInt16] = []
    /// Conditions of the longest run, in whole chunks.
    private(set) var longestRun = 0
    private(set) var categories: [ConditionCategory] = []
    private(set) var answers: [UInt8] = []
    private(set) var conditionCount = 0

    static var tiny: Int { 4 }
    /// Thresholds of a block, and pivots before the blocks.
    static var block: Int { 16 }
    static var middle: Int { block * (block + 1) }

    init() {}

    init(_ conditions: Conditions, of forest: ReferenceForest) {
        conditionCount = conditions.count
        for source in conditions.columns {
            append(source)
            if source.thresholds.count <= Self.tiny { tinyEnd = columns.count }
            if source.thresholds.count <= Self.block { smallEnd = columns.count }
            if source.thresholds.count <= Self.middle { middleEnd = columns.count }
        }
        runs.sort { $0.first < $1.first }
        longestRun = (runs.map { Int($0.chunks) }.max() ?? 0) * Conditions.chunk
        for source in conditions.categories {
            categories.append(
                ConditionCategory(
                    column: Int32(source.column), first: Int32(source.first),
                    chunks: Int32(source.stride / Conditions.chunk), codeCount: Int32(source.codeCount),
                    answers: answers.count))
            append(answersOf: source, forest)
        }
    }

    private mutating func append(_ source: Conditions.Column) {
        let count = source.thresholds.count
        let block = Self.blockSize(count)
        // The last threshold of every block but the last.
        let pivots = stride(from: block - 1, to: count - 1, by: block).map { source.thresholds[$0] }
        let pivotCount = pivots.isEmpty ? 0 : max((pivots.count + 3) / 4 * 4, Self.block)
        let place = Int32(columns.count)
        columns.append(
            ConditionColumn(
                column: Int32(source.column), thresholds: Int32(thresholds.count), missing: Int32(count + 1),
                block: Int32(block), pivots: Int32(pivotCount)))
        // NaN, which no value reaches, fills up.
        append(thresholds: pivots, filledTo: pivotCount)
        append(thresholds: source.thresholds, filledTo: (pivots.count + 1) * block)
        if source.runs.contains(where: { $0.rule == .zeroLeft || $0.rule == .zeroRight }) {
            zeros.append(ConditionZero(column: Int32(source.column), place: place, rank: Int32(count + 2)))
        }
        for run in source.runs {
            let chunks = Conditions.wholeChunks(run.thresholds.count) / Conditions.chunk
            runs.append(
                ConditionRun(first: Int32(run.first), chunks: Int32(chunks), place: place, ranks: Int32(ranks.count)))
            append(ranksOf: run, in: source.thresholds)
        }
    }

    /// About the square root, so that pivots and block cost alike.
    private static func blockSize(_ count: Int) -> Int {
        if count <= tiny { return tiny }
        var size = block
        while size * (size + 1) < count { size *= 2 }
        return size
    }

    private mutating func append(thresholds more: [Double], filledTo count: Int) {
        thresholds += more.map { Value($0) }
        thresholds += repeatElement(.nan, count: count - more.count)
    }

    /// How many of a run's thresholds are reached: at each rank of its column, by a missing value, and by a zero that
    /// some run of the column takes for missing.
    private mutating func append(ranksOf run: Conditions.Run, in merged: [Double]) {
        ranks.append(0)
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
    }

    private mutating func append(answersOf source: Conditions.CategoryColumn, _ forest: ReferenceForest) {
        let listed: UInt8 = forest.dialect.listedGoRight ? 1 : 0
        let base = answers.count
        let stride = source.stride
        answers += repeatElement(1 - listed, count: stride * source.rows)
        for (place, condition) in source.conditions.enumerated() {
            for code in 0..<source.codeCount
            where forest.categories.lists(code, set: condition.set) {
                answers[base + code * stride + place] = listed
            }
            answers[base + (source.codeCount + 1) * stride + place] = condition.rule == .right ? 1 : 0
        }
    }
}
