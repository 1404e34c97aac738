// The front of the log leaves when it is kept longer, or is larger, than configured: looked at behind each snapshot, since
// only what no start needs may leave. That is what lies before both snapshots that are kept, of the histories of now.

import DecisionLog
import HTTP
import Platform
import Scoring
import Synchronization

final class LogFront: Sendable {
    struct Statistics: Sendable, Equatable {
        var removedSegments: UInt64 = 0
        /// The log's files, when they were last looked at.
        var bytes: UInt64 = 0
        var isOverBudget = false
        /// Why nothing could be removed, when something should have been.
        var problem: String?
    }

    private let retention: LogRetention
    private let folder: StateFolder
    private let log: DecisionLogWriter
    private let earlierLog: EarlierLog
    private let state = Mutex<Statistics?>(nil)

    init(retention: LogRetention, folder: StateFolder, log: DecisionLogWriter, earlierLog: EarlierLog) {
        self.retention = retention
        self.folder = folder
        self.log = log
        self.earlierLog = earlierLog
    }

    /// nil before the first look, and where everything is kept.
    var statistics: Statistics? { state.withLock { $0 } }

    /// Looks at the log behind a new snapshot. Reads a segment where one leaves.
    func snapshotWritten() {
        guard retention.removes else { return }
        let result: Result<LogRemoval, LogError>
        do throws(LogError) {
            result = .success(
                try log.remove(
                    by: retention, neededFrom: neededSegment, at: WallClock.nanosecondsSince1970()))
        } catch {
            result = .failure(error)
        }
        state.withLock { state in
            var statistics = state ?? Statistics()
            switch result {
            case .success(let removal):
                statistics.removedSegments += UInt64(removal.removedSegments)
                statistics.bytes = removal.keptBytes
                statistics.isOverBudget = removal.isOverBudget
                statistics.problem = nil
            case .failure(let error): statistics.problem = error.description
            }
            state = statistics
        }
    }

    /// The segment from which on a start reads that has to do without the newest snapshot; 0: none may leave. A log that
    /// is being checked, or is damaged, stays as it is.
    private var neededSegment: UInt64 {
        switch earlierLog.finding {
        case .checking, .damaged: return 0
        case .sound, .nothingToCheck: break
        }
        guard let sequences = try? folder.sequences(), sequences.count >= StateFolder.kept else { return 0 }
        var headers: [SnapshotHeader] = []
        for sequence in sequences {
            guard let reading = try? SnapshotFile.Reading(folder.path(of: sequence)) else { return 0 }
            headers.append(reading.header)
        }
        guard headers.allSatisfy({ $0.identity == headers[0].identity }) else { return 0 }
        return headers.map(\.reference.segment).min() ?? 0
    }
}
