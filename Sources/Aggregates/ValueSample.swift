// How many different values a column had, when there were too many payments to keep: of the values that no longer stand
// among an entity's events, those whose hashes are below a threshold, each with the last time at which it was seen.
//
// While the threshold was never lowered all values are kept, and the answer is exact. When there are too many, the
// threshold becomes the hash of the first one that has to leave. A value is kept with the chance p = threshold / 2^64,
// whatever else is kept, so the values kept of a window, over p, are an unbiased estimate of how many it had, with a
// standard error of sqrt(values * (1 - p) / p). Right after the threshold was lowered seven eighths of the limit are
// kept: with the limit of 2,048 the standard error is 2.4% of all the values in the sample, and for a window that has
// the share s of them 2.4% / sqrt(s) of its own.
//
// Sources: Cohen and Kaplan, "Summarizing Data using Bottom-k Sketches", PODC 2007, doi:10.1145/1281100.1281133, for the
// estimate under a condition; Ting, "Adaptive Threshold Sampling", arXiv:1708.04970, for thresholds that only go down.

struct ValueSample: Sendable, Equatable {
    /// Ascending, each below the threshold.
    private(set) var hashes: [UInt64] = []
    /// When each was last seen.
    private(set) var times: [Int64] = []
    /// `UInt64.max` when all values are kept.
    private(set) var threshold = UInt64.max
    /// The latest time of a value that the threshold kept out; `Int64.min` if none.
    private(set) var lastRefused = Int64.min

    /// Where a value stands; never `UInt64.max`.
    static func hash(_ value: UInt64) -> UInt64 { min(stableHash(value), UInt64.max - 1) }

    /// How many values are left when there are more than `limit`.
    static func kept(of limit: Int) -> Int { limit - limit / 8 }

    init() {}

    /// - Precondition: what `isValid` says.
    init(hashes: [UInt64], times: [Int64], threshold: UInt64, lastRefused: Int64) {
        self.hashes = hashes
        self.times = times
        self.threshold = threshold
        self.lastRefused = lastRefused
    }

    private func rank(_ hash: UInt64) -> Int {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// When the value was last seen; nil if it is not kept.
    func time(of hash: UInt64) -> Int64? {
        let place = rank(hash)
        return place < hashes.count && hashes[place] == hash ? times[place] : nil
    }

    /// Whether all values are kept that stand where this one does.
    func isComplete(at hash: UInt64) -> Bool { threshold == .max || hash < threshold }

    /// Keeps a value. Past the limit those not seen after `horizon` leave, then those with the highest hashes.
    ///
    /// - Complexity: O(values); past the limit once in an eighth of it as much again.
    mutating func insert(_ hash: UInt64, at time: Int64, limit: Int, horizon: Int64) {
        guard isComplete(at: hash) else {
            lastRefused = max(lastRefused, time)
            return
        }
        let place = rank(hash)
        if place < hashes.count, hashes[place] == hash {
            times[place] = max(times[place], time)
            return
        }
        shiftIn(hash, time, at: place)
        if hashes.count > limit {
            forget(upTo: horizon)
            if hashes.count > Self.kept(of: limit) { lower(to: Self.kept(of: limit)) }
        }
    }

    private mutating func shiftIn(_ hash: UInt64, _ time: Int64, at place: Int) {
        hashes.append(hash)
        times.append(time)
        var last = hashes.count - 1
        while last > place {
            hashes[last] = hashes[last - 1]
            times[last] = times[last - 1]
            last -= 1
        }
        hashes[place] = hash
        times[place] = time
    }

    /// As the library's removal, but without anything on the heap in a build for tests either.
    private mutating func shorten(to count: Int) {
        for _ in count..<hashes.count {
            hashes.removeLast()
            times.removeLast()
        }
    }

    private mutating func lower(to count: Int) {
        threshold = hashes[count]
        for place in count..<times.count { lastRefused = max(lastRefused, times[place]) }
        shorten(to: count)
    }

    /// Forgets a value that stands among the events again.
    mutating func remove(_ hash: UInt64) {
        let place = rank(hash)
        guard place < hashes.count, hashes[place] == hash else { return }
        for next in place + 1..<hashes.count {
            hashes[next - 1] = hashes[next]
            times[next - 1] = times[next]
        }
        shorten(to: hashes.count - 1)
    }

    /// Forgets what no read can reach any more.
    mutating func forget(upTo horizon: Int64) {
        var kept = 0
        for place in hashes.indices where times[place] > horizon {
            hashes[kept] = hashes[place]
            times[kept] = times[place]
            kept += 1
        }
        shorten(to: kept)
        liftThreshold(upTo: horizon)
    }

    /// When nothing that was kept out can be asked for any more, all values are kept again.
    mutating func liftThreshold(upTo horizon: Int64) {
        guard threshold != .max, lastRefused <= horizon else { return }
        threshold = .max
        lastRefused = .min
    }

    /// An estimate of the values last seen after `limit` and not after `time`.
    func count(after limit: Int64, through time: Int64) -> Int64 {
        var count = 0
        for place in times.indices where times[place] > limit && times[place] <= time { count += 1 }
        if threshold == .max { return Int64(count) }
        return Int64(min((Double(count) * 0x1p64 / Double(threshold)).rounded(), 0x1p62))
    }

    /// Whether these could be a sample's parts.
    var isValid: Bool {
        guard hashes.count == times.count, threshold > 0 else { return false }
        for place in hashes.indices {
            guard hashes[place] < threshold, Aggregates.clamped(times[place]) == times[place] else { return false }
            if place > 0, hashes[place - 1] >= hashes[place] { return false }
        }
        return threshold == .max ? lastRefused == .min : Aggregates.clamped(lastRefused) == lastRefused
    }
}
