// LowPriorityWork.swift: work that must not take a core from a payment. A nice value belongs to a thread for good (an
// ordinary user can't raise it again), so such work gets a thread of its own and never one of Dispatch's pool.
import Dispatch
import Glibc

enum LowPriorityWork {
    /// The kindest: it runs when nobody else wants the core.
    static let niceValue: Int32 = 19

    private final class Box {
        let body: @Sendable () -> Void
        let done = DispatchSemaphore(value: 0)

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own and returns when it is done; on this thread where none can be made.
    static func run(_ body: @escaping @Sendable () -> Void) {
        let box = Box(body)
        var thread = pthread_t()
        let made = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let box = Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue()
                // On Linux the nice value is the thread's own: setpriority(2), "C library/kernel differences".
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, LowPriorityWork.niceValue)
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
