// What a model file says of itself, for `inspect`, the metrics and the record of versions. Nothing here is used to score.

/// The facts of a loaded model.
public struct ModelSummary: Sendable, Equatable {
    /// How the ensemble is walked; the answers are the same bits.
    public enum Engine: String, Sendable {
        /// 8-byte nodes, several trees at a time, without branches. Numeric splits only.
        case lockstep
        /// 8-byte nodes, one tree at a time.
        case walk
        /// The plain nodes of `ReferenceForest`: models too wide or too odd for the packed form.
        case reference
    }

    /// "XGBoost JSON".
    public var format: String
    /// The version of the library that wrote the file, "3.2.0"; empty when it does not say.
    public var libraryVersion: String
    /// "binary:logistic".
    public var objective: String
    /// "gbtree".
    public var booster: String
    /// Trees in the file.
    public var trees: Int
    /// Trees that `margin` adds: fewer than `trees` when early stopping's best iteration limits them.
    public var treesUsed: Int
    /// Nodes reached from a root, leaves among them, over all trees of the file.
    public var nodes: Int
    public var leaves: Int
    /// Splits on the longest way from a root to a leaf.
    public var maxDepth: Int
    public var featureCount: Int
    /// In column order; empty when the file has none.
    public var featureNames: [String]
    /// In column order, as the file spells them ("q", "float", "c"); empty when it has none.
    public var featureTypes: [String]
    /// As the file has it: a probability for logistic objectives.
    public var baseScore: Double
    /// What the sum of the trees starts from.
    public var baseMargin: Double
    /// Early stopping's best round, counted from 0, when the file has it.
    public var bestIteration: Int?
    /// How many splits use each column, over the trees used.
    public var splitCounts: [Int]
    public var categoricalSplits: Int
    public var engine: Engine
    /// Bytes of the form that is walked.
    public var compiledBytes: Int
}
