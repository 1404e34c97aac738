// The model in its plain form: one record a node, as the document has it, walked one tree and one branch at a time.
// It is the oracle of the compiled forms, and what they and the explanations are made from.
//
//   nodes: [ tree 0's nodes by their number in the document | tree 1's … ]    roots: [ 0, 125, … ]
//   Children are indices into `nodes`; left < 0 marks a leaf. Nodes that the root does not reach stay, unread.

/// One split or one leaf, as the document has it.
struct ReferenceNode: Sendable {
    /// Split: the threshold; leaf: the value to add. Of the libraries that compute in Float, a Float's value.
    var value: Double
    /// Index of the child for a value below the threshold; -1 in a leaf.
    var left: Int32
    var right: Int32
    var column: Int32
    /// Number of the category set, or -1 for a numeric split.
    var categorySet: Int32
    /// Weight of the training rows that came by: their sum of hessians, or their number.
    var cover: Float
    var missing: MissingRule

    var isLeaf: Bool { left < 0 }

    static func leaf(_ value: Double, cover: Float) -> ReferenceNode {
        ReferenceNode(value: value, left: -1, right: -1, column: 0, categorySet: -1, cover: cover, missing: .left)
    }
}

/// The categories that splits list: bit `code` of a set is 1 when the category is listed.
struct CategorySets: Sendable {
    /// Where each set's words begin; one more entry than sets.
    private(set) var starts: [UInt32] = [0]
    private(set) var words: [UInt32] = []

    /// XGBoost keeps categories in Floats, which count no further.
    static let codeLimit = 1 << 24

    mutating func append(words newWords: [UInt32]) -> Int32 {
        words += newWords
        starts.append(UInt32(words.count))
        return Int32(starts.count - 2)
    }

    /// Codes in a set, from 0 to this less one, may be listed.
    func codeCount(ofSet set: Int) -> Int { Int(starts[set + 1] - starts[set]) * 32 }

    func lists(_ code: Int, set: Int) -> Bool {
        let word = Int(starts[set]) + code / 32
        return word < Int(starts[set + 1]) && words[word] >> UInt32(code % 32) & 1 == 1
    }
}

/// A forest as written, walked in the plainest way.
public struct ReferenceForest: Sendable {
    let nodes: [ReferenceNode]
    /// For each node the mean of the leaves below it, weighted by cover.
    let means: [Double]
    let roots: [Int32]
    let categories: CategorySets
    /// Splits on the longest way of each tree.
    let depths: [Int32]
    let summation: Summation
    public let dialect: Dialect
    public let featureCount: Int
    /// Trees that count, of those in `roots`.
    public let treesUsed: Int

    /// The raw margin of a row: one leaf of every tree, in file order.
    ///
    /// - Parameter row: As it comes: it is narrowed here to what the library compares.
    /// - Precondition: `row.count == featureCount`.
    public func margin(of row: Span<Double>) -> Double { margin(ofFirst: treesUsed, of: row) }

    /// The margin of the first `trees` trees.
    public func margin(ofFirst trees: Int, of row: Span<Double>) -> Double {
        precondition(row.count == featureCount, "row of \(row.count), model of \(featureCount) columns")
        return sum(ofFirst: min(max(trees, 0), treesUsed)) { dialect.normalize(row[$0]) }
    }

    /// - Parameter value: Of a column, normalised.
    @inline(__always)
    func sum(ofFirst trees: Int, value: (Int) -> Double) -> Double {
        var single = Float(summation.start)
        var double = summation.start
        for tree in 0..<trees {
            var index = Int(roots[tree])
            while !nodes[index].isLeaf {
                let node = nodes[index]
                index = Int(goesRight(node, value(Int(node.column))) ? node.right : node.left)
            }
            if summation.isSingle { single += Float(nodes[index].value) } else { double += nodes[index].value }
        }
        return summation.margin(ofSum: summation.isSingle ? Double(single) : double)
    }

    /// - Parameter value: Normalised.
    @inline(__always)
    func goesRight(_ node: ReferenceNode, _ value: Double) -> Bool {
        if let isRight = node.missing.isRight(value) { return isRight }
        guard node.categorySet >= 0 else {
            return dialect.goesRight(value.isNaN ? 0 : value, threshold: node.value)
        }
        guard let code = dialect.category(value) else { return !dialect.listedGoRight }
        return categories.lists(code, set: Int(node.categorySet)) == dialect.listedGoRight
    }

    /// Splits by column over the trees used, and how many of all are by category.
    func splitCounts() -> (byColumn: [Int], categorical: Int) {
        var counts = [Int](repeating: 0, count: featureCount)
        var categorical = 0
        var pending = roots.prefix(treesUsed).map(Int.init)
        while let index = pending.popLast() {
            let node = nodes[index]
            guard !node.isLeaf else { continue }
            counts[Int(node.column)] += 1
            if node.categorySet >= 0 { categorical += 1 }
            pending.append(Int(node.left))
            pending.append(Int(node.right))
        }
        return (counts, categorical)
    }
}
