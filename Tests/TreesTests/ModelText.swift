// Model documents written here: small forests as text in XGBoost's shape, so that a test can say what it changes.
import Trees

/// Vigna's SplitMix64; tests take their seed as an argument.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The columns of one tree.
struct TreeText {
    var left: [Int] = [-1]
    var right: [Int] = [-1]
    var column: [Int] = [0]
    /// Thresholds, and leaf values, as they are spelt.
    var value: [String] = ["0.5"]
    var defaultLeft: [Int] = [0]
    var cover: [Double] = [1]
    var splitType: [Int] = [0]
    /// Categories that go right, by node.
    var categories: [(node: Int, codes: [Int])] = []
    var deleted = 0
    var id: Int?

    static func leaf(_ value: String) -> TreeText { TreeText(value: [value]) }

    /// `x[column] < threshold ? low : high`.
    static func stump(
        _ column: Int, _ threshold: String, _ low: String, _ high: String, missingLeft: Bool = true
    ) -> TreeText {
        TreeText(
            left: [1, -1, -1], right: [2, -1, -1], column: [column, 0, 0], value: [threshold, low, high],
            defaultLeft: [missingLeft ? 1 : 0, 0, 0], cover: [4, 3, 1], splitType: [0, 0, 0])
    }

    func text(position: Int, features: Int) -> String {
        let zeros = left.map { _ in "0" }.joined(separator: ",")
        var begin = 0
        var segments: [Int] = []
        for entry in categories {
            segments.append(begin)
            begin += entry.codes.count
        }
        return """
            {"base_weights":[\(zeros)],"categories":\(categories.flatMap(\.codes)),\
            "categories_nodes":\(categories.map(\.node)),"categories_segments":\(segments),\
            "categories_sizes":\(categories.map(\.codes.count)),"default_left":\(defaultLeft),\
            "id":\(id ?? position),"left_children":\(left),"loss_changes":[\(zeros)],"parents":[\(zeros)],\
            "right_children":\(right),"split_conditions":[\(value.joined(separator: ","))],\
            "split_indices":\(column),"split_type":\(splitType),"sum_hessian":\(cover),\
            "tree_param":{"num_deleted":"\(deleted)","num_feature":"\(features)","num_nodes":"\(left.count)",\
            "size_leaf_vector":"1"}}
            """
    }
}

/// A whole document; `text` is what the library would write, up to what a test changes.
struct ModelText {
    var trees: [TreeText] = [.stump(0, "1.5", "-0.25", "0.75"), .leaf("0.125")]
    var features = 2
    var baseScore = #""[5E-1]""#
    var objective = "binary:logistic"
    var attributes = "{}"
    var featureNames = "[]"
    var iterationIndices: [Int]?
    var parallel = 1
    /// Of dart's trees, as they are spelt; without them the booster is gbtree.
    var weights: [String]?
    var version = "[3,2,0]"

    var text: String {
        let all = trees.enumerated().map { $1.text(position: $0, features: features) }.joined(separator: ",")
        let model = """
            "model":{"gbtree_model_param":{"num_parallel_tree":"\(parallel)",\
            "num_trees":"\(trees.count)"},"iteration_indptr":\(iterationIndices ?? Array(0...trees.count)),\
            "tree_info":\(trees.map { _ in 0 }),"trees":[\(all)]},"name":"gbtree"
            """
        let dart = weights.map {
            #""gbtree":{\#(model)},"name":"dart","weight_drop":[\#($0.joined(separator: ","))]"#
        }
        return """
            {"learner":{"attributes":\(attributes),"feature_names":\(featureNames),"feature_types":[],\
            "gradient_booster":{\(dart ?? model)},\
            "learner_model_param":{"base_score":\(baseScore),"boost_from_average":"1","num_class":"0",\
            "num_feature":"\(features)","num_target":"1"},"objective":{"name":"\(objective)",\
            "reg_loss_param":{"scale_pos_weight":"1"}}},"version":\(version)}
            """
    }

    func model(limitToBestIteration: Bool = true, limits: ModelLimits = .standard) throws(ModelError) -> TreeModel {
        try TreeModel(bytes: Array(text.utf8), limitToBestIteration: limitToBestIteration, limits: limits)
    }
}

extension TreeModel {
    /// For tests that do not count.
    func margin(_ row: [Double]) -> Double { margin(of: row.span, scratch: makeScratch()) }
}

/// What a document is refused with; nil when it is taken.
func refusal(_ text: String, limits: ModelLimits = .standard) -> ModelError? {
    do {
        _ = try TreeModel(bytes: Array(text.utf8), limits: limits)
        return nil
    } catch {
        return error
    }
}

// MARK: - Random forests

extension TreeText {
    /// A tree of up to `splits` splits, grown at random places.
    static func random(
        splits: Int, features: Int, categorical: Bool, using rng: inout SplitMix64
    ) -> TreeText {
        var tree = TreeText.leaf("\(Float.random(in: -1...1, using: &rng))")
        var leaves = [0]
        for _ in 0..<splits {
            let at = leaves.remove(at: Int.random(in: 0..<leaves.count, using: &rng))
            tree.left[at] = tree.left.count
            tree.right[at] = tree.left.count + 1
            tree.column[at] = Int.random(in: 0..<features, using: &rng)
            tree.defaultLeft[at] = Int.random(in: 0...1, using: &rng)
            tree.value[at] = threshold(using: &rng)
            if categorical && tree.column[at] == 0 {
                tree.splitType[at] = 1
                tree.categories.append((at, (0..<80).filter { _ in Bool.random(using: &rng) }))
            }
            for _ in 0..<2 {
                leaves.append(tree.left.count)
                tree.left.append(-1)
                tree.right.append(-1)
                tree.column.append(0)
                tree.value.append("\(Float.random(in: -1...1, using: &rng))")
                tree.defaultLeft.append(0)
                tree.cover.append(Double.random(in: 0.5...9, using: &rng))
                tree.splitType.append(0)
            }
        }
        tree.categories.sort { $0.node < $1.node }
        return tree
    }

    /// Few distinct ones, so that rows meet them exactly.
    private static func threshold(using rng: inout SplitMix64) -> String {
        ["0.0", "-0.0", "1.0", "1e-45", "0.1", "-2.5", "3.4028235e38", "Infinity", "7.25"].randomElement(using: &rng)!
    }
}

/// A row whose values often equal a threshold.
func randomRow(features: Int, using rng: inout SplitMix64) -> [Double] {
    let odd: [Double] = [
        .nan, 0, -0.0, 1, 0.1, Double(Float(0.1)), -2.5, .infinity, -.infinity, 1e-45, 1e300, 7.25, -1,
    ]
    return (0..<features).map { _ in
        Bool.random(using: &rng) ? odd.randomElement(using: &rng)! : Double.random(in: -5...80, using: &rng)
    }
}
