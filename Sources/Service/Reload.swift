// Reading everything anew while payments are decided: features, rules, policy, lists and model are read, compiled and
// proven beside the service, and only the swap happens under the sequencer's lock. All or nothing: what is wrong is told
// with its place, and what served before serves on.

import HTTP
import Platform
import Scoring
import Synchronization

/// Why a reload was refused; what was in service stays.
public struct ReloadProblem: Error, Sendable, CustomStringConvertible {
    public let file: String
    /// 1-based; 0 where it is about no single line.
    public let line: Int
    /// The key in the file; empty where it is about none.
    public let path: String
    public let message: String

    init(_ error: ConfigurationError) {
        (file, line, path, message) = (error.file, error.line, error.path, error.message)
    }

    init(file: String, message: String) { (self.file, line, path, self.message) = (file, 0, "", message) }

    public var description: String {
        ConfigurationError(file: file, line: line, path: path, message: message).description
    }
}

/// What a reload did.
public struct ReloadReport: Sendable {
    public let before: RecordDigests
    public let after: RecordDigests
    public let changes: PlanChanges
    /// Histories that begin with it, by their canonical text.
    public let historiesAdded: [String]
    /// When it happened, in nanoseconds since 1970.
    public let atNanoseconds: Int64
    public let releasedGovernor: Bool
    /// How long payments waited for the swap.
    public let pauseMicroseconds: Int64
    public let isRecorded: Bool
    /// Why its files could not be kept beside the log, so that a replay needs to be given them; nil where they are.
    public let keepingProblem: PlatformError?
}

/// Reloads since the start; one at a time.
final class ReloadCounts: Sendable {
    let done = Atomic<UInt64>(0)
    let refused = Atomic<UInt64>(0)
    /// Whether a client waits for one; nobody else may then, so that the threads that answer others are not held up.
    let isAwaited = Atomic<Bool>(false)
    fileprivate let turn = Mutex(())
}

/// What the last reload has put in service, and what was there before it, to which the governor goes back.
struct Assemblies: Sendable {
    var configured: Assembly
    var earlier: Assembly?

    func serving(_ plan: ScoringPlan) -> Assembly {
        if let earlier, earlier.plan === plan { return earlier }
        return configured
    }
}

extension ScoringEngine {
    /// Reads features, rules, policy, lists and model anew, also where shroff.yaml names other files for them by now, and
    /// goes on with them; every other key of shroff.yaml stays as it was at the start. Blocks while it compiles; payments
    /// wait only for the swap.
    public func reload() throws(ReloadProblem) -> ReloadReport {
        do throws(ReloadProblem) {
            let report = try reloads.turn.withLock { _ throws(ReloadProblem) in try replaceAssembly() }
            reloads.done.add(1, ordering: .relaxed)
            return report
        } catch {
            reloads.refused.add(1, ordering: .relaxed)
            throw error
        }
    }

    private func replaceAssembly() throws(ReloadProblem) -> ReloadReport {
        let fresh = try freshAssembly()
        let kept = KeptConfigurations(dataDirectory: configuration.dataDirectory).keep(fresh)
        let swapped = try swap(to: fresh, kept: kept.name)
        // What is left is given out, lest it be let go of within the lock.
        _ = assemblies.withLock { assemblies in
            let before = assemblies
            assemblies = Assemblies(configured: fresh, earlier: before.serving(swapped.planBefore))
            return before
        }
        let isRecorded = commit(through: swapped.sequence) && !swapped.wasDropped
        return ReloadReport(
            before: swapped.digestsBefore, after: swapped.digestsAfter,
            changes: PlanChanges(from: swapped.planBefore, to: fresh.plan), historiesAdded: swapped.additions,
            atNanoseconds: swapped.now, releasedGovernor: swapped.releasedGovernor,
            pauseMicroseconds: swapped.pauseMicroseconds, isRecorded: isRecorded, keepingProblem: kept.problem)
        // Here the old plan, its lists and what histories were given up go, outside the lock.
    }

    private func freshAssembly() throws(ReloadProblem) -> Assembly {
        let assembly: Assembly
        let modelPath: String?
        do throws(ConfigurationError) {
            let anew = try ServiceConfiguration(
                file: configuration.file, environment: configuration.environment)
            modelPath = anew.modelPath
            assembly = try Assembly(anew, pseudonymizer: pseudonymizer)
        } catch {
            throw ReloadProblem(error)
        }
        if let problem = assembly.modelProblem {
            throw ReloadProblem(file: modelPath ?? "", message: "the model was refused: \(problem)")
        }
        return assembly
    }

    private struct Swapped {
        /// What decided until then: not what was configured, where the governor was engaged.
        var planBefore: ScoringPlan
        var digestsBefore: RecordDigests
        var digestsAfter: RecordDigests
        var additions: [String] = []
        var now: Int64
        var releasedGovernor: Bool
        var pauseMicroseconds: Int64 = 0
        var sequence: UInt64 = 0
        var wasDropped = false
        var retired: [RetiredHistories] = []
    }

    private func swap(to assembly: Assembly, kept: String?) throws(ReloadProblem) -> Swapped {
        let result = withSequencer { sequencer -> Result<Swapped, ReloadError> in
            let started = MonotonicClock.nanoseconds()
            var swapped = Swapped(
                planBefore: sequencer.core.plan, digestsBefore: sequencer.configurationDigests,
                digestsAfter: sequencer.configurationDigests, now: WallClock.nanosecondsSince1970(),
                releasedGovernor: sequencer.core.isGovernorEngaged)
            swapped.additions = sequencer.core.additions(of: assembly.plan)
            var wasDropped = false
            do throws(ReloadError) {
                let retired = try sequencer.replacePlan(
                    assembly.plan, model: assembly.model, costs: assembly.costs, kept: kept, at: swapped.now
                ) { sequence, body in
                    let reference = log.put(sequence, body)
                    wasDropped = reference == nil
                    return reference
                }
                swapped.retired = [retired] + sequencer.takeRetired()
            } catch {
                return .failure(error)
            }
            swapped.digestsAfter = sequencer.configurationDigests
            swapped.sequence = sequencer.core.sequence
            swapped.wasDropped = wasDropped
            swapped.pauseMicroseconds = Int64((MonotonicClock.nanoseconds() - started) / 1_000)
            return .success(swapped)
        }
        switch result {
        case .success(let swapped): return swapped
        case .failure(let error): throw ReloadProblem(file: configuration.file, message: error.description)
        }
    }
}
