// rules.yaml: what an analyst knows. A rule has an action, which is taken, or points, which make up the scorecard that
// answers when there is no model, or both.
//
//   rules:
//     - id: card-testing
//       when: count(card, "10m") >= 5 && sum(card, amount, "10m") < 1000
//       action: decline
//       points: 600
//       reason: VELOCITY_CARD_10M
//       enabled: true
//       snooze: [{ entity: card, key: fp_1, until: 2026-12-01T00:00:00Z }]
//       examples: [{ payment: { amount: 100 }, before: [{ ago: 2m, times: 4 }], matches: true }]

import Expressions

public struct RuleDefinition: Sendable {
    /// What a rule that matches does.
    public enum Action: String, Sendable, CaseIterable {
        /// Approves, whatever the score and the other rules say.
        case approve
        case review, challenge, decline
        /// Only adds its points.
        case score
        /// Is logged and decides nothing.
        case observe

        public var verdict: Verdict? {
            switch self {
            case .approve: .approve
            case .review: .review
            case .challenge: .challenge
            case .decline: .decline
            case .score, .observe: nil
            }
        }
    }

    public let id: String
    public let when: Expression
    /// The condition as it was written, for errors.
    let source: ExpressionSource
    public let action: Action
    /// Points on the score's own scale, 0 to 999.
    public let points: Int
    public let reason: String
    /// What happens when the condition ends in an error; nil: the rule does not match.
    public let onError: Action?
    /// One that is not is checked and otherwise left out: nothing is kept for it.
    public let isEnabled: Bool
    public let snoozes: [SnoozeDefinition]
    public let examples: [RuleExample]
    public let description: String?
    /// Of the file.
    public let line: Int
}

public struct RuleFile: Sendable {
    public static let maximumRules = 4_096
    public let rules: [RuleDefinition]
    public let lists: [ListDeclaration]

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationNode(yaml: text, file: file)
        let fields = try root.fields(known: ["rules", "lists"])
        guard let list = fields["rules"] else { throw root.error("needs rules: a list, which may be empty") }
        var rules: [RuleDefinition] = []
        for element in try list.elements() {
            let rule = try Self.readRule(element)
            if rules.contains(where: { $0.id == rule.id }) { throw element.error("a rule \(rule.id) stands above") }
            rules.append(rule)
        }
        guard rules.count <= Self.maximumRules else {
            throw list.error("has \(rules.count) rules; at most \(Self.maximumRules)")
        }
        self.rules = rules
        lists = try ListDeclaration.read(fields["lists"])
    }

    private static func readRule(_ node: ConfigurationNode) throws(ConfigurationError) -> RuleDefinition {
        let fields = try node.fields(known: [
            "id", "when", "action", "points", "reason", "catch", "description", "enabled", "snooze", "examples",
        ])
        guard let id = try fields["id"]?.string() else { throw node.error("needs an id") }
        guard let when = fields["when"] else { throw node.error("rule \(id) needs when: a condition") }
        let points = try fields["points"]?.integer(in: 0...999) ?? 0
        let action = try fields["action"]?.choice(of: RuleDefinition.Action.self) ?? .score
        if action == .score, points == 0 { throw node.error("rule \(id) needs an action or points") }
        return RuleDefinition(
            id: id, when: try when.expression(), source: try when.expressionSource(), action: action, points: points,
            reason: try fields["reason"]?.string() ?? id.uppercased().replacing("-", with: "_"),
            onError: try fields["catch"]?.choice(of: RuleDefinition.Action.self),
            isEnabled: try fields["enabled"]?.boolean() ?? true,
            snoozes: try SnoozeDefinition.read(fields["snooze"]),
            examples: try RuleExample.read(fields["examples"]),
            description: try fields["description"]?.string(), line: node.line)
    }
}
