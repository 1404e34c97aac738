// One handshake from event to event: a step, the next, and how it ends.

extension Handshaker {
    mutating func react(_ event: Readiness) {
        let slot = Int(event.slot)
        guard slot < handshakes.count, handshakes[slot].generation == event.generation,
            handshakes[slot].descriptor >= 0
        else { return }
        if handshakes[slot].lingeredBytes == nil { step(slot) } else { linger(slot) }
    }

    private mutating func step(_ slot: Int) {
        guard let session = handshakes[slot].session else { return close(slot) }
        switch session.handshake() {
        case .wantsRead: setInterest(slot, write: false)
        case .wantsWrite: setInterest(slot, write: true)
        case .done: handOver(slot, session)
        case .failed(.abandoned):
            tls.counters.abandoned.add()
            close(slot)
        case .failed(let failure):
            tls.counters.failed.add()
            if failure == .plainRequest { tls.counters.plainRequests.add() }
            // Closing now could make the kernel send a reset, which would overtake the alert.
            handshakes[slot].session = nil
            handshakes[slot].lingeredBytes = 0
            handshakes[slot].deadline =
                min(
                    handshakes[slot].deadline, now &+ nanoseconds(shared.configuration.timeouts.lingerMilliseconds))
            setInterest(slot, write: false)
            Sockets.shutdownWriting(handshakes[slot].descriptor)
        }
    }

    private mutating func setInterest(_ slot: Int, write: Bool) {
        if handshakes[slot].wantsWrite == write { return }
        handshakes[slot].wantsWrite = write
        poller.modify(
            handshakes[slot].descriptor, slot: UInt32(slot), generation: handshakes[slot].generation, read: !write,
            write: write)
    }

    /// To the loop with the fewest connections. It counts there before it ceases to count here, so that a loop that is
    /// drained does not end before this letter has come.
    private mutating func handOver(_ slot: Int, _ session: TLSSession) {
        count(session)
        let descriptor = handshakes[slot].descriptor
        poller.remove(descriptor)
        handshakes[slot].descriptor = -1
        let counters = shared.counters
        var chosen = 0
        for other in counters.indices
        where counters[other].open.load(ordering: .relaxed) < counters[chosen].open.load(ordering: .relaxed) {
            chosen = other
        }
        counters[chosen].open.add(1, ordering: .relaxed)
        release(slot)
        shared.mailboxes[chosen].put(.secured(descriptor: descriptor, session: session))
    }

    private func count(_ session: TLSSession) {
        switch session.version {
        case .tls12: tls.counters.handshakes12.add()
        case .tls13: tls.counters.handshakes13.add()
        }
        if session.isResumed { tls.counters.resumed.add() }
        if session.hasClientCertificate { tls.counters.clientCertificates.add() }
    }

    private mutating func linger(_ slot: Int) {
        var scrap = ByteStore()
        scrap.reserve(EventLoop.blockBytes)
        var arrival: Int64 = 0
        switch scrap.receive(from: handshakes[slot].descriptor, arrival: &arrival) {
        case .bytes(let count):
            let lingered = (handshakes[slot].lingeredBytes ?? 0) + count
            handshakes[slot].lingeredBytes = lingered
            if lingered > Self.lingerBytes { close(slot) }
        case .wouldBlock: break
        case .ended, .failed: close(slot)
        }
    }

    mutating func close(_ slot: Int) {
        let descriptor = handshakes[slot].descriptor
        guard descriptor >= 0 else { return }
        poller.remove(descriptor)
        shared.addresses.release(descriptor)
        Sockets.close(descriptor)
        handshakes[slot].descriptor = -1
        release(slot)
    }

    private mutating func release(_ slot: Int) {
        handshakes[slot].session = nil
        handshakes[slot].generation &+= 1
        freeSlots.append(slot)
        openCount -= 1
        tls.connections.open.subtract(1, ordering: .relaxed)
    }
}
