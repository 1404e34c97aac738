// The sound documents that are mutated, one of each kind that means something to a loader. Whoever adds a format adds its
// documents to `all`; the mutations and what is asked of each mutant are the same for every format.
import Testing
import Trees

/// A sound document, small so that a mutation hits something that matters.
struct FuzzSeed: Sendable, CustomTestStringConvertible {
    enum Form: Sendable {
        /// Mutated as text, and as a tree of values.
        case json(DocumentValue)
        /// Mutated as bytes, and as a tree of values that is then written in one of the styles.
        case ubjson(DocumentValue)
        /// Lines and words, mutated as such.
        case text
    }

    var name: String
    var form: Form
    /// The document in each of the ways that it is written.
    var documents: [[UInt8]]

    var testDescription: String { name }

    static func json(_ name: String, _ text: String) -> FuzzSeed {
        let value = DocumentValue(json: text)
        return FuzzSeed(name: name, form: .json(value), documents: [value.json])
    }

    static func ubjson(_ name: String, _ text: String) -> FuzzSeed {
        let value = DocumentValue(json: text)
        let documents = UBJSONStyle.allCases.map { UBJSONWriter.write(value, $0) }
        return FuzzSeed(name: name, form: .ubjson(value), documents: documents)
    }

    static func text(_ name: String, _ text: String) -> FuzzSeed {
        FuzzSeed(name: name, form: .text, documents: [Array(text.utf8)])
    }

    static let all: [FuzzSeed] = [
        .json("XGBoost JSON", xgboost.text), .json("XGBoost JSON, dart", dart.text),
        .ubjson("XGBoost UBJSON", xgboost.text), .ubjson("XGBoost UBJSON, dart", dart.text),
        .text("LightGBM text", LightGBMSample.text), .json("CatBoost JSON", CatBoostSample.text),
        .json("CatBoost JSON, nested", CatBoostSample.nestedText),
    ]

    // MARK: XGBoost

    private static let xgboost: ModelText = {
        var rng = SplitMix64(seed: 77)
        var small = TreeText.stump(0, "1e-45", "-1", "1")
        small.splitType[0] = 1
        small.categories = [(0, [1, 5])]
        let grown = TreeText.random(splits: 3, features: 2, categorical: false, using: &rng)
        return ModelText(
            trees: [grown, small, .leaf("0.125")], attributes: #"{"best_iteration":"1"}"#, featureNames: #"["a","b"]"#)
    }()

    private static let dart: ModelText = {
        var text = ModelText(baseScore: "0.25", objective: "binary:logitraw")
        text.weights = ["0.5", "1"]
        text.version = "[1,2,1]"
        return text
    }()
}
