// What a loop knows of time beside the clock: since when it has been busy without a pause, and when bytes that it reads
// now can have arrived. A request's age counts from there, so what it waited in the kernel while the loop was busy with
// others is part of it.

struct LoopClock: Sendable {
    /// When the loop last had nothing to do.
    private(set) var busySince: UInt64 = 0
    /// What is ready at this wake-up was not ready then.
    private var notReadyBefore: UInt64 = 0
    private var latestWake: UInt64 = 0

    /// - Parameters:
    ///   - afterPause: Whether nothing was ready when the wait began.
    ///   - isFull: Whether there may have been more events than the wait gave.
    mutating func wokeUp(at now: UInt64, afterPause: Bool, isFull: Bool) {
        if afterPause { busySince = now }
        notReadyBefore = latestWake
        // Behind a full list others wait that may have been ready before this wake-up.
        if !isFull { latestWake = now }
    }

    /// The monotonic time of an arrival that the kernel told by the wall clock, or of the present where it told none.
    func monotonic(ofArrival arrival: Int64) -> UInt64 {
        monotonic(ofArrival: arrival, wall: WallClock.nanosecondsSince1970(), now: MonotonicClock.nanoseconds())
    }

    /// The same by given clocks. A wall clock that was set in between makes nothing older than the last wake-up at which
    /// it was not there, nor younger than now. (Of a client that was not read from meanwhile, because it takes no
    /// answers, it may be older.)
    func monotonic(ofArrival arrival: Int64, wall: Int64, now: UInt64) -> UInt64 {
        guard arrival > 0, wall > arrival else { return now }
        let age = UInt64(wall &- arrival)
        let mostAge = now > notReadyBefore ? now - notReadyBefore : 0
        return now &- min(age, mostAge)
    }
}
