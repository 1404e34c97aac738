// An XGBoost document, 1.0 to 3.x, from any DocumentSource:
//
//   { learner: { attributes, feature_names, feature_types, learner_model_param, objective: { name, … },
//                gradient_booster: { name: gbtree, model } or { name: dart, gbtree: { model }, weight_drop } },
//     version }
//   model: { gbtree_model_param, iteration_indptr, tree_info, trees }
//
// Keys come in any order (the library sorts them, so trees stand before the count of features), and whether the kind
// of model is supported is judged when all was read: see XGBoostChecks.swift. Keys that mean nothing here are passed over.

struct XGBoostLoader<Source: DocumentSource> {
    /// Facts of the training that are kept, and the longest.
    static var trainingFacts: Int { 64 }
    static var trainingFactBytes: Int { 256 }

    var source: Source
    let format: String
    let limitToBestIteration: Bool
    var builder = ForestBuilder()
    /// Of each tree, in the order of the file.
    var ids: [Int] = []
    /// Path and byte of what later checks may have to point at.
    var places: [String: (path: String, offset: Int)] = [:]
    var parameters: [String: String] = [:]
    var featureNames: [String] = []
    var featureTypes: [String] = []
    var iterationIndices: [Int32]?
    var treeClasses: [Int32]?
    /// Of dart: what each tree's leaves are multiplied by.
    var treeWeights: [Float] = []
    var versionParts: [Int32] = []
    var training: [TrainingFact] = []
    /// Paths of the members that were read.
    private var seen: Set<String> = []

    init(_ source: Source, format: String, limitToBestIteration: Bool) {
        self.source = source
        self.format = format
        self.limitToBestIteration = limitToBestIteration
    }

    mutating func load() throws(ModelError) -> LoadedModel {
        try readDocument()
        try source.finish()
        let (objective, booster) = try checkKind()
        try checkTrees()
        let featureCount = try checkFeatures()
        let (score, base) = try baseScore(objective)
        let best = try bestIteration()
        var used = builder.trees.count
        if limitToBestIteration, let best { used = try treesThrough(iteration: best) }
        if booster == .dart { try weighTrees() }
        builder.order(by: ids)
        let forest = builder.forest(
            dialect: .xgboost, summation: summation(baseMargin: base), featureCount: featureCount, treesUsed: used)
        var summary = ModelSummary(
            format: format, dialect: .xgboost, objective: objective.objective(version), booster: booster.rawValue,
            libraryVersion: versionParts.map(String.init).joined(separator: "."))
        summary.featureNames = featureNames
        summary.featureTypes = featureTypes
        summary.baseScore = Double(score)
        summary.baseMargin = Double(base)
        summary.bestIteration = best
        summary.training = training
        builder.describe(forest, in: &summary)
        return LoadedModel(forest: forest, summary: summary)
    }

    // MARK: Reading

    private mutating func readDocument() throws(ModelError) {
        try object(["learner", "version"]) { (loader, key) throws(ModelError) in
            guard key == "learner" else {
                return try loader.source.readIntegers(into: &loader.versionParts, maximum: 3, of: "parts of a version")
            }
            loader.mark(key)
            try loader.readLearner()
        }
    }

    private mutating func readLearner() throws(ModelError) {
        let keys: Set = [
            "attributes", "feature_names", "feature_types", "gradient_booster", "learner_model_param", "objective",
        ]
        try object(keys) { (loader, key) throws(ModelError) in
            loader.mark(key)
            switch key {
            case "attributes":
                let names: Set = ["best_iteration", "best_ntree_limit", "best_score"]
                try loader.readParameters(names, prefix: "attributes.")
                loader.note("best_score", loader.parameters["attributes.best_score"])
            case "feature_names": loader.featureNames = try loader.readStrings()
            case "feature_types": loader.featureTypes = try loader.readStrings()
            case "gradient_booster": try loader.readBooster()
            case "learner_model_param":
                let names: Set = ["base_score", "boost_from_average", "num_class", "num_feature", "num_target"]
                try loader.readParameters(names, prefix: "")
                loader.note("boost_from_average", loader.parameters["boost_from_average"])
            default: try loader.readObjective()
            }
        }
    }

    /// The name, and one object or more of parameters, whose names are noted.
    private mutating func readObjective() throws(ModelError) {
        try source.beginObject()
        while let key = try source.nextKey() {
            if key == "name" {
                guard parameters["objective.name"] == nil else { throw source.failure(.duplicate(key)) }
                mark("objective.name")
                parameters["objective.name"] = try source.readString()
            } else if try source.peek() == .object {
                try source.beginObject()
                while let name = try source.nextKey() {
                    switch try source.peek() {
                    case .string, .number: note(name, try source.readParameter())
                    default: try source.skipValue()
                    }
                }
            } else {
                try source.skipValue()
            }
        }
    }

    private mutating func readBooster() throws(ModelError) {
        try object(["gbtree", "model", "name", "weight_drop"]) { (loader, key) throws(ModelError) in
            switch key {
            case "name":
                loader.mark("booster")
                loader.parameters["booster"] = try loader.source.readString()
            case "model": try loader.readModel()
            case "gbtree":
                try loader.object(["model"]) { (loader, _) throws(ModelError) in try loader.readModel() }
            default:
                loader.mark(key)
                let trees = loader.source.limits.trees
                try loader.source.readFloats(into: &loader.treeWeights, maximum: trees, of: "weights of trees")
            }
        }
    }

    private mutating func readModel() throws(ModelError) {
        guard places["model"] == nil else { throw source.failure(.duplicate("model")) }
        mark("model")
        let keys: Set = ["gbtree_model_param", "iteration_indptr", "tree_info", "trees"]
        try object(keys) { (loader, key) throws(ModelError) in
            let trees = loader.source.limits.trees
            loader.mark(key)
            switch key {
            case "gbtree_model_param":
                try loader.readParameters(["num_trees", "num_parallel_tree"], prefix: "")
                loader.note("num_parallel_tree", loader.parameters["num_parallel_tree"])
            case "iteration_indptr":
                var values: [Int32] = []
                try loader.source.readIntegers(into: &values, maximum: trees + 1, of: "rounds' ends")
                loader.iterationIndices = values
            case "tree_info":
                var values: [Int32] = []
                try loader.source.readIntegers(into: &values, maximum: trees, of: "trees in a model")
                loader.treeClasses = values
            default: try loader.readTrees()
            }
        }
    }

    private mutating func readTrees() throws(ModelError) {
        var tree = XGBoostTree()
        try source.beginArray()
        while try source.nextElement() {
            guard ids.count < source.limits.trees else {
                throw source.failure(.limit("trees in a model", maximum: source.limits.trees))
            }
            mark("tree \(ids.count)")
            try tree.read(from: &source)
            try tree.add(to: &builder, from: source)
            if let widest = builder.widest, widest.tree == ids.count {
                places["widest"] = tree.place(of: .splitIndices, widest.node, source)
            }
            ids.append(tree.id ?? ids.count)
        }
    }

    /// The members of an object that are wanted, as text.
    private mutating func readParameters(_ names: Set<String>, prefix: String) throws(ModelError) {
        try object(names) { (loader, key) throws(ModelError) in
            loader.mark(prefix + key)
            loader.parameters[prefix + key] = try loader.source.readParameter()
        }
    }

    private mutating func readStrings() throws(ModelError) -> [String] {
        var strings: [String] = []
        try source.beginArray()
        while try source.nextElement() {
            guard strings.count < source.limits.features else {
                throw source.failure(.limit("features", maximum: source.limits.features))
            }
            strings.append(try source.readString())
        }
        return strings
    }

    /// Reads the members of an object that have one of these keys, each of which may stand once.
    private mutating func object(
        _ keys: Set<String>, _ member: (inout Self, String) throws(ModelError) -> Void
    ) throws(ModelError) {
        try source.beginObject()
        while let key = try source.nextKey() {
            guard keys.contains(key) else {
                try source.skipValue()
                continue
            }
            guard seen.insert(source.path).inserted else { throw source.failure(.duplicate(key)) }
            try member(&self, key)
        }
    }

    private mutating func mark(_ name: String) { places[name] = (source.path, source.offset) }

    /// Keeps a fact of the training; what is long, and what is too many, is left out.
    mutating func note(_ name: String, _ value: String?) {
        guard let value, training.count < Self.trainingFacts else { return }
        guard name.utf8.count + value.utf8.count <= Self.trainingFactBytes else { return }
        training.append(TrainingFact(name: name, value: value))
    }
}
