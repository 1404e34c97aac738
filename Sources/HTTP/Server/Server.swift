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
    let tls: TLSShared?
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
        tls = if let wanted = configuration.tls { try TLSShared(wanted) } else { nil }
    }

    /// Those that shake hands included.
    var connectionsOpen: Int {
        let handshaking = tls?.connections.open.load(ordering: .relaxed) ?? 0
        return counters.reduce(handshaking) { $0 + $1.open.load(ordering: .relaxed) }
    }
}

/// An HTTP/1.1 server on one address, on a plain port, a TLS port or both.
public final class Server: Sendable {
    enum State: Sendable {
        case ready
        case running(ServerShared, Listeners)
        case stopped(ServerStatistics)
    }

    private let configuration: ServerConfiguration
    private let makeHandler: @Sendable (_ loop: Int) -> any RequestHandler
    let state = Mutex(State.ready)
    let running = DispatchGroup()

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
        // One each, and the last for the handshaker.
        for _ in 0...loops { sets.append(try Poller.makeSet()) }
        let listeners: Listeners
        do throws(ServerError) {
            listeners = try Listeners(configuration)
        } catch {
            for set in sets { Sockets.close(set) }
            throw error
        }
        do throws(ServerError) {
            try startHandshaker(shared, listeners, set: sets[loops])
        } catch {
            for set in sets[..<loops] { Sockets.close(set) }
            listeners.close()
            throw error
        }
        state.withLock { $0 = .running(shared, listeners) }
        for index in 0..<loops {
            let set = sets[index]
            let queue = DispatchQueue(label: "shroff.http.\(index)", qos: .userInteractive)
            queue.async(group: running) {
                Sockets.setThreadName("http-\(index)")
                let listener = index == 0 ? listeners.plain : nil
                var loop = EventLoop(index: index, shared: shared, set: set, listener: listener)
                loop.run()
            }
        }
    }

    /// The plain port that is listened on; 0 before the start, after the end, and without one.
    public var port: Int {
        state.withLock { if case .running(_, let listeners) = $0 { listeners.port } else { 0 } }
    }

    /// The TLS port that is listened on; 0 before the start, after the end, and without one.
    public var tlsPort: Int {
        state.withLock { if case .running(_, let listeners) = $0 { listeners.tlsPort } else { 0 } }
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
        if let tls = shared.tls {
            tls.connections.add(to: &sum)
            sum.tls = tls.statistics
        }
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
        guard let shared else { return nil }
        shared.tls?.mailbox.put(.drain(deadlineNanoseconds: deadline))
        // The loop that accepts tells the others, once it has handed out its last connection.
        for mailbox in configuration.listensPlain ? shared.mailboxes[..<1] : shared.mailboxes[...] {
            mailbox.put(.drain(deadlineNanoseconds: deadline))
        }
        return shared
    }

    private func endDrain(_ shared: ServerShared) -> Int {
        state.withLock { $0 = .stopped(Self.sum(shared)) }
        return shared.cut.load(ordering: .relaxed)
    }
}
