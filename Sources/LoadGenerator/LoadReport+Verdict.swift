// What the figures mean: whether the generator or the server was the limit, and whether an objective was met.

extension LoadReport {
    /// Sends later than this, with a connection free, are the generator's fault.
    public static let tolerableLagNanoseconds: UInt64 = 1_000_000
    /// A thread that is busier than this has no time left to send on time.
    public static let tolerableCPUShare = 0.9
    /// Below this share of the asked rate something was at its limit.
    public static let sufficientShare = 0.99

    public enum Limit: Sendable, Hashable {
        /// The asked rate was reached, on time.
        case none
        /// The generator could not keep up: the figures say less about the server than about this machine.
        case generator
        /// The generator was on time; the answers were not: the server, or the number of connections.
        case server
    }

    /// Who was at the limit. In a closed loop, where nothing is asked, it is the server unless the generator was.
    public var limit: Limit {
        if scheduleLag.percentile(99) > Self.tolerableLagNanoseconds || generatorCPUShare > Self.tolerableCPUShare {
            return .generator
        }
        guard let share = achievedShare else { return .server }
        return share < Self.sufficientShare ? .server : .none
    }

    /// The same in sentences.
    public var limitRemarks: [String] {
        var remarks: [String] = []
        let lag = scheduleLag.percentile(99)
        if lag > Self.tolerableLagNanoseconds {
            remarks.append(
                "the generator was late: 1 % of the sends left \(milliseconds(lag)) ms or more after they were due, "
                    + "with a connection free")
        }
        if generatorCPUShare > Self.tolerableCPUShare {
            remarks.append(
                "the generator was busy: its thread used \(percentText(generatorCPUShare)) of a core; use more threads")
        }
        if let share = achievedShare, let asked = askedPerSecond, share < Self.sufficientShare {
            let waited = scheduled == 0 ? 0 : Double(waitedForConnection + errors.unsent) / Double(scheduled)
            remarks.append(
                "\(fixed(achievedPerSecond, 1)) of \(fixed(asked, 1)) requests/s were answered; "
                    + "\(percentText(waited)) of the requests found all \(plan.connections) connections busy")
        }
        return remarks
    }

    /// Why the objective is not met; empty when it is.
    public func meets(_ objective: LoadObjective) -> [String] {
        var reasons: [String] = []
        if stoppedEarly { reasons.append("the run was stopped after \(fixed(measuredSeconds, 1)) measured seconds") }
        if latency.count == 0 { reasons.append("no request was answered with a 2xx status") }
        let reached = latency.percentile(objective.percentile)
        if Double(reached) > objective.milliseconds * 1e6 {
            reasons.append(
                "p\(short(objective.percentile)) is \(milliseconds(reached)) ms, "
                    + "above \(short(objective.milliseconds)) ms")
        }
        for (kind, count) in errors.named where count > 0 && kind != "abandoned" {
            reasons.append("\(count) errors of kind \(kind)")
        }
        for (status, count) in statuses.sorted(by: { $0.key < $1.key })
        where !(200...299).contains(status) && !objective.toleratedStatuses.contains(status) {
            reasons.append("\(count) answers with status \(status)")
        }
        if let share = achievedShare, share < objective.minimumAchievedShare {
            reasons.append(
                "\(fixed(achievedPerSecond, 1)) requests/s are \(percentText(share)) of the asked rate, below "
                    + percentText(objective.minimumAchievedShare))
        }
        return reasons
    }
}

extension LoadErrorCounts {
    /// All kinds by name, in the order of the report.
    public var named: [(kind: String, count: UInt64)] {
        [
            ("connect", connect), ("timeout", timeouts), ("reset", resets), ("malformed", malformed),
            ("unsent", unsent), ("abandoned", abandoned),
        ]
    }
}
