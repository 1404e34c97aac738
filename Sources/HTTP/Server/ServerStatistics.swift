// What the server counts. Each loop has counters of its own, so an add never contends; a reader sums them, and may see
// one count of a request before another.
import Synchronization

/// Counts since the start; `connectionsOpen` is a level.
public struct ServerStatistics: Sendable, Equatable {
    public var connectionsOpen = 0
    public var connectionsAccepted: UInt64 = 0
    /// Over the limit on connections: answered with 503 and closed.
    public var connectionsRefused: UInt64 = 0
    /// Over the limit of their client's address: answered with 503 and closed.
    public var connectionsRefusedByAddress: UInt64 = 0
    /// Connections ended because they had made as many requests as one may.
    public var connectionsSpent: UInt64 = 0
    /// How often accepting paused because descriptors or memory had run out.
    public var acceptPauses: UInt64 = 0
    /// Whole requests given to handlers.
    public var requests: UInt64 = 0
    public var bytesIn: UInt64 = 0
    public var bytesOut: UInt64 = 0
    /// Bodies over their handler's limit: 413.
    public var bodiesTooLarge: UInt64 = 0
    /// Methods that are no methods here: 501.
    public var unknownMethods: UInt64 = 0
    /// Clients that left in the middle of a request or before they had their answer.
    public var clientsGone: UInt64 = 0
    /// Connections that were idle between requests for too long.
    public var idleTimeouts: UInt64 = 0
    /// Connections that never sent a byte.
    public var firstByteTimeouts: UInt64 = 0
    public var headTimeouts: UInt64 = 0
    public var bodyTimeouts: UInt64 = 0
    public var writeTimeouts: UInt64 = 0
    /// Requests refused on the wire, by kind; kinds that did not occur are absent.
    public var refusals: [Refusal: UInt64] = [:]
    /// Of the TLS port; its connections count above from accept on, those that shake hands included.
    public var tls = TLSStatistics()

    public init() {}
}

/// The counters of one loop.
final class LoopCounters: Sendable {
    /// Connections that are this loop's, from the moment they were assigned to it.
    let open = Atomic<Int>(0)
    let accepted = Atomic<UInt64>(0)
    let refused = Atomic<UInt64>(0)
    let refusedByAddress = Atomic<UInt64>(0)
    let spent = Atomic<UInt64>(0)
    let acceptPauses = Atomic<UInt64>(0)
    let requests = Atomic<UInt64>(0)
    let bytesIn = Atomic<UInt64>(0)
    let bytesOut = Atomic<UInt64>(0)
    let bodiesTooLarge = Atomic<UInt64>(0)
    let unknownMethods = Atomic<UInt64>(0)
    let clientsGone = Atomic<UInt64>(0)
    let idleTimeouts = Atomic<UInt64>(0)
    let firstByteTimeouts = Atomic<UInt64>(0)
    let headTimeouts = Atomic<UInt64>(0)
    let bodyTimeouts = Atomic<UInt64>(0)
    let writeTimeouts = Atomic<UInt64>(0)
    private let refusals = Mutex<[UInt64]>(Array(repeating: 0, count: Refusal.allCases.count))

    func count(_ refusal: Refusal) {
        refusals.withLock { $0[Int(refusal.rawValue)] += 1 }
    }

    func add(to sum: inout ServerStatistics) {
        sum.connectionsOpen += open.load(ordering: .relaxed)
        sum.connectionsAccepted += accepted.load(ordering: .relaxed)
        sum.connectionsRefused += refused.load(ordering: .relaxed)
        sum.connectionsRefusedByAddress += refusedByAddress.load(ordering: .relaxed)
        sum.connectionsSpent += spent.load(ordering: .relaxed)
        sum.acceptPauses += acceptPauses.load(ordering: .relaxed)
        sum.requests += requests.load(ordering: .relaxed)
        sum.bytesIn += bytesIn.load(ordering: .relaxed)
        sum.bytesOut += bytesOut.load(ordering: .relaxed)
        sum.bodiesTooLarge += bodiesTooLarge.load(ordering: .relaxed)
        sum.unknownMethods += unknownMethods.load(ordering: .relaxed)
        sum.clientsGone += clientsGone.load(ordering: .relaxed)
        sum.idleTimeouts += idleTimeouts.load(ordering: .relaxed)
        sum.firstByteTimeouts += firstByteTimeouts.load(ordering: .relaxed)
        sum.headTimeouts += headTimeouts.load(ordering: .relaxed)
        sum.bodyTimeouts += bodyTimeouts.load(ordering: .relaxed)
        sum.writeTimeouts += writeTimeouts.load(ordering: .relaxed)
        let counts = refusals.withLock { $0 }
        for refusal in Refusal.allCases where counts[Int(refusal.rawValue)] > 0 {
            sum.refusals[refusal, default: 0] += counts[Int(refusal.rawValue)]
        }
    }
}

extension Atomic where Value == UInt64 {
    /// Adds where only this loop writes and anyone may read.
    func add(_ count: Int = 1) { wrappingAdd(UInt64(count), ordering: .relaxed) }
}
