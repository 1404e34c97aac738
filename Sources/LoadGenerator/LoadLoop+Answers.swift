// The receiving half of a loop: events to answers, answers to figures.

import Glibc
import Synchronization

extension LoadLoop {
    func handleEvents(waitingFor nanoseconds: UInt64) {
        let count = poller.wait(nanoseconds: nanoseconds)
        for index in 0..<count {
            let event = poller.event(index)
            let connection = connections[event.slot]
            guard connection.generation == event.generation, connection.state != .closed else { continue }
            if connection.state == .connecting {
                if event.isWritable || event.isBroken { finishConnect(connection) }
                continue
            }
            if event.isWritable { write(connection) }
            if event.isReadable || event.isBroken { read(connection) }
            if start != 0 { sendDue() }
        }
    }

    func read(_ connection: Connection) {
        let count = readBuffer.withUnsafeMutableBytes { recv(connection.socket, $0.baseAddress, $0.count, 0) }
        let now = Clock.nanoseconds()
        if count < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            drop(connection, at: now, as: \.resets)
            return
        }
        if count == 0 {
            if connection.state == .busy, connection.parser.end() {
                finishAnswer(connection, at: now)
            } else {
                drop(connection, at: now, as: \.resets)
            }
            return
        }
        guard connection.state == .busy else {
            drop(connection, at: now, as: \.malformed)  // bytes that nobody asked for
            return
        }
        let buffer = readBuffer
        do throws(ResponseError) {
            guard let end = try connection.parser.feed(buffer.span.extracting(0..<count)) else { return }
            if end < count {
                drop(connection, at: now, as: \.malformed)
            } else {
                finishAnswer(connection, at: now)
            }
        } catch {
            drop(connection, at: now, as: \.malformed)
        }
    }

    func finishAnswer(_ connection: Connection, at now: UInt64) {
        let status = connection.parser.status
        let latency = now - connection.intended
        board.answered.add(1, ordering: .relaxed)
        board.worst.max(latency, ordering: .relaxed)
        if window.contains(offset(now)) { tally.answeredInWindow += 1 }
        if isMeasured(connection.intended) {
            tally.answered += 1
            tally.statuses[status] += 1
            if (200...299).contains(status) {
                tally.record(latency: latency, deadline: deadline)
                tally.serviceTime.record(now - connection.sent)
                tally.answerBytes += connection.parser.bodyBytes
                let body = connection.parser.body
                tally.scan.count(body.span)
            } else {
                tally.refusedLatency.record(latency)
            }
        }
        busyCount -= 1
        connection.hasAnswered = true
        connection.fruitlessConnects = 0
        // A request that was answered before it was sent whole leaves a connection that can't be used again.
        if connection.parser.keepsAlive, connection.written == connection.request.count {
            becomeIdle(connection, at: now)
        } else {
            connection.state = .idle
            drop(connection, at: now, as: \.resets)
        }
    }

    func becomeIdle(_ connection: Connection, at now: UInt64) {
        connection.state = .idle
        connection.freeSince = now
        if !connection.isQueued {
            connection.isQueued = true
            free.append(connection.slot)
        }
    }
}
