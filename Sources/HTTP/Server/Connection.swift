// The state of one connection. A slot keeps its Connection for good and uses it for one client after another; the
// generation tells them apart. Only the loop touches it, and for the length of an event it has it exclusively (inout),
// which is checked once an event and not once a field.

/// A place for a connection that stays where it is while others are added.
final class ConnectionSlot {
    var connection: Connection

    init(_ slot: Int, limits: WireLimits) { connection = Connection(slot: slot, limits: limits) }
}

struct Connection: ~Copyable {
    /// What the parser waits for before it may go on with the next request.
    enum Waiting { case nothing, held, deferred }

    /// Why a request whose framing is sound will not reach a handler; it is answered once its body has passed by.
    enum Rejection: Equatable {
        case none
        case bodyTooLarge(limitBytes: Int)
        case unknownMethod
    }

    let slot: Int
    var generation: UInt32 = 0
    var descriptor: Int32 = -1
    /// Stands between the descriptor and the bytes if this is a TLS connection.
    var session: TLSSession?
    var input = ByteStore()
    var output = ByteStore()
    var parser: RequestParser
    var waiting = Waiting.nothing
    var rejection = Rejection.none
    /// What the handler allows the current request.
    var bodyLimit = 0
    /// Of the request that is being handled, held or deferred.
    var shape = AnswerShape()
    /// Counts requests; part of a deferral's address.
    var requestNumber: UInt64 = 0

    /// The client sends no more.
    var readClosed = false
    /// No more requests are parsed; when the output is out, the connection ends.
    var isClosing = false
    /// The output is out and our direction is shut; what still arrives is thrown away until the client ends too.
    var isLingering = false
    var lingeredBytes = 0
    /// This connection was over the limit, and is here to be told so.
    var isRefused = false

    /// Whether reading is wanted: it is given up only when an event comes at a time when nothing may be read.
    var isReadArmed = true
    /// What epoll was told.
    var toldRead = true
    var toldWrite = false

    /// The request whose phase the deadline bounds.
    var deadlineRequest = UInt64.max
    var firstByte: UInt64 = 0
    var lastRead: UInt64 = 0
    var lastReadBytes = 0
    /// Bytes that went in and out, and what the one that the deadline watches was when its time began.
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0
    var paceMark: UInt64 = 0

    init(slot: Int, limits: WireLimits) {
        self.slot = slot
        parser = RequestParser(limits: limits)
    }

    var isOpen: Bool { descriptor >= 0 }

    var address: ConnectionAddress {
        ConnectionAddress(slot: UInt32(slot), generation: generation, request: requestNumber)
    }

    mutating func open(_ descriptor: Int32, session: TLSSession?) {
        self.descriptor = descriptor
        self.session = session
        parser.reset()
        waiting = .nothing
        rejection = .none
        requestNumber = 0
        readClosed = false
        isClosing = false
        isLingering = false
        lingeredBytes = 0
        isRefused = false
        isReadArmed = true
        toldRead = true
        toldWrite = false
        bodyLimit = 0
        deadlineRequest = UInt64.max
    }

    /// The request's bytes are done with; the next one begins behind them.
    mutating func finishRequest() {
        let consumed = parser.consumedBytes
        parser.reset()
        input.consume(consumed)
        rejection = .none
        // What is left was mostly brought by the last read; if not, the older time is the honest one.
        if input.count > 0 && input.count <= lastReadBytes { firstByte = lastRead }
    }
}
