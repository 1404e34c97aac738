// What happens to connections as a whole: accepting, letters from other threads, deadlines, the drain.

extension EventLoop {
    /// Connections accepted at one wake-up, so that a storm of new clients does not starve the old.
    static let acceptsAtOnce = 64
    /// When descriptors or memory have run out, accepting rests this long: the clients wait in the kernel's queue.
    static let acceptPauseNanoseconds: UInt64 = 100_000_000
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
        case .descriptor(let descriptor):
            assign(descriptor)
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
    private mutating func assign(_ descriptor: Int32) {
        if shared.connectionsOpen >= configuration.maximumConnections {
            counters.refused.add()
            if shared.refusedOpen.load(ordering: .relaxed) >= Self.refusedAtOnce { return Sockets.close(descriptor) }
            shared.refusedOpen.add(1, ordering: .relaxed)
            return open(descriptor, refused: true)
        }
        counters.accepted.add()
        var chosen = index
        var fewest = counters.open.load(ordering: .relaxed)
        for other in shared.counters.indices where other != index {
            let count = shared.counters[other].open.load(ordering: .relaxed)
            if count < fewest { (chosen, fewest) = (other, count) }
        }
        shared.counters[chosen].open.add(1, ordering: .relaxed)
        if chosen == index { return open(descriptor, refused: false) }
        shared.mailboxes[chosen].put(.connection(descriptor: descriptor))
    }

    /// 503 to a client that is one too many; its request is not read.
    mutating func refuseForLoad(_ connection: inout Connection) {
        response.becomeProblem(
            status: 503, code: "tooManyConnections", detail: "The server has as many connections as it takes.")
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
        if let drainDeadline, drainDeadline <= now {
            for slot in slots { cut(&slot.connection) }
        }
    }

    private mutating func expire(_ kind: DeadlineKind, _ connection: inout Connection) {
        switch kind {
        case .idle:
            counters.idleTimeouts.add()
            close(&connection)
        case .head:
            counters.headTimeouts.add()
            answerTimeout(&connection, "The head of the request did not arrive in time.")
        case .body:
            counters.bodyTimeouts.add()
            answerTimeout(&connection, "The body of the request did not arrive in time.")
        case .write:
            counters.writeTimeouts.add()
            close(&connection)
        case .linger: close(&connection)
        case .grace: endIdle(&connection)
        }
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
            // Whoever waits in the kernel's queue has been accepted by it and would be reset; they are served first.
            while acceptOne() {}
            poller.remove(listener)
            Sockets.close(listener)
            self.listener = nil
            acceptResumesAt = nil
            for other in shared.mailboxes.indices where other != index {
                shared.mailboxes[other].put(.drain(deadlineNanoseconds: deadline))
            }
        }
        drainDeadline = deadline
        for slot in slots { beginGrace(&slot.connection) }
    }

    private mutating func beginGrace(_ connection: inout Connection) {
        guard connection.isOpen, deadlines.kind(connection.slot) == .idle else { return }
        let grace = UInt64(max(0, configuration.drainGraceMilliseconds)) * 1_000_000
        if now &- connection.idleSince >= grace {
            endIdle(&connection)
        } else {
            deadlines.set(connection.slot, .grace, now: now)
        }
    }

    /// Closes an idle connection, unless a request is just arriving.
    private mutating func endIdle(_ connection: inout Connection) {
        receive(&connection)
        guard connection.isOpen else { return }
        if connection.input.isEmpty { return close(&connection) }
        pump(&connection)
    }

    private mutating func cut(_ connection: inout Connection) {
        guard connection.isOpen else { return }
        if isBusy(connection) { shared.cut.add(1, ordering: .relaxed) }
        close(&connection)
    }

    /// Whether a request or an answer is under way.
    private func isBusy(_ connection: borrowing Connection) -> Bool {
        if connection.isLingering { return false }
        return connection.waiting != .nothing || !connection.input.isEmpty || !connection.output.isEmpty
            || connection.parser.isInBody
    }
}
