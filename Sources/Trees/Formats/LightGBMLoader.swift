// A LightGBM model as text, versions v3 and v4:
//
//   tree ⏎ version=… ⏎ … ⏎ ⏎ Tree=0 ⏎ … ⏎ ⏎ Tree=1 ⏎ … ⏎ end of trees ⏎ feature_importances … parameters … pandas_categorical
//
// The head says what kind of model it is, so what is not scored is refused by its own name before any tree is read.
// Behind the trees stands only what is reported.

struct LightGBMLoader {
    private let bytes: [UInt8]
    private let limits: ModelLimits
    private var head = LightGBMHead()
    private var builder = ForestBuilder()
    private var training: [TrainingFact] = []

    init(_ bytes: [UInt8], limits: ModelLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func load() throws(ModelError) -> LoadedModel {
        var text = try LightGBMText(bytes, limits: limits)
        try head.read(from: &text)
        try readTrees(&text)
        try readParameters(&text)
        let count = builder.trees.count
        let forest = builder.forest(
            dialect: .lightgbm, summation: Summation(isSingle: false), featureCount: head.featureCount,
            treesUsed: count)
        let booster = training.first { $0.name == "boosting" }?.value ?? (head.isAveraged ? "rf" : "gbdt")
        var summary = ModelSummary(
            format: "LightGBM text", dialect: .lightgbm,
            objective: head.isAveraged ? head.objective.averaging(trees: count) : head.objective, booster: booster,
            libraryVersion: head.version)
        summary.featureNames = head.featureNames
        summary.featureTypes = head.featureTypes
        summary.training = training
        builder.describe(forest, in: &summary)
        return LoadedModel(forest: forest, summary: summary)
    }

    private mutating func readTrees(_ text: inout LightGBMText) throws(ModelError) {
        var tree = LightGBMTree()
        while let line = text.next() {
            if text.isWhole(line, "end of trees") { return try checkTreeCount(at: line.start) }
            guard !line.isBlank else { continue }
            let number = builder.trees.count
            guard text.hasKey(line, "Tree") else {
                throw ModelError(.malformed("a tree or \"end of trees\" is expected"), path: "", offset: line.start)
            }
            guard try text.integer(line, path: "Tree") == number else {
                throw ModelError(.malformed("Tree=\(number) is expected"), path: "", offset: line.start)
            }
            guard number < limits.trees else {
                throw ModelError(
                    .limit("trees in a model", maximum: limits.trees), path: "Tree=\(number)", offset: line.start)
            }
            try tree.read(number, from: &text)
            try tree.add(to: &builder, from: text)
            if let widest = builder.widest, widest.column >= head.featureCount {
                let place = tree.place(ofColumn: widest.node, in: text)
                let reason = ModelError.Reason.outOfRange(
                    "feature \(widest.column)", allowed: "below \(head.featureCount)")
                throw ModelError(reason, path: place.path, offset: place.offset)
            }
        }
        throw ModelError(.truncated, path: "", offset: text.offset)
    }

    private func checkTreeCount(at offset: Int) throws(ModelError) {
        let count = builder.trees.count
        guard let declared = head.declaredTrees, declared != count else { return }
        throw ModelError(.length(count, expected: declared), path: "tree_sizes", offset: offset)
    }

    /// What stands behind the trees: `[name: value]` between `parameters:` and `end of parameters`, and the order of
    /// pandas' categories, which a row's codes count through.
    private mutating func readParameters(_ text: inout LightGBMText) throws(ModelError) {
        var isInside = false
        while let line = text.next() {
            if text.isWhole(line, "parameters:") {
                isInside = true
            } else if text.isWhole(line, "end of parameters") {
                isInside = false
            } else if isInside, text.begins(line, with: "["), bytes[line.end - 1] == UInt8(ascii: "]") {
                try readParameter(line.start + 1..<line.end - 1, text)
            } else if text.begins(line, with: "pandas_categorical:"), !text.isWhole(line, "pandas_categorical:null") {
                try add(line.start..<line.start + 18, line.start + 19..<line.end, text)
            }
        }
        if isInside { throw ModelError(.truncated, path: "parameters", offset: text.offset) }
    }

    /// `name: value`; what has no value is passed over.
    private mutating func readParameter(_ range: Range<Int>, _ text: LightGBMText) throws(ModelError) {
        guard let colon = bytes[range].firstIndex(of: UInt8(ascii: ":")), colon + 2 < range.upperBound else { return }
        try add(range.lowerBound..<colon, colon + 2..<range.upperBound, text)
    }

    /// Of what is too long for a string, only the length is kept: nothing of it decides a score.
    private mutating func add(_ name: Range<Int>, _ value: Range<Int>, _ text: LightGBMText) throws(ModelError) {
        let path = "parameters"
        guard training.count < limits.trainingFacts else {
            throw ModelError(.limit(path, maximum: limits.trainingFacts), path: path, offset: name.lowerBound)
        }
        let isLong = value.count > limits.stringBytes
        training.append(
            TrainingFact(
                name: try text.text(name, path: path),
                value: isLong ? "(\(value.count) bytes)" : try text.text(value, path: path)))
    }
}
