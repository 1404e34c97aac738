// The distinct conditions of a forest. Trees ask the same questions again and again (a histogram trainer has at most
// one threshold a bin and column), so each question gets a number, and a row answers all of them once, before any tree
// is walked. All that a library says of missing values, zeros, equality and categories is settled here.
//
//   numbers: [ column 4, missing left: -1.5 2.0 7.5 … | column 4, missing right: 2.0 … | column 0 … | categories ]
//              a run: one column and rule, thresholds ascending

struct Conditions {
    /// Conditions of one forest, and the gaps between them: numbers and ranks fit 16 bits.
    static let limit = 65_535
    /// Bytes of the tables of answers by category.
    static let categoryBytesLimit = 32 << 20

    /// The numeric conditions of one column.
    struct Column {
        var column: Int
        /// The thresholds of all its runs, ascending and distinct; a value goes right from the threshold on. NaN, last,
        /// is one that no value reaches.
        var thresholds: [Double] = []
        var runs: [Run] = []
    }

    struct Run {
        var rule: MissingRule
        /// Number of the first condition; the others follow.
        var first: Int
        var thresholds: [Double] = []
    }

    /// The conditions by category of one column.
    struct CategoryColumn {
        var column: Int
        var first: Int
        var conditions: [(set: Int, rule: MissingRule)] = []
        /// Codes from here on are listed by none.
        var codeCount = 0

        /// Of one row of answers, whole chunks.
        var stride: Int { Conditions.wholeChunks(conditions.count) }
        /// A row of answers a code, one for codes not listed and one for missing values.
        var rows: Int { codeCount + 2 }
    }

    /// Bytes that are copied at a time.
    static let chunk = 16

    static func wholeChunks(_ bytes: Int) -> Int { (bytes + chunk - 1) / chunk * chunk }

    /// The number of each node's condition; 0 at leaves and at nodes out of reach.
    private(set) var numbers: [UInt16] = []
    /// By the number of their thresholds.
    private(set) var columns: [Column] = []
    private(set) var categories: [CategoryColumn] = []
    private(set) var count = 0

    private struct Key: Hashable {
        var column: Int32
        var isCategory: Bool
        var rule: MissingRule
        /// The threshold's bits, or the number of the first set of the same categories.
        var bits: UInt64
    }

    /// None.
    init() {}

    /// nil when there are too many of them.
    init?(of forest: ReferenceForest) {
        var keys: [Key] = []
        var numberOfKey: [Key: Int32] = [:]
        var keyOfNode = [Int32](repeating: -1, count: forest.nodes.count)
        var sets = DistinctSets(forest.categories)
        var pending: [Int32] = []
        for tree in 0..<forest.treesUsed {
            pending.append(forest.roots[tree])
            while let index = pending.popLast() {
                let node = forest.nodes[Int(index)]
                guard !node.isLeaf else { continue }
                pending.append(node.left)
                pending.append(node.right)
                guard let key = Self.key(of: node, forest.dialect, &sets) else { return nil }
                if let known = numberOfKey[key] {
                    keyOfNode[Int(index)] = known
                } else {
                    guard keys.count < Self.limit else { return nil }
                    keyOfNode[Int(index)] = Int32(keys.count)
                    numberOfKey[key] = Int32(keys.count)
                    keys.append(key)
                }
            }
        }
        let newNumbers = number(keys, forest.categories)
        guard count <= Self.limit, categories.reduce(0, { $0 + $1.stride * $1.rows }) <= Self.categoryBytesLimit else {
            return nil
        }
        numbers = keyOfNode.map { $0 < 0 ? 0 : newNumbers[Int($0)] }
    }

    /// nil for a rule that splits by category do not have.
    private static func key(of node: ReferenceNode, _ dialect: Dialect, _ sets: inout DistinctSets) -> Key? {
        if node.categorySet >= 0 {
            guard node.missing == .left || node.missing == .right else { return nil }
            let set = sets.first(equalTo: Int(node.categorySet))
            return Key(column: node.column, isCategory: true, rule: node.missing, bits: UInt64(set))
        }
        let threshold = dialect.leastRight(node.value)
        return Key(column: node.column, isCategory: false, rule: node.missing, bits: threshold.bitPattern)
    }

    /// Sorts the keys into runs, and gives the number of each.
    private mutating func number(_ keys: [Key], _ sets: CategorySets) -> [UInt16] {
        let order = keys.indices.sorted { Self.precedes(keys[$0], keys[$1]) }
        var numeric: [Column] = []
        var position = [(column: Int, run: Int, place: Int)](repeating: (-1, -1, -1), count: keys.count)
        for index in order where !keys[index].isCategory {
            let key = keys[index]
            if numeric.last?.column != Int(key.column) { numeric.append(Column(column: Int(key.column))) }
            let last = numeric.count - 1
            if numeric[last].runs.last?.rule != key.rule {
                numeric[last].runs.append(Run(rule: key.rule, first: 0))
            }
            let run = numeric[last].runs.count - 1
            position[index] = (last, run, numeric[last].runs[run].thresholds.count)
            numeric[last].runs[run].thresholds.append(Double(bitPattern: key.bits))
        }
        finish(&numeric)
        var numbers = [UInt16](repeating: 0, count: keys.count)
        for index in order {
            if keys[index].isCategory {
                numbers[index] = UInt16(truncatingIfNeeded: append(category: keys[index], sets))
            } else {
                let (column, run, place) = position[index]
                numbers[index] = UInt16(truncatingIfNeeded: numeric[column].runs[run].first + place)
            }
        }
        columns = numeric.sorted { ($0.thresholds.count, $0.column) < ($1.thresholds.count, $1.column) }
        return numbers
    }

    /// Merges the thresholds of each column, and numbers the runs, the longest first, so that the loops over them run
    /// alike; those of a chunk or more begin on whole chunks, so that no copy crosses a cache line.
    private mutating func finish(_ numeric: inout [Column]) {
        for index in numeric.indices {
            var merged: [Double] = []
            for threshold in numeric[index].runs.flatMap(\.thresholds).sorted(by: Self.ascending)
            where merged.last?.bitPattern != threshold.bitPattern {
                merged.append(threshold)
            }
            numeric[index].thresholds = merged
        }
        var order: [(column: Int, run: Int, count: Int)] = []
        for column in numeric.indices {
            for (run, entry) in numeric[column].runs.enumerated() {
                order.append((column, run, entry.thresholds.count))
            }
        }
        order.sort { ($1.count, $0.column, $0.run) < ($0.count, $1.column, $1.run) }
        for (column, run, length) in order {
            if length >= Self.chunk { count = Self.wholeChunks(count) }
            numeric[column].runs[run].first = count
            count += length
        }
    }

    private mutating func append(category key: Key, _ sets: CategorySets) -> Int {
        let set = Int(key.bits)
        if categories.last?.column != Int(key.column) {
            categories.append(CategoryColumn(column: Int(key.column), first: count))
        }
        let last = categories.count - 1
        categories[last].conditions.append((set, key.rule))
        categories[last].codeCount = max(categories[last].codeCount, sets.listedEnd(ofSet: set))
        count += 1
        return count - 1
    }

    private static func precedes(_ one: Key, _ other: Key) -> Bool {
        if one.isCategory != other.isCategory { return other.isCategory }
        if one.column != other.column { return one.column < other.column }
        if one.rule != other.rule { return one.rule.rawValue < other.rule.rawValue }
        if one.isCategory { return one.bits < other.bits }
        return ascending(Double(bitPattern: one.bits), Double(bitPattern: other.bits))
    }

    /// NaN last.
    private static func ascending(_ one: Double, _ other: Double) -> Bool {
        one.isNaN ? false : other.isNaN ? true : one < other
    }
}

extension Dialect {
    /// The least value that goes right at `threshold`; NaN when none does. Zero is +0.
    ///
    /// `x > t` is `x >= u` where u is the next value of the library's type after t. After infinity there is none.
    func leastRight(_ threshold: Double) -> Double {
        var least = threshold
        if self != .xgboost {
            least = isSingle ? Double(Float(threshold).nextUp) : threshold.nextUp
            if threshold == .infinity { least = .nan }
        }
        return least.isNaN ? .nan : least == 0 ? 0 : least
    }
}

extension CategorySets {
    /// The highest code that the set lists, plus one.
    fileprivate func listedEnd(ofSet set: Int) -> Int {
        let range = Int(starts[set])..<Int(starts[set + 1])
        guard let last = words[range].lastIndex(where: { $0 != 0 }) else { return 0 }
        return (last - range.lowerBound + 1) * UInt32.bitWidth - words[last].leadingZeroBitCount
    }
}

/// Tells sets of the same categories.
private struct DistinctSets {
    let sets: CategorySets
    private var firstOfContents: [ArraySlice<UInt32>: Int] = [:]
    private var firstOfSet: [Int: Int] = [:]

    init(_ sets: CategorySets) { self.sets = sets }

    mutating func first(equalTo set: Int) -> Int {
        if let known = firstOfSet[set] { return known }
        let words = sets.words[Int(sets.starts[set])..<Int(sets.starts[set + 1])]
        let first = firstOfContents[words, default: set]
        firstOfContents[words] = first
        firstOfSet[set] = first
        return first
    }
}
