// Which format a file has is told by its content, never by its name: by the first bytes, and among JSON documents by the
// first key that only one library writes. A format that is not read is refused by its name.

enum ModelFormat {
    static let supported = "XGBoost JSON and UBJSON, LightGBM text, CatBoost JSON"

    case xgboostJSON, xgboostUBJSON, lightgbmText, catboostJSON
    case foreign(String)

    /// Looks at no more than it takes to tell.
    init(of bytes: [UInt8], limits: ModelLimits) throws(ModelError) {
        func begins(_ magic: StaticString) -> Bool {
            bytes.count >= magic.utf8CodeUnitCount
                && (0..<magic.utf8CodeUnitCount).allSatisfy { bytes[$0] == magic.utf8Start[$0] }
        }
        if begins("tree\n") || begins("tree\r\n") {
            self = .lightgbmText
        } else if Self.isUBJSON(bytes) {
            self = .xgboostUBJSON
        } else if begins("binf") || begins("bs64") {
            self = .foreign("XGBoost's old binary format")
        } else if begins("CBM1") {
            self = .foreign("CatBoost's binary format")
        } else if begins("booster[") || begins("0:[") {
            self = .foreign("a text dump of XGBoost's trees (save_model writes a model)")
        } else if bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B {
            self = .foreign("a gzip file (decompress it first)")
        } else if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
            self = .foreign("a Python pickle (save_model writes a model)")
        } else {
            self = try Self.json(bytes, limits: limits)
        }
    }

    /// An object's brace and then a length, a count, a type or a no-op; in JSON a quote, white space or an end.
    private static func isUBJSON(_ bytes: [UInt8]) -> Bool {
        guard let start = bytes.firstIndex(where: { $0 != UBJSONType.noOperation }), start + 1 < bytes.count,
            bytes[start] == UBJSONType.object.rawValue
        else { return false }
        switch bytes[start + 1] {
        case UInt8(ascii: "#"), UInt8(ascii: "$"), UBJSONType.noOperation: return true
        default: return UBJSONType(rawValue: bytes[start + 1]).map { $0.kind == .number } ?? false
        }
    }

    private static func json(_ bytes: [UInt8], limits: ModelLimits) throws(ModelError) -> ModelFormat {
        var document = try JSONDocument(bytes, limits: limits)
        guard try document.peek() == .object else {
            return .foreign("a JSON document that is no object, such as a dump of XGBoost's trees")
        }
        try document.beginObject()
        while let key = try document.nextKey() {
            switch key {
            case "learner": return .xgboostJSON
            case "oblivious_trees", "trees", "features_info", "model_info", "scale_and_bias", "ctr_data":
                return .catboostJSON
            case "tree_info", "num_tree_per_iteration", "max_feature_idx", "pandas_categorical":
                return .foreign("a LightGBM model dump (save_model writes a model)")
            case "Config", "Model": return .foreign("a snapshot of XGBoost's memory (save_model writes a model)")
            default: try document.skipValue()
            }
        }
        return .foreign("a JSON document with none of the keys of a model")
    }
}

/// Reads a model document of any supported format.
func loadModel(
    _ bytes: [UInt8], limitToBestIteration: Bool, limits: ModelLimits
) throws(ModelError) -> LoadedModel {
    switch try ModelFormat(of: bytes, limits: limits) {
    case .xgboostJSON:
        var loader = XGBoostLoader(
            try JSONDocument(bytes, limits: limits), format: "XGBoost JSON", limitToBestIteration: limitToBestIteration)
        return try loader.load()
    case .xgboostUBJSON:
        var loader = XGBoostLoader(
            try UBJSONDocument(bytes, limits: limits), format: "XGBoost UBJSON",
            limitToBestIteration: limitToBestIteration)
        return try loader.load()
    case .lightgbmText:
        var loader = LightGBMLoader(bytes, limits: limits)
        return try loader.load()
    case .catboostJSON:
        var loader = CatBoostLoader(try JSONDocument(bytes, limits: limits))
        return try loader.load()
    case .foreign(let name):
        throw ModelError(.unsupported(name, supported: ModelFormat.supported), path: "", offset: 0)
    }
}
