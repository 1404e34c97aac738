// Runs a plan: a loop on a queue of its own for each thread, a common start once all have connected, and the calling
// thread to watch over them, so that neither the progress display nor the question whether to stop delays a send.

import Dispatch
import Synchronization

extension LoadPlan {
    private static let superviseEvery = DispatchTimeInterval.milliseconds(50)
    private static let startIn: UInt64 = 5_000_000
    private static let second: UInt64 = 1_000_000_000

    /// Runs the load test on this plan; blocks until it is over.
    ///
    /// - Parameters:
    ///   - makeSource: Gives each loop (0, 1, …) its own source of bodies; called on the loop's thread.
    ///   - shouldStop: Asked every 50 ms; true ends the run, and the report covers what was measured until then.
    ///   - progress: Called once a second on the calling thread.
    public func run(
        makeSource: @escaping @Sendable (_ loop: Int) -> any RequestSource,
        shouldStop: @Sendable () -> Bool = { false },
        progress: (LoadProgress) -> Void = { _ in }
    ) throws(LoadError) -> LoadReport {
        try validate()
        let target = try SocketTarget.find(self)
        let board = LoadBoard()
        let loops = DispatchGroup()
        for loop in 0..<threads {
            DispatchQueue(label: "load-generator-\(loop)").async(group: loops) {
                board.finished(Self.runLoop(loop, of: self, target, board, makeSource))
            }
        }
        while loops.wait(timeout: .now() + .milliseconds(1)) == .timedOut {
            if board.ready.load(ordering: .acquiring) == threads { break }
            if board.hasFailure || shouldStop() { board.stopNow() }
        }
        board.start.store(Clock.nanoseconds() + Self.startIn, ordering: .releasing)
        supervise(board, loops, shouldStop, progress)
        return try report(board)
    }

    private static func runLoop(
        _ loop: Int, of plan: LoadPlan, _ target: SocketTarget, _ board: LoadBoard,
        _ makeSource: @Sendable (Int) -> any RequestSource
    ) -> Result<Tally, LoadError> {
        do throws(LoadError) {
            let loop = try LoadLoop(plan: plan, target: target, board: board, source: makeSource(loop), loop: loop)
            return .success(loop.run())
        } catch {
            return .failure(error)
        }
    }

    private func supervise(
        _ board: LoadBoard, _ loops: DispatchGroup, _ shouldStop: @Sendable () -> Bool,
        _ progress: (LoadProgress) -> Void
    ) {
        var shownAt = board.start.load(ordering: .relaxed)
        var shownAnswers: UInt64 = 0
        while loops.wait(timeout: .now() + Self.superviseEvery) == .timedOut {
            if board.isRunning, shouldStop() { board.stopNow() }
            let now = Clock.nanoseconds()
            guard now >= shownAt + Self.second else { continue }
            let answered = board.answered.load(ordering: .relaxed)
            let interval = Double(now - shownAt) / 1e9
            let elapsed = Double(now - board.start.load(ordering: .relaxed)) / 1e9
            progress(
                LoadProgress(
                    phase: elapsed < warmUpSeconds
                        ? .warmUp : elapsed < warmUpSeconds + seconds ? .measuring : .draining,
                    elapsedSeconds: elapsed, plannedSeconds: warmUpSeconds + seconds,
                    sent: board.sent.load(ordering: .relaxed), answered: answered,
                    failed: board.failed.load(ordering: .relaxed),
                    answersPerSecond: Double(answered - shownAnswers) / interval,
                    worstMilliseconds: Double(board.worst.exchange(0, ordering: .relaxed)) / 1e6))
            shownAt = now
            shownAnswers = answered
        }
    }

    private func report(_ board: LoadBoard) throws(LoadError) -> LoadReport {
        var report = LoadReport(plan: self)
        for result in board.allResults { try result.get().add(to: &report) }
        let stop = board.stop.load(ordering: .relaxed)
        let start = board.start.load(ordering: .relaxed)
        report.measuredSeconds = seconds
        if stop != .max {
            let ran = stop > start ? Double(stop - start) / 1e9 : 0
            report.stoppedEarly = ran < warmUpSeconds + seconds
            report.measuredSeconds = min(max(ran - warmUpSeconds, 0), seconds)
        }
        return report
    }
}
