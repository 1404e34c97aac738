// One loop of the generator, on one thread with one epoll. In open loop it sends the next due request on the connection
// that has been free for longest, whether or not earlier answers have come; a request that finds none free stays due
// and leaves first thing when one becomes free. Latency counts from when it was due. In closed loop a free connection
// sends at once. The next body is made while nothing is due.
//
//   closed ─▶ connecting ─▶ idle ─▶ busy ─▶ idle …        any ─▶ closed on error, end of stream or timeout

import CLinux
import Glibc
import Synchronization

final class LoadLoop {
    static let readBytes = 65_536
    static let longestWait: UInt64 = 20_000_000
    static let shortestSweep: UInt64 = 1_000_000

    let plan: LoadPlan
    let target: SocketTarget
    let board: LoadBoard
    var source: any RequestSource
    var poller: Poller
    var connections: [Connection]
    var free: SlotQueue
    var busyCount = 0
    var readBuffer = [UInt8](repeating: 0, count: readBytes)

    let head: [UInt8]
    var body: [UInt8] = []
    var prepared: [UInt8] = []
    var isPrepared = false

    var schedule: Schedule?
    var start: UInt64 = 0
    let window: Range<UInt64>
    /// From when on nothing is sent any more, after the start: the backlog has had a timeout's length to drain.
    var lastSend: UInt64
    let timeout: UInt64
    let deadline: UInt64
    var tally = Tally()

    init(
        plan: LoadPlan, target: SocketTarget, board: LoadBoard, source: any RequestSource, loop: Int
    ) throws(LoadError) {
        self.plan = plan
        self.target = target
        self.board = board
        self.source = source
        poller = try Poller()
        let share = plan.connections / plan.threads + (loop < plan.connections % plan.threads ? 1 : 0)
        connections = (0..<share).map { Connection(slot: $0, method: plan.method) }
        free = SlotQueue(capacity: share)
        head = Self.requestHead(plan)
        let warm = plan.warmUpSeconds.secondsAsNanoseconds
        let end = warm + plan.seconds.secondsAsNanoseconds
        window = warm..<end
        timeout = UInt64(plan.timeoutMilliseconds) * 1_000_000
        deadline = (plan.deadlineMilliseconds / 1e3).secondsAsNanoseconds
        if let rate = plan.requestsPerSecond {
            schedule = Schedule(rate: rate, arrivals: plan.arrivals, end: end, loop: loop, of: plan.threads)
            lastSend = end + timeout
        } else {
            lastSend = end
        }
    }

    /// Opens the connections, waits for the common start, and drives the load to its end.
    func run() -> Tally {
        Clock.wakePrecisely(true)
        defer { Clock.wakePrecisely(false) }
        connectAll()
        prepare()
        board.ready.add(1, ordering: .releasing)
        while board.start.load(ordering: .acquiring) == 0 {
            usleep(200)
            if board.stop.load(ordering: .relaxed) != .max { return tally }
        }
        start = board.start.load(ordering: .acquiring)
        let cpuBefore = Clock.threadCPUNanoseconds()
        let begun = Clock.nanoseconds()
        drive()
        let elapsed = Double(Clock.nanoseconds() - begun)
        tally.cpuShare = Double(Clock.threadCPUNanoseconds() - cpuBefore) / max(elapsed, 1)
        countUnsent()
        for connection in connections { drop(connection, at: Clock.nanoseconds(), as: \.abandoned) }
        return tally
    }

    func connectAll() {
        let begun = Clock.nanoseconds()
        for connection in connections { open(connection, at: begun) }
        while connections.contains(where: { $0.state == .connecting }) {
            let now = Clock.nanoseconds()
            if now - begun >= timeout { break }
            handleEvents(waitingFor: Self.longestWait)
        }
    }

    func drive() {
        let sweepEvery = min(max(timeout / 20, Self.shortestSweep), Self.longestWait)
        var nextSweep = Clock.nanoseconds()
        while true {
            var now = Clock.nanoseconds()
            if applyStop() || isFinished(at: now) { return }
            sendDue()
            prepare()
            now = Clock.nanoseconds()
            if now >= nextSweep {
                sweep(at: now)
                nextSweep = now + sweepEvery
            }
            var wake = nextSweep
            if free.count > 0, now < start + lastSend, let due = nextDue() { wake = min(wake, due) }
            handleEvents(waitingFor: wake > now ? wake - now : 0)
        }
    }

    /// True when the caller wants the run to end.
    func applyStop() -> Bool {
        let stop = board.stop.load(ordering: .relaxed)
        guard stop != .max else { return false }
        let stopped = stop > start ? stop - start : 0
        schedule?.cut(at: stopped)
        lastSend = min(lastSend, stopped)
        return true
    }

    func isFinished(at now: UInt64) -> Bool {
        let ended = now >= start + lastSend
        if busyCount > 0 { return false }
        return schedule == nil ? ended : ended || schedule?.next == nil
    }

    /// The absolute time at which the next request should leave.
    func nextDue() -> UInt64? {
        guard schedule != nil else { return start }
        return schedule?.next.map { start + $0 }
    }

    // MARK: Sending

    /// Sends what is due on what is free.
    func sendDue() {
        while let slot = free.first {
            let connection = connections[slot]
            if connection.state != .idle {
                free.removeFirst()  // it was lost while it waited
                connection.isQueued = false
                continue
            }
            let now = Clock.nanoseconds()
            guard let due = nextDue(), due <= now, now < start + lastSend else { return }
            free.removeFirst()
            connection.isQueued = false
            prepare()
            send(on: connection, due: due)
        }
    }

    func send(on connection: Connection, due: UInt64) {
        let now = Clock.nanoseconds()
        let intended = schedule == nil ? now : due
        schedule?.advance()
        connection.intended = intended
        connection.sent = now
        connection.state = .busy
        busyCount += 1
        connection.parser.reset()
        swap(&connection.request, &prepared)
        connection.written = 0
        isPrepared = false
        board.sent.add(1, ordering: .relaxed)
        if window.contains(offset(now)) { tally.sentInWindow += 1 }
        if isMeasured(intended) {
            tally.scheduled += 1
            if schedule != nil {
                if connection.freeSince > intended { tally.waitedForConnection += 1 }
                tally.scheduleLag.record(now - max(intended, connection.freeSince))
            }
        }
        write(connection)
    }

    func write(_ connection: Connection) {
        while connection.written < connection.request.count {
            let count = connection.request.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[connection.written...])
                return Glibc.send(connection.socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                connection.written += count
            } else if errno == EAGAIN {
                watchWritable(connection, true)
                return
            } else if errno != EINTR {
                // What the server said before it closed may still be read; the read settles the request's fate.
                return
            }
        }
        if connection.watchesWritable { watchWritable(connection, false) }
    }

    func watchWritable(_ connection: Connection, _ on: Bool) {
        if connection.watchesWritable == on { return }
        connection.watchesWritable = on
        _ = poller.change(
            connection.socket, slot: connection.slot, generation: connection.generation, writable: on)
    }

    /// Makes the next request if there is none.
    func prepare() {
        if isPrepared { return }
        body.removeAll(keepingCapacity: true)
        source.next(into: &body)
        precondition(body.count <= LoadPlan.Limits.bodyBytes, "a request source made a body of \(body.count) bytes")
        prepared.removeAll(keepingCapacity: true)
        prepared.append(contentsOf: head)
        appendDecimal(UInt64(body.count), to: &prepared)
        prepared.append(contentsOf: "\r\n\r\n".utf8)
        prepared.append(contentsOf: body)
        isPrepared = true
    }

    /// Everything before the number of body bytes.
    static func requestHead(_ plan: LoadPlan) -> [UInt8] {
        let host = plan.host.contains(":") ? "[\(plan.host)]" : plan.host
        var text = "\(plan.method) \(plan.path) HTTP/1.1\r\nHost: \(host):\(plan.port)\r\n"
        for header in plan.headers { text += "\(header.name): \(header.value)\r\n" }
        return Array((text + "Content-Length: ").utf8)
    }
}

/// Appends a number in decimal digits.
func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = value
    repeat {
        bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
    } while rest > 0
    bytes[start...].reverse()
}
