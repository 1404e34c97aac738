// What a model file says of itself, for `inspect`, the metrics and the record of versions. Nothing here is used to score.

/// The facts of a loaded model.
public struct ModelSummary: Sendable, Equatable {
    /// How the ensemble is walked; the answers are the same bits.
    public enum Engine: String, Sendable {
        /// Conditions answered once a row; perfect heaps of their numbers. Up to eight levels.
        case heap
        /// Conditions answered once a row; treelets of three levels. Trees of any shape.
        case treelets
        /// Conditions answered once a row; trees that ask one question a level.
        case oblivious
        /// 8- or 16-byte nodes, several trees at a time, without branches. Numeric splits only.
        case lockstep
        /// The same nodes, one tree at a time.
        case walk
        /// The plain nodes of `ReferenceForest`: models too odd for a packed form.
        case reference
    }

    /// "XGBoost JSON".
    public var format: String
    public var dialect: Dialect
    /// The version of the library that wrote the file, "3.2.0"; empty when it does not say.
    public var libraryVersion: String
    public var objective: Objective
    /// "gbtree".
    public var booster: String
    /// Trees in the file.
    public var trees = 0
    /// Trees that `margin` adds: fewer than `trees` when early stopping's best iteration limits them.
    public var treesUsed = 0
    /// Nodes reached from a root, leaves among them, over all trees of the file.
    public var nodes = 0
    public var leaves = 0
    /// Splits on the longest way from a root to a leaf.
    public var maxDepth = 0
    public var featureCount = 0
    /// In column order; empty when the file has none.
    public var featureNames: [String] = []
    /// In column order, as the file spells them ("q", "float", "c"); empty when it has none.
    public var featureTypes: [String] = []
    /// As the file has it: a probability for logistic objectives.
    public var baseScore = 0.0
    /// What the sum of the trees starts from.
    public var baseMargin = 0.0
    /// Early stopping's best round, counted from 0, when the file has it.
    public var bestIteration: Int?
    /// What else the file says of its training: parameter and value, in its order.
    public var training: [TrainingFact] = []
    /// How many splits use each column, over the trees used.
    public var splitCounts: [Int] = []
    public var categoricalSplits = 0
    public var engine = Engine.reference
    /// Bytes of the form that is walked.
    public var compiledBytes = 0

    init(format: String, dialect: Dialect, objective: Objective, booster: String, libraryVersion: String = "") {
        self.format = format
        self.dialect = dialect
        self.libraryVersion = libraryVersion
        self.objective = objective
        self.booster = booster
    }
}

/// One parameter of a training, as the file spells it.
public struct TrainingFact: Sendable, Equatable {
    public var name: String
    public var value: String
}
