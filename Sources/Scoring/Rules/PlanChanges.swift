// What differs between two plans, for the answer of a reload.

import Platform

public struct PlanChanges: Sendable, Equatable {
    public var rulesAdded: [String] = []
    public var rulesRemoved: [String] = []
    public var rulesChanged: [String] = []
    public var listsChanged: [String] = []

    public init(from earlier: ScoringPlan, to plan: ScoringPlan) {
        let before = Dictionary(earlier.rules.map { ($0.definition.id, $0.definition.signature) }) { first, _ in first }
        let after = Dictionary(plan.rules.map { ($0.definition.id, $0.definition.signature) }) { first, _ in first }
        for rule in plan.rules {
            let id = rule.definition.id
            if let known = before[id] {
                if known != rule.definition.signature { rulesChanged.append(id) }
            } else {
                rulesAdded.append(id)
            }
        }
        rulesRemoved = earlier.rules.map(\.definition.id).filter { after[$0] == nil }
        let lists = Dictionary(earlier.lists.map { ($0.name, $0) }) { first, _ in first }
        listsChanged = plan.lists.filter { list in
            guard let known = lists[list.name] else { return true }
            return known.digest != list.digest || known.kind != list.kind
        }.map(\.name)
        listsChanged += earlier.lists.map(\.name).filter { name in !plan.lists.contains { $0.name == name } }
    }
}

extension RuleDefinition {
    /// Everything that bears on what the rule does, as text.
    fileprivate var signature: String {
        let snoozes = snoozes.map { "\($0.entity) \($0.key) \($0.untilNanoseconds)" }
        let parts = ["\(when)", action.rawValue, "\(points)", reason, onError?.rawValue ?? ""]
        return (parts + snoozes).joined(separator: "\n")
    }
}
