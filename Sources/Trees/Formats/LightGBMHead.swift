// The head of a LightGBM model: what was trained, on which columns. It ends at the first blank line.

struct LightGBMHead {
    private enum Key: String, CaseIterable {
        case version
        case classes = "num_class"
        case treesPerIteration = "num_tree_per_iteration"
        case highestFeature = "max_feature_idx"
        case objective
        case featureNames = "feature_names"
        case featureInfos = "feature_infos"
        case treeSizes = "tree_sizes"
    }

    private(set) var version = ""
    private(set) var featureCount = 0
    private(set) var featureNames: [String] = []
    /// "numeric", "categorical", or "unused" where the training rows had one value.
    private(set) var featureTypes: [String] = []
    private(set) var objective = Objective(name: "custom", link: .identity)
    /// The margin is shared among the trees before it becomes a prediction.
    private(set) var isAveraged = false
    /// How many trees `tree_sizes` lists; the sizes themselves are not needed.
    private(set) var declaredTrees: Int?

    private var lines: [Key: LightGBMText.Line] = [:]

    mutating func read(from text: inout LightGBMText) throws(ModelError) {
        guard let first = text.next(), text.isWhole(first, "tree") else {
            throw ModelError(.malformed("\"tree\" is expected"), path: "", offset: 0)
        }
        while let line = text.next(), !line.isBlank {
            if text.isWhole(line, "average_output") {
                guard !isAveraged else { throw ModelError(.duplicate("average_output"), path: "", offset: line.start) }
                isAveraged = true
            }
            guard let name = text.key(line), let key = Key(rawValue: name) else { continue }
            guard lines.updateValue(line, forKey: key) == nil else {
                throw ModelError(.duplicate(name), path: "", offset: line.start)
            }
        }
        try judgeKind(text)
        try judgeFeatures(text)
        if let sizes = lines[.treeSizes] { declaredTrees = text.count(sizes) }
    }

    private mutating func judgeKind(_ text: LightGBMText) throws(ModelError) {
        version = try string(.version, text)
        guard version == "v3" || version == "v4" else {
            throw failure(.unsupported("LightGBM text \(version)", supported: "v3, v4"), .version)
        }
        var name: String?
        if lines[.objective] != nil { name = try string(.objective, text) }
        guard let objective = LightGBMObjective.parse(name) else {
            throw failure(
                .unsupported("objective \(name ?? "")", supported: LightGBMObjective.supported), .objective)
        }
        self.objective = objective
        for key in [Key.classes, .treesPerIteration] where key == .classes || lines[key] != nil {
            let count = try integer(key, text)
            guard count == 1 else {
                throw failure(.unsupported("\(key.rawValue) \(count)", supported: "one output"), key)
            }
        }
    }

    private mutating func judgeFeatures(_ text: LightGBMText) throws(ModelError) {
        let highest = try integer(.highestFeature, text)
        let limit = text.limits.features
        guard highest >= 0 else {
            throw failure(.outOfRange("\(highest)", allowed: "0 to \(limit - 1)"), .highestFeature)
        }
        guard highest < limit else { throw failure(.limit("features", maximum: limit), .highestFeature) }
        featureCount = highest + 1
        for word in try words(.featureNames, text) {
            featureNames.append(try text.text(word, path: "feature_names[\(featureNames.count)]"))
        }
        featureTypes = try words(.featureInfos, text).map { word in
            if text.bytes[word.lowerBound] == UInt8(ascii: "[") { return "numeric" }
            return text.bytes[word].elementsEqual("none".utf8) ? "unused" : "categorical"
        }
    }

    // MARK: Values

    private func line(_ key: Key) throws(ModelError) -> LightGBMText.Line {
        guard let line = lines[key] else { throw ModelError(.missing(key.rawValue), path: "", offset: 0) }
        return line
    }

    private func string(_ key: Key, _ text: LightGBMText) throws(ModelError) -> String {
        try text.text(try line(key), path: key.rawValue)
    }

    private func integer(_ key: Key, _ text: LightGBMText) throws(ModelError) -> Int {
        try text.integer(try line(key), path: key.rawValue)
    }

    /// One word a feature.
    private func words(_ key: Key, _ text: LightGBMText) throws(ModelError) -> [Range<Int>] {
        let words = try text.words(
            try line(key), maximum: text.limits.features, of: "features", path: key.rawValue)
        guard words.count == featureCount else { throw failure(.length(words.count, expected: featureCount), key) }
        return words
    }

    private func failure(_ reason: ModelError.Reason, _ key: Key) -> ModelError {
        ModelError(reason, path: key.rawValue, offset: lines[key]?.value ?? 0)
    }
}
