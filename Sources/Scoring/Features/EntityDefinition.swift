// The kinds of entities that keep histories, as features.yaml declares them: by the field that names one, and, for
// rates, by the larger kind that a scarce history leans on.
//
//   entities:
//     card: card.fingerprint
//     terminal: { field: merchant.terminal_id, parent: merchant, strength: 20 }
//     merchant: { field: merchant.id, parent: world }
//     world: { constant: true, prior: 0.005 }          one entity that every payment belongs to; short: `world: true`

/// An entity keeps histories; it is named by a field of the payment.
public struct EntityDefinition: Sendable, Equatable {
    public static let defaultStrength = 20.0

    public let name: String
    /// The field that names the entity; nil for the one entity that every payment belongs to.
    public let field: PaymentField?
    /// Where the entity's rates lean when it has few payments; nil where they stand alone.
    public let shrinkage: RateShrinkage?

    public init(name: String, field: PaymentField?, shrinkage: RateShrinkage? = nil) {
        self.name = name
        self.field = field
        self.shrinkage = shrinkage
    }

    /// The field as features.yaml writes it, or `constant`.
    public var sourceName: String { field?.name ?? "constant" }
}

/// A rate is (frauds + strength × towards) / (payments + strength): as if so many payments of the usual rate had been
/// seen before.
public struct RateShrinkage: Sendable, Equatable {
    public enum Target: Sendable, Equatable {
        /// The rate of the payment's entity of this kind.
        case parent(String)
        /// A share from 0 to 1.
        case prior(Double)
    }

    public let target: Target
    /// In payments; above 0.
    public let strength: Double

    public init(target: Target, strength: Double) {
        self.target = target
        self.strength = strength
    }
}

extension EntityDefinition {
    static func read(_ node: ConfigurationNode) throws(ConfigurationError) -> [EntityDefinition] {
        var entities: [EntityDefinition] = []
        for (name, value) in try node.members() { entities.append(try readOne(name, value)) }
        guard entities.count <= FeatureFile.maximumEntities else {
            throw node.error("has \(entities.count) entities; at most \(FeatureFile.maximumEntities)")
        }
        for (name, value) in try node.members() { try checkParents(of: name, among: entities, value) }
        return entities
    }

    private static func readOne(
        _ name: String, _ node: ConfigurationNode
    ) throws(ConfigurationError) -> EntityDefinition {
        guard node.isMapping else {
            if try node.string() == "true" { return EntityDefinition(name: name, field: nil) }
            return EntityDefinition(name: name, field: try readField(node))
        }
        let members = try node.fields(known: ["field", "constant", "parent", "strength", "prior"])
        let field: PaymentField?
        switch (members["field"], members["constant"]) {
        case (let node?, nil): field = try readField(node)
        case (nil, let constant?):
            guard try constant.boolean() else { throw constant.error("can only be true; otherwise name a field") }
            field = nil
        default: throw node.error("needs either field or constant: true")
        }
        return EntityDefinition(name: name, field: field, shrinkage: try readShrinkage(node, members))
    }

    private static func readField(_ node: ConfigurationNode) throws(ConfigurationError) -> PaymentField {
        let path = try node.string()
        guard let field = PaymentField.allCases.first(where: { $0.name == path }) else {
            let hint = nearest(to: path, among: PaymentField.allCases.map(\.name)).map { "; did you mean \($0)?" }
            throw node.error("\(path) is no field of a payment\(hint ?? "")")
        }
        switch field.kind {
        case .text, .identifier, .internetAddress, .digits, .country, .currency, .choice: return field
        case .integer, .boolean, .timestamp, .metadata:
            throw node.error("an entity is named by a text field, and \(path) is none")
        }
    }

    private static func readShrinkage(
        _ node: ConfigurationNode, _ members: [String: ConfigurationNode]
    ) throws(ConfigurationError) -> RateShrinkage? {
        var strength = defaultStrength
        if let node = members["strength"] {
            strength = try node.number()
            guard strength > 0, strength <= 1e9 else { throw node.error("must be above 0, and at most 1e9 payments") }
        }
        switch (members["parent"], members["prior"]) {
        case (nil, nil):
            if let strength = members["strength"] { throw strength.error("needs a parent or a prior to lean on") }
            return nil
        case (let parent?, nil): return RateShrinkage(target: .parent(try parent.string()), strength: strength)
        case (nil, let node?):
            let prior = try node.number()
            guard (0...1).contains(prior) else { throw node.error("must be a share from 0 to 1") }
            return RateShrinkage(target: .prior(prior), strength: strength)
        case (_, let prior?): throw prior.error("has no use beside a parent; the last of the parents may have one")
        }
    }

    private static func checkParents(
        of name: String, among entities: [EntityDefinition], _ node: ConfigurationNode
    ) throws(ConfigurationError) {
        var seen = [name]
        var current = name
        while case .parent(let parent)? = entities.first(where: { $0.name == current })?.shrinkage?.target {
            guard entities.contains(where: { $0.name == parent }) else {
                let hint = nearest(to: parent, among: entities.map(\.name)).map { "; did you mean \($0)?" } ?? ""
                throw node.error("the parent \(parent) is no entity here\(hint)")
            }
            seen.append(parent)
            if seen.dropLast().contains(parent) {
                throw node.error("is its own parent: \(seen.joined(separator: " → "))")
            }
            current = parent
        }
    }
}
