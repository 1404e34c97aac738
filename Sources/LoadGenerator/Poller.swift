// epoll, level-triggered, with waits that end at a nanosecond: the schedule of an open loop is finer than the
// millisecond that epoll_wait takes. On a kernel without epoll_pwait2 (before 5.11) the last millisecond of a wait is
// spent polling, which the CPU share in the report shows.
//
// An event carries the slot of its connection and the generation of the slot's socket, so that an event of a socket
// that was closed earlier in the same batch is told from one of its successor.

import CLinux
import Glibc

struct PollEvent {
    let slot: Int
    let generation: UInt32
    let isReadable: Bool
    let isWritable: Bool
    /// Error or hang-up; a read tells which.
    let isBroken: Bool
}

struct Poller: ~Copyable {
    private static let batch = 256

    private let descriptor: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: batch)
    private var hasPreciseWait = true

    init() throws(LoadError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        if descriptor < 0 { throw .system(operation: "epoll_create1", reason: errorText(errno)) }
    }

    deinit {
        close(descriptor)
    }

    func add(_ socket: Int32, slot: Int, generation: UInt32, writable: Bool) -> Bool {
        control(EPOLL_CTL_ADD, socket, slot, generation, writable)
    }

    func change(_ socket: Int32, slot: Int, generation: UInt32, writable: Bool) -> Bool {
        control(EPOLL_CTL_MOD, socket, slot, generation, writable)
    }

    func remove(_ socket: Int32) {
        var none = epoll_event()
        epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, &none)
    }

    /// Waits at most so long, and returns how many events came.
    mutating func wait(nanoseconds: UInt64) -> Int {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        if hasPreciseWait {
            let count = epoll_pwait2(descriptor, &events, Int32(Self.batch), &time, nil)
            if count >= 0 { return Int(count) }
            if errno == EINTR { return 0 }
            hasPreciseWait = false
        }
        let milliseconds = Int32(min(nanoseconds / 1_000_000, 1_000))
        return Int(max(0, epoll_wait(descriptor, &events, Int32(Self.batch), milliseconds)))
    }

    func event(_ index: Int) -> PollEvent {
        let event = events[index]
        return PollEvent(
            slot: Int(event.data.u64 & 0xFFFF_FFFF), generation: UInt32(event.data.u64 >> 32),
            isReadable: event.events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
            isWritable: event.events & EPOLLOUT.rawValue != 0,
            isBroken: event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
    }

    private func control(
        _ operation: Int32, _ socket: Int32, _ slot: Int, _ generation: UInt32, _ writable: Bool
    ) -> Bool {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(generation) << 32 | UInt64(slot)
        return epoll_ctl(descriptor, operation, socket, &event) == 0
    }
}
