// The ladders of a kind as words: they are what is known of events that are gone, so they are written as they are.
//
//   ladders | each, in the order of its entity: key | lost | folded at | rows | the rows | each sample:
//     threshold | last refused | values | the hashes | their times

extension EntityTable {
    func writeLadderCount(to words: inout [UInt64]) { words.append(UInt64(ladders.count)) }

    /// Writes an entity's ladder, if it has one.
    func writeLadder(_ entity: Int, to words: inout [UInt64]) {
        let number = Bounds(packed: records[entity, Layout.bounds]).ladder
        if number == 0 { return }
        let ladder = ladders[number]
        words.append(records[entity, Layout.key])
        words.append(UInt64(bitPattern: ladder.lost))
        words.append(UInt64(bitPattern: ladder.foldedAt))
        words.append(UInt64(ladder.rows.count / layout.buckets.rowWords))
        words += ladder.rows
        for sample in ladder.samples {
            words.append(sample.threshold)
            words.append(UInt64(bitPattern: sample.lastRefused))
            words.append(UInt64(sample.hashes.count))
            words += sample.hashes
            for time in sample.times { words.append(UInt64(bitPattern: time)) }
        }
    }

    /// Gives an entity the ladder that was read.
    ///
    /// - Returns: False if there is no such entity, or it has one.
    fileprivate mutating func restore(_ ladder: Ladder, key: UInt64) -> Bool {
        guard let entity = find(key) else { return false }
        var bounds = Bounds(packed: records[entity, Layout.bounds])
        guard bounds.ladder == 0 else { return false }
        bounds.ladder = ladders.restore(ladder)
        records[entity, Layout.bounds] = bounds.packed
        return bounds.ladder != 0
    }
}

/// Reads ladders back, and believes none of their words before it was looked at.
struct LadderReader {
    let layout: Layout
    let limits: AggregateLimits
    let name: String
    private var ladder = 0

    init(layout: Layout, limits: AggregateLimits, name: String) {
        self.layout = layout
        self.limits = limits
        self.name = name
    }

    private func check(_ isValid: Bool, _ what: String) throws(AggregateStateError) {
        if !isValid { throw .invalid(what, kind: name, entity: ladder) }
    }

    private func words(_ count: UInt64, _ fill: (inout MutableSpan<UInt64>) throws -> Void) throws -> [UInt64] {
        var words = [UInt64](repeating: 0, count: Int(count))
        if count == 0 { return words }
        var span = words.mutableSpan
        try fill(&span)
        return words
    }

    mutating func read(into table: inout EntityTable, _ fill: (inout MutableSpan<UInt64>) throws -> Void) throws {
        let count = try words(1, fill)[0]
        try check(count <= min(UInt64(table.records.count), UInt64(Ladders.maximumCount)), "a number of ladders")
        while ladder < Int(count) {
            let head = try words(4, fill)
            var read = Ladder(layout: layout.buckets)
            read.lost = Int64(bitPattern: head[1])
            read.foldedAt = Int64(bitPattern: head[2])
            try check(read.lost == .min || isTime(read.lost), "a time of what was lost")
            try check(isTime(read.foldedAt), "a time of folding")
            let most = limits.bucketLevels * (Ladder.bucketsPerLevel + 1) + 1
            try check((1...UInt64(most)).contains(head[3]), "a number of buckets")
            read.rows = try words(head[3] * UInt64(layout.buckets.rowWords), fill)
            try checkRows(read)
            for sample in read.samples.indices { read.samples[sample] = try self.sample(fill) }
            try check(table.restore(read, key: head[0]), "a ladder of an entity")
            ladder += 1
        }
    }

    private func sample(_ fill: (inout MutableSpan<UInt64>) throws -> Void) throws -> ValueSample {
        let head = try words(3, fill)
        try check(head[2] <= UInt64(limits.sampledValues), "a number of values")
        let sample = ValueSample(
            hashes: try words(head[2], fill), times: try words(head[2], fill).map { Int64(bitPattern: $0) },
            threshold: head[0], lastRefused: Int64(bitPattern: head[1]))
        try check(sample.isValid, "a sample of values")
        return sample
    }

    private func isTime(_ time: Int64) -> Bool { Aggregates.clamped(time) == time }

    private func checkRows(_ ladder: Ladder) throws(AggregateStateError) {
        var before = -Aggregates.maximumTimeMicroseconds
        var level = UInt64(limits.bucketLevels)
        var levelBuckets = 0
        let width = layout.buckets.rowWords
        for row in stride(from: 0, to: ladder.rows.count, by: width) {
            let first = ladder.time(row, BucketLayout.first)
            let last = ladder.time(row, BucketLayout.last)
            try check(first >= before && first <= last && isTime(last), "a time of a bucket")
            before = last
            let events = ladder.rows[row + BucketLayout.events]
            try check((1...(1 << 38)).contains(events), "a number of folded events")
            let own = ladder.rows[row + BucketLayout.level]
            levelBuckets = own == level ? levelBuckets + 1 : 1
            let isFilling = row + width == ladder.rows.count && own == 0
            let most = Ladder.bucketsPerLevel + (isFilling ? 2 : 1)
            try check(own < UInt64(limits.bucketLevels) && own <= level && levelBuckets <= most, "a level of a bucket")
            level = own
            for group in layout.buckets.groups {
                for side in 0..<(group.matures ? 2 : 1) {
                    let count = ladder.rows[row + group.word + side * group.sideWords]
                    try check(count <= events, "a count of a bucket")
                }
            }
        }
    }
}
