// The part of the log that a start from a snapshot did not read: checked afterwards, record by record and chain by chain,
// by a thread that runs when nobody else wants the core. So a start is quick, and damage is still found and named.

import DecisionLog
import Dispatch
import Synchronization

final class EarlierLog: Sendable {
    enum Finding: Sendable, Equatable {
        /// The start read the whole log.
        case nothingToCheck
        case checking
        case sound
        /// Damaged, or not to be read, as the text says; payments go on, for the state was sound when it was kept.
        case damaged(String)
    }

    private struct State {
        var finding: Finding
        var isStopped = false
        var report: (@Sendable (String) -> Void)?
    }

    private let directory: String
    private let state: Mutex<State>

    /// Begins to check the log from its first record up to the mark.
    ///
    /// - Parameter mark: nil where there is nothing to check.
    init(directory: String, through mark: LogMark?) {
        self.directory = directory
        state = Mutex(State(finding: mark == nil ? .nothingToCheck : .checking))
        guard let mark else { return }
        let queue = DispatchQueue(label: "shroff.earlier-log")
        queue.async { LowPriorityWork.run { self.check(through: mark) } }
    }

    var finding: Finding { state.withLock { $0.finding } }

    /// Tells of damage, also of damage that was found already.
    func report(_ report: @escaping @Sendable (String) -> Void) {
        let finding = state.withLock { state in
            state.report = report
            return state.finding
        }
        if case .damaged(let text) = finding { report(text) }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    private func check(through mark: LogMark) {
        let finding = Self.read(directory, through: mark) { self.state.withLock { $0.isStopped } }
        let report = state.withLock { state in
            if state.isStopped { return nil as (@Sendable (String) -> Void)? }
            state.finding = finding
            return state.report
        }
        if case .damaged(let text) = finding { report?(text) }
    }

    /// Reads the log from its first record up to the mark.
    static func read(
        _ directory: String, through mark: LogMark, isStopped: () -> Bool = { false }
    ) -> Finding {
        do throws(LogError) {
            var reader = try LogReader(directory: directory)
            while reader.nextSequence <= mark.sequence {
                if isStopped() { return .checking }
                guard try reader.next() != nil else { break }
            }
            guard Array(reader.lastChain.utf8) == mark.chain else {
                return .damaged("the log does not lead to the chain of record \(mark.sequence) that the snapshot holds")
            }
            return .sound
        } catch {
            return .damaged(error.description)
        }
    }
}
