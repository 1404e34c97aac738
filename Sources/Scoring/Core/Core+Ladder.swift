// Which rung answers, and how it is explained: what the time that is left allows.

extension Core {
    func rung(remainingNanoseconds: Int64) -> (source: DecisionSource, reason: DegradedReason?) {
        if remainingNanoseconds < costs.rulesNanoseconds { return (.fallback, .budgetShort) }
        switch model {
        case .none: return (.rules, .noModel)
        case .refused: return (.rules, .modelRefused)
        case .serving:
            let forModel = remainingNanoseconds - costs.rulesNanoseconds
            if forModel >= costs.modelNanoseconds { return (.model, nil) }
            guard let truncated = costs.truncated, forModel >= truncated.nanoseconds else {
                return (.rules, .budgetShort)
            }
            return (.truncated, .budgetShort)
        }
    }

    func explanationMethod(remainingNanoseconds: Int64) -> ExplanationMethod? {
        switch decision.source {
        case .fallback: return nil
        case .rules: return .points
        // Its time was too short for the whole model already.
        case .truncated: return .path
        case .model:
            guard plan.policy.explainsExactly, let needed = costs.explanationNanoseconds else { return .path }
            return remainingNanoseconds < needed + costs.rulesNanoseconds ? .path : .treeSHAP
        }
    }
}
