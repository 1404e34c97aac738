// What the TLS port counts: by the handshaker while hands are shaken, by the loops afterwards.
import Synchronization

/// Counts since the start; `handshaking` is a level.
public struct TLSStatistics: Sendable, Equatable {
    /// Connections whose handshake is under way.
    public var handshaking = 0
    /// Handshakes that were completed, of either version.
    public var handshakes: UInt64 = 0
    /// Of them, by version.
    public var handshakes12: UInt64 = 0
    public var handshakes13: UInt64 = 0
    /// Of them, those that resumed an earlier session.
    public var resumed: UInt64 = 0
    /// Of them, those in which the client showed a valid certificate, now or when the resumed session began.
    public var clientCertificates: UInt64 = 0
    /// Refused: no common version or protocol, a certificate that is missing or wrong, or no TLS at all.
    public var failed: UInt64 = 0
    /// Of the failed, clients that sent plain HTTP.
    public var plainRequests: UInt64 = 0
    /// Clients that left before the handshake was done.
    public var abandoned: UInt64 = 0
    public var timedOut: UInt64 = 0
    /// Handshakes that a drain cut.
    public var cut: UInt64 = 0
    /// Connections that TCP ended without TLS's own end, so that what came last may have been cut off by anyone.
    public var truncated: UInt64 = 0

    public init() {}
}

/// The counters behind it.
final class TLSCounters: Sendable {
    let handshakes12 = Atomic<UInt64>(0)
    let handshakes13 = Atomic<UInt64>(0)
    let resumed = Atomic<UInt64>(0)
    let clientCertificates = Atomic<UInt64>(0)
    let failed = Atomic<UInt64>(0)
    let plainRequests = Atomic<UInt64>(0)
    let abandoned = Atomic<UInt64>(0)
    let timedOut = Atomic<UInt64>(0)
    let cut = Atomic<UInt64>(0)
    let truncated = Atomic<UInt64>(0)

    func sum(handshaking: Int) -> TLSStatistics {
        var sum = TLSStatistics()
        sum.handshaking = handshaking
        sum.handshakes12 = handshakes12.load(ordering: .relaxed)
        sum.handshakes13 = handshakes13.load(ordering: .relaxed)
        sum.handshakes = sum.handshakes12 + sum.handshakes13
        sum.resumed = resumed.load(ordering: .relaxed)
        sum.clientCertificates = clientCertificates.load(ordering: .relaxed)
        sum.failed = failed.load(ordering: .relaxed)
        sum.plainRequests = plainRequests.load(ordering: .relaxed)
        sum.abandoned = abandoned.load(ordering: .relaxed)
        sum.timedOut = timedOut.load(ordering: .relaxed)
        sum.cut = cut.load(ordering: .relaxed)
        sum.truncated = truncated.load(ordering: .relaxed)
        return sum
    }
}
