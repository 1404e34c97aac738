// A lock for what is held for many microseconds: who finds it taken sleeps. The library's Mutex lets the first waiter
// spin in the kernel as long as the holder runs, which is right for a few instructions, and for a batch of payments burns
// the time of a core that others could use. Nothing is inherited from who waits, as Mutex does it: a thread that stands
// back must not take it.
import Glibc

/// A value that one thread at a time may use; who waits for it sleeps.
public final class SleepingLock<Value>: @unchecked Sendable {
    // Proof of Sendable: `value` is touched only between lock and unlock, and `mutex` is made for many threads and never moves.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    public init(_ value: consuming sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` with the value, alone.
    public func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
