// Monitor.swift: a lock over a value, with a condition to wait for. The standard library's Mutex has no condition.
import Glibc

/// A value that one thread at a time may touch, and that threads can wait on.
///
/// `@unchecked Sendable`: the value is reached only through `withLock` and `await`, which hold the lock.
final class Monitor<State>: @unchecked Sendable {
    private let state: UnsafeMutablePointer<State>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init(_ initial: State) {
        state = .allocate(capacity: 1)
        state.initialize(to: initial)
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        precondition(
            pthread_mutex_init(mutex, nil) == 0 && pthread_condattr_init(&attributes) == 0
                && pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0
                && pthread_cond_init(condition, &attributes) == 0, "no lock to be had")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state.pointee)
    }

    /// Runs `body` under the lock until it gives a result; between attempts the thread sleeps until a broadcast.
    func await<Result>(_ body: (inout State) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state.pointee) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// The same until a time of the monotonic clock; past it nil. `body` runs once more when the time is over.
    func await<Result>(until nanoseconds: UInt64, _ body: (inout State) -> Result?) -> Result? {
        var time = timespec()
        time.tv_sec = Int(nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state.pointee) { return result }
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&state.pointee) }
        }
    }

    /// Wakes all that wait.
    func broadcast() {
        pthread_cond_broadcast(condition)
    }
}
