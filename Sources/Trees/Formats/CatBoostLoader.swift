// A CatBoost model as JSON, from any DocumentSource:
//
//   { features_info: { float_features }, model_info: { params: { loss_function } }, scale_and_bias: [ scale, [ bias ] ],
//     oblivious_trees: [ … ]   or, where trees were not grown level by level,   trees: [ … ] }
//
// Numeric features only: a split by category needs the library's own hash of a text, and its tables. Keys come in any
// order, so trees become nodes when all was read.

struct CatBoostLoader<Source: DocumentSource> {
    private var source: Source
    private var features = CatBoostFeatures()
    private var trees: [CatBoostTree] = []
    /// Of `trees`, once they are nodes.
    private var nodeCount = 0
    private var info = CatBoostInfo()
    private var scale = 1.0
    private var bias = 0.0
    private var isSymmetric = true
    private var objective: Objective?

    init(_ source: Source) {
        self.source = source
    }

    mutating func load() throws(ModelError) -> LoadedModel {
        try readDocument()
        try source.finish()
        guard let objective else { throw ModelError(.missing("model_info"), path: "", offset: source.offset) }
        var builder = ForestBuilder()
        for tree in trees { try tree.add(to: &builder, features: features) }
        let forest = builder.forest(
            dialect: .catboost, summation: Summation(isSingle: false, scale: scale, bias: bias),
            featureCount: features.columnCount, treesUsed: trees.count)
        let policy = info.training.first { $0.name == "tree_learner_options.grow_policy" }?.value
        var summary = ModelSummary(
            format: "CatBoost JSON", dialect: .catboost, objective: objective,
            booster: policy ?? (isSymmetric ? "SymmetricTree" : "not symmetric"), libraryVersion: info.version)
        summary.featureNames = features.names
        summary.baseScore = bias
        summary.baseMargin = bias
        summary.training = info.training
        builder.describe(forest, in: &summary)
        return LoadedModel(forest: forest, summary: summary)
    }

    private mutating func readDocument() throws(ModelError) {
        var seen: Set<String> = []
        try source.beginObject()
        while let key = try source.nextKey() {
            // The two ways of writing trees exclude each other.
            let name = key == "oblivious_trees" ? "trees" : key
            switch key {
            case "features_info", "model_info", "scale_and_bias", "oblivious_trees", "trees", "ctr_data":
                guard seen.insert(name).inserted else { throw source.failure(.duplicate(name)) }
            default:
                try source.skipValue()
                continue
            }
            switch key {
            case "features_info": try features.read(from: &source)
            case "model_info":
                try info.read(from: &source)
                objective = try info.objective(end: source.offset)
            case "scale_and_bias": try readScaleAndBias()
            case "ctr_data": try refuseTables()
            default:
                isSymmetric = key == "oblivious_trees"
                try readTrees()
            }
        }
        for name in ["features_info", "trees"] where !seen.contains(name) {
            throw ModelError(.missing(name == "trees" ? "oblivious_trees" : name), path: "", offset: source.offset)
        }
    }

    private mutating func readTrees() throws(ModelError) {
        let limits = source.limits
        try source.beginArray()
        while try source.nextElement() {
            guard trees.count < limits.trees else {
                throw source.failure(.limit("trees in a model", maximum: limits.trees))
            }
            let tree = try isSymmetric ? CatBoostTree(symmetric: &source) : CatBoostTree(nested: &source)
            nodeCount += tree.nodeCount
            func refuse(_ name: String, _ maximum: Int) -> ModelError {
                ModelError(.limit(name, maximum: maximum), path: tree.path, offset: tree.offset)
            }
            guard tree.nodeCount <= limits.nodesPerTree else { throw refuse("nodes in a tree", limits.nodesPerTree) }
            guard nodeCount <= limits.totalNodes else { throw refuse("nodes in a model", limits.totalNodes) }
            trees.append(tree)
        }
    }

    /// `[scale, [bias]]`; no bias stands for 0.
    private mutating func readScaleAndBias() throws(ModelError) {
        let (path, offset) = (source.path, source.offset)
        var biases: [Double] = []
        var count = 0
        try source.beginArray()
        while try source.nextElement() {
            switch count {
            case 0: scale = try source.readDouble()
            case 1: try source.readDoubles(into: &biases, maximum: source.limits.features, of: "biases")
            default: throw source.failure(.length(count + 1, expected: 2))
            }
            count += 1
        }
        guard count == 2 else { throw ModelError(.length(count, expected: 2), path: path, offset: offset) }
        guard biases.count <= 1 else {
            throw ModelError(
                .unsupported("a model of \(biases.count) outputs", supported: "one output"), path: path, offset: offset)
        }
        bias = biases.first ?? 0
        guard scale.isFinite, bias.isFinite else {
            throw ModelError(.notANumber("scale or bias"), path: path, offset: offset)
        }
    }

    /// Null where there are none.
    private mutating func refuseTables() throws(ModelError) {
        guard try source.peek() == .null else {
            throw source.failure(.unsupported("a model of categorical features (CTRs)", supported: "numeric features"))
        }
        try source.skipValue()
    }
}
