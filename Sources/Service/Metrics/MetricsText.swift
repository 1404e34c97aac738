// GET /metrics: everything that is counted or measured, in Prometheus' text format. Sums are made when they are asked
// for; a scrape may see one count of a payment before another.

import DecisionLog
import HTTP
import Scoring

enum ServiceMetricsText {
    static func render(_ engine: ScoringEngine) -> String {
        var text = ""
        engine.metrics.sum.write(to: &text)
        let readiness = engine.readiness
        let health = engine.log.health
        PrometheusText.gauge(
            "shroff_model_serving", "Whether a model answers (1), or the rules alone (0).",
            readiness.isModelServing ? "1" : "0", &text)
        PrometheusText.header("shroff_model_info", "gauge", "The model that serves.", &text)
        if case .serving(let model) = engine.assembly.model {
            text += "shroff_model_info{version=\"\(escaped(model.manifest.version))\"} 1\n"
        } else {
            text += "shroff_model_info{version=\"\"} 0\n"
        }
        PrometheusText.gauge(
            "shroff_model_refused", "Whether a configured model was refused at load.",
            engine.assembly.modelProblem == nil ? "0" : "1", &text)
        PrometheusText.gauge(
            "shroff_log_recording", "Whether decisions reach the log.", health.isRecording ? "1" : "0", &text)
        PrometheusText.gauge(
            "shroff_log_pending_bytes", "Bytes of records that the kernel does not have yet.",
            "\(health.pendingBytes)", &text)
        PrometheusText.counter(
            "shroff_log_dropped_records_total", "Records that had no room while the disk failed.",
            health.droppedRecords, &text)
        PrometheusText.gauge(
            "shroff_log_sequence", "The last sequence number that was recorded.", "\(health.recordedThrough)", &text)
        PrometheusText.counter(
            "shroff_log_sync_failures_total", "Flushes that the disk refused.", health.syncFailures, &text)
        PrometheusText.gauge(
            "shroff_log_compressing", "Whether full segments are compressed (1), or the last one could not be (0).",
            health.compressionProblem == nil ? "1" : "0", &text)
        if let front = engine.logFront.statistics { writeFront(front, to: &text) }
        writeSnapshots(engine, to: &text)
        writeState(engine.statistics, to: &text)
        RuleMetricsText.write(engine, to: &text)
        writeServer(engine, to: &text)
        return text
    }

    private static func writeFront(_ front: LogFront.Statistics, to text: inout String) {
        PrometheusText.gauge(
            "shroff_log_bytes", "The log's files behind the last snapshot.", "\(front.bytes)", &text)
        PrometheusText.counter(
            "shroff_log_segments_removed_total", "Segments that left as log.remove_after or log.remove_above say.",
            front.removedSegments, &text)
        PrometheusText.gauge(
            "shroff_log_over_budget", "Whether the log is larger than log.remove_above and nothing may leave.",
            front.isOverBudget ? "1" : "0", &text)
    }

    private static func writeState(_ statistics: CoreStatistics, to text: inout String) {
        let aggregates = statistics.aggregates
        PrometheusText.gauge("shroff_entities", "Entities with a history.", "\(aggregates.entities)", &text)
        PrometheusText.gauge("shroff_entity_events", "Events in histories.", "\(aggregates.events)", &text)
        PrometheusText.gauge("shroff_entity_bytes", "Memory of histories.", "\(aggregates.bytes)", &text)
        PrometheusText.counter(
            "shroff_entities_evicted_total", "Entities that left because others came.",
            UInt64(aggregates.evictedEntities), &text)
        PrometheusText.counter(
            "shroff_entity_events_dropped_total", "Events that left because their entity had too many.",
            UInt64(aggregates.droppedEvents), &text)
        PrometheusText.counter(
            "shroff_entity_feedback_missed_total",
            "Labels and outcomes known after their event had left because its entity had too many.",
            UInt64(aggregates.missedRevisions), &text)
        PrometheusText.counter(
            "shroff_late_payments_total", "Payments later than the allowed lateness, answered but not added.",
            UInt64(aggregates.lateEventsBeyondLateness), &text)
        PrometheusText.gauge(
            "shroff_transactions_remembered", "Transaction ids that a repeated submission is told by.",
            "\(statistics.transactions)", &text)
        PrometheusText.counter(
            "shroff_transactions_forgotten_early_total",
            "Transaction ids forgotten before their time, for want of room.",
            UInt64(statistics.transactionsForgottenEarly), &text)
        write(statistics.feedback, to: &text)
    }

    private static func write(_ feedback: FeedbackStatistics, to text: inout String) {
        PrometheusText.gauge(
            "shroff_feedback_transactions", "Payments that a label or an outcome can be about.",
            "\(feedback.transactions)", &text)
        PrometheusText.counter(
            "shroff_feedback_transactions_forgotten_total", "Payments forgotten before a label, for want of room.",
            UInt64(feedback.transactionsForgotten), &text)
        PrometheusText.header(
            "shroff_feedback_known_total", "counter", "Labels and outcomes that histories know.", &text)
        text += "shroff_feedback_known_total{kind=\"label\"} \(feedback.labelsKnown)\n"
        text += "shroff_feedback_known_total{kind=\"outcome\"} \(feedback.outcomesKnown)\n"
        PrometheusText.counter(
            "shroff_feedback_too_late_total", "Labels and outcomes of payments that no history keeps any more.",
            UInt64(feedback.tooLate), &text)
        PrometheusText.gauge(
            "shroff_feedback_pending", "Labels and outcomes that wait for their payment.", "\(feedback.pending)", &text)
        PrometheusText.counter(
            "shroff_feedback_unknown_transactions_total", "Labels and outcomes whose payment did not come.",
            UInt64(feedback.unknownTransactions), &text)
    }

    private static func writeServer(_ engine: ScoringEngine, to text: inout String) {
        guard let server = engine.serverStatistics else { return }
        PrometheusText.counter("shroff_http_requests_total", "Requests read.", server.requests, &text)
        PrometheusText.gauge("shroff_http_connections", "Open connections.", "\(server.connectionsOpen)", &text)
        PrometheusText.counter(
            "shroff_http_connections_total", "Connections accepted.", server.connectionsAccepted, &text)
        PrometheusText.counter(
            "shroff_http_connections_refused_total", "Connections past the limit.", server.connectionsRefused, &text)
        PrometheusText.counter(
            "shroff_http_connections_refused_by_address_total", "Connections past the limit of their address.",
            server.connectionsRefusedByAddress, &text)
        PrometheusText.counter(
            "shroff_http_connections_spent_total", "Connections ended after as many requests as one may make.",
            server.connectionsSpent, &text)
        PrometheusText.counter(
            "shroff_http_accept_pauses_total", "How often accepting paused for want of descriptors or memory.",
            server.acceptPauses, &text)
        PrometheusText.header(
            "shroff_http_timeouts_total", "counter", "Connections given up, by what they were waited for.", &text)
        for (phase, count) in [
            ("first_byte", server.firstByteTimeouts), ("idle", server.idleTimeouts), ("head", server.headTimeouts),
            ("body", server.bodyTimeouts), ("write", server.writeTimeouts),
        ] { text += "shroff_http_timeouts_total{phase=\"\(phase)\"} \(count)\n" }
        PrometheusText.counter(
            "shroff_http_clients_gone_total", "Clients that left before they had their answer.", server.clientsGone,
            &text)
        PrometheusText.header(
            "shroff_http_refused_total", "counter", "Requests that never reached a handler, by reason.", &text)
        for (reason, count) in [
            ("body_too_large", server.bodiesTooLarge), ("unknown_method", server.unknownMethods),
            ("malformed", server.refusals.values.reduce(0, +)),
        ] { text += "shroff_http_refused_total{reason=\"\(reason)\"} \(count)\n" }
        PrometheusText.counter("shroff_http_received_bytes_total", "Bytes read.", server.bytesIn, &text)
        PrometheusText.counter("shroff_http_sent_bytes_total", "Bytes written.", server.bytesOut, &text)
        if let certificate = engine.certificate { write(server.tls, certificate, to: &text) }
    }

    private static func write(_ tls: TLSStatistics, _ certificate: CertificateSummary, to text: inout String) {
        PrometheusText.gauge(
            "shroff_tls_certificate_expiry_seconds", "When the certificate ends, in seconds since 1970.",
            "\(certificate.notAfter)", &text)
        PrometheusText.header("shroff_tls_handshakes_total", "counter", "Handshakes that were completed.", &text)
        text += "shroff_tls_handshakes_total{version=\"1.2\"} \(tls.handshakes12)\n"
        text += "shroff_tls_handshakes_total{version=\"1.3\"} \(tls.handshakes13)\n"
        PrometheusText.counter(
            "shroff_tls_resumed_total", "Handshakes that resumed an earlier session.", tls.resumed, &text)
        PrometheusText.header(
            "shroff_tls_handshakes_failed_total", "counter", "Handshakes that were not completed, by reason.", &text)
        for (reason, count) in [
            ("refused", tls.failed), ("abandoned", tls.abandoned), ("timeout", tls.timedOut), ("drain", tls.cut),
        ] { text += "shroff_tls_handshakes_failed_total{reason=\"\(reason)\"} \(count)\n" }
        PrometheusText.counter(
            "shroff_tls_truncated_total", "Connections that TCP ended without TLS's own end.", tls.truncated, &text)
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
