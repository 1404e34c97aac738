// What becomes of a payment when more come than can be decided. A burst is borne: its payments wait a little, and the
// ladder of the core has the rest of their budget. A queue that stands is not: past a time in which no payment waited
// less than the limit, those that waited longer are shed until the loop has had a pause. Then the payments that are
// taken on are answered within their budget, and no work is done for an answer that comes too late.
//
//   waited ≤ limit ──▶ take on               (and the queue does not stand)
//   waited > limit ──▶ since how long all?  ── short ──▶ take on
//                                           ── long ───▶ shed, until the loop pauses
//
// The rule is CoDel's (Nichols and Jacobson, 2012: a standing queue is told by the least delay over an interval), with a
// queue that drops all that is too old, as in Maurer, "Fail at scale" (2015).

/// When payments are shed.
public struct AdmissionLimits: Sendable, Equatable {
    /// A payment that has waited longer than this for its turn is shed while the queue stands.
    public var waitNanoseconds: Int64
    /// So long must all payments have waited too long before any is shed.
    public var toleranceNanoseconds: Int64

    /// What suits a budget: when shedding begins at twice the capacity, the oldest payment has waited
    /// 0.3 + 0.6 / 2 of it.
    public init(budgetNanoseconds: Int64) {
        waitNanoseconds = budgetNanoseconds * 3 / 10
        toleranceNanoseconds = budgetNanoseconds * 6 / 10
    }
}

/// The state of one loop; times are those of one monotonic clock.
struct AdmissionControl: Sendable {
    private let limits: AdmissionLimits
    /// Since when every payment has waited too long.
    private var lateSince: UInt64?
    /// Since when payments are shed.
    private(set) var sheddingSince: UInt64?

    init(limits: AdmissionLimits) { self.limits = limits }

    /// Whether a payment is taken on.
    ///
    /// - Parameters:
    ///   - arrival: When its first byte arrived.
    ///   - busySince: When the loop last had nothing to do.
    mutating func admits(arrival: UInt64, busySince: UInt64, now: UInt64) -> Bool {
        // A pause ends a queue.
        if let since = sheddingSince, busySince > since { sheddingSince = nil }
        if let since = lateSince, busySince > since { lateSince = nil }
        let waited = now > arrival ? now - arrival : 0
        guard waited > UInt64(limits.waitNanoseconds) else {
            lateSince = nil
            return true
        }
        if sheddingSince != nil { return false }
        guard let since = lateSince else {
            lateSince = now
            return true
        }
        guard now - since > UInt64(limits.toleranceNanoseconds) else { return true }
        sheddingSince = now
        lateSince = nil
        return false
    }
}
