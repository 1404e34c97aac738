// The distinct questions that a forest's splits ask of a row. Trainers that bin their columns ask few (some thousand for
// a hundred thousand splits), so a row answers each of them once, and a split looks its answer up.
//
//   answers: [ column 0, thresholds ascending: 1 1 1 0 0 | column 0, another missing rule: … | column 1 … | category sets ]
//
// Along ascending thresholds the answers are 1 (right) up to the first threshold that the value does not pass, so that
// one binary search gives all answers of a run. Splits by category are not told apart: each is a condition.

struct SplitConditions: ~Copyable, Sendable {
    /// Conditions of one column and one rule for what is missing, side by side.
    struct Run: Sendable, BitwiseCopyable {
        var column: UInt32
        var missing: MissingRule
        var start: UInt32
        var count: UInt32
    }

    /// The words of a category set.
    struct WordRange: Sendable, BitwiseCopyable {
        var start: UInt32
        var count: UInt32
    }

    /// Conditions in all.
    let count: Int
    /// Which column each condition asks.
    let columns: FixedArray<UInt32>
    private let numeric: FixedArray<Run>
    private let categorical: FixedArray<Run>
    private let thresholds: FixedArray<Double>
    /// The category sets of the conditions behind the thresholds.
    private let sets: FixedArray<WordRange>
    private let words: FixedArray<UInt32>

    init(_ table: Table) {
        columns = FixedArray(table.columns)
        numeric = FixedArray(table.numeric)
        categorical = FixedArray(table.categorical)
        thresholds = FixedArray(table.thresholds)
        sets = FixedArray(table.sets)
        words = FixedArray(table.words)
        count = table.columns.count
    }

    /// Fills `answers`, `count` bytes: 1 where the condition sends the row to the right.
    ///
    /// - Parameter values: A row, normalised.
    func answer(_ values: UnsafePointer<Double>, _ dialect: Dialect, into answers: UnsafeMutablePointer<UInt8>) {
        let equal = dialect.goesRight(0, threshold: 0) ? 1 : 0
        for index in 0..<numeric.count {
            let run = numeric.base[index]
            let value = values[Int(run.column)]
            let count = Int(run.count)
            let passed: Int
            if let isRight = run.missing.isRight(value) {
                passed = isRight ? count : 0
            } else {
                let known = value.isNaN ? 0 : value
                passed = Self.passed(thresholds.base + Int(run.start), count, by: known, equal: equal)
            }
            let first = answers + Int(run.start)
            first.update(repeating: 1, count: passed)
            (first + passed).update(repeating: 0, count: count &- passed)
        }
        let unlisted: UInt8 = dialect.listedGoRight ? 0 : 1
        for index in 0..<categorical.count {
            let run = categorical.base[index]
            let first = answers + Int(run.start)
            let value = values[Int(run.column)]
            if let isRight = run.missing.isRight(value) {
                first.update(repeating: isRight ? 1 : 0, count: Int(run.count))
            } else if let code = dialect.category(value) {
                let sets = sets.base + (Int(run.start) &- thresholds.count)
                Self.look(up: code, in: sets, Int(run.count), of: words.base, unlisted: unlisted, into: first)
            } else {
                first.update(repeating: unlisted, count: Int(run.count))
            }
        }
    }

    /// How many ascending thresholds lie below `value`, or at it when `equal` is 1. NaN stands last and is never passed.
    /// Like `look`, without branches on what cannot be predicted.
    ///
    /// - Precondition: `count > 0`.
    @inline(__always)
    private static func passed(
        _ thresholds: UnsafePointer<Double>, _ count: Int, by value: Double, equal: Int
    ) -> Int {
        func passes(_ index: Int) -> Int {
            let threshold = thresholds[index]
            return (threshold < value ? 1 : 0) | ((threshold == value ? 1 : 0) & equal)
        }
        var low = 0
        var length = count
        while length > 1 {
            let half = length &>> 1
            low &+= half &* passes(low &+ half &- 1)
            length &-= half
        }
        return low &+ passes(low)
    }

    @inline(__always)
    private static func look(
        up code: Int, in sets: UnsafePointer<WordRange>, _ count: Int, of words: UnsafePointer<UInt32>, unlisted: UInt8,
        into answers: UnsafeMutablePointer<UInt8>
    ) {
        let word = UInt32(truncatingIfNeeded: code &>> 5)
        let bit = UInt32(truncatingIfNeeded: code & 31)
        for index in 0..<count {
            let set = sets[index]
            let isInside: UInt32 = word < set.count ? 1 : 0
            let isListed = words[Int(set.start &+ word &* isInside)] &>> bit & isInside
            answers[index] = UInt8(truncatingIfNeeded: isListed) ^ unlisted
        }
    }
}

extension SplitConditions {
    /// The conditions while they are gathered.
    struct Table {
        private(set) var columns: [UInt32] = []
        private(set) var numeric: [Run] = []
        private(set) var categorical: [Run] = []
        private(set) var thresholds: [Double] = []
        private(set) var sets: [WordRange] = []
        private(set) var words: [UInt32] = []
        /// Of each node that is a split of a tree in use, the number of its condition.
        private(set) var numbers: [UInt32]

        /// - Complexity: O(n log n).
        init(_ forest: ReferenceForest) {
            numbers = [UInt32](repeating: 0, count: forest.nodes.count)
            var entries = Self.entries(forest)
            entries.sort()
            // A set without words is looked up in the word behind all others.
            if entries.last?.isCategorical == true { words = forest.categories.words + [0] }
            var last: Entry?
            for entry in entries {
                let isNewRun = last?.run != entry.run
                if isNewRun || last?.value != entry.value {
                    add(entry, toNewRun: isNewRun, forest.categories)
                }
                numbers[Int(entry.node)] = UInt32(columns.count - 1)
                last = entry
            }
        }

        private static func entries(_ forest: ReferenceForest) -> [Entry] {
            var entries: [Entry] = []
            var pending: [Int32] = []
            for tree in 0..<forest.treesUsed {
                pending.append(forest.roots[tree])
                while let index = pending.popLast() {
                    let node = forest.nodes[Int(index)]
                    guard !node.isLeaf else { continue }
                    pending.append(node.right)
                    pending.append(node.left)
                    entries.append(Entry(node, index))
                }
            }
            return entries
        }

        private mutating func add(_ entry: Entry, toNewRun isNewRun: Bool, _ categories: CategorySets) {
            let run = Run(column: entry.column, missing: entry.missing, start: UInt32(columns.count), count: 0)
            columns.append(entry.column)
            if entry.isCategorical {
                if isNewRun { categorical.append(run) }
                categorical[categorical.count - 1].count += 1
                let start = categories.starts[Int(entry.value)]
                sets.append(WordRange(start: start, count: categories.starts[Int(entry.value) + 1] - start))
            } else {
                if isNewRun { numeric.append(run) }
                numeric[numeric.count - 1].count += 1
                thresholds.append(entry.value)
            }
        }
    }

    /// A split on its way into the order of conditions.
    private struct Entry: Comparable {
        /// Equal within a run; those by category come last.
        var run: UInt32
        var node: Int32
        /// Threshold, or number of the category set.
        var value: Double

        var isCategorical: Bool { run >> 31 == 1 }
        var column: UInt32 { (run & 0x7FFF_FFFF) >> 3 }
        var missing: MissingRule { MissingRule(rawValue: UInt8(run & 7)) ?? .left }

        init(_ split: ReferenceNode, _ index: Int32) {
            let isCategorical = split.categorySet >= 0
            run = (isCategorical ? 1 << 31 : 0) | UInt32(split.column) << 3 | UInt32(split.missing.rawValue)
            node = index
            value = isCategorical ? Double(split.categorySet) : split.value
        }

        static func < (one: Entry, other: Entry) -> Bool {
            if one.run != other.run { return one.run < other.run }
            return one.value < other.value || (other.value.isNaN && !one.value.isNaN)
        }
    }
}
