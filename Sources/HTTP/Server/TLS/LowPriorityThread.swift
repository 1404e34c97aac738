// A thread of its own for work that must stand back. Threads of Dispatch go back to a pool and would take their low
// priority along; without privileges it cannot be raised again.
import Dispatch
import Glibc

/// What such a thread runs, once.
final class LowPriorityThread: Sendable {
    /// Above the nice value of the process: under contention the thread gets about a tenth of what a loop gets.
    private static let addedNiceness: Int32 = 10
    private static let lowestNiceness: Int32 = 19

    private let name: String
    private let group: DispatchGroup
    private let body: @Sendable () -> Void

    private init(_ name: String, _ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.group = group
        self.body = body
    }

    /// Runs `body` on a new thread; `group` is not empty until it has ended.
    static func start(_ name: String, group: DispatchGroup, _ body: @escaping @Sendable () -> Void) throws(ServerError)
    {
        group.enter()
        let code = LowPriorityThread(name, group, body).spawn()
        if code == 0 { return }
        group.leave()
        throw ServerError(operation: "starting the thread \(name)", code: code)
    }

    private func spawn() -> Int32 {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(self)
        let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            guard let argument else { return nil }
            Unmanaged<LowPriorityThread>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }
        let code = pthread_create(&thread, nil, entry, argument.toOpaque())
        if code == 0 { pthread_detach(thread) } else { argument.release() }
        return code
    }

    private func run() {
        Sockets.setThreadName(name)
        // With 0 Linux means the calling thread, not its process.
        let thisThread = Int32(PRIO_PROCESS.rawValue)
        let niceness = getpriority(thisThread, 0)
        setpriority(thisThread, 0, min(niceness + Self.addedNiceness, Self.lowestNiceness))
        body()
        group.leave()
    }
}
