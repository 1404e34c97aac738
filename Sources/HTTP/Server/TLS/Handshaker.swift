// Shakes hands with TLS clients, away from the event loops: a full handshake costs close to a millisecond of signing,
// a hundred times what a request costs. One thread of low priority owns the TLS listener and every connection until its
// handshake is done; then descriptor and session go to the loop that has the fewest connections.
//
//   accept ─▶ handshake ─┬─▶ done ─▶ to a loop, by its mailbox
//                        ├─▶ refused ─▶ alert is out, read on for a while so that it arrives ─▶ closed
//                        └─▶ client left, or too late ─▶ closed
import Glibc

struct Handshaker: ~Copyable {
    static let eventsAtOnce = 64
    static let listenerSlot = UInt32.max
    static let mailboxSlot = UInt32.max - 1
    /// Deadlines are looked at this often; there are few enough of them for a plain scan.
    static let sweepNanoseconds: UInt64 = 50_000_000
    /// Connections accepted at one wake-up, so that a storm of new clients does not starve those under way.
    static let acceptsAtOnce = 64
    /// When descriptors or memory have run out, accepting rests this long: the clients wait in the kernel's queue.
    static let acceptPauseNanoseconds: UInt64 = 100_000_000
    /// Bytes of a refused client that are read and thrown away.
    static let lingerBytes = 262_144

    struct Handshake {
        var descriptor: Int32 = -1
        var generation: UInt32 = 0
        var session: TLSSession?
        var deadline: UInt64 = 0
        var wantsWrite = false
        /// The handshake was refused; the client gets time to read why.
        var lingeredBytes: Int?
    }

    let shared: ServerShared
    let tls: TLSShared
    var poller: Poller
    var listener: Int32?
    var isListenerArmed = true
    /// While accepting is paused for want of descriptors: when it resumes.
    var acceptResumesAt: UInt64?
    var handshakes: [Handshake] = []
    var freeSlots: [Int] = []
    var openCount = 0
    var letters: [Letter] = []
    /// As of the latest wake-up.
    var now: UInt64 = 0
    var nextSweep: UInt64 = 0
    var drainDeadline: UInt64?
    /// While draining: when the listener closes.
    var listenerClosesAt: UInt64?
    /// While draining: when the handshakes that are left are cut.
    var graceEnd = UInt64.max

    init(shared: ServerShared, tls: TLSShared, set: Int32, listener: Int32) {
        self.shared = shared
        self.tls = tls
        self.listener = listener
        poller = Poller(set: set, maximumEvents: Self.eventsAtOnce)
        _ = poller.add(tls.mailbox.descriptor, slot: Self.mailboxSlot, generation: 0, read: true, write: false)
        _ = poller.add(listener, slot: Self.listenerSlot, generation: 0, read: true, write: false)
    }

    mutating func run() {
        while drainDeadline == nil || openCount > 0 || listener != nil {
            let count = poller.wait(milliseconds: waitMilliseconds())
            now = MonotonicClock.nanoseconds()
            var hasLetters = false
            var canAccept = false
            for index in 0..<count {
                let event = poller.readiness(index)
                switch event.slot {
                case Self.mailboxSlot: hasLetters = true
                case Self.listenerSlot: canAccept = true
                default: react(event)
                }
            }
            if canAccept { accept(atMost: Self.acceptsAtOnce) }
            if hasLetters { readLetters() }
            if let listenerClosesAt, listenerClosesAt <= now { closeListener() }
            if nextSweep <= now { sweep() }
            updateListener()
        }
        tls.isOver.store(true, ordering: .releasing)
        // The loops have waited for this, some perhaps asleep.
        for mailbox in shared.mailboxes { mailbox.put(.handshakesOver) }
    }

    private func waitMilliseconds() -> Int32 {
        if openCount == 0 && acceptResumesAt == nil && listenerClosesAt == nil { return -1 }
        return nextSweep <= now ? 0 : Int32((nextSweep - now) / 1_000_000 + 1)
    }

    // MARK: Accepting

    /// Takes what waits in the kernel's queue, up to the bound on handshakes.
    private mutating func accept(atMost limit: Int) {
        guard let listener else { return }
        for _ in 0..<limit where openCount < maximumHandshakes {
            switch Sockets.accept(listener) {
            case .descriptor(let descriptor, let address): begin(descriptor, address)
            case .again: continue
            case .wouldBlock: return
            case .exhausted:
                tls.connections.acceptPauses.add()
                acceptResumesAt = now &+ Self.acceptPauseNanoseconds
                return
            }
        }
    }

    /// One connection too many is closed without a word: a word would cost a handshake.
    private mutating func begin(_ descriptor: Int32, _ address: ClientAddress) {
        guard shared.connectionsOpen < shared.configuration.maximumConnections else {
            tls.connections.refused.add()
            return Sockets.close(descriptor)
        }
        guard shared.addresses.take(descriptor, address) else {
            tls.connections.refusedByAddress.add()
            return Sockets.close(descriptor)
        }
        guard let session = TLSSession(tls.contextForConnection(now: now), descriptor: descriptor) else {
            shared.addresses.release(descriptor)
            tls.connections.refused.add()
            return Sockets.close(descriptor)
        }
        let slot = freeSlots.popLast() ?? handshakes.count
        if slot == handshakes.count { handshakes.append(Handshake()) }
        handshakes[slot].descriptor = descriptor
        handshakes[slot].session = session
        handshakes[slot].deadline = min(now &+ nanoseconds(tls.configuration.handshakeMilliseconds), graceEnd)
        handshakes[slot].wantsWrite = false
        handshakes[slot].lingeredBytes = nil
        openCount += 1
        tls.connections.accepted.add()
        tls.connections.open.add(1, ordering: .relaxed)
        let generation = handshakes[slot].generation
        if !poller.add(descriptor, slot: UInt32(slot), generation: generation, read: true, write: false) { close(slot) }
    }

    private mutating func updateListener() {
        if let resumes = acceptResumesAt, resumes <= now { acceptResumesAt = nil }
        guard let listener else { return }
        let isWanted = acceptResumesAt == nil && openCount < maximumHandshakes
        if isWanted == isListenerArmed { return }
        isListenerArmed = isWanted
        poller.modify(listener, slot: Self.listenerSlot, generation: 0, read: isWanted, write: false)
    }

    private var maximumHandshakes: Int { max(1, tls.configuration.maximumHandshakes) }

    func nanoseconds(_ milliseconds: Int) -> UInt64 { UInt64(max(0, milliseconds)) * 1_000_000 }

    // MARK: Letters and time

    private mutating func readLetters() {
        tls.mailbox.take(into: &letters)
        for letter in letters {
            if case .drain(let deadline) = letter { beginDrain(deadline) }
        }
        letters.removeAll(keepingCapacity: true)
    }

    /// Who has been accepted may finish within the drain's grace.
    private mutating func beginDrain(_ deadline: UInt64) {
        let end = min(drainDeadline ?? deadline, deadline)
        if let listener, drainDeadline == nil {
            // As the plain listener: no TCP handshake begins any more, those under way are completed and served.
            Sockets.stopHandshakes(listener)
            listenerClosesAt = min(end, now &+ nanoseconds(shared.configuration.drainHandshakeMilliseconds))
        }
        drainDeadline = end
        graceEnd = min(end, now &+ nanoseconds(shared.configuration.drainGraceMilliseconds))
        for slot in handshakes.indices { handshakes[slot].deadline = min(handshakes[slot].deadline, graceEnd) }
        nextSweep = now
    }

    private mutating func closeListener() {
        guard let listener else { return }
        accept(atMost: maximumHandshakes)
        poller.remove(listener)
        Sockets.close(listener)
        self.listener = nil
        acceptResumesAt = nil
        listenerClosesAt = nil
    }

    private mutating func sweep() {
        let next = min(graceEnd, listenerClosesAt ?? UInt64.max)
        nextSweep = min(now &+ Self.sweepNanoseconds, max(next, now &+ 1_000_000))
        for slot in handshakes.indices where handshakes[slot].descriptor >= 0 && handshakes[slot].deadline <= now {
            if handshakes[slot].lingeredBytes == nil {
                if drainDeadline == nil { tls.counters.timedOut.add() } else { tls.counters.cut.add() }
            }
            close(slot)
        }
    }
}
