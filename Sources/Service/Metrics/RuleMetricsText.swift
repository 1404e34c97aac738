// The part of GET /metrics about rules, lists, reloads and the governor.

import Scoring
import Synchronization

enum RuleMetricsText {
    /// What is asked of the core, in one visit.
    private struct Facts: Sendable {
        let hits: [String: UInt64]
        let governor: DeclineGovernor?
        let isEngaged: Bool
        let young: Int
    }

    static func write(_ engine: ScoringEngine, to text: inout String) {
        let facts = engine.withSequencer { sequencer in
            Facts(
                hits: sequencer.core.ruleHits, governor: sequencer.core.governor,
                isEngaged: sequencer.core.isGovernorEngaged, young: sequencer.core.youngHistories.count)
        }
        if !facts.hits.isEmpty {
            PrometheusText.header("shroff_rule_matches_total", "counter", "Payments that a rule matched.", &text)
        }
        for (id, count) in facts.hits.sorted(by: { $0.key < $1.key }) {
            text += "shroff_rule_matches_total{rule=\"\(escaped(id))\"} \(count)\n"
        }
        write(engine.assembly.plan.lists, to: &text)
        PrometheusText.header("shroff_reloads_total", "counter", "Reloads, by what came of them.", &text)
        text += "shroff_reloads_total{result=\"done\"} \(engine.reloads.done.load(ordering: .relaxed))\n"
        text += "shroff_reloads_total{result=\"refused\"} \(engine.reloads.refused.load(ordering: .relaxed))\n"
        PrometheusText.gauge(
            "shroff_young_histories", "Histories that a reload has added and a restart has not yet filled.",
            "\(facts.young)", &text)
        PrometheusText.gauge(
            "shroff_governor_engaged", "Whether the governor has taken the word from the rules.",
            facts.isEngaged ? "1" : "0", &text)
        guard let governor = facts.governor else { return }
        PrometheusText.gauge(
            "shroff_decline_share", "Share of declines in the governor's window.", "\(governor.share ?? 0)", &text)
        PrometheusText.gauge(
            "shroff_decline_share_usual", "The share that the governor compares it with.",
            "\(governor.usualShare ?? 0)", &text)
    }

    private static func write(_ lists: [NamedList], to text: inout String) {
        guard !lists.isEmpty else { return }
        PrometheusText.header("shroff_list_entries", "gauge", "Entries of a list.", &text)
        for list in lists {
            text += "shroff_list_entries{list=\"\(escaped(list.name))\",type=\"\(list.kind.rawValue)\"} "
            text += "\(list.table.count)\n"
        }
        PrometheusText.header("shroff_list_bytes", "gauge", "Memory of a list.", &text)
        for list in lists {
            text += "shroff_list_bytes{list=\"\(escaped(list.name))\"} \(list.table.byteCount)\n"
        }
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
