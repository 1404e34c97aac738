// Between OpenSSL and a socket: a BIO of our own. The one that OpenSSL brings writes with write(2), which raises
// SIGPIPE, and reads whenever it is asked; this one is told how often it may ask the kernel, so that one wake-up of a
// loop costs one recvmsg(2) and a bounded amount of work, as it does without TLS.
//
// The state lies in memory that outlives the SSL, whose BIO holds the address of it; both belong to one TLSSession.
import CLinux
import COpenSSL
import Glibc

struct TLSLinkState {
    let descriptor: Int32
    /// How many more recvmsg(2) may be made; without one left, reading "would block".
    var receives = Int.max
    /// Of the last bytes received.
    var arrival: Int64 = 0
    /// The client's end of the stream was read.
    var isEnded = false
    /// After the handshake: messages and alerts that are no data, in one read.
    var isEstablished = false
    var controlEvents = 0
    var isFlooding: Bool { controlEvents > TLSLink.controlEventsAtOnce }
}

enum TLSLink {
    /// A change of keys costs as much as a thousand bytes of data, and is seven events. Honest clients make one in
    /// millions of records; with more events than this in one read, a connection ends.
    static let controlEventsAtOnce = 128

    /// A new BIO over `state`; nil without memory.
    static func make(_ state: UnsafeMutablePointer<TLSLinkState>) -> OpaquePointer? {
        guard let bio = BIO_new(method.pointer) else { return nil }
        BIO_set_data(bio, state)
        BIO_set_init(bio, 1)
        return bio
    }

    /// Watches over what OpenSSL does by itself; never called for data. Called by it inside of a read, which ends early
    /// once it takes the other side for gone.
    static func watch(_ ssl: OpaquePointer?) {
        guard let state = state(SSL_get_rbio(ssl)), state.pointee.isEstablished else { return }
        state.pointee.controlEvents += 1
        if state.pointee.isFlooding { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
    }

    private struct Method: @unchecked Sendable {
        // Written here once; OpenSSL only reads it, from any thread.
        let pointer: OpaquePointer
    }

    private static let method: Method = {
        let kind = BIO_get_new_index() | Int32(BIO_TYPE_SOURCE_SINK)
        guard let pointer = BIO_meth_new(kind, "socket") else { fatalError("out of memory for a BIO_METHOD") }
        BIO_meth_set_read_ex(pointer) { bio, bytes, room, count in TLSLink.receive(bio, bytes, room, count) }
        BIO_meth_set_write_ex(pointer) { bio, bytes, length, count in TLSLink.send(bio, bytes, length, count) }
        BIO_meth_set_ctrl(pointer) { bio, command, _, _ in TLSLink.control(bio, command) }
        return Method(pointer: pointer)
    }()

    private static func state(_ bio: OpaquePointer?) -> UnsafeMutablePointer<TLSLinkState>? {
        BIO_get_data(bio)?.assumingMemoryBound(to: TLSLinkState.self)
    }

    private static var retryFlags: Int32 { retryRead | retryWrite }
    private static var retryRead: Int32 { Int32(BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
    private static var retryWrite: Int32 { Int32(BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) }

    private static func receive(
        _ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ room: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        guard let state = state(bio) else { return 0 }
        BIO_clear_flags(bio, retryFlags)
        guard state.pointee.receives > 0 else {
            BIO_set_flags(bio, retryRead)
            return 0
        }
        state.pointee.receives -= 1
        while true {
            let received = receive_with_arrival(state.pointee.descriptor, bytes, room, &state.pointee.arrival)
            if received > 0 {
                count?.pointee = received
                return 1
            }
            if received == 0 {
                state.pointee.isEnded = true
                return 0
            }
            if errno == EINTR { continue }
            if errno == EAGAIN { BIO_set_flags(bio, retryRead) }
            return 0
        }
    }

    private static func send(
        _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ length: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        guard let state = state(bio) else { return 0 }
        BIO_clear_flags(bio, retryFlags)
        while true {
            let sent = Glibc.send(state.pointee.descriptor, bytes, length, Int32(MSG_NOSIGNAL))
            if sent >= 0 {
                count?.pointee = sent
                return 1
            }
            if errno == EINTR { continue }
            if errno == EAGAIN { BIO_set_flags(bio, retryWrite) }
            return 0
        }
    }

    private static func control(_ bio: OpaquePointer?, _ command: Int32) -> Int {
        switch command {
        case BIO_CTRL_FLUSH: 1
        case BIO_CTRL_EOF: state(bio)?.pointee.isEnded == true ? 1 : 0
        default: 0
        }
    }
}
