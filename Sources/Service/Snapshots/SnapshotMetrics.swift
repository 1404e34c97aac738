// What /metrics says of snapshots and of the last start.

import DecisionLog

extension ServiceMetricsText {
    static func writeSnapshots(_ engine: ScoringEngine, to text: inout String) {
        let snapshots = engine.snapshots.statistics
        PrometheusText.counter("shroff_snapshots_total", "Snapshots written.", snapshots.written, &text)
        PrometheusText.counter(
            "shroff_snapshot_failures_total", "Snapshots that could not be written.", snapshots.failed, &text)
        PrometheusText.gauge(
            "shroff_snapshot_sequence", "The last sequence number in the newest snapshot; 0 without one.",
            "\(snapshots.sequence)", &text)
        PrometheusText.gauge(
            "shroff_snapshot_timestamp_seconds", "When this run wrote its newest snapshot; 0 before the first.",
            "\(snapshots.takenAtNanoseconds / 1_000_000_000)", &text)
        PrometheusText.gauge("shroff_snapshot_bytes", "Bytes of that snapshot.", "\(snapshots.bytes)", &text)
        PrometheusText.gauge("shroff_snapshot_seconds", "How long it took to write.", "\(snapshots.seconds)", &text)
        PrometheusText.gauge(
            "shroff_snapshot_copy_seconds", "How long payments waited for the copy, at the last attempt.",
            "\(Double(snapshots.copyNanoseconds) / 1e9)", &text)
        let recovery = engine.recovery
        PrometheusText.gauge(
            "shroff_recovery_seconds", "How long the start took to have its state back.", "\(recovery.seconds)", &text)
        PrometheusText.gauge(
            "shroff_recovery_records", "Records that the start read from the log.", "\(recovery.report.records)",
            &text)
        PrometheusText.gauge(
            "shroff_recovery_snapshot_sequence", "The last sequence number in the snapshot that the start used, or 0.",
            "\(recovery.report.startedAfter)", &text)
        PrometheusText.gauge(
            "shroff_recovery_snapshots_refused", "Newer snapshots that the start could not use.",
            "\(recovery.refused.count)", &text)
        var isDamaged = false
        if case .damaged = engine.earlierLog.finding { isDamaged = true }
        PrometheusText.gauge(
            "shroff_log_damaged", "Whether the log before that snapshot was found damaged.", isDamaged ? "1" : "0",
            &text)
    }
}
