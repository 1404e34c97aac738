// What happens to connections as a whole: accepting, letters from other threads, deadlines, the drain.

extension EventLoop {
    /// Connections accepted at one wake-up, so that a storm of new clients does not starve the old.
    static let acceptsAtOnce = 64
    /// When descriptors or memory have run out, accepting rests this long or until this loop closes a connection: the
    /// clients wait in the kernel's queue, which serves them better than being sent away for what may pass.
    static let acceptPauseNanoseconds: UInt64 = 10_000_000
    /// Connections over the limit that are told so at a time; more are closed without a word.
    static let refusedAtOnce = 64

    // MARK: Accepting

    mutating func acceptConnections() {
        for _ in 0..<Self.acceptsAtOnce {
            guard acceptOne() else { return }
        }
    }

    /// Returns false when there is no more to accept for now.
    private mutating func acceptOne() -> Bool {
        guard let listener else { return false }
        switch Sockets.accept(listener) {
        case .descriptor(let descriptor, let address):
            assign(descriptor, address)
            return true
        case .again: return true
        case .wouldBlock: return false
        case .exhausted:
            counters.acceptPauses.add()
            poller.modify(listener, slot: Self.listenerSlot, generation: 0, read: false, write: false)
            acceptResumesAt = now &+ Self.acceptPauseNanoseconds
            return false
        }
    }

    /// Gives a new connection to the loop that has the fewest.
    private mutating func assign(_ descriptor: Int32, _ address: ClientAddress) {
        if shared.connectionsOpen >= configuration.maximumConnections {
            counters.refused.add()
            return refuse(descriptor)
        }
        guard shared.addresses.take(descriptor, address) else {
            counters.refusedByAddress.add()
            return refuse(descriptor)
        }
        counters.accepted.add()
        var chosen = index
        var fewest = counters.open.load(ordering: .relaxed)
        // In a drain the other loops may be gone by the time the letter arrives.
        for other in shared.counters.indices where other != index && drainDeadline == nil {
            let count = shared.counters[other].open.load(ordering: .relaxed)
            if count < fewest { (chosen, fewest) = (other, count) }
        }
        shared.counters[chosen].open.add(1, ordering: .relaxed)
        if chosen == index { return open(descriptor, refused: false) }
        shared.mailboxes[chosen].put(.connection(descriptor: descriptor))
    }

    private mutating func refuse(_ descriptor: Int32) {
        if shared.refusedOpen.load(ordering: .relaxed) >= Self.refusedAtOnce { return Sockets.close(descriptor) }
        shared.refusedOpen.add(1, ordering: .relaxed)
        open(descriptor, refused: true)
    }

    /// 503 to a client that is one too many; its request is not read.
    mutating func refuseForLoad(_ connection: inout Connection) {
        response.becomeProblem(
            status: 503, code: "tooManyConnections",
            detail: "The server has as many connections as it takes, in all or from one address.")
        response.addHeader("Retry-After", "1")
        response.closeAfter = true
        answerForHandler(&connection)
        if flush(&connection) { settle(&connection) }
    }

    // MARK: Letters

    mutating func readLetters() {
        mailbox.take(into: &letters)
        for letter in letters {
            switch letter {
            case .connection(let descriptor): open(descriptor, refused: false)
            case .secured(let descriptor, let session): open(descriptor, refused: false, session: session)
            case .handshakesOver: break
            case .answer(let answer): deliver(answer)
            case .drain(let deadline): beginDrain(deadline)
            }
        }
        letters.removeAll(keepingCapacity: true)
    }

    private mutating func deliver(_ late: DeferredAnswer) {
        guard Int(late.address.slot) < slots.count else { return }
        deliver(late, &slots[Int(late.address.slot)].connection)
    }

    private mutating func deliver(_ late: DeferredAnswer, _ connection: inout Connection) {
        // The client may have left, and a request may have been answered already.
        guard connection.isOpen, connection.waiting == .deferred, connection.address == late.address else { return }
        response.reset()
        response.status = late.status
        response.setContentType(late.contentType)
        for (name, value) in late.headers { response.addHeader(name: name, value: value) }
        response.body = late.body
        response.setCoding(late.coding)
        connection.waiting = .nothing
        answer(&connection)
        if connection.isOpen { pump(&connection) }
    }

    // MARK: Deadlines

    mutating func expire() {
        if let resumes = acceptResumesAt, resumes <= now {
            acceptResumesAt = nil
            if let listener {
                poller.modify(listener, slot: Self.listenerSlot, generation: 0, read: true, write: false)
            }
        }
        while let (slot, kind) = deadlines.takeExpired(now: now) {
            expire(kind, &slots[slot].connection)
        }
        if let listenerClosesAt, listenerClosesAt <= now { closeListener() }
        if let drainDeadline, drainDeadline <= now {
            closeListener()
            for slot in slots { cut(&slot.connection) }
        }
    }

    private mutating func expire(_ kind: DeadlineKind, _ connection: inout Connection) {
        switch kind {
        case .idle, .firstByte, .grace: endIdle(&connection, kind)
        case .head:
            counters.headTimeouts.add()
            answerTimeout(&connection, "The head of the request did not arrive in time.")
        case .body:
            if connection.rejection == .none && keepsPace(&connection, kind) { return }
            counters.bodyTimeouts.add()
            answerTimeout(&connection, "The body of the request did not arrive in time.")
        case .write:
            if keepsPace(&connection, kind) { return }
            counters.writeTimeouts.add()
            close(&connection)
        case .linger: close(&connection)
        }
    }

    /// Starts the time anew for a client that has moved enough bytes in the one that is over.
    private mutating func keepsPace(_ connection: inout Connection, _ kind: DeadlineKind) -> Bool {
        let isBody = kind == .body
        let timeouts = configuration.timeouts
        let milliseconds = isBody ? timeouts.bodyMilliseconds : timeouts.writeMilliseconds
        let moved = isBody ? connection.receivedBytes : connection.sentBytes
        let least = Double(timeouts.leastBytesPerSecond) * Double(milliseconds) / 1_000
        guard least > 0, Double(moved &- connection.paceMark) >= least else { return false }
        connection.paceMark = moved
        deadlines.set(connection.slot, kind, now: now)
        return true
    }

    /// Closes an idle connection, unless a request is just arriving.
    private mutating func endIdle(_ connection: inout Connection, _ kind: DeadlineKind) {
        receive(&connection)
        guard connection.isOpen else { return }
        if !connection.input.isEmpty { return pump(&connection) }
        if kind == .idle { counters.idleTimeouts.add() }
        if kind == .firstByte { counters.firstByteTimeouts.add() }
        close(&connection)
    }

    /// 408 (RFC 9110 section 15.5.9), and the end of the connection.
    private mutating func answerTimeout(_ connection: inout Connection, _ detail: StaticString) {
        response.becomeProblem(status: 408, code: "requestTimeout", detail: detail)
        response.closeAfter = true
        answerForHandler(&connection)
        if connection.isOpen, flush(&connection) { settle(&connection) }
    }

    // MARK: Drain

    private mutating func beginDrain(_ deadline: UInt64) {
        guard drainDeadline == nil else {
            drainDeadline = min(drainDeadline ?? deadline, deadline)
            return
        }
        if let listener {
            // Whoever waits in the kernel's queue has been accepted by it, and whoever is in a handshake believes to
            // be soon; a listener that closes resets both. So no handshake begins any more, and these are served first.
            Sockets.stopHandshakes(listener)
            while acceptOne() {}
            listenerClosesAt = now &+ UInt64(max(0, configuration.drainHandshakeMilliseconds)) * 1_000_000
            for other in shared.mailboxes.indices where other != index {
                shared.mailboxes[other].put(.drain(deadlineNanoseconds: deadline))
            }
        }
        drainDeadline = deadline
        // A client that always has a request on its way would never see a last answer (RFC 9112 section 9.6 lets it
        // send again what was behind that).
        let grace = UInt64(max(0, configuration.drainGraceMilliseconds)) * 1_000_000
        drainInsistsAt = now &+ min(grace, (max(deadline, now) &- now) / 2)
        for slot in slots { beginGrace(&slot.connection) }
    }

    private mutating func closeListener() {
        guard let listener else { return }
        while acceptOne() {}
        poller.remove(listener)
        Sockets.close(listener)
        self.listener = nil
        acceptResumesAt = nil
        listenerClosesAt = nil
    }

    private mutating func beginGrace(_ connection: inout Connection) {
        guard connection.isOpen else { return }
        switch deadlines.kind(connection.slot) {
        case .idle, .firstByte: deadlines.set(connection.slot, .grace, now: now)
        default: return
        }
    }

    private mutating func cut(_ connection: inout Connection) {
        guard connection.isOpen else { return }
        if isBusy(connection) { shared.cut.add(1, ordering: .relaxed) }
        close(&connection)
    }

    /// Whether a request or an answer is under way.
    func isBusy(_ connection: borrowing Connection) -> Bool {
        if connection.isLingering { return false }
        return connection.waiting != .nothing || !connection.input.isEmpty || !connection.output.isEmpty
            || connection.parser.isInBody
    }
}
