// Runs the examples that stand beside the rules, each in a core of its own: what came before is decided first, then the
// payment, without a model.

import Expressions

public struct RuleExampleResult: Sendable {
    public enum Outcome: Sendable, Equatable {
        case passed
        /// The rule matched and should not have, or the other way round.
        case failed(matched: Bool)
        /// The rule is not enabled.
        case skipped
        /// The example's payment, or one before it, is none.
        case invalid(String)
    }

    public let rule: String
    /// Of the example.
    public let file: String
    public let line: Int
    public let outcome: Outcome
}

public enum RuleExampleRun {
    /// - Parameters:
    ///   - definitions: All rules of the file, those that are not enabled too.
    ///   - plan: The same file, compiled.
    public static func run(
        _ definitions: [RuleDefinition], plan: ScoringPlan, pseudonymizer: Pseudonymizer = .withoutKey
    ) -> [RuleExampleResult] {
        definitions.flatMap { rule in
            rule.examples.map { example in
                RuleExampleResult(
                    rule: rule.id, file: example.file, line: example.line,
                    outcome: rule.isEnabled ? outcome(of: example, rule.id, plan, pseudonymizer) : .skipped)
            }
        }
    }

    private static func outcome(
        of example: RuleExample, _ rule: String, _ plan: ScoringPlan, _ pseudonymizer: Pseudonymizer
    ) -> RuleExampleResult.Outcome {
        let core: Core
        do throws(BundleError) {
            core = try Core(
                plan: plan, model: .none, costs: LadderCosts(rulesNanoseconds: 0, modelNanoseconds: 0))
        } catch {
            preconditionFailure("a core without a model was refused: \(error)")
        }
        var sequencer = Sequencer(core: core)
        var reader = PaymentReader()
        var payment = Payment()
        for body in example.bodies() {
            do throws(PaymentProblem) {
                try reader.read(body.span, into: &payment)
            } catch {
                let told = error.fieldProblems.map { "\($0.pointer) \($0.detail)" }
                return .invalid(told.isEmpty ? "is no payment" : told.joined(separator: "; "))
            }
            pseudonymizer.apply(to: &payment)
            let outcome = sequencer.submit(
                payment, Arrival(receivedAtNanoseconds: payment.eventTimeNanoseconds), traceParent: Span(),
                clock: { 0 }
            ) { _, _ in nil }
            guard outcome == .decided else { return .invalid("a transaction_id stands twice") }
        }
        let matched = sequencer.core.decision.firedRules.contains { plan.rules[$0.rule].definition.id == rule }
        return matched == example.matches ? .passed : .failed(matched: matched)
    }
}

// MARK: - What a rule reads

/// One rule as a check shows it.
public struct RuleFacts: Sendable {
    public let id: String
    public let action: RuleDefinition.Action
    public let points: Int
    public let isEnabled: Bool
    /// Fields, features and histories that its condition may read.
    public let reads: [String]
    /// Lists that it asks.
    public let lists: [String]
    /// Steps that its condition takes at worst, as `Program.worstSteps` counts them; 0 where the rule is not enabled.
    public let worstCaseCost: Int
}

extension ScoringPlan {
    /// - Parameter definitions: All rules of the file that the plan was made of.
    public func facts(of definitions: [RuleDefinition]) -> [RuleFacts] {
        definitions.map { definition in
            let compiled = rules.first { $0.definition.id == definition.id }
            let program = compiled?.program.program
            let asked = Set((program?.sets ?? []).map { shelf.lists[shelf.questions[$0].list].name })
            return RuleFacts(
                id: definition.id, action: definition.action, points: definition.points,
                isEnabled: definition.isEnabled, reads: program?.slots.map { slotLabels[$0] } ?? [],
                lists: asked.sorted(), worstCaseCost: program?.worstSteps ?? 0)
        }
    }

    public var segmentNames: [String] { segments.map(\.name) }
}
