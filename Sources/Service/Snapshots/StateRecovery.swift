// Which snapshot a start begins with: the newest that is whole, of these histories and limits, and of this log. One that is
// not is told and left where it is; where none is, the whole log is read, and the state is the same.

import DecisionLog
import HTTP
import Platform
import Scoring

/// A snapshot that a start did not use.
public struct RefusedSnapshot: Sendable, Equatable {
    public let path: String
    public let reason: String
}

struct StateRecovery {
    let folder: StateFolder
    private(set) var refused: [RefusedSnapshot] = []
    /// What reading the snapshot that is used took; 0 where none is.
    private(set) var seconds = 0.0

    init(_ folder: StateFolder) { self.folder = folder }

    /// The newest state that can be gone on from.
    ///
    /// - Parameter log: The log of the same data folder, which its one writer holds.
    mutating func newest(
        plan: ScoringPlan, limits: CoreLimits, log: LogProbe
    ) -> (state: CoreState, header: SnapshotHeader)? {
        folder.removeLeftovers()
        let sequences: [UInt64]
        do throws(PlatformError) {
            sequences = try folder.sequences()
        } catch {
            refused.append(RefusedSnapshot(path: folder.path, reason: error.description))
            return nil
        }
        for sequence in sequences {
            let path = folder.path(of: sequence)
            let started = MonotonicClock.nanoseconds()
            do throws(StateError) {
                var reading = try SnapshotFile.Reading(path)
                guard reading.header.identity == plan.stateIdentity(limits: limits) else { throw .otherPlan }
                if let problem = log.problem(with: LogMark(reading.header)) {
                    refused.append(RefusedSnapshot(path: path, reason: problem.description))
                    continue
                }
                let state = try reading.state(plan: plan, limits: limits)
                seconds = Double(MonotonicClock.nanoseconds() - started) / 1e9
                return (state, reading.header)
            } catch {
                refused.append(RefusedSnapshot(path: path, reason: error.description))
            }
        }
        return nil
    }
}
