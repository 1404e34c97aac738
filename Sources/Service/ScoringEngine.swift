// What all event loops share: the sequencer behind one lock, the log, and what the service says of itself. The lock is
// held for the decision and for putting its record in line, never for a system call.
//
//   loop ──▶ read the payment ──▶ [ lock: decide, put the record in line ] ──▶ commit, once a wake-up ──▶ answer

import DecisionLog
import Dispatch
import HTTP
import JSON
import Logging
import Platform
import Scoring
import Synchronization

public enum ServiceError: Error, Sendable, CustomStringConvertible {
    case configuration(ConfigurationError)
    case log(LogError)
    case record(sequence: UInt64, RecordError)
    case data(PlatformError)
    case server(ServerError)

    public var description: String {
        switch self {
        case .configuration(let error): error.description
        case .log(let error): error.description
        case .record(let sequence, let error): "the log's record \(sequence) \(error)"
        case .data(let error): error.description
        case .server(let error): error.description
        }
    }
}

public final class ScoringEngine: Sendable {
    public let configuration: ServiceConfiguration
    /// What scores: a reload puts another in its place, and the governor the one before back. Not to be asked for by who
    /// holds the sequencer.
    public var assembly: Assembly {
        let plan = withSequencer { $0.core.plan }
        return assemblies.withLock { $0.serving(plan) }
    }
    let assemblies: Mutex<Assemblies>
    let reloads = ReloadCounts()
    public let recovery: Recovery
    /// Why the files of the configuration could not be kept beside the log at the start.
    let keepingProblem: PlatformError?
    let pseudonymizer: Pseudonymizer
    let log: DecisionLogWriter
    let metrics = ServiceMetrics()
    let startedAtNanoseconds = WallClock.nanosecondsSince1970()
    private let sequencer: SharedSequencer
    let snapshots: SnapshotKeeper
    let earlierLog: EarlierLog
    let logFront: LogFront
    let index: DecisionIndex
    private let isDraining = Atomic<Bool>(false)
    /// For the metrics; the server holds the engine through its handlers, so it is not held back.
    private let server = Mutex<WeakServer>(WeakServer())
    /// For what may read the disk or take long: repeated submissions, look-ups, batches. Bounded by the connections.
    let background = DispatchQueue(label: "shroff.background", attributes: .concurrent)

    /// Opens the data folder, takes back in what its log says, and is ready to score.
    public convenience init(_ configuration: ServiceConfiguration) throws(ServiceError) {
        let assembly: Assembly
        do throws(ConfigurationError) {
            assembly = try Assembly(configuration)
        } catch {
            throw .configuration(error)
        }
        try self.init(configuration, assembly)
    }

    /// The same with an assembly that is there, and a log on a disk of the caller's choice.
    init(
        _ configuration: ServiceConfiguration, _ assembly: Assembly, disk: FileOperations = .system
    ) throws(ServiceError) {
        self.configuration = configuration
        var assembly = assembly
        var sequencer = Sequencer(core: assembly.makeCore(limits: configuration.core))
        do throws(ConfigurationError) {
            try Self.makeDirectory(configuration.dataDirectory)
        } catch {
            throw .configuration(error)
        }
        let opened = try OpenedLog.open(
            configuration, restoring: &sequencer, isWholeLogChecked: false, disk: disk)
        log = opened.log
        recovery = opened.recovery
        // After the log, because who has the log's lock has the folder: two starts at once must not make two keys.
        do throws(ConfigurationError) {
            pseudonymizer = Pseudonymizer(
                key: try IdentityKey.load(
                    path: configuration.identityKeyPath, isMade: opened.recovery.report.lastSequence == 0))
            // The first start made the key only now; nothing was restored that a new sequencer would miss.
            if assembly.plan.usesIdentityKey, !assembly.isKeyed {
                assembly = try Assembly(configuration, pseudonymizer: pseudonymizer)
                sequencer = Sequencer(core: assembly.makeCore(limits: configuration.core))
            }
        } catch {
            throw .configuration(error)
        }
        assemblies = Mutex(Assemblies(configured: assembly))
        keepingProblem = opened.recordConfiguration(
            of: assembly, &sequencer, receivedAtNanoseconds: WallClock.nanosecondsSince1970())
        let (shared, log) = (SharedSequencer(sequencer), log)
        self.sequencer = shared
        earlierLog = EarlierLog(directory: log.directory, through: opened.startedAfter)
        let folder = StateFolder(dataDirectory: configuration.dataDirectory)
        let logFront = LogFront(
            retention: configuration.logRetention, folder: folder, log: log, earlierLog: earlierLog)
        self.logFront = logFront
        let index = DecisionIndex(dataDirectory: configuration.dataDirectory, log: log)
        self.index = index
        snapshots = SnapshotKeeper(
            folder: folder, schedule: configuration.snapshots, log: log, recovery: recovery,
            onWritten: {
                logFront.snapshotWritten()
                index.keepUp()
            }
        ) { () throws(SnapshotObstacle) in
            try shared.value.withLock { (sequencer) throws(SnapshotObstacle) in try SnapshotSource(of: sequencer, log) }
        }
    }

    private static func makeDirectory(_ path: String) throws(ConfigurationError) {
        do throws(PlatformError) {
            try Platform.makeDirectory(path)
        } catch {
            throw ConfigurationError(file: path, message: error.description)
        }
    }

    // MARK: What loops ask

    /// Runs `body` with the sequencer: everything in it happens at one place of the sequence.
    func withSequencer<Result>(_ body: (inout Sequencer) -> sending Result) -> sending Result {
        sequencer.value.withLock { body(&$0) }
    }

    /// The budget of a payment: its own deadline, or the configured one, less what is kept back for the answer.
    func budgetNanoseconds(of payment: borrowing Payment) -> Int64 {
        let whole = payment.deadlineMilliseconds.map { $0 * 1_000_000 } ?? configuration.budgetNanoseconds
        return max(0, whole - min(configuration.reserveNanoseconds, whole / 10))
    }

    /// Waits for the record no longer than a payment's budget, which is what whoever asks has.
    func commit(through sequence: UInt64) -> Bool {
        log.commit(
            through: sequence, by: MonotonicClock.nanoseconds() + UInt64(max(0, configuration.budgetNanoseconds)))
    }

    public var statistics: CoreStatistics { sequencer.value.withLock { $0.core.statistics } }

    // MARK: Readiness

    /// Why the service is not, or not wholly, what it should be. A degraded service is ready; a draining one is not.
    struct Readiness: Sendable {
        var isReady: Bool
        var isModelServing: Bool
        var isRecording: Bool
        var reasons: [(code: StaticString, detail: String)]
    }

    var readiness: Readiness {
        var readiness = Readiness(isReady: true, isModelServing: false, isRecording: true, reasons: [])
        switch assembly.model {
        case .serving: readiness.isModelServing = true
        case .none:
            readiness.reasons.append(("no_model", "no model is configured; the rules answer"))
        case .refused:
            let problem = assembly.modelProblem.map(\.description) ?? "unknown"
            readiness.reasons.append(("model_refused", "the model was refused and the rules answer: \(problem)"))
        }
        if case .failing(_, let reason) = log.health.state {
            readiness.isRecording = false
            readiness.reasons.append(("not_recording", "decisions are not recorded: \(reason)"))
        }
        if withSequencer({ $0.core.isGovernorEngaged }) {
            readiness.reasons.append(
                (
                    "governor_engaged",
                    "declines were far above the usual; the rules before the last reload answer until a reload"
                ))
        }
        if let front = logFront.statistics, let problem = front.problem {
            readiness.reasons.append(("log_not_removed", "the front of the log could not be removed: \(problem)"))
        } else if logFront.statistics?.isOverBudget == true {
            readiness.reasons.append(
                (
                    "log_over_budget",
                    "the log is larger than log.remove_above, and what is left is needed or younger than idempotency.retention"
                ))
        }
        if case .damaged(let damage) = earlierLog.finding {
            readiness.reasons.append(("log_damaged", "an earlier part of the log is damaged: \(damage)"))
        }
        if isDraining.load(ordering: .relaxed) {
            readiness.isReady = false
            readiness.reasons.append(("draining", "the service is stopping"))
        }
        return readiness
    }

    func attach(_ server: Server) { self.server.withLock { $0.server = server } }

    var serverStatistics: ServerStatistics? { server.withLock { $0.server?.statistics } }
    /// What new TLS connections are shown; nil without a TLS port.
    var certificate: CertificateSummary? { server.withLock { $0.server?.certificate } }

    public func beginDrain() { isDraining.store(true, ordering: .relaxed) }

    /// Takes a last snapshot, writes and flushes what waits, and gives the data folder free.
    ///
    /// - Returns: Whether everything was recorded.
    public func close() -> Bool {
        earlierLog.stop()
        snapshots.stop()
        index.stop()
        return log.close()
    }
}

/// The sequencer in a box of its own, for the engine and for who takes snapshots.
private final class SharedSequencer: Sendable {
    let value: SleepingLock<Sequencer>

    init(_ sequencer: consuming sending Sequencer) { value = SleepingLock(sequencer) }
}

private struct WeakServer: Sendable {
    weak var server: Server?
}

extension LogPosition {
    init(_ reference: RecordReference) {
        self.init(segment: reference.segment, offset: reference.offset, length: reference.length)
    }
}
