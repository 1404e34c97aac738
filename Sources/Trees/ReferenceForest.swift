// The model in its plain form: one record a node, as the document has it, walked one tree and one branch at a time.
// It is the oracle of the packed engine, and what explanations and later compiled forms are made from.
//
//   nodes: [ tree 0's nodes by their number in the document | tree 1's … ]    roots: [ 0, 125, … ]
//   Children are indices into `nodes`; left < 0 marks a leaf. Nodes that the root does not reach stay, unread.

/// One split or one leaf, as the document has it.
struct ReferenceNode: Sendable {
    /// Split: the threshold; leaf: the value to add.
    var value: Float
    /// Index of the child for `x < value`, or for a category that is not listed; -1 in a leaf.
    var left: Int32
    var right: Int32
    var column: Int32
    /// Number of the category set, or -1 for a numeric split.
    var categorySet: Int32
    /// Sum of hessians of the training rows that came by.
    var cover: Float
    var missingGoesLeft: Bool

    var isLeaf: Bool { left < 0 }
}

/// The listed categories of the splits: bit `code` of a set is 1 when the category goes right.
struct CategorySets: Sendable {
    /// Where each set's words begin; one more entry than sets.
    var starts: [UInt32] = [0]
    var words: [UInt32] = []

    /// XGBoost's rule: codes outside [0, 2^24) are no categories, and go left with those that are not listed.
    static let codeLimit = 1 << 24

    mutating func append(words newWords: [UInt32]) -> Int32 {
        words += newWords
        starts.append(UInt32(words.count))
        return Int32(starts.count - 2)
    }

    func goesRight(_ value: Float, set: Int) -> Bool {
        guard value >= 0, value < Float(Self.codeLimit) else { return false }
        let code = Int(value)
        let word = Int(starts[set]) + code / 32
        return word < Int(starts[set + 1]) && words[word] >> UInt32(code % 32) & 1 == 1
    }
}

/// A forest as written, walked in the plainest way.
public struct ReferenceForest: Sendable {
    let nodes: [ReferenceNode]
    /// For each node the mean margin of the training rows that came by, weighted by cover.
    let means: [Double]
    let roots: [Int32]
    let categories: CategorySets
    let baseMargin: Float
    /// Splits on the longest way of each tree.
    let depths: [Int32]
    public let featureCount: Int
    /// Trees that count, of those in `roots`.
    public let treesUsed: Int

    /// The raw margin of a row that is already in Float: the base, then one leaf of every tree, in file order.
    ///
    /// - Precondition: `row.count == featureCount`.
    public func margin(of row: Span<Float>) -> Float {
        precondition(row.count == featureCount, "row of \(row.count), model of \(featureCount) columns")
        var sum = baseMargin
        for tree in 0..<treesUsed {
            var index = Int(roots[tree])
            while !nodes[index].isLeaf {
                let node = nodes[index]
                index = Int(goesLeft(node, row[Int(node.column)]) ? node.left : node.right)
            }
            sum += nodes[index].value
        }
        return sum
    }

    @inline(__always)
    func goesLeft(_ node: ReferenceNode, _ value: Float) -> Bool {
        if value.isNaN { return node.missingGoesLeft }
        if node.categorySet >= 0 { return !categories.goesRight(value, set: Int(node.categorySet)) }
        return value < node.value
    }

    /// The same walk over an expanded row, for models that the packed form cannot hold.
    func margin(ofFirst trees: Int, scratch: TreeModel.Scratch) -> Float {
        let columns = scratch.columns
        var sum = baseMargin
        for tree in 0..<trees {
            var index = Int(roots[tree])
            while !nodes[index].isLeaf {
                let node = nodes[index]
                index = Int(goesLeft(node, columns[Int(node.column) &* 2 &+ 1]) ? node.left : node.right)
            }
            sum += nodes[index].value
        }
        return sum
    }
}
