// Where the loop's reads and writes part: through a TLS session, or straight to the socket.

extension EventLoop {
    /// Whether the handshaker may still hand connections over, or has done so by a letter not read yet.
    var isAwaitingHandshakes: Bool {
        guard let tls = shared.tls else { return false }
        return !tls.isOver.load(ordering: .acquiring) || counters.open.load(ordering: .relaxed) > 0
    }

    /// - Parameter arrival: When the kernel took the bytes in, as `ByteStore.receive` says it.
    func read(_ connection: inout Connection, fromSocket: Bool, arrival: inout Int64) -> ReadResult {
        guard let session = connection.session else {
            return connection.input.receive(from: connection.descriptor, arrival: &arrival)
        }
        let result = session.receive(into: &connection.input, fromSocket: fromSocket)
        arrival = session.arrival
        if result == .ended && session.isTruncated { shared.tls?.counters.truncated.add() }
        return result
    }

    /// Returns how many bytes left; nil when the connection is broken.
    func write(_ connection: inout Connection) -> Int? {
        guard let session = connection.session else { return connection.output.send(to: connection.descriptor) }
        return session.send(&connection.output)
    }

    func holdsInput(_ connection: borrowing Connection) -> Bool { connection.session?.holdsInput ?? false }

    // TLS may have to write before it can go on reading (a change of keys), and the other way round.

    func readAwaitsWrite(_ connection: borrowing Connection) -> Bool { connection.session?.readNeedsWrite ?? false }

    func writeAwaitsRead(_ connection: borrowing Connection) -> Bool { connection.session?.writeNeedsRead ?? false }

    /// The last of the session: its end is sent, unless output is cut off by it, which the client is to notice.
    func endSession(_ connection: inout Connection) {
        if connection.output.isEmpty { connection.session?.sendEnd() }
        connection.session = nil
    }
}
