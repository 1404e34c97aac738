// What is judged when an XGBoost document has been read: whether it is of a kind that is scored, whether its parts agree,
// and what they mean. What is not scored is refused by its own name.

enum XGBoostBooster: String, CaseIterable {
    case gbtree
    /// Trees that were dropped at times in training: each has a weight.
    case dart

    static let supported = allCases.map(\.rawValue).joined(separator: ", ")
}

extension XGBoostLoader {
    var version: XGBoostVersion {
        guard versionParts.count >= 2 else { return XGBoostVersion() }
        return XGBoostVersion(major: Int(versionParts[0]), minor: Int(versionParts[1]))
    }

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

    func checkKind() throws(ModelError) -> (XGBoostObjective, XGBoostBooster) {
        guard places["learner"] != nil else { throw ModelError(.missing("learner"), path: "", offset: 0) }
        let name = try required("objective.name", path: "learner.objective")
        guard let objective = XGBoostObjective(rawValue: name) else {
            let supported = XGBoostObjective.supported
            throw failure(.unsupported("objective \(name)", supported: supported), at: "objective.name")
        }
        let boosterName = try required("booster", path: "learner.gradient_booster")
        guard let booster = XGBoostBooster(rawValue: boosterName) else {
            throw failure(.unsupported("booster \(boosterName)", supported: XGBoostBooster.supported), at: "booster")
        }
        for (name, maximum) in [("num_class", 1), ("num_target", 1)] {
            guard let count = try integer(name), count > maximum else { continue }
            throw failure(.unsupported("\(name) \(count)", supported: "one output"), at: name)
        }
        let path = booster == .dart ? "learner.gradient_booster.gbtree" : "learner.gradient_booster"
        guard places["model"]?.path == path + ".model" else {
            throw ModelError(.missing("model"), path: path, offset: places["gradient_booster"]?.offset ?? source.offset)
        }
        return (objective, booster)
    }

    func checkTrees() throws(ModelError) {
        guard places["trees"] != nil else { throw failure(.missing("trees"), at: "model") }
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

    func checkFeatures() throws(ModelError) -> Int {
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
    func baseScore(_ objective: XGBoostObjective) throws(ModelError) -> (score: Float, margin: Float) {
        var text = try required("base_score", path: "learner.learner_model_param")[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        guard !text.contains(",") else {
            throw failure(.unsupported("a base_score of several outputs", supported: "one output"), at: "base_score")
        }
        guard let score = NumberScanner.whole(String(text), { $0.float() }), score.isFinite else {
            throw failure(.notANumber("base_score \"\(text)\""), at: "base_score")
        }
        guard let margin = objective.baseMargin(ofBaseScore: score, version: version) else {
            throw failure(.outOfRange("base_score \(score)", allowed: "a probability"), at: "base_score")
        }
        return (score, margin)
    }

    func summation(baseMargin: Float) -> Summation {
        version >= .baseFirst
            ? Summation(isSingle: true, start: Double(baseMargin))
            : Summation(isSingle: true, bias: Double(baseMargin))
    }

    // MARK: Rounds and weights

    func bestIteration() throws(ModelError) -> Int? {
        let name = "attributes.best_iteration"
        guard limitToBestIteration else { return parameters[name].flatMap { Int($0) } }
        guard let best = try integer(name) else { return nil }
        guard best >= 0 else {
            throw failure(.outOfRange("\(best)", allowed: "0 or more"), at: name)
        }
        return best
    }

    /// How many trees the rounds 0 to `best` have.
    ///
    /// Since 1.7 the file says where each round ends, 1.6 how many trees it has, 1.4 how many trees are the best. Before,
    /// nothing: then a round is a tree, as it is for the library.
    func treesThrough(iteration best: Int) throws(ModelError) -> Int {
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
        let declared = try integer("num_parallel_tree")
        if declared == nil, let count = try integer("attributes.best_ntree_limit") {
            guard count > 0, count <= trees else {
                throw failure(.outOfRange("\(count)", allowed: "1 to \(trees)"), at: "attributes.best_ntree_limit")
            }
            return count
        }
        let perRound = max(declared ?? 1, 1)
        guard best < trees / perRound else {
            throw failure(.outOfRange("\(best)", allowed: "below \(trees / perRound)"), at: "attributes.best_iteration")
        }
        return (best + 1) * perRound
    }

    /// Multiplies the leaves of each tree by its weight, as `predict` does row by row: one product in Float, of a leaf
    /// that was added to 0.
    mutating func weighTrees() throws(ModelError) {
        guard places["weight_drop"] != nil else {
            throw failure(.missing("weight_drop"), at: "gradient_booster")
        }
        guard treeWeights.count == ids.count else {
            throw failure(.length(treeWeights.count, expected: ids.count), at: "weight_drop")
        }
        for (position, id) in ids.enumerated() {
            let weight = treeWeights[id]
            guard builder.replaceLeaves(ofTree: position, with: { Double((0 + Float($0)) * weight) }) else {
                throw failure(.notANumber("a leaf of tree \(id) times its weight \(weight)"), at: "weight_drop")
            }
        }
        if let least = treeWeights.min(), let greatest = treeWeights.max() {
            note("weight_drop", "\(least) to \(greatest)")
        }
    }
}
