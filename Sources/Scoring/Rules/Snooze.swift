// A rule that is wrong about one card need not be switched off for all: it is snoozed for that card until a time.
//
//   snooze:
//     - { entity: card, key: fp_1, until: 2026-12-01T00:00:00Z }
//     - { entity: card, key: "hmac:9f86d081884c7d659a2feaa0c55ad015", until: 2026-12-01T00:00:00Z }

import Aggregates

/// As rules.yaml writes it.
public struct SnoozeDefinition: Sendable, Equatable {
    public static let maximumPerRule = 256

    public let entity: String
    /// The raw value, or `hmac:` and its pseudonym.
    public let key: String
    public let untilNanoseconds: Int64
    let file: String
    let line: Int
    let path: String

    /// - Parameter node: nil where there are none.
    static func read(_ node: ConfigurationNode?) throws(ConfigurationError) -> [SnoozeDefinition] {
        guard let node else { return [] }
        var snoozes: [SnoozeDefinition] = []
        for element in try node.elements() {
            let fields = try element.fields(known: ["entity", "key", "until", "description"])
            guard let entity = fields["entity"], let key = fields["key"], let until = fields["until"] else {
                throw element.error("needs entity, key and until")
            }
            guard let time = ListReader.time(try until.string()) else {
                throw until.error("must be a time such as 2026-12-01T00:00:00Z")
            }
            snoozes.append(
                SnoozeDefinition(
                    entity: try entity.string(), key: try key.string(), untilNanoseconds: time, file: element.file,
                    line: element.line, path: element.path))
        }
        guard snoozes.count <= maximumPerRule else {
            throw node.error("has \(snoozes.count) entries; at most \(maximumPerRule)")
        }
        return snoozes
    }
}

/// As a payment is held against it.
struct Snooze: Sendable {
    let field: PaymentField
    /// Hash of the value that the field has in the core.
    let key: UInt64
    let untilNanoseconds: Int64

    /// - Parameter usedKey: Becomes true where a raw identifier was hashed.
    init(
        _ definition: SnoozeDefinition, _ entities: [EntityDefinition], _ pseudonymizer: Pseudonymizer,
        usedKey: inout Bool
    ) throws(ConfigurationError) {
        func error(_ message: String) -> ConfigurationError {
            ConfigurationError(
                file: definition.file, line: definition.line, path: definition.path, message: message)
        }
        guard let entity = entities.first(where: { $0.name == definition.entity }) else {
            let names = entities.map(\.name)
            let hint = nearest(to: definition.entity, among: names).map { "; did you mean \($0)?" }
            throw error(
                "there is no entity \(definition.entity)\(hint ?? ". Declared: \(names.joined(separator: ", "))")")
        }
        guard let field = entity.field else { throw error("\(entity.name) is one entity for all payments") }
        self.field = field
        untilNanoseconds = definition.untilNanoseconds
        let raw = Array(definition.key.utf8)
        if field.kind.isIdentifier {
            guard let pseudonym = pseudonymizer.pseudonym(ofKey: raw, usedKey: &usedKey) else {
                throw error("hmac: is followed by \(2 * Pseudonymizer.pseudonymBytes) hexadecimal digits")
            }
            key = stableHash(pseudonym.span)
        } else {
            key = stableHash(raw.span)
        }
    }

    func covers(_ payment: borrowing Payment) -> Bool {
        payment.eventTimeNanoseconds < untilNanoseconds && payment.has(field)
            && stableHash(payment.bytes(field)) == key
    }
}
