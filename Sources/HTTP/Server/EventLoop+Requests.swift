// From bytes to answers: drives a connection's parser, asks the handler, writes its answers in order.

extension EventLoop {
    /// Parses and handles what has arrived, until bytes are missing, an answer is due, or too much output waits.
    mutating func process(_ connection: inout Connection) {
        while connection.waiting == .nothing, !connection.isClosing,
            connection.output.count <= configuration.pendingOutputBytes
        {
            if connection.input.isEmpty && !connection.parser.isInBody { return }
            switch connection.parser.advance(&connection.input) {
            case .needsBytes: return
            case .head: takeHead(&connection)
            case .bodyTooLarge: rejectBody(&connection, limitBytes: connection.bodyLimit)
            case .complete: takeRequest(&connection)
            case .refused(.bodyBeyondDiscardLimit):
                counters.count(.bodyBeyondDiscardLimit)
                reject(&connection, closing: true)
            case .refused(let refusal):
                counters.count(refusal)
                response.become(refusal)
                answerForHandler(&connection)
            }
        }
    }

    private mutating func takeHead(_ connection: inout Connection) {
        let head = connection.parser.head
        let hasBody = head.framing != .none && head.framing != .length(0)
        if head.method == .unknown {
            // 9110 section 9.1: 501. The framing is known, so the connection can go on.
            connection.rejection = .unknownMethod
            if head.expectsContinue && hasBody { return reject(&connection, closing: true) }
            return connection.parser.discardBody(limit: configuration.discardBytes)
        }
        guard hasBody else { return connection.parser.receiveBody(limit: 0) }
        connection.bodyLimit = askBodyLimit(
            connection.input, connection.parser, connection.firstByte, connection.address)
        if case .length(let bytes) = head.framing, bytes > connection.bodyLimit {
            return rejectBody(&connection, limitBytes: connection.bodyLimit)
        }
        connection.parser.receiveBody(limit: connection.bodyLimit)
        // 9110 section 10.1.1: the client may be waiting for this; if its body is already coming, it is not.
        if head.expectsContinue && connection.input.count == head.byteCount {
            connection.output.append("HTTP/1.1 100 Continue\r\n\r\n")
        }
    }

    /// A body over the limit passes by unread and is answered then, unless that is not worth it.
    private mutating func rejectBody(_ connection: inout Connection, limitBytes: Int) {
        connection.rejection = .bodyTooLarge(limitBytes: limitBytes)
        // Told to wait or not, the client's next byte could be a body's or a request's (9110 section 10.1.1).
        if connection.parser.head.expectsContinue { return reject(&connection, closing: true) }
        connection.parser.discardBody(limit: configuration.discardBytes)
    }

    /// Answers a request that no handler will see.
    private mutating func reject(_ connection: inout Connection, closing: Bool) {
        switch connection.rejection {
        case .none: return
        case .bodyTooLarge(let limitBytes):
            counters.bodiesTooLarge.add()
            response.becomeBodyTooLarge(limitBytes: limitBytes)
        case .unknownMethod:
            counters.unknownMethods.add()
            response.becomeProblem(
                status: 501, code: "unknownMethod", detail: "The method is none that this server knows.")
        }
        response.closeAfter = closing
        answerForHandler(&connection)
    }

    private mutating func takeRequest(_ connection: inout Connection) {
        connection.requestNumber &+= 1
        if connection.rejection != .none { return reject(&connection, closing: false) }
        counters.requests.add()
        handledSomething = true
        response.reset()
        let (disposition, acceptedCoding) = handle(
            connection.input, connection.parser, connection.firstByte, connection.address)
        connection.shape = shape(connection)
        connection.shape.acceptedCoding = acceptedCoding
        connection.finishRequest()
        switch disposition {
        case .answered: answer(&connection)
        case .held(let ticket):
            connection.waiting = .held
            held.append(Held(slot: connection.slot, generation: connection.generation, ticket: ticket))
        case .deferred: connection.waiting = .deferred
        }
    }

    // The request's views borrow the connection's bytes and field table for the length of these calls: should anything
    // touch either meanwhile, the exclusivity check would stop it.

    private func askBodyLimit(
        _ input: borrowing ByteStore, _ parser: borrowing RequestParser, _ firstByte: UInt64,
        _ address: ConnectionAddress
    ) -> Int {
        let request = Request(
            bytes: input.span, fields: parser.fields.span, head: parser.head, body: 0..<0, firstByte: firstByte,
            loopBusySince: clock.busySince, mailbox: mailbox, address: address)
        return max(0, handler.bodyLimitBytes(request))
    }

    private func handle(
        _ input: borrowing ByteStore, _ parser: borrowing RequestParser, _ firstByte: UInt64,
        _ address: ConnectionAddress
    ) -> (Disposition, AnswerCoding) {
        let request = Request(
            bytes: input.span, fields: parser.fields.span, head: parser.head, body: parser.body, firstByte: firstByte,
            loopBusySince: clock.busySince, mailbox: mailbox, address: address)
        let disposition = handler.handle(request, response)
        // A deferral carries this itself; every other answer is coded when the request's bytes are gone.
        return (disposition, disposition == .deferred ? .identity : request.acceptedCoding)
    }

    private func shape(_ connection: borrowing Connection) -> AnswerShape {
        let head = connection.parser.head
        return AnswerShape(isHead: head.method == .head, minorVersion: head.minorVersion, keepsAlive: head.keepsAlive)
    }

    /// Answers with what the server itself has to say about the current request, whole or not.
    mutating func answerForHandler(_ connection: inout Connection) {
        connection.shape = shape(connection)
        if connection.parser.phase == .complete { connection.finishRequest() }
        answer(&connection)
    }

    /// Whether the connection has made all the requests that one may make.
    private func isSpent(_ connection: borrowing Connection) -> Bool {
        let most = configuration.maximumRequestsPerConnection
        return most > 0 && connection.requestNumber >= UInt64(most)
    }

    /// Writes `response` behind the output of this connection.
    mutating func answer(_ connection: inout Connection) {
        var shape = connection.shape
        if response.closeAfter { shape.keepsAlive = false }
        if shape.keepsAlive && isSpent(connection) {
            counters.spent.add()
            shape.keepsAlive = false
        }
        if drainDeadline != nil && shape.keepsAlive {
            // The last answer of a connection says so; but what the client has already sent is answered first.
            if connection.input.isEmpty && !connection.readClosed { receive(&connection) }
            guard connection.isOpen else { return }
            shape.keepsAlive = !connection.input.isEmpty && now < drainInsistsAt
        }
        response.code(shape.acceptedCoding, configuration.compression, &encoder, &spareBody)
        pool.lend(to: &connection.output)
        serializer.write(response.content, shape, second: wallSecond, into: &connection.output)
        if !shape.keepsAlive { connection.isClosing = true }
    }
}
