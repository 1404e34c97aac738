// The plain twin of the buckets: each holds the events that were folded into it, and every answer looks at all of them.

struct ReferenceLadder: Sendable {
    typealias Event = ReferenceAggregates.Event

    struct Folded: Sendable {
        var event: Event
        /// What was known of it when it was folded, and what will be when it has matured.
        var state: Int
        var matured: Int
    }

    struct Bucket: Sendable {
        var level = 0
        var events: [Folded]
        var first: Int64 { events.map(\.event.time).min() ?? .max }
        var last: Int64 { events.map(\.event.time).max() ?? .min }
    }

    /// Values of a column that no kept event has, by their hashes.
    struct Sample: Sendable {
        var times: [UInt64: Int64] = [:]
        var threshold = UInt64.max
        var lastRefused = Int64.min

        mutating func insert(_ hash: UInt64, _ time: Int64, limit: Int, horizon: Int64) {
            guard threshold == .max || hash < threshold else {
                lastRefused = max(lastRefused, time)
                return
            }
            times[hash] = max(times[hash] ?? .min, time)
            guard times.count > limit else { return }
            times = times.filter { $0.value > horizon }
            lift(horizon)
            let sorted = times.keys.sorted()
            let kept = limit - limit / 8
            guard sorted.count > kept else { return }
            threshold = sorted[kept]
            for hash in sorted[kept...] { lastRefused = max(lastRefused, times.removeValue(forKey: hash) ?? .min) }
        }

        mutating func lift(_ horizon: Int64) {
            if threshold != .max, lastRefused <= horizon { (threshold, lastRefused) = (.max, .min) }
        }

        func count(after limit: Int64, through now: Int64) -> Int64 {
            let count = times.values.count { $0 > limit && $0 <= now }
            return threshold == .max ? Int64(count) : Int64((Double(count) * 0x1p64 / Double(threshold)).rounded())
        }
    }

    /// By time.
    var buckets: [Bucket] = []
    var samples: [Int: Sample] = [:]
    var lost: Int64
    var foldedAt = Int64.min

    // MARK: Folding

    mutating func fold(_ folded: Folded, at present: Int64, _ limits: AggregateLimits, horizon: Int64) {
        foldedAt = max(foldedAt, present)
        let time = folded.event.time
        let whole = max(1, limits.eventsPerEntity / 16)
        let place = max(buckets.lastIndex { $0.first <= time } ?? 0, 0)
        let isNew =
            buckets.isEmpty
            || place == buckets.count - 1 && buckets[place].events.count >= whole && time >= buckets[place].last
        if isNew {
            buckets.append(Bucket(events: [folded]))
        } else {
            buckets[place].events.append(folded)
        }
        for level in 0..<limits.bucketLevels {
            let whole = buckets.indices.filter { buckets[$0].level == level && $0 < buckets.count - 1 }
            guard whole.count > 17 else { break }
            if level == limits.bucketLevels - 1 {
                lost = max(lost, buckets.removeFirst().last)
            } else {
                buckets[whole[0]].events += buckets[whole[1]].events
                buckets[whole[0]].level += 1
                buckets.remove(at: whole[1])
            }
        }
        forget(horizon)
    }

    mutating func forget(_ horizon: Int64) {
        for bucket in buckets where bucket.last <= horizon { lost = max(lost, bucket.last) }
        buckets.removeAll { $0.last <= horizon }
        for column in Array(samples.keys) { samples[column]?.lift(horizon) }
    }

    // MARK: Answers

    /// Events of a window, each as often as it counts: 4 times, half of them where its bucket lies across an end, half of
    /// these in either state where its bucket is maturing.
    func weighed(
        after limit: Int64, through now: Int64, maturity: Int64?, _ belongs: (Event, Int) -> Bool
    ) -> [(event: Event, weight: Int)] {
        var result: [(Event, Int)] = []
        for bucket in buckets where bucket.last > limit && bucket.first <= now {
            let weight = bucket.first > limit && bucket.last <= now ? 4 : 2
            for folded in bucket.events {
                var shares = [(folded.state, weight)]
                if let maturity {
                    if bucket.last + maturity <= now {
                        shares = [(folded.matured, weight)]
                    } else if bucket.first + maturity <= now {
                        shares = [(folded.state, weight / 2), (folded.matured, weight / 2)]
                    }
                }
                for (state, share) in shares where belongs(folded.event, state) { result.append((folded.event, share)) }
            }
        }
        return result
    }

    /// The extreme of each bucket, by the side that its events are mostly on, where the window holds it.
    func extremes(
        after limit: Int64, through now: Int64, maturity: Int64?, measure: Int, _ kind: MeasureKind, isMinimum: Bool,
        _ belongs: (Event, Int) -> Bool
    ) -> [Int64] {
        buckets.compactMap { bucket in
            if bucket.last <= limit || bucket.first > now { return nil }
            let isMature = maturity.map { bucket.last + $0 <= now } ?? false
            let events = bucket.events.filter { belongs($0.event, isMature ? $0.matured : $0.state) }.map(\.event)
            let extreme = events.map { $0.measures[measure] }.reduce(Aggregates.missingMeasure) {
                kind.extreme($0, $1, isMinimum: isMinimum)
            }
            let latest = events.filter { $0.measures[measure] == extreme }.map(\.time).max() ?? .min
            return latest > limit && latest <= now ? extreme : nil
        }
    }
}

/// A count, or what is read of a measure, over the kept events and the buckets.
struct FoldedAnswer {
    let history: ReferenceHistory
    let ladder: ReferenceLadder
    let planned: PlannedRead
    let from: Int64

    private var now: Int64 { history.payment.time }
    private var maturity: Int64? {
        history.plan.isLabelled && planned.condition != nil ? history.assumeLegitimateAfter : nil
    }

    private func belongs(_ event: ReferenceAggregates.Event, _ state: Int) -> Bool {
        if let condition = planned.condition, !event.conditions[condition].meets(state) { return false }
        return planned.read.measure.map { event.measures[$0] != Aggregates.missingMeasure } ?? true
    }

    func answer(_ events: [ReferenceAggregates.Event]) -> HistoryValue {
        let weighed = ladder.weighed(after: from, through: now, maturity: maturity, belongs)
        let folded = weighed.reduce(0) { $0 + $1.weight }
        guard let measure = planned.read.measure else { return .int(Int64((4 * events.count + folded + 2) / 4)) }
        let kind = history.plan.measures[measure]
        let values = events.map { $0.measures[measure] }.filter { $0 != Aggregates.missingMeasure }
        switch planned.read {
        case .minimum: return extreme(values, measure, kind, isMinimum: true)
        case .maximum: return extreme(values, measure, kind, isMinimum: false)
        default: break
        }
        let shift = BucketLayout.shift(kind)
        var sums = FoldedSums()
        sums.count = 4 * values.count + folded
        sums.sum = 4 * (values.reduce(0) { $0 + kind.units($1) } >> shift)
        var kept = WideSquares()
        for value in values { kept.add(kind.units(value)) }
        kept = kept.shiftedRight(by: 2 * Int(shift))
        for _ in 0..<4 { sums.squares.add(kept) }
        for (event, weight) in weighed {
            let units = kind.units(event.measures[measure]) >> shift
            sums.sum += Int128(weight) * units
            for _ in 0..<weight { sums.squares.add(units) }
        }
        switch planned.read {
        case .mean: return sums.mean(kind)
        case .standardDeviation: return sums.standardDeviation(kind)
        default: return sums.total(kind)
        }
    }

    private func extreme(_ values: [Int64], _ measure: Int, _ kind: MeasureKind, isMinimum: Bool) -> HistoryValue {
        let folded = ladder.extremes(
            after: from, through: now, maturity: maturity, measure: measure, kind, isMinimum: isMinimum, belongs)
        let best = (values + folded).reduce(Aggregates.missingMeasure) { kind.extreme($0, $1, isMinimum: isMinimum) }
        return best == Aggregates.missingMeasure ? .missing : kind.value(best)
    }
}
