// The connections of a loop: opened before the start, closed on error, end of stream or timeout, opened again; and the
// fate of the request that was on them.

import Glibc
import Synchronization

extension LoadLoop {
    /// Closes a connection, counts the request in flight under `fate`, and lets the slot be opened again.
    func drop(_ connection: Connection, at now: UInt64, as fate: WritableKeyPath<LoadErrorCounts, UInt64>) {
        if connection.state == .busy {
            busyCount -= 1
            board.failed.add(1, ordering: .relaxed)
            if isMeasured(connection.intended) {
                tally.errors[keyPath: fate] += 1
                if fate == \LoadErrorCounts.timeouts {
                    tally.record(latency: now - connection.intended, deadline: deadline)
                }
            }
        }
        if connection.socket >= 0 {
            poller.remove(connection.socket)
            close(connection.socket)
        }
        connection.socket = -1
        connection.generation &+= 1
        connection.state = .closed
        connection.watchesWritable = false
        if !connection.hasAnswered { connection.fruitlessConnects += 1 }
        connection.hasAnswered = false
        connection.retryAt = now + connection.retryDelay
        if connection.retryAt <= now, fate != \LoadErrorCounts.abandoned, board.isRunning { open(connection, at: now) }
    }

    func open(_ connection: Connection, at now: UInt64) {
        connection.connectStarted = now
        let socket = target.beginConnect()
        guard socket >= 0 else { return connectFailed(connection, at: now) }
        connection.socket = socket
        connection.state = .connecting
        connection.watchesWritable = true
        if !poller.add(socket, slot: connection.slot, generation: connection.generation, writable: true) {
            connectFailed(connection, at: now)
        }
    }

    func finishConnect(_ connection: Connection) {
        let now = Clock.nanoseconds()
        guard pendingError(of: connection.socket) == 0 else { return connectFailed(connection, at: now) }
        if connection.wasOpenBefore { tally.reconnects += 1 }
        connection.wasOpenBefore = true
        watchWritable(connection, false)
        becomeIdle(connection, at: now)
    }

    func connectFailed(_ connection: Connection, at now: UInt64) {
        board.failed.add(1, ordering: .relaxed)
        if start == 0 || window.contains(offset(now)) { tally.errors.connect += 1 }
        drop(connection, at: now, as: \.connect)
    }

    /// Gives up what took too long, and opens again what was lost.
    func sweep(at now: UInt64) {
        for connection in connections {
            switch connection.state {
            case .busy where now - connection.sent >= timeout: drop(connection, at: now, as: \.timeouts)
            case .connecting where now - connection.connectStarted >= timeout: connectFailed(connection, at: now)
            case .closed where now >= connection.retryAt: open(connection, at: now)
            default: break
            }
        }
    }

    /// The time since the start; 0 before it.
    func offset(_ time: UInt64) -> UInt64 {
        time > start ? time - start : 0
    }

    func isMeasured(_ intended: UInt64) -> Bool {
        intended >= start && window.contains(intended - start)
    }

    /// Requests that were due and never left: their waiting so far belongs to the latencies, unless the caller ended
    /// the run.
    func countUnsent() {
        let now = Clock.nanoseconds()
        while let due = schedule?.next {
            schedule?.advance()
            guard isMeasured(start + due) else { continue }
            tally.scheduled += 1
            if !board.isRunning {
                tally.errors.abandoned += 1
                continue
            }
            tally.errors.unsent += 1
            tally.record(latency: now - (start + due), deadline: deadline)
        }
    }
}
