// The report for a terminal: a table of percentiles and a line for each of the other figures.

extension LoadReport {
    static let percentiles = [50, 90, 95, 99, 99.9]

    /// The report as aligned text, with a newline at its end.
    public func rendered() -> String {
        var text = heading + "\n\n" + percentileTable + "\n"
        for (label, value) in details { text += padded(label, 18, left: true) + value + "\n" }
        return text
    }

    private var heading: String {
        let pace: String
        if let rate = plan.requestsPerSecond {
            pace = "open loop, \(short(rate)) requests/s \(plan.arrivals == .constant ? "evenly" : "at random gaps")"
        } else {
            pace = "closed loop, as fast as answers come"
        }
        let time = "\(fixed(measuredSeconds, 1)) s after \(fixed(plan.warmUpSeconds, 1)) s of warm-up"
        let stopped = stoppedEarly ? " (stopped early)" : ""
        return "\(plan.method) http://\(plan.host):\(plan.port)\(plan.path)\n"
            + "\(pace), \(time)\(stopped), "
            + "\(counted(plan.connections, "connection")), \(counted(plan.threads, "thread"))"
    }

    private var percentileTable: String {
        var columns: [(title: [String], histogram: LatencyHistogram)] = [
            (["due to answer,", "ms"], latency), (["sent to answer,", "ms"], serviceTime),
        ]
        if plan.requestsPerSecond != nil { columns.append((["due to sent,", "ms"], scheduleLag)) }
        if refusedLatency.count > 0 { columns.append((["other statuses,", "ms"], refusedLatency)) }
        var rows = [0, 1].map { line in [""] + columns.map { $0.title[line] } }
        rows.append(["mean"] + columns.map { fixed($0.histogram.mean / 1e6, 3) })
        for percent in Self.percentiles {
            rows.append(["p\(short(percent))"] + columns.map { milliseconds($0.histogram.percentile(percent)) })
        }
        rows.append(["max"] + columns.map { milliseconds($0.histogram.largest) })
        return rows.map { row in
            padded(row[0], 8, left: true) + row[1...].map { padded($0, 17) }.joined() + "\n"
        }.joined()
    }

    private var details: [(String, String)] {
        var lines: [(String, String)] = []
        lines.append(("requests", "\(scheduled) due, \(answered) answered, \(errors.total) errors"))
        var rate = "\(fixed(achievedPerSecond, 1)) requests/s"
        if let asked = askedPerSecond, let share = achievedShare {
            rate += " of \(fixed(asked, 1)) asked (\(percentText(share)))"
        }
        lines.append(("throughput", rate))
        lines.append(("over \(short(plan.deadlineMilliseconds)) ms", shared(overDeadline, of: latency.count)))
        let byStatus = statuses.sorted { $0.key < $1.key }.map { (String($0.key), $0.value) }
        lines.append(("status", shares(byStatus)))
        if !decisionSources.isEmpty { lines.append(("decision_source", shares(ordered(decisionSources)))) }
        if !decisions.isEmpty { lines.append(("decision", shares(ordered(decisions)))) }
        if degraded > 0 { lines.append(("degraded", shared(degraded, of: decisions.values.reduce(0, +)))) }
        if unrecorded > 0 { lines.append(("not recorded", shared(unrecorded, of: decisions.values.reduce(0, +)))) }
        let kinds = errors.named.filter { $0.count > 0 }.map { "\($0.kind) \($0.count)" }
        if !kinds.isEmpty { lines.append(("errors", kinds.joined(separator: ", "))) }
        if reconnects > 0 { lines.append(("reconnects", String(reconnects))) }
        var generator = "\(percentText(generatorCPUShare)) of a core"
        if plan.requestsPerSecond != nil {
            generator += ", \(shared(waitedForConnection, of: scheduled)) waited for a free connection"
        }
        lines.append(("generator", generator))
        lines.append(("limit", limitText))
        for remark in limitRemarks { lines.append(("", remark)) }
        return lines
    }

    private var limitText: String {
        switch limit {
        case .none: "none: the asked rate was reached, and the generator was on time"
        case .generator: "the GENERATOR, not the server: don't read these figures as the server's"
        case .server where plan.requestsPerSecond == nil: "the server, at this number of connections"
        case .server: "the server, or the number of connections; the generator was on time"
        }
    }

    private func shares(_ counts: [(String, UInt64)]) -> String {
        let total = counts.reduce(0) { $0 + $1.1 }
        return counts.map { "\($0.0) \(shared($0.1, of: total))" }.joined(separator: ", ")
    }

    /// Most frequent first.
    private func ordered(_ counts: [String: UInt64]) -> [(String, UInt64)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    private func shared(_ count: UInt64, of total: UInt64) -> String {
        total == 0 ? "\(count)" : "\(count) (\(percentText(Double(count) / Double(total))))"
    }

    private func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

// MARK: - Numbers as text

func milliseconds(_ nanoseconds: UInt64) -> String {
    fixed(Double(nanoseconds) / 1e6, 3)
}

/// A share as a percentage; small ones keep a digit that says they are not zero.
func percentText(_ share: Double) -> String {
    let percent = share * 100
    return fixed(percent, percent != 0 && percent < 0.1 ? 3 : 1) + " %"
}

/// Without a fraction when there is none.
func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
}

/// With so many digits after the point, rounded half away from zero.
func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    let digits = String(UInt64(scaled))
    let filled = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return decimals == 0 ? sign + filled : sign + filled.dropLast(decimals) + "." + filled.suffix(decimals)
}

private func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - text.count))
    return left ? text + fill : fill + text
}
