// A server: one listener, and event loops that share nothing but counters and mailboxes. Each loop is one long-lived
// work item of its own serial queue, so it has a thread to itself and Dispatch starts no others for it.
import Dispatch
import Glibc
import Synchronization

/// What the loops and the server have in common.
final class ServerShared: Sendable {
    let configuration: ServerConfiguration
    let makeHandler: @Sendable (_ loop: Int) -> any RequestHandler
    let mailboxes: [Mailbox]
    let counters: [LoopCounters]
    let addresses: ClientAddressTable
    /// Connections over the limit that are being told so.
    let refusedOpen = Atomic<Int>(0)
    /// Connections that were cut because the drain's time was over.
    let cut = Atomic<Int>(0)

    init(
        _ configuration: ServerConfiguration, loops: Int, makeHandler: @escaping @Sendable (Int) -> any RequestHandler
    ) throws(ServerError) {
        self.configuration = configuration
        self.makeHandler = makeHandler
        addresses = ClientAddressTable(limit: configuration.maximumConnectionsPerAddress)
        var mailboxes: [Mailbox] = []
        for _ in 0..<loops { mailboxes.append(try Mailbox(compression: configuration.compression)) }
        self.mailboxes = mailboxes
        counters = (0..<loops).map { _ in LoopCounters() }
    }

    var connectionsOpen: Int { counters.reduce(0) { $0 + $1.open.load(ordering: .relaxed) } }
}

/// An HTTP/1.1 server on one address.
public final class Server: Sendable {
    private enum State: Sendable {
        case ready
        case running(ServerShared, port: Int)
        case stopped(ServerStatistics)
    }

    private let configuration: ServerConfiguration
    private let makeHandler: @Sendable (_ loop: Int) -> any RequestHandler
    private let state = Mutex(State.ready)
    private let running = DispatchGroup()

    /// - Parameter makeHandler: Called once a loop, on that loop's thread.
    public init(
        configuration: ServerConfiguration, makeHandler: @escaping @Sendable (_ loop: Int) -> any RequestHandler
    ) {
        self.configuration = configuration
        self.makeHandler = makeHandler
    }

    /// Binds, listens and starts the loops; when it returns, clients can connect.
    public func start() throws(ServerError) {
        let loops = configuration.loops > 0 ? configuration.loops : Sockets.coreCount
        let shared = try ServerShared(configuration, loops: loops, makeHandler: makeHandler)
        var sets: [Int32] = []
        for _ in 0..<loops { sets.append(try Poller.makeSet()) }
        let listener: Int32
        let port: Int
        do throws(ServerError) {
            (listener, port) = try Sockets.listen(
                address: configuration.address, port: configuration.port, backlog: configuration.backlog)
        } catch {
            for set in sets { Sockets.close(set) }
            throw error
        }
        state.withLock { $0 = .running(shared, port: port) }
        for index in 0..<loops {
            let set = sets[index]
            let queue = DispatchQueue(label: "shroff.http.\(index)", qos: .userInteractive)
            queue.async(group: running) {
                Sockets.setThreadName("http-\(index)")
                var loop = EventLoop(index: index, shared: shared, set: set, listener: index == 0 ? listener : nil)
                loop.run()
            }
        }
    }

    /// The port that is listened on; 0 before the start and after the end.
    public var port: Int {
        state.withLock { if case .running(_, let port) = $0 { port } else { 0 } }
    }

    /// The counts so far; after the end, the final ones.
    public var statistics: ServerStatistics {
        state.withLock { state in
            switch state {
            case .ready: ServerStatistics()
            case .running(let shared, _): Self.sum(shared)
            case .stopped(let statistics): statistics
            }
        }
    }

    /// Connections of each loop, in order of the loops.
    var connectionsByLoop: [Int] {
        state.withLock { state in
            guard case .running(let shared, _) = state else { return [] }
            return shared.counters.map { $0.open.load(ordering: .relaxed) }
        }
    }

    private static func sum(_ shared: ServerShared) -> ServerStatistics {
        var sum = ServerStatistics()
        for counters in shared.counters { counters.add(to: &sum) }
        return sum
    }

    /// Stops accepting, lets requests in flight finish, closes every connection and joins the loops. Blocks until that
    /// is done, at most a little longer than the given time; then what is left is cut.
    ///
    /// - Returns: How many connections were cut with a request or an answer under way; 0 when nothing was lost.
    @discardableResult
    public func drainAndWait(timeoutMilliseconds: Int) -> Int {
        guard let shared = beginDrain(timeoutMilliseconds) else { return 0 }
        running.wait()
        return endDrain(shared)
    }

    /// The same without blocking a thread.
    @discardableResult
    public func drain(timeoutMilliseconds: Int) async -> Int {
        guard let shared = beginDrain(timeoutMilliseconds) else { return 0 }
        await withCheckedContinuation { continuation in
            running.notify(queue: DispatchQueue(label: "shroff.http.drain")) { continuation.resume() }
        }
        return endDrain(shared)
    }

    /// Ends at once; what is under way is cut.
    public func stop() { drainAndWait(timeoutMilliseconds: 0) }

    private func beginDrain(_ timeoutMilliseconds: Int) -> ServerShared? {
        let shared: ServerShared? = state.withLock { if case .running(let shared, _) = $0 { shared } else { nil } }
        let deadline = MonotonicClock.nanoseconds() + UInt64(max(0, timeoutMilliseconds)) * 1_000_000
        // The loop that accepts tells the others, once it has handed out its last connection.
        shared?.mailboxes[0].put(.drain(deadlineNanoseconds: deadline))
        return shared
    }

    private func endDrain(_ shared: ServerShared) -> Int {
        state.withLock { $0 = .stopped(Self.sum(shared)) }
        return shared.cut.load(ordering: .relaxed)
    }
}
