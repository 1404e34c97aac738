// Answers from elsewhere: a mailbox that any thread may put into and that wakes its loop by an eventfd. A letter to a
// request whose connection has meanwhile gone is thrown away; the generation in its address tells.
import CLinux
import Glibc
import Synchronization

/// Names one request of one connection: slots are reused, generations are not.
struct ConnectionAddress: Sendable, Equatable {
    var slot: UInt32 = 0
    var generation: UInt32 = 0
    /// Counts the requests of the connection, so that a second answer to the same request is told from the next one's.
    var request: UInt64 = 0
}

/// The right to answer one deferred request, once, from any thread. Later answers to the same request are ignored.
public struct Deferral: Sendable {
    let mailbox: Mailbox?
    let address: ConnectionAddress
    /// In which coding the client would have the answer.
    let acceptedCoding: AnswerCoding

    /// Sends the answer. Never blocks on the network; does nothing when the client has left. Compresses the body here,
    /// on the calling thread, if the client asks for that, it is worth it, and no header says that it is coded already.
    public func complete(
        status: Int, contentType: String = "application/json", headers: [(String, String)] = [], body: [UInt8]
    ) {
        var answer = DeferredAnswer(
            address: address, status: status, contentType: contentType, headers: headers, body: body)
        code(&answer)
        mailbox?.put(.answer(answer))
    }
}

struct DeferredAnswer: Sendable {
    var address: ConnectionAddress
    var status: Int
    var contentType: String
    var headers: [(String, String)]
    var body: [UInt8]
    var coding = AppliedCoding()
}

/// What other threads ask of a loop.
enum Letter: Sendable {
    case connection(descriptor: Int32)
    /// A TLS connection whose handshake is done.
    case secured(descriptor: Int32, session: TLSSession)
    /// No more of these will come; the server is draining.
    case handshakesOver
    case answer(DeferredAnswer)
    case drain(deadlineNanoseconds: UInt64)
}

/// Letters to one loop. Bounded by what they stand for: open connections, deferred requests, one drain.
final class Mailbox: Sendable {
    /// Readable while there are letters; the loop has it in its epoll set. Closed with the mailbox, which outlives the
    /// loop as long as anyone may still write to it.
    let descriptor: Int32
    private let letters = Mutex<[Letter]>([])
    let compression: AnswerCompression
    /// For the threads that put answers in.
    let encoder: SpareEncoder

    init(compression: AnswerCompression = AnswerCompression()) throws(ServerError) {
        self.compression = compression
        encoder = SpareEncoder(level: compression.level)
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        if descriptor < 0 { throw ServerError(operation: "eventfd", code: errno) }
    }

    deinit { close(descriptor) }

    func put(_ letter: Letter) {
        let isFirst = letters.withLock { letters in
            letters.append(letter)
            return letters.count == 1
        }
        if isFirst { eventfd_write(descriptor, 1) }
    }

    /// Takes all letters; `into` is the loop's own array, so that the two change places and keep their capacity.
    func take(into taken: inout [Letter]) {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        letters.withLock { letters in swap(&letters, &taken) }
    }
}
