// The features of a CatBoost model. A row's column is a feature's `flat_feature_index`; splits name features by
// `feature_index`, their place among the numeric ones, and conditions by `split_index`, their place among the borders of
// all features in turn. The library goes by `split_index` alone, so a document whose parts disagree is refused.

struct CatBoostFeatures {
    private struct Feature {
        var index: Int32 = -1
        var column: Int32 = -1
        var name = ""
        var missing = MissingRule.left
    }

    /// Features whose splits need more than a row of numbers, by the member that lists them.
    private static let foreign = [
        "categorical_features": "a model of categorical features (one-hot splits, CTRs)",
        "ctrs": "a model of categorical features (CTRs)",
        "text_features": "a model of text features",
        "embedding_features": "a model of embedding features",
    ]

    private var features: [Feature] = []
    /// Of all features in turn.
    private var borders: [Float] = []
    /// The feature of each border, by its place in `features`.
    private var owners: [Int32] = []
    private var columns: Set<Int32> = []

    /// Columns of a row: one more than the highest that a feature has.
    private(set) var columnCount = 0

    /// In column order; empty when no feature has a name.
    var names: [String] {
        var names = [String](repeating: "", count: columnCount)
        for feature in features { names[Int(feature.column)] = feature.name }
        guard names.contains(where: { !$0.isEmpty }) else { return [] }
        // What the library itself calls a feature without a name.
        return names.enumerated().map { $1.isEmpty ? String($0) : $1 }
    }

    // MARK: Reading

    /// Reads `features_info`.
    mutating func read<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        var isRead = false
        try source.beginObject()
        while let key = try source.nextKey() {
            let kind = try source.peek()
            switch key {
            case "float_features":
                guard !isRead else { throw source.failure(.duplicate(key)) }
                isRead = true
                if kind == .null { try source.skipValue() } else { try readFeatures(from: &source) }
            case _ where Self.foreign[key] != nil:
                guard try isEmpty(&source) else {
                    throw source.failure(.unsupported(Self.foreign[key] ?? key, supported: "numeric features"))
                }
            default: try source.skipValue()
            }
        }
    }

    /// Takes an array that has no element, or null.
    private func isEmpty<Source: DocumentSource>(_ source: inout Source) throws(ModelError) -> Bool {
        guard try source.peek() != .null else {
            try source.skipValue()
            return true
        }
        try source.beginArray()
        return try !source.nextElement()
    }

    private mutating func readFeatures<Source: DocumentSource>(from source: inout Source) throws(ModelError) {
        var values: [Double] = []
        try source.beginArray()
        while try source.nextElement() {
            let limit = source.limits.features
            guard features.count < limit else { throw source.failure(.limit("features", maximum: limit)) }
            let (path, offset) = (source.path, source.offset)
            let feature = try readFeature(borders: &values, from: &source)
            guard columns.insert(feature.column).inserted else {
                let allowed = "each column once"
                throw ModelError(
                    .outOfRange("flat_feature_index \(feature.column)", allowed: allowed), path: path, offset: offset)
            }
            owners += repeatElement(Int32(features.count), count: values.count)
            // As the library does: the Double of the document, narrowed.
            borders += values.map { Float($0) }
            features.append(feature)
            columnCount = max(columnCount, Int(feature.column) + 1)
        }
    }

    private func readFeature<Source: DocumentSource>(
        borders: inout [Double], from source: inout Source
    ) throws(ModelError) -> Feature {
        let (path, offset) = (source.path, source.offset)
        var feature = Feature()
        var hasMissing = false
        var treatment = ""
        var seen: Set<String> = []
        let required = ["borders", "feature_index", "flat_feature_index", "has_nans", "nan_value_treatment"]
        try source.beginObject()
        while let key = try source.nextKey() {
            if required.contains(key), !seen.insert(key).inserted { throw source.failure(.duplicate(key)) }
            switch key {
            case "borders":
                let maximum = source.limits.totalNodes
                try source.readDoubles(into: &borders, maximum: maximum - self.borders.count, of: "borders")
                guard !borders.contains(where: \.isNaN) else { throw source.failure(.notANumber("a border")) }
            case "feature_index": feature.index = try readIndex(&source)
            case "flat_feature_index": feature.column = try readIndex(&source)
            case "feature_id", "feature_name": feature.name = try source.readString()
            case "has_nans": hasMissing = try source.readBool()
            case "nan_value_treatment":
                treatment = try source.readString()
                guard ["AsIs", "AsFalse", "AsTrue"].contains(treatment) else {
                    throw source.failure(
                        .unsupported("nan_value_treatment \(treatment)", supported: "AsIs, AsFalse, AsTrue"))
                }
            default: try source.skipValue()
            }
        }
        for key in required where !seen.contains(key) {
            throw ModelError(.missing(key), path: path, offset: offset)
        }
        // Otherwise NaN is compared, and is greater than nothing.
        feature.missing = hasMissing && treatment == "AsTrue" ? .right : .left
        return feature
    }

    private func readIndex<Source: DocumentSource>(_ source: inout Source) throws(ModelError) -> Int32 {
        let (path, offset) = (source.path, source.offset)
        let limit = source.limits.features
        let index = try source.readInteger()
        guard index >= 0 else {
            throw ModelError(.outOfRange("\(index)", allowed: "0 to \(limit - 1)"), path: path, offset: offset)
        }
        guard index < limit else { throw ModelError(.limit("features", maximum: limit), path: path, offset: offset) }
        return Int32(index)
    }

    // MARK: Splits

    /// What a split tests, held against what it says of itself; the children are left open.
    func node(of split: CatBoostSplit, path: @autoclosure () -> String) throws(ModelError) -> ReferenceNode {
        guard split.index >= 0, split.index < borders.count else {
            let reason = ModelError.Reason.outOfRange("split_index \(split.index)", allowed: "below \(borders.count)")
            throw ModelError(reason, path: path(), offset: split.offset)
        }
        let feature = features[Int(owners[Int(split.index)])]
        let border = borders[Int(split.index)]
        guard feature.index == split.feature, border == split.border else {
            let reason = ModelError.Reason.malformed(
                "split_index \(split.index) is feature \(feature.index) above \(border), not \(split.feature) above "
                    + "\(split.border)")
            throw ModelError(reason, path: path(), offset: split.offset)
        }
        return ReferenceNode(
            value: Double(border), left: -1, right: -1, column: feature.column, categorySet: -1, cover: 0,
            missing: feature.missing)
    }
}
