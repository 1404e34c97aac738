// A connection's life on its loop: opened, read, written, lingering, closed. A descriptor is closed here and nowhere
// else, and its slot's generation moves on with it.

extension EventLoop {
    mutating func open(_ descriptor: Int32, refused: Bool, session: TLSSession? = nil) {
        if let slot = freeSlots.popLast() {
            return open(descriptor, refused: refused, session, &slots[slot].connection)
        }
        slots.append(ConnectionSlot(slots.count, limits: configuration.limits))
        deadlines.addSlot()
        open(descriptor, refused: refused, session, &slots[slots.count - 1].connection)
    }

    private mutating func open(
        _ descriptor: Int32, refused: Bool, _ session: TLSSession?, _ connection: inout Connection
    ) {
        connection.open(descriptor, session: session)
        openCount += 1
        connection.isRefused = refused
        let slot = UInt32(connection.slot)
        guard poller.add(descriptor, slot: slot, generation: connection.generation, read: true, write: false) else {
            return close(&connection)
        }
        if refused { return refuseForLoad(&connection) }
        // A request may have come with the end of the handshake.
        if session != nil { pump(&connection) } else { settle(&connection) }
    }

    mutating func close(_ connection: inout Connection) {
        guard connection.isOpen else { return }
        if connection.session != nil { endSession(&connection) }
        shared.addresses.release(connection.descriptor)
        poller.remove(connection.descriptor)
        Sockets.close(connection.descriptor)
        connection.descriptor = -1
        connection.generation &+= 1
        connection.input.removeAll()
        connection.output.removeAll()
        pool.reclaim(from: &connection.input)
        pool.reclaim(from: &connection.output)
        deadlines.remove(connection.slot)
        freeSlots.append(connection.slot)
        openCount -= 1
        if acceptResumesAt != nil { acceptResumesAt = now }
        if connection.isRefused {
            shared.refusedOpen.subtract(1, ordering: .relaxed)
        } else {
            counters.open.subtract(1, ordering: .relaxed)
        }
    }

    // MARK: Reading

    mutating func readable(_ connection: inout Connection) {
        if connection.isLingering { return lingerOn(&connection) }
        guard wantsRead(connection) else {
            connection.isReadArmed = false
            return updateInterest(&connection)
        }
        receive(&connection)
        if connection.isOpen { pump(&connection) }
    }

    /// Whether more of this client's bytes may be taken in: not while too much output waits for it, and not while it
    /// has a request under way and a block of pipelined ones behind that.
    func wantsRead(_ connection: borrowing Connection) -> Bool {
        if connection.readClosed { return false }
        if connection.isLingering { return true }
        if connection.isClosing || connection.output.count > configuration.pendingOutputBytes { return false }
        return connection.waiting == .nothing || connection.input.count < Self.blockBytes
    }

    /// One read. Closes the connection if it is broken.
    ///
    /// - Parameter fromSocket: Without, only what its TLS session already holds is taken.
    mutating func receive(_ connection: inout Connection, fromSocket: Bool = true) {
        pool.lend(to: &connection.input)
        if connection.input.freeBytes < Self.minimumReadBytes {
            connection.input.reserve(max(Self.minimumReadBytes, connection.input.count))
        }
        let wasEmpty = connection.input.isEmpty
        var arrival: Int64 = 0
        switch read(&connection, fromSocket: fromSocket, arrival: &arrival) {
        case .bytes(let count):
            counters.bytesIn.add(count)
            connection.receivedBytes &+= UInt64(count)
            connection.lastRead = clock.monotonic(ofArrival: arrival)
            connection.lastReadBytes = count
            if wasEmpty { connection.firstByte = connection.lastRead }
        case .ended:
            connection.readClosed = true
            connection.isReadArmed = false
        case .wouldBlock: break
        case .failed:
            counters.clientsGone.add()
            close(&connection)
        }
    }

    // MARK: Writing

    /// Handles what is whole and writes the answers, until the client must send or take more.
    mutating func pump(_ connection: inout Connection) {
        while connection.isOpen {
            process(&connection)
            // What is held is finished in this wake-up; its answer goes out with those before it.
            if connection.waiting == .held { return }
            let wasFull = connection.output.count > configuration.pendingOutputBytes
            guard flush(&connection) else { return }
            if wasFull && connection.output.isEmpty { continue }
            // What a TLS session holds raises no event; it is taken now or, if it may not be, by a later pump.
            guard holdsInput(connection), wantsRead(connection) else { break }
            receive(&connection, fromSocket: false)
        }
        settle(&connection)
    }

    /// One write of all output. Returns false when the connection is closed or ended by it.
    mutating func flush(_ connection: inout Connection) -> Bool {
        guard !connection.output.isEmpty else { return endIfClosing(&connection) }
        guard let sent = write(&connection) else {
            counters.clientsGone.add()
            close(&connection)
            return false
        }
        counters.bytesOut.add(sent)
        connection.sentBytes &+= UInt64(sent)
        if connection.output.isEmpty {
            pool.reclaim(from: &connection.output)
            if deadlines.kind(connection.slot) == .write { deadlines.remove(connection.slot) }
            return endIfClosing(&connection)
        }
        return true
    }

    /// Ends the connection if its last answer is out.
    private mutating func endIfClosing(_ connection: inout Connection) -> Bool {
        guard connection.isClosing else { return true }
        if connection.readClosed || connection.isLingering {
            if connection.readClosed { close(&connection) }
            return false
        }
        // Closing with unread bytes makes the kernel send a reset, which may overtake the answer at the client. So only
        // our direction is shut, and what still comes is read for a while (RFC 9112 section 9.6).
        if connection.session != nil { endSession(&connection) }
        Sockets.shutdownWriting(connection.descriptor)
        connection.isLingering = true
        connection.isReadArmed = true
        connection.input.removeAll()
        pool.reclaim(from: &connection.input)
        updateInterest(&connection)
        deadlines.set(connection.slot, .linger, now: now)
        return false
    }

    private mutating func lingerOn(_ connection: inout Connection) {
        pool.lend(to: &connection.input)
        var arrival: Int64 = 0
        let result = connection.input.receive(from: connection.descriptor, arrival: &arrival)
        connection.input.removeAll()
        pool.reclaim(from: &connection.input)
        switch result {
        case .bytes(let count):
            connection.lingeredBytes += count
            if connection.lingeredBytes > configuration.discardBytes { close(&connection) }
        case .wouldBlock: break
        case .ended, .failed: close(&connection)
        }
    }

    // MARK: Between events

    /// Tells epoll and the deadlines what this connection now waits for.
    mutating func settle(_ connection: inout Connection) {
        guard connection.isOpen, !connection.isLingering else { return }
        let isIdle = connection.input.isEmpty && connection.waiting == .nothing && connection.output.isEmpty
        if connection.readClosed && connection.output.isEmpty && connection.waiting == .nothing {
            // Half-closed, and all that came before has been answered; what is left of it can never be a request.
            if !connection.input.isEmpty || connection.parser.isInBody { counters.clientsGone.add() }
            return close(&connection)
        }
        if connection.input.isEmpty && !connection.parser.isInBody { pool.reclaim(from: &connection.input) }
        if !connection.isReadArmed && wantsRead(connection) { connection.isReadArmed = true }
        updateInterest(&connection)
        if !connection.output.isEmpty {
            if deadlines.kind(connection.slot) != .write {
                connection.paceMark = connection.sentBytes
                deadlines.set(connection.slot, .write, now: now)
            }
        } else if connection.waiting != .nothing {
            deadlines.remove(connection.slot)
        } else if connection.parser.isInBody {
            setDeadline(&connection, .body)
        } else if !isIdle {
            setDeadline(&connection, .head)
        } else if drainDeadline == nil {
            setDeadline(&connection, connection.requestNumber == 0 ? .firstByte : .idle)
        } else {
            setDeadline(&connection, .grace)
        }
    }

    /// Starts a phase's time once: as long as the same request is in the same phase, it goes on running.
    private mutating func setDeadline(_ connection: inout Connection, _ kind: DeadlineKind) {
        if deadlines.kind(connection.slot) == kind, connection.deadlineRequest == connection.requestNumber { return }
        connection.deadlineRequest = connection.requestNumber
        connection.paceMark = connection.receivedBytes
        deadlines.set(connection.slot, kind, now: now)
    }

    mutating func updateInterest(_ connection: inout Connection) {
        let wantsWrite = !connection.output.isEmpty && !writeAwaitsRead(connection) || readAwaitsWrite(connection)
        let wantsRead = connection.isReadArmed || writeAwaitsRead(connection)
        if wantsRead == connection.toldRead && wantsWrite == connection.toldWrite { return }
        connection.toldRead = wantsRead
        connection.toldWrite = wantsWrite
        poller.modify(
            connection.descriptor, slot: UInt32(connection.slot), generation: connection.generation, read: wantsRead,
            write: wantsWrite)
    }
}
