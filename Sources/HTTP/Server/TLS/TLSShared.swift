// What the TLS port has in common with the rest of the server: the certificates as of now, the counters, and the
// handshaker's mailbox.
import COpenSSL
import Synchronization

final class TLSShared: Sendable {
    private struct Current {
        var context: TLSContext
        /// When the ticket keys are made anew, on the monotonic clock.
        var ticketKeysEndAt: UInt64
    }

    let configuration: TLSConfiguration
    let mailbox: Mailbox
    let counters = TLSCounters()
    /// The handshaker's own, beside those of the loops: its `open` are the handshakes under way.
    let connections = LoopCounters()
    /// The handshaker has handed over its last connection.
    let isOver = Atomic<Bool>(false)
    private let current: Mutex<Current>

    /// Ticket keys serve this many times as long as a session.
    private static let ticketKeyLives: UInt64 = 6
    /// Name, HMAC key and AES key of tickets, as OpenSSL takes them.
    private static let ticketKeyBytes = 80

    init(_ configuration: TLSConfiguration) throws(ServerError) {
        self.configuration = configuration
        mailbox = try Mailbox()
        do throws(TLSError) {
            let end = Self.ticketKeysEnd(configuration, now: MonotonicClock.nanoseconds())
            current = Mutex(Current(context: try TLSContext(configuration), ticketKeysEndAt: end))
        } catch {
            throw ServerError(error)
        }
    }

    var statistics: TLSStatistics { counters.sum(handshaking: connections.open.load(ordering: .relaxed)) }

    var certificate: CertificateSummary { current.withLock { $0.context.certificate } }

    /// The context for a new connection. Called by the handshaker only: whoever holds a ticket of keys that are too
    /// old shakes hands in full, and nothing that was recorded earlier can be read by keys stolen later.
    func contextForConnection(now: UInt64) -> TLSContext {
        current.withLock { current in
            if current.ticketKeysEndAt <= now {
                current.ticketKeysEndAt = Self.ticketKeysEnd(configuration, now: now)
                var keys = [UInt8](repeating: 0, count: Self.ticketKeyBytes)
                if RAND_bytes(&keys, Int32(keys.count)) == 1 { Self.setTicketKeys(current.context, &keys) }
                Self.wipe(&keys)
            }
            return current.context
        }
    }

    /// Reads the files anew; when anything is wrong with them, the former context stays.
    func reload() throws(TLSError) {
        let context = try TLSContext(configuration)
        current.withLock { current in
            // A ticket carries the judgement on its client's certificate; after a change of authorities that may be
            // out of date. Without client certificates it carries nothing that a new certificate of ours would change.
            if configuration.clientCertificates == .none {
                var keys = [UInt8](repeating: 0, count: Self.ticketKeyBytes)
                let count = keys.count
                if SSL_CTX_ctrl(current.context.pointer, SSL_CTRL_GET_TLSEXT_TICKET_KEYS, count, &keys) == 1 {
                    Self.setTicketKeys(context, &keys)
                }
                Self.wipe(&keys)
            }
            current.context = context
        }
    }

    private static func setTicketKeys(_ context: TLSContext, _ keys: inout [UInt8]) {
        let count = keys.count
        SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, count, &keys)
    }

    private static func wipe(_ keys: inout [UInt8]) {
        let count = keys.count
        OPENSSL_cleanse(&keys, count)
    }

    private static func ticketKeysEnd(_ configuration: TLSConfiguration, now: UInt64) -> UInt64 {
        now &+ UInt64(max(1, configuration.sessionSeconds)) * ticketKeyLives * 1_000_000_000
    }
}
