// A level-triggered epoll set. Each descriptor is registered with a token of 64 bits that comes back with its events; a
// token holds slot and generation, so that events of a connection that was closed earlier in the same batch are told.
// A reset is reported whatever was asked for. The client's FIN is seen by reading; EPOLLRDHUP would tell it earlier only
// while reading is off, and then nothing could be done: a client that left looks like one that only stopped sending.
import CLinux
import Glibc

struct Readiness: Sendable, Equatable {
    var slot: UInt32
    var generation: UInt32
    var canRead: Bool
    var canWrite: Bool
    /// The connection was reset, or both of its directions are shut.
    var isBroken: Bool
}

struct Poller: ~Copyable {
    private let descriptor: Int32
    private var events: [epoll_event]

    /// A descriptor for `init`; whoever makes it decides which thread will own it.
    static func makeSet() throws(ServerError) -> Int32 {
        let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        if descriptor < 0 { throw ServerError(operation: "epoll_create1", code: errno) }
        return descriptor
    }

    /// Owns `set` from now on.
    init(set: Int32, maximumEvents: Int) {
        descriptor = set
        events = Array(repeating: epoll_event(), count: maximumEvents)
    }

    deinit { Sockets.close(descriptor) }

    private static let readable = EPOLLIN.rawValue
    private static let writable = EPOLLOUT.rawValue
    private static let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue

    /// Waits up to `milliseconds` (negative: without limit) and returns how many descriptors are ready.
    mutating func wait(milliseconds: Int32) -> Int {
        let count = epoll_wait(descriptor, &events, Int32(events.count), milliseconds)
        return max(0, Int(count))
    }

    func readiness(_ index: Int) -> Readiness {
        let event = events[index]
        let token = event.data.u64
        return Readiness(
            slot: UInt32(truncatingIfNeeded: token), generation: UInt32(truncatingIfNeeded: token >> 32),
            canRead: event.events & Self.readable != 0, canWrite: event.events & Self.writable != 0,
            isBroken: event.events & Self.broken != 0)
    }

    func add(_ target: Int32, slot: UInt32, generation: UInt32, read: Bool, write: Bool) -> Bool {
        control(EPOLL_CTL_ADD, target, slot, generation, read, write)
    }

    func modify(_ target: Int32, slot: UInt32, generation: UInt32, read: Bool, write: Bool) {
        _ = control(EPOLL_CTL_MOD, target, slot, generation, read, write)
    }

    func remove(_ target: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, target, &event)
    }

    private func control(
        _ operation: Int32, _ target: Int32, _ slot: UInt32, _ generation: UInt32, _ read: Bool, _ write: Bool
    ) -> Bool {
        var event = epoll_event()
        event.events = (read ? Self.readable : 0) | (write ? Self.writable : 0)
        event.data.u64 = UInt64(generation) << 32 | UInt64(slot)
        return epoll_ctl(descriptor, operation, target, &event) == 0
    }
}
