// What a load test found. Every request whose intended send time lies in the measured window has exactly one fate:
//
//   scheduled = answered + timeouts + resets + malformed + unsent + abandoned
//
// The latency histogram holds answers with a 2xx status, from the intended send time, and, with the time they had taken
// so far, timeouts and requests that were never sent: what is slowest must not drop out of the percentiles. Answers
// with other statuses are kept apart, so that quick refusals don't flatter the figures either.

/// The figures of one load test.
public struct LoadReport: Sendable, Equatable {
    public var plan: LoadPlan
    /// The measured window, shorter than planned when the run was stopped.
    public var measuredSeconds = 0.0
    /// The run was stopped before its time.
    public var stoppedEarly = false

    /// Requests that were due in the window (closed loop: that were sent in it).
    public var scheduled: UInt64 = 0
    public var answered: UInt64 = 0
    /// Answers that arrived in the window, whenever their requests were due: the throughput.
    public var answeredInWindow: UInt64 = 0
    /// Bytes of the bodies of the measured answers with a 2xx status.
    public var answerBytes: UInt64 = 0
    /// Requests that left in the window, whenever they were due.
    public var sentInWindow: UInt64 = 0
    public var errors = LoadErrorCounts()
    /// Answers by status.
    public var statuses: [Int: UInt64] = [:]
    /// Decisions in 2xx answers by `decision_source` and by `decision`; unknown values are counted as `other`.
    public var decisionSources: [String: UInt64] = [:]
    public var decisions: [String: UInt64] = [:]
    public var degraded: UInt64 = 0
    public var unrecorded: UInt64 = 0

    /// From the intended send time to the last byte of the answer.
    public var latency = LatencyHistogram()
    /// From the actual send to the last byte of the answer; what a generator that waits for answers would report.
    public var serviceTime = LatencyHistogram()
    /// Answers with a status other than 2xx, from the intended send time.
    public var refusedLatency = LatencyHistogram()
    /// Latencies above `plan.deadlineMilliseconds`.
    public var overDeadline: UInt64 = 0

    /// How late the generator sent what was due while a connection was free.
    public var scheduleLag = LatencyHistogram()
    /// Requests that were due while every connection was busy.
    public var waitedForConnection: UInt64 = 0
    /// CPU time of the busiest loop's thread a second of the run: at 1 the generator can't go faster.
    public var generatorCPUShare = 0.0
    /// Connections that were opened again after the server or an error had closed them.
    public var reconnects: UInt64 = 0

    public init(plan: LoadPlan) {
        self.plan = plan
    }

    public var askedPerSecond: Double? {
        plan.requestsPerSecond == nil || measuredSeconds == 0 ? nil : Double(scheduled) / measuredSeconds
    }

    public var achievedPerSecond: Double {
        measuredSeconds == 0 ? 0 : Double(answeredInWindow) / measuredSeconds
    }

    /// Answers a second over requests due a second; nil in a closed loop, which asks for no rate.
    public var achievedShare: Double? {
        askedPerSecond.map { $0 == 0 ? 0 : achievedPerSecond / $0 }
    }
}

/// Requests without a proper answer, by kind, and attempts to connect that failed.
public struct LoadErrorCounts: Sendable, Equatable {
    /// Attempts to connect that were refused or took longer than the timeout.
    public var connect: UInt64 = 0
    public var timeouts: UInt64 = 0
    /// The connection ended before the answer was whole.
    public var resets: UInt64 = 0
    /// What came back was not an HTTP answer.
    public var malformed: UInt64 = 0
    /// Due, but never sent: every connection was busy until after the end.
    public var unsent: UInt64 = 0
    /// In flight, or due and not yet sent, when the run was stopped.
    public var abandoned: UInt64 = 0

    public init() {}

    /// All but `abandoned`, which is the caller's doing.
    public var total: UInt64 { connect + timeouts + resets + malformed + unsent }
}

/// What a load test must reach to pass.
public struct LoadObjective: Sendable, Hashable {
    public var percentile = 99.9
    public var milliseconds: Double
    public var minimumAchievedShare = 0.99
    /// Statuses besides 2xx that are no failure, such as 503 in a test past capacity.
    public var toleratedStatuses: Set<Int> = []

    public init(milliseconds: Double) {
        self.milliseconds = milliseconds
    }
}

/// How a running test stands; made once a second.
public struct LoadProgress: Sendable, Equatable {
    public enum Phase: Sendable, Equatable { case warmUp, measuring, draining }
    public var phase: Phase
    /// Since the first request was due.
    public var elapsedSeconds: Double
    public var plannedSeconds: Double
    public var sent: UInt64
    public var answered: UInt64
    public var failed: UInt64
    /// In the time since the progress before.
    public var answersPerSecond: Double
    public var worstMilliseconds: Double
}
