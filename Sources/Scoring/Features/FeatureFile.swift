// features.yaml: which fields name an entity, and what the model sees of a payment.
//
//   entities:
//     card: card.fingerprint
//   features:
//     - amount: major_units(amount, currency)
//     - card_count_1h: { value: 'count(card, "1h")', reason: VELOCITY_CARD_1H }
//   assume_legitimate_after: 45d

import Expressions

public struct FeatureDefinition: Sendable {
    public let name: String
    public let expression: Expression
    /// The expression as it was written, for errors.
    let source: ExpressionSource
    /// The code that a reason with this feature carries.
    public let reason: String

    /// Name and canonical text: what the digest of a definition is taken over.
    public var canonical: String { "\(name) = \(expression)" }
}

public struct FeatureFile: Sendable {
    public static let maximumEntities = 16
    public static let maximumFeatures = 1_024
    /// Columns that stand before the features in a table of them.
    public static let reservedNames = [
        "transaction_id", "event_time", "label", "labelled_at", "decision", "score", "margin",
    ]

    public let entities: [EntityDefinition]
    public let features: [FeatureDefinition]
    /// A payment that nobody labelled counts as legitimate so long after its event time; nil: it stays unknown.
    public let assumeLegitimateAfterNanoseconds: Int64?

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationNode(yaml: text, file: file)
        let fields = try root.fields(known: ["entities", "features", "assume_legitimate_after"])
        guard let entityNode = fields["entities"], let featureNode = fields["features"] else {
            throw root.error("needs both entities and features")
        }
        entities = try EntityDefinition.read(entityNode)
        features = try Self.readFeatures(featureNode)
        assumeLegitimateAfterNanoseconds = try fields["assume_legitimate_after"]?.durationNanoseconds(atLeast: 1_000)
    }

    private static func readFeatures(_ node: ConfigurationNode) throws(ConfigurationError) -> [FeatureDefinition] {
        var features: [FeatureDefinition] = []
        for element in try node.elements() {
            let members = try element.members()
            guard members.count == 1 else { throw element.error("must be one name with its expression") }
            let feature = try readFeature(name: members[0].key, members[0].value)
            if features.contains(where: { $0.name == feature.name }) {
                throw members[0].value.error("a feature of this name stands above")
            }
            features.append(feature)
        }
        guard features.count <= maximumFeatures else {
            throw node.error("has \(features.count) features; at most \(maximumFeatures)")
        }
        return features
    }

    private static func readFeature(
        name: String, _ node: ConfigurationNode
    ) throws(ConfigurationError) -> FeatureDefinition {
        guard !reservedNames.contains(name) else {
            throw node.error("\(name) is the name of a column that tables of features have already")
        }
        guard isName(name) else { throw node.error("\(name) is no name: letters, digits and _, no digit first") }
        guard node.isMapping else {
            return FeatureDefinition(
                name: name, expression: try node.expression(), source: try node.expressionSource(),
                reason: name.uppercased())
        }
        let fields = try node.fields(known: ["value", "reason", "description"])
        guard let value = fields["value"] else { throw node.error("needs a value: the expression") }
        let reason = try fields["reason"]?.string() ?? name.uppercased()
        return FeatureDefinition(
            name: name, expression: try value.expression(), source: try value.expressionSource(), reason: reason)
    }

    private static func isName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isLetter(_ byte: UInt8) -> Bool { byte == 0x5F || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) }
        guard let first = bytes.first, isLetter(first), bytes.count <= 128 else { return false }
        return bytes.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) }
    }
}

/// An expression as it stands in a file: what an error about it is told with.
struct ExpressionSource: Sendable {
    let text: String
    let file: String
    let path: String
    /// Of the file, where the text begins.
    let line: Int
    /// The lines of the text are lines of the file (a block behind `|`); elsewhere YAML has joined them to one.
    let keepsLines: Bool

    func error(_ error: ExpressionError) -> ConfigurationError {
        ConfigurationError(
            file: file, line: keepsLines ? line + error.line - 1 : line, path: path,
            message: error.rendered(source: text))
    }
}

extension ConfigurationNode {
    func expressionSource() throws(ConfigurationError) -> ExpressionSource {
        ExpressionSource(
            text: try string(), file: file, path: path, line: isLiteralBlock ? line + 1 : line,
            keepsLines: isLiteralBlock)
    }

    /// The value as an expression of the language.
    func expression() throws(ConfigurationError) -> Expression {
        let source = try expressionSource()
        do throws(ExpressionError) {
            return try Expression(parsing: source.text)
        } catch {
            throw source.error(error)
        }
    }
}
