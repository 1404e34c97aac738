// One event loop: waits for readiness, reads, handles, writes, and keeps the deadlines. It owns its connections by
// slot, its handler and its buffers; other threads reach it through its mailbox only. One wake-up goes
//
//   wait ─▶ every ready connection: read once, handle what is whole, write ─▶ letters ─▶ end of batch ─▶ deadlines
//
// and the end of the batch finishes held requests: batchEnded(), then finish() and a write each, then on to what the
// same connections have pipelined, until nothing is held.
import Glibc

struct EventLoop: ~Copyable {
    static let eventsAtOnce = 256
    /// With so many requests held, the batch ends before the wake-up does: its first answer waits for its last.
    static let heldAtOnce = 16
    /// Memory is lent to connections in blocks of this size; a request of up to this size needs one read.
    static let blockBytes = 16_384
    static let spareBlocks = 256
    /// With less room than this, the input grows before it is read into.
    static let minimumReadBytes = 4_096
    static let listenerSlot = UInt32.max
    static let mailboxSlot = UInt32.max - 1

    struct Held {
        var slot: Int
        var generation: UInt32
        var ticket: Int
    }

    let index: Int
    let shared: ServerShared
    let configuration: ServerConfiguration
    let counters: LoopCounters
    let mailbox: Mailbox
    let handler: any RequestHandler
    let response = Response()
    var poller: Poller
    var serializer: ResponseSerializer
    var encoder: GzipEncoder
    /// Storage that changes place with a body that is coded.
    var spareBody: [UInt8] = []
    var pool = BytePool(blockBytes: EventLoop.blockBytes, maximumBlocks: EventLoop.spareBlocks)
    var deadlines: Deadlines
    var slots: [ConnectionSlot] = []
    var freeSlots: [Int] = []
    var openCount = 0
    var letters: [Letter] = []
    var held: [Held] = []
    var finishing: [Held] = []
    /// Whether a request was handled since the last `batchEnded()`.
    var handledSomething = false
    /// As of the latest wake-up.
    var now: UInt64 = 0
    var clock = LoopClock()
    var wallSecond: Int64 = 0

    var listener: Int32?
    /// While accepting is paused: when it resumes.
    var acceptResumesAt: UInt64?
    /// While draining: when what is left is cut.
    var drainDeadline: UInt64?
    /// While draining: from when on an answer is the last of its connection, even if requests are pipelined behind it.
    var drainInsistsAt: UInt64 = 0
    /// While draining: when the listener closes.
    var listenerClosesAt: UInt64?

    init(index: Int, shared: ServerShared, set: Int32, listener: Int32?) {
        self.index = index
        self.shared = shared
        self.listener = listener
        configuration = shared.configuration
        counters = shared.counters[index]
        mailbox = shared.mailboxes[index]
        handler = shared.makeHandler(index)
        poller = Poller(set: set, maximumEvents: Self.eventsAtOnce)
        serializer = ResponseSerializer(serverName: configuration.serverName)
        encoder = GzipEncoder(level: configuration.compression.level)
        deadlines = Deadlines(
            timeouts: configuration.timeouts, graceMilliseconds: configuration.drainGraceMilliseconds)
        _ = poller.add(
            mailbox.descriptor, slot: Self.mailboxSlot, generation: 0, read: true, write: false)
        if let listener { _ = poller.add(listener, slot: Self.listenerSlot, generation: 0, read: true, write: false) }
    }

    mutating func run() {
        while !isDone {
            // Asked in two steps: only so it is known whether there was nothing to do.
            var count = poller.wait(milliseconds: 0)
            let paused = count == 0
            if paused { count = poller.wait(milliseconds: waitMilliseconds()) }
            now = MonotonicClock.nanoseconds()
            wallSecond = WallClock.coarseSecondsSince1970()
            clock.wokeUp(at: now, afterPause: paused, isFull: count == Self.eventsAtOnce)
            var hasLetters = false
            var canAccept = false
            for index in 0..<count {
                let event = poller.readiness(index)
                switch event.slot {
                case Self.mailboxSlot: hasLetters = true
                case Self.listenerSlot: canAccept = true
                default: react(event)
                }
                if held.count >= Self.heldAtOnce { endBatch() }
            }
            if canAccept { acceptConnections() }
            if hasLetters { readLetters() }
            endBatch()
            expire()
        }
    }

    private var isDone: Bool {
        drainDeadline != nil && openCount == 0 && listener == nil && !isAwaitingHandshakes
    }

    /// Until the next deadline, rounded up so that a wake-up finds something due.
    private func waitMilliseconds() -> Int32 {
        var next = deadlines.next ?? UInt64.max
        if let acceptResumesAt { next = min(next, acceptResumesAt) }
        if let drainDeadline { next = min(next, drainDeadline) }
        if let listenerClosesAt { next = min(next, listenerClosesAt) }
        if next == UInt64.max { return -1 }
        if next <= now { return 0 }
        return Int32(min((next - now) / 1_000_000 + 1, 60_000))
    }

    private mutating func react(_ event: Readiness) {
        guard Int(event.slot) < slots.count else { return }
        react(event, &slots[Int(event.slot)].connection)
    }

    private mutating func react(_ event: Readiness, _ connection: inout Connection) {
        // An event for a client that left earlier in this batch.
        guard connection.generation == event.generation, connection.isOpen else { return }
        if event.isBroken {
            if isBusy(connection) { counters.clientsGone.add() }
            return close(&connection)
        }
        if event.canWrite || writeAwaitsRead(connection) {
            guard flush(&connection) else { return }
            pump(&connection)
            guard connection.isOpen else { return }
        }
        if event.canRead || readAwaitsWrite(connection) { readable(&connection) }
    }

    // MARK: Held requests

    private mutating func endBatch() {
        while handledSomething || !held.isEmpty {
            if handledSomething {
                handledSomething = false
                handler.batchEnded()
            }
            if held.isEmpty { return }
            swap(&held, &finishing)
            for entry in finishing { finish(entry, &slots[entry.slot].connection) }
            // What these connections have pipelined makes a batch of its own.
            for entry in finishing { goOn(entry, &slots[entry.slot].connection) }
            finishing.removeAll(keepingCapacity: true)
        }
    }

    private mutating func finish(_ entry: Held, _ connection: inout Connection) {
        response.reset()
        let disposition = handler.finish(ticket: entry.ticket, response)
        guard connection.generation == entry.generation, connection.isOpen else { return }
        if disposition == .deferred {
            connection.waiting = .deferred
            return
        }
        connection.waiting = .nothing
        answer(&connection)
    }

    private mutating func goOn(_ entry: Held, _ connection: inout Connection) {
        if connection.generation == entry.generation { pump(&connection) }
    }
}
