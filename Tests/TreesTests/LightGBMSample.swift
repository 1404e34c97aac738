// A small LightGBM model as text, written by hand: a split with a default, a split by category, a split at infinity, and a
// tree of one leaf. What the library answers to it stands in the tests.
import Trees

enum LightGBMSample {
    static let head = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        label_index=0
        max_feature_idx=2
        objective=binary sigmoid:1
        feature_names=amount ratio code
        feature_infos=[0:9] none -1:3:5
        tree_sizes=480 244

        """

    static let splits = """

        Tree=0
        num_leaves=4
        num_cat=1
        split_feature=0 2 1
        split_gain=3 2 1
        threshold=1.5 0 inf
        decision_type=2 1 8
        left_child=1 -1 -2
        right_child=2 -3 -4
        leaf_value=0.1 -0.7 0.125 1e-05
        leaf_weight=1 1 1 1
        leaf_count=5 3 2 4
        internal_value=0 0 0
        internal_weight=0 0 0
        internal_count=14 7 7
        cat_boundaries=0 3
        cat_threshold=1 1 1
        is_linear=0
        shrinkage=1


        """

    static let leaf = """

        Tree=1
        num_leaves=1
        num_cat=0
        split_feature=
        split_gain=
        threshold=
        decision_type=
        left_child=
        right_child=
        leaf_value=-0.060018009726253041
        leaf_weight=
        leaf_count=14
        internal_value=
        internal_weight=
        internal_count=
        is_linear=0
        shrinkage=1


        """

    static let end = """
        end of trees

        feature_importances:
        amount=1

        parameters:
        [boosting: gbdt]
        [objective: binary]
        [data: ]
        [num_leaves: 4]

        end of parameters

        pandas_categorical:null

        """

    static let text = head + splits + leaf + end

    /// One split by `amount`: low at or below the threshold, high above.
    static func stump(
        threshold: String, decision: Int, low: String = "0", high: String = "1", counts: (Int, Int) = (1, 1)
    ) -> String {
        """

        Tree=0
        num_leaves=2
        num_cat=0
        split_feature=0
        split_gain=1
        threshold=\(threshold)
        decision_type=\(decision)
        left_child=-1
        right_child=-2
        leaf_value=\(low) \(high)
        leaf_weight=1 1
        leaf_count=\(counts.0) \(counts.1)
        internal_value=0
        internal_weight=0
        internal_count=\(counts.0 + counts.1)
        is_linear=0
        shrinkage=1


        """
    }

    /// A model of trees that are given, each numbered 0 as it comes.
    static func document(_ trees: [String]) -> String {
        let numbered = trees.enumerated().map { $1.replacing("Tree=0\n", with: "Tree=\($0)\n") }
        let sizes = "tree_sizes=" + trees.map { String($0.utf8.count) }.joined(separator: " ")
        return head.replacing("tree_sizes=480 244", with: sizes) + numbered.joined() + end
    }

    static func model(_ text: String = text, limits: ModelLimits = .standard) throws(ModelError) -> TreeModel {
        try TreeModel(bytes: Array(text.utf8), limits: limits)
    }
}
