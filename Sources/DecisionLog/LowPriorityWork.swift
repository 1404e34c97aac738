// LowPriorityWork.swift: work that must not take a core from a payment. Its scheduling policy belongs to a thread for
// good (an ordinary user can't leave it again), so such work gets a thread of its own and never one of Dispatch's pool.
import Dispatch
import Glibc

public enum LowPriorityWork {
    /// SCHED_IDLE of sched(7), which the Glibc module leaves out: it runs when nobody else wants the core, and leaves it
    /// the moment that another thread wakes up. A nice value alone lets it finish its time slice first, and a payment
    /// waits for that.
    static let policy: Int32 = 5

    private final class Box {
        let body: @Sendable () -> Void
        let done = DispatchSemaphore(value: 0)

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own and returns when it is done; on this thread where none can be made.
    public static func run(_ body: @escaping @Sendable () -> Void) {
        let box = Box(body)
        var thread = pthread_t()
        let made = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let box = Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue()
                var parameters = sched_param()
                // On Linux this is the calling thread's: sched_setscheduler(2), "C library/kernel differences".
                sched_setscheduler(0, LowPriorityWork.policy, &parameters)
                box.body()
                box.done.signal()
                return nil
            }, Unmanaged.passRetained(box).toOpaque())
        guard made == 0 else {
            Unmanaged.passUnretained(box).release()
            return body()
        }
        pthread_detach(thread)
        box.done.wait()
    }
}
