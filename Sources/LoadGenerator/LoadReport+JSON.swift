// The report for programs: one JSON object, times in milliseconds.

extension LoadReport {
    /// The report as one JSON object, without a newline at its end.
    public func json() -> String {
        var json = JSONText()
        json.open()
        json.member("target", "http://\(plan.host):\(plan.port)\(plan.path)")
        json.member("mode", plan.requestsPerSecond == nil ? "closed" : "open")
        json.member("asked_per_second", plan.requestsPerSecond)
        json.member("due_per_second", askedPerSecond)
        json.member("achieved_per_second", achievedPerSecond)
        json.member("achieved_share", achievedShare)
        json.member("measured_seconds", measuredSeconds)
        json.member("warm_up_seconds", plan.warmUpSeconds)
        json.member("stopped_early", stoppedEarly)
        json.member("connections", UInt64(plan.connections))
        json.member("threads", UInt64(plan.threads))
        json.member("timeout_ms", UInt64(plan.timeoutMilliseconds))
        json.member("scheduled", scheduled)
        json.member("answered", answered)
        json.member("sent_in_window", sentInWindow)
        json.member("answered_in_window", answeredInWindow)
        json.member("answer_bytes", answerBytes)
        json.member("latency_ms", latency)
        json.member("service_ms", serviceTime)
        json.member("other_status_latency_ms", refusedLatency)
        json.member("deadline_ms", plan.deadlineMilliseconds)
        json.member("over_deadline", overDeadline)
        json.member("status", statuses.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) })
        json.member("decision_source", decisionSources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        json.member("decision", decisions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        json.member("degraded", degraded)
        json.member("not_recorded", unrecorded)
        json.member("errors", errors.named.map { ($0.kind, $0.count) })
        json.member("reconnects", reconnects)
        json.key("generator")
        json.open()
        json.member("lag_ms", scheduleLag)
        json.member("cpu_share", generatorCPUShare)
        json.member("waited_for_connection", waitedForConnection)
        json.close()
        json.member("limit", limitName)
        json.member("remarks", limitRemarks)
        json.close()
        return json.text
    }

    private var limitName: String {
        switch limit {
        case .none: "none"
        case .generator: "generator"
        case .server: "server"
        }
    }
}

/// Just enough of a JSON writer for the report: objects whose members are numbers, strings and lists of strings.
private struct JSONText {
    private(set) var text = ""
    private var needsComma = false

    mutating func open() {
        text += "{"
        needsComma = false
    }

    mutating func close() {
        text += "}"
        needsComma = true
    }

    mutating func key(_ name: String) {
        if needsComma { text += "," }
        text += quoted(name) + ":"
        needsComma = true
    }

    mutating func member(_ name: String, _ value: String) {
        key(name)
        text += quoted(value)
    }

    mutating func member(_ name: String, _ value: UInt64) {
        key(name)
        text += String(value)
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        text += value ? "true" : "false"
    }

    mutating func member(_ name: String, _ value: Double?) {
        key(name)
        text += value.map { $0.isFinite ? short($0) : "null" } ?? "null"
    }

    mutating func member(_ name: String, _ values: [String]) {
        key(name)
        text += "[" + values.map(quoted).joined(separator: ",") + "]"
    }

    mutating func member(_ name: String, _ counts: [(String, UInt64)]) {
        key(name)
        open()
        for (name, count) in counts { member(name, count) }
        close()
    }

    mutating func member(_ name: String, _ histogram: LatencyHistogram) {
        key(name)
        open()
        member("count", histogram.count)
        member("mean", histogram.mean / 1e6)
        member("min", Double(histogram.smallest) / 1e6)
        for percent in LoadReport.percentiles {
            member("p\(short(percent))", Double(histogram.percentile(percent)) / 1e6)
        }
        member("max", Double(histogram.largest) / 1e6)
        close()
    }

    private func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
