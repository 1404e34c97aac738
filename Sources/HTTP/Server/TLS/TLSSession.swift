// One TLS connection: SSL* in a safe coat. The handshaker makes it and drives the handshake; then it moves, with the
// descriptor, to an event loop, which reads and writes by it as it would by the socket. Closing the descriptor stays
// the loop's business.
//
// An error of OpenSSL ends this connection and no other. Its error queue is the thread's, so it is emptied before every
// call: what another connection has left there would otherwise be taken for this one's.
import COpenSSL

enum HandshakeStep: Equatable {
    case done
    case wantsRead
    case wantsWrite
    case failed(HandshakeFailure)
}

enum HandshakeFailure: Equatable {
    /// The client ended or reset the connection.
    case abandoned
    /// The first bytes are an HTTP request.
    case plainRequest
    case refused
}

// Unchecked: it is used by one thread at a time. It passes from the handshaker to a loop once, through that loop's
// mailbox, whose lock orders the two; after that the handshaker holds no reference.
final class TLSSession: @unchecked Sendable {
    /// Bytes that are encrypted at one wake-up at most (in whole records of 16 KiB); the rest follows when the socket
    /// is writable again, so that one large answer does not keep others waiting.
    static let writeBytesAtOnce = 262_144
    /// A handshake message of many segments is read in as many wake-ups as it takes.
    private static let receivesPerHandshakeStep = 4

    private let ssl: OpaquePointer
    private let link: UnsafeMutablePointer<TLSLinkState>
    /// Set once, when reading is over for good; returned after the bytes before it.
    private var readEnd: ReadResult?

    /// Whether `receive` may have something to say without asking the kernel: no event of the socket will tell.
    private(set) var holdsInput = false
    /// Reading goes on only once the socket is writable.
    private(set) var readNeedsWrite = false
    /// Writing goes on only once the socket is readable.
    private(set) var writeNeedsRead = false
    /// TCP ended without TLS's own end.
    private(set) var isTruncated = false

    /// A server's side; nil without memory.
    init?(_ context: TLSContext, descriptor: Int32) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { return nil }
        link = .allocate(capacity: 1)
        link.initialize(to: TLSLinkState(descriptor: descriptor))
        self.ssl = ssl
        guard let bio = TLSLink.make(link) else { return nil }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_accept_state(ssl)
    }

    deinit {
        SSL_free(ssl)
        link.deinitialize(count: 1)
        link.deallocate()
        ERR_clear_error()
    }

    // MARK: Handshake

    /// Goes as far as the client's bytes allow. Costs up to a millisecond.
    func handshake() -> HandshakeStep {
        link.pointee.receives = Self.receivesPerHandshakeStep
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            holdsInput = SSL_has_pending(ssl) == 1
            link.pointee.isEstablished = true
            return .done
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_SSL:
            let reason = ERR_GET_REASON(ERR_peek_error())
            ERR_clear_error()
            if reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST { return .failed(.plainRequest) }
            return .failed(.refused)
        default:
            ERR_clear_error()
            return .failed(.abandoned)
        }
    }

    var version: TLSVersion { SSL_version(ssl) == TLSVersion.tls13.rawValue ? .tls13 : .tls12 }
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }
    var hasClientCertificate: Bool { SSL_get0_peer_certificate(ssl) != nil }

    // MARK: Reading and writing

    /// When the kernel took in the last bytes that were read from the socket, in nanoseconds since 1970; 0 where it
    /// does not say.
    var arrival: Int64 { link.pointee.arrival }

    /// Appends what has arrived, as far as there is room for it in `store`.
    ///
    /// - Parameter fromSocket: Whether one recv(2) may be made; without, only what OpenSSL already holds is taken.
    func receive(into store: inout ByteStore, fromSocket: Bool) -> ReadResult {
        if let readEnd { return readEnd }
        link.pointee.receives = fromSocket ? 1 : 0
        link.pointee.controlEvents = 0
        readNeedsWrite = false
        var total = 0
        repeat {
            guard let count = receiveRecord(into: &store) else {
                // A record that is not whole may be held, but nothing comes of it without the socket.
                holdsInput = readEnd != nil
                return total > 0 ? .bytes(total) : readEnd ?? .wouldBlock
            }
            total += count
        } while store.freeBytes > 0 && SSL_has_pending(ssl) == 1
        // The client's end may have come with its last bytes, and then nothing else will tell.
        if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 { readEnd = .ended }
        holdsInput = readEnd != nil || SSL_has_pending(ssl) == 1
        return .bytes(total)
    }

    private func receiveRecord(into store: inout ByteStore) -> Int? {
        ERR_clear_error()
        var count = 0
        let read = store.appendUnchecked { SSL_read_ex(ssl, $0.baseAddress, $0.count, &count) == 1 ? count : 0 }
        if read > 0 { return read }
        if link.pointee.isFlooding {
            readEnd = .failed
            ERR_clear_error()
            return nil
        }
        switch SSL_get_error(ssl, 0) {
        case SSL_ERROR_WANT_READ: break
        case SSL_ERROR_WANT_WRITE: readNeedsWrite = true
        case SSL_ERROR_ZERO_RETURN:
            isTruncated = link.pointee.isEnded
            readEnd = .ended
        default: readEnd = .failed
        }
        ERR_clear_error()
        return nil
    }

    /// Encrypts and sends what is readable, as far as the socket takes it. What is consumed has left; nil when the
    /// connection is broken.
    func send(_ store: inout ByteStore) -> Int? {
        if readEnd == .failed { return nil }
        writeNeedsRead = false
        link.pointee.receives = 1
        var total = 0
        while !store.isEmpty && total < Self.writeBytesAtOnce {
            ERR_clear_error()
            var written = 0
            let result = store.span.withUnsafeBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
            if result != 1 {
                switch SSL_get_error(ssl, result) {
                case SSL_ERROR_WANT_WRITE: return total
                case SSL_ERROR_WANT_READ:
                    writeNeedsRead = true
                    return total
                default:
                    ERR_clear_error()
                    readEnd = .failed
                    return nil
                }
            }
            store.consume(written)
            total += written
        }
        return total
    }

    /// Says that no more bytes will come (close_notify), as well as one write can. Not for a connection that is cut in
    /// the middle of an answer: its client must see that.
    func sendEnd() {
        if readEnd == .failed { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }
}
