// Answers every condition of a forest for one row: a byte each, 1 where the row goes right. A run's thresholds ascend,
// so its answers are always ones and then zeros; how many ones is the rank of the value among the thresholds. First one
// search a column finds the ranks, without a branch that depends on the row; then the bytes of each run are copied from
// a staircase in which every such pattern stands.
//
//   staircase: 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 0     three ones: begin three before the first zero
//
// A missing value has a rank of its own, by the rule of each run; so has zero where a run takes it for missing. A
// category's answers stand ready in a table by code.

/// Where the rank of a value among the thresholds of its column is found.
struct ConditionColumn: BitwiseCopyable, Sendable {
    var column: Int32
    /// Where the column's pivots begin, or its thresholds where it has none.
    var thresholds: Int32
    /// The rank that stands for a missing value.
    var missing: Int32
    /// Thresholds in a block, and pivots, where they are not those of the column's class.
    var block: Int32
    var pivots: Int32
}

/// One column under one rule.
struct ConditionRun: BitwiseCopyable, Sendable {
    /// Number of its first condition.
    var first: Int32
    var chunks: Int32
    /// Which of the table's columns it is of.
    var place: Int32
    /// Where the run's ranks by the column's rank begin.
    var ranks: Int32
}

/// A column under rules that take zero for missing.
struct ConditionZero: BitwiseCopyable, Sendable {
    var column: Int32
    var place: Int32
    var rank: Int32
}

/// A column of categories.
struct ConditionCategory: BitwiseCopyable, Sendable {
    var column: Int32
    var first: Int32
    var chunks: Int32
    var codeCount: Int32
    var answers: Int
}

final class ConditionTable<Value: Scalar>: Sendable {
    private let dialect: Dialect
    private let columns: FixedArray<ConditionColumn>
    /// Columns, in their order, of up to 4 thresholds, of up to 16, and of up to 17 blocks of 16.
    private let tinyEnd: Int
    private let smallEnd: Int
    private let middleEnd: Int
    private let thresholds: FixedArray<Value>
    private let zeros: FixedArray<ConditionZero>
    private let runs: FixedArray<ConditionRun>
    private let ranks: FixedArray<UInt16>
    private let staircase: FixedArray<UInt8>
    private let firstZero: Int
    private let categories: FixedArray<ConditionCategory>
    private let answers: FixedArray<UInt8>
    /// Where the ranks of a row stand in the scratch, behind the answers.
    private let rowRanks: Int
    /// Bytes of the table: all conditions, what the last copy writes beyond them, and the ranks.
    let scratchBytes: Int

    init(_ packed: ConditionPacker<Value>, _ dialect: Dialect) {
        self.dialect = dialect
        columns = FixedArray(packed.columns)
        tinyEnd = packed.tinyEnd
        smallEnd = packed.smallEnd
        middleEnd = packed.middleEnd
        thresholds = FixedArray(packed.thresholds)
        zeros = FixedArray(packed.zeros)
        runs = FixedArray(packed.runs)
        ranks = FixedArray(packed.ranks)
        let longest = packed.longestRun
        staircase = FixedArray([UInt8](repeating: 1, count: longest) + [UInt8](repeating: 0, count: longest))
        firstZero = longest
        categories = FixedArray(packed.categories)
        answers = FixedArray(packed.answers)
        rowRanks = Conditions.wholeChunks(packed.conditionCount + Conditions.chunk)
        scratchBytes = rowRanks + packed.columns.count * MemoryLayout<Int32>.stride
    }

    var bytes: Int {
        columns.bytes + thresholds.bytes + zeros.bytes + runs.bytes + ranks.bytes + staircase.bytes
            + categories.bytes + answers.bytes
    }

    /// - Parameter row: As it comes.
    /// - Parameter memory: Gets the answers; `scratchBytes` long.
    @inline(__always)
    func fill(_ row: UnsafePointer<Double>, into memory: UnsafeMutableRawPointer) {
        let rowRanks = (memory + rowRanks).assumingMemoryBound(to: Int32.self)
        findRanks(row, rowRanks)
        for index in 0..<zeros.count {
            let zero = zeros.base[index]
            if Value.read(row[Int(zero.column)]) == 0 { rowRanks[Int(zero.place)] = zero.rank }
        }
        copyRuns(rowRanks, into: memory)
        for index in 0..<categories.count {
            let category = categories.base[index]
            let value = Double(Value.read(row[Int(category.column)]))
            let unlisted = Int(category.codeCount)
            let code = value.isNaN ? unlisted &+ 1 : min(dialect.category(value) ?? unlisted, unlisted)
            let chunks = Int(category.chunks)
            let source = UnsafeRawPointer(answers.base + (category.answers &+ code &* chunks &* Conditions.chunk))
            conditionCopy(from: source, to: memory + Int(category.first), chunks: chunks)
        }
    }

    @inline(__always)
    private func copyRuns(_ rowRanks: UnsafePointer<Int32>, into memory: UnsafeMutableRawPointer) {
        let firstZero = UnsafeRawPointer(staircase.base + firstZero)
        let ranks = ranks.base
        for index in 0..<runs.count {
            let run = runs.base[index]
            let ones = Int(ranks[Int(run.ranks &+ rowRanks[Int(run.place)])])
            conditionCopy(from: firstZero - ones, to: memory + Int(run.first), chunks: Int(run.chunks))
        }
    }

    /// A loop for each class of columns, so that their bodies run straight through.
    @inline(__always)
    private func findRanks(_ row: UnsafePointer<Double>, _ ranks: UnsafeMutablePointer<Int32>) {
        let columns = columns.base
        let thresholds = thresholds.base
        @inline(__always)
        func store(_ place: Int, _ rank: Int, _ value: Value) {
            // NaN reaches none: its rank is 0 so far.
            ranks[place] = Int32(truncatingIfNeeded: rank) &+ (value.isNaN ? columns[place].missing : 0)
        }
        for place in 0..<tinyEnd {
            let value = Value.read(row[Int(columns[place].column)])
            store(place, Value.reached(by: value, of: thresholds + Int(columns[place].thresholds), quads: 1), value)
        }
        for place in tinyEnd..<smallEnd {
            let value = Value.read(row[Int(columns[place].column)])
            store(place, Value.reached(by: value, of: thresholds + Int(columns[place].thresholds), quads: 4), value)
        }
        for place in smallEnd..<middleEnd {
            let value = Value.read(row[Int(columns[place].column)])
            let pivots = thresholds + Int(columns[place].thresholds)
            let below = Value.reached(by: value, of: pivots, quads: 4) &* 16
            store(place, below &+ Value.reached(by: value, of: pivots + (below &+ 16), quads: 4), value)
        }
        for place in middleEnd..<self.columns.count {
            let value = Value.read(row[Int(columns[place].column)])
            let pivots = thresholds + Int(columns[place].thresholds)
            let block = Int(columns[place].block)
            let pivotCount = Int(columns[place].pivots)
            let below = Value.reached(by: value, of: pivots, quads: pivotCount / 4) &* block
            store(place, below &+ Value.reached(by: value, of: pivots + (below &+ pivotCount), quads: block / 4), value)
        }
    }
}

@inline(__always)
private func conditionCopy(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, chunks: Int) {
    var offset = 0
    for _ in 0..<chunks {
        target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self), toByteOffset: offset,
            as: SIMD16<UInt8>.self)
        offset &+= Conditions.chunk
    }
}
