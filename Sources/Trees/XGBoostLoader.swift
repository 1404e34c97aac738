// An XGBoost document, 1.0 to 3.x, from any DocumentSource:
//
//   { learner: { attributes, feature_names, feature_types, objective, learner_model_param,
//                gradient_booster: { name, model: { gbtree_model_param, iteration_indptr, tree_info, trees } } },
//     version }
//
// Keys come in any order (the library sorts them, so trees stand before the count of features), and whether the kind
// of model is supported is judged when all was read. What is not scored here is refused by its own name.

struct XGBoostLoader<Source: DocumentSource> {
    private var source: Source
    private let limitToBestIteration: Bool
    private var builder = ForestBuilder()
    private var ids: [Int] = []
    /// Path and byte of what later checks may have to point at.
    private var places: [String: (path: String, offset: Int)] = [:]
    private var seen: Set<String> = []
    private var parameters: [String: String] = [:]
    private var featureNames: [String] = []
    private var featureTypes: [String] = []
    private var iterationIndices: [Int32]?
    private var treeClasses: [Int32]?
    private var version: [Int32] = []

    init(_ source: Source, limitToBestIteration: Bool) {
        self.source = source
        self.limitToBestIteration = limitToBestIteration
    }

    mutating func load() throws(ModelError) -> LoadedModel {
        try readDocument()
        try source.finish()
        let objective = try checkKind()
        try checkTrees()
        let featureCount = try checkFeatures()
        let (score, base) = try baseScore(objective)
        let best = try bestIteration()
        var used = builder.trees.count
        if limitToBestIteration, let best { used = try treesThrough(iteration: best) }
        builder.order(by: ids)
        let forest = builder.forest(baseMargin: base, featureCount: featureCount, treesUsed: used)
        var summary = ModelSummary(
            format: "XGBoost JSON", libraryVersion: version.map(String.init).joined(separator: "."),
            objective: objective.rawValue, booster: "gbtree", trees: builder.trees.count, treesUsed: used,
            nodes: builder.trees.reduce(0) { $0 + Int($1.reached) },
            leaves: builder.trees.reduce(0) { $0 + Int($1.leaves) },
            maxDepth: Int(builder.trees.map(\.depth).max() ?? 0), featureCount: featureCount,
            featureNames: featureNames, featureTypes: featureTypes, baseScore: Double(score),
            baseMargin: Double(base), bestIteration: best, splitCounts: [], categoricalSplits: 0, engine: .reference,
            compiledBytes: 0)
        (summary.splitCounts, summary.categoricalSplits) = forest.splitCounts()
        return LoadedModel(forest: forest, objective: objective, summary: summary)
    }

    // MARK: Reading

    private mutating func readDocument() throws(ModelError) {
        try object { (loader, key) throws(ModelError) in
            switch key {
            case "learner":
                loader.mark(key)
                try loader.readLearner()
            case "version":
                try loader.source.readIntegers(into: &loader.version, maximum: 3, of: "parts of a version")
            case "oblivious_trees", "model_info", "features_info":
                throw loader.source.failure(.unsupported("a CatBoost model", supported: "XGBoost JSON"))
            case "tree_info", "pandas_categorical":
                throw loader.source.failure(.unsupported("a LightGBM model dump", supported: "XGBoost JSON"))
            default: try loader.source.skipValue()
            }
        }
    }

    private mutating func readLearner() throws(ModelError) {
        try object { (loader, key) throws(ModelError) in
            loader.mark(key)
            switch key {
            case "attributes": try loader.readParameters(prefix: "attributes.", only: ["best_iteration"])
            case "feature_names": loader.featureNames = try loader.readStrings()
            case "feature_types": loader.featureTypes = try loader.readStrings()
            case "objective": try loader.readParameters(prefix: "objective.", only: ["name"])
            case "learner_model_param":
                let names: Set = ["base_score", "num_class", "num_feature", "num_target"]
                try loader.readParameters(prefix: "", only: names)
            case "gradient_booster": try loader.readBooster()
            default: try loader.source.skipValue()
            }
        }
    }

    private mutating func readBooster() throws(ModelError) {
        try object { (loader, key) throws(ModelError) in
            switch key {
            case "name":
                loader.mark("booster")
                loader.parameters["booster"] = try loader.source.readString()
            case "model": try loader.readModel()
            default: try loader.source.skipValue()
            }
        }
    }

    private mutating func readModel() throws(ModelError) {
        try object { (loader, key) throws(ModelError) in
            let trees = loader.source.limits.trees
            loader.mark(key)
            switch key {
            case "gbtree_model_param":
                try loader.readParameters(prefix: "", only: ["num_trees", "num_parallel_tree"])
            case "iteration_indptr":
                var values: [Int32] = []
                try loader.source.readIntegers(into: &values, maximum: trees + 1, of: "rounds' ends")
                loader.iterationIndices = values
            case "tree_info":
                var values: [Int32] = []
                try loader.source.readIntegers(into: &values, maximum: trees, of: "trees in a model")
                loader.treeClasses = values
            case "trees": try loader.readTrees()
            default: try loader.source.skipValue()
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
    private mutating func readParameters(prefix: String, only names: Set<String>) throws(ModelError) {
        try object { (loader, key) throws(ModelError) in
            guard names.contains(key) else { return try loader.source.skipValue() }
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

    /// Reads an object's members, none of which may stand twice.
    private mutating func object(
        _ member: (inout Self, String) throws(ModelError) -> Void
    ) throws(ModelError) {
        try source.beginObject()
        while let key = try source.nextKey() {
            guard seen.insert(source.path).inserted else { throw source.failure(.duplicate(key)) }
            try member(&self, key)
        }
    }

    private mutating func mark(_ name: String) { places[name] = (source.path, source.offset) }
}

// MARK: - Judging

extension XGBoostLoader {
    private func failure(_ reason: ModelError.Reason, at place: String) -> ModelError {
        guard let (path, offset) = places[place] else { return source.failure(reason) }
        return ModelError(reason, path: path, offset: offset)
    }

    private func integer(_ name: String) throws(ModelError) -> Int? {
        guard let text = parameters[name] else { return nil }
        guard let value = Int(text) else { throw failure(.malformed("\"\(text)\" is no integer"), at: name) }
        return value
    }

    private func required(_ name: String, path: String) throws(ModelError) -> String {
        guard let text = parameters[name] else { throw ModelError(.missing(name), path: path, offset: source.offset) }
        return text
    }

    private func checkKind() throws(ModelError) -> Objective {
        guard places["learner"] != nil else { throw ModelError(.missing("learner"), path: "", offset: 0) }
        let name = try required("objective.name", path: "learner.objective")
        guard let objective = Objective(rawValue: name) else {
            throw failure(.unsupported("objective \(name)", supported: Objective.supported), at: "objective.name")
        }
        let booster = try required("booster", path: "learner.gradient_booster")
        guard booster == "gbtree" else {
            throw failure(.unsupported("booster \(booster)", supported: "gbtree"), at: "booster")
        }
        for (name, maximum) in [("num_class", 1), ("num_target", 1)] {
            guard let count = try integer(name), count > maximum else { continue }
            throw failure(.unsupported("\(name) \(count)", supported: "one output"), at: name)
        }
        return objective
    }

    private func checkTrees() throws(ModelError) {
        let model = "learner.gradient_booster.model"
        guard places["trees"] != nil else { throw ModelError(.missing("trees"), path: model, offset: source.offset) }
        let count = ids.count
        if let declared = try integer("num_trees"), declared != count {
            throw failure(.length(count, expected: declared), at: "trees")
        }
        var taken = [Bool](repeating: false, count: count)
        for (tree, id) in ids.enumerated() {
            guard id >= 0, id < count, !taken[id] else {
                throw failure(.outOfRange("id \(id)", allowed: "each of 0 to \(count - 1) once"), at: "tree \(tree)")
            }
            taken[id] = true
        }
        if let treeClasses {
            guard treeClasses.count == count else {
                throw failure(.length(treeClasses.count, expected: count), at: "tree_info")
            }
            if let other = treeClasses.first(where: { $0 != 0 }) {
                throw failure(.unsupported("trees of class \(other)", supported: "one output"), at: "tree_info")
            }
        }
    }

    private func checkFeatures() throws(ModelError) -> Int {
        _ = try required("num_feature", path: "learner.learner_model_param")
        let limit = source.limits.features
        guard let count = try integer("num_feature"), count >= 0 else {
            throw failure(.outOfRange("num_feature", allowed: "0 to \(limit)"), at: "num_feature")
        }
        guard count <= limit else { throw failure(.limit("features", maximum: limit), at: "num_feature") }
        if let widest = builder.widest, widest.column >= count {
            throw failure(.outOfRange("feature \(widest.column)", allowed: "below \(count)"), at: "widest")
        }
        for (names, key) in [(featureNames, "feature_names"), (featureTypes, "feature_types")] {
            guard names.isEmpty || names.count == count else {
                throw failure(.length(names.count, expected: count), at: key)
            }
        }
        return count
    }

    /// base_score as Float, and the margin that it stands for. Written "5E-1", and since 3.1 "[5E-1]".
    private func baseScore(_ objective: Objective) throws(ModelError) -> (score: Float, margin: Float) {
        var text = try required("base_score", path: "learner.learner_model_param")[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        guard !text.contains(",") else {
            throw failure(.unsupported("a base_score of several outputs", supported: "one output"), at: "base_score")
        }
        guard let score = Float(text), score.isFinite else {
            throw failure(.notANumber("base_score \"\(text)\""), at: "base_score")
        }
        guard let margin = objective.baseMargin(ofBaseScore: score) else {
            throw failure(.outOfRange("base_score \(score)", allowed: "a probability"), at: "base_score")
        }
        return (score, margin)
    }

    private func bestIteration() throws(ModelError) -> Int? {
        let name = "attributes.best_iteration"
        guard limitToBestIteration else { return parameters[name].flatMap { Int($0) } }
        guard let best = try integer(name) else { return nil }
        guard best >= 0 else {
            throw failure(.outOfRange("\(best)", allowed: "0 or more"), at: name)
        }
        return best
    }

    /// How many trees the rounds 0 to `best` have.
    private func treesThrough(iteration best: Int) throws(ModelError) -> Int {
        let trees = ids.count
        if let iterationIndices {
            let rounds = iterationIndices.count - 1
            guard best < rounds else {
                throw failure(.outOfRange("\(best)", allowed: "below \(rounds)"), at: "attributes.best_iteration")
            }
            let count = Int(iterationIndices[best + 1])
            guard count >= 0, count <= trees else {
                throw failure(.outOfRange("\(count)", allowed: "0 to \(trees)"), at: "iteration_indptr")
            }
            return count
        }
        let perRound = max(try integer("num_parallel_tree") ?? 1, 1)
        guard best < trees / perRound else {
            throw failure(.outOfRange("\(best)", allowed: "below \(trees / perRound)"), at: "attributes.best_iteration")
        }
        return (best + 1) * perRound
    }
}
