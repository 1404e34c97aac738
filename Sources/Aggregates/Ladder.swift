// The events that an entity had beyond its limit, folded into buckets: an exponential histogram behind the exact events.
// A bucket is a run of events by time; its level says how many it was made for, b * 2^level, where b is a sixteenth of
// the limit of events. When a level has more than 17 whole buckets, its two oldest become one of the next level.
//
//   oldest  [ b * 4 ][ b * 4 ] ... [ b * 2 ] ... [ b ][ b ] ... [ filling ]  the exact events  newest
//
// A window takes the buckets that lie within it whole, and half of one that lies across its end. Behind a bucket of level
// j there are at least 16 whole ones of every lower level and the exact events, so 16 * b * 2^j events: what is
// half counted is at most a sixteenth of the window, and the error at most 1/32 of its count (1/16 where an entity may
// have fewer than 16 events). A payment that is older than the exact events goes to the bucket of its time, and may make
// that one larger by itself. A sum is off by at most half of what that bucket adds up to.
//
// Source: Datar, Gionis, Indyk and Motwani, "Maintaining Stream Statistics over Sliding Windows", SIAM J. Comput. 31(6),
// 2002, doi:10.1137/S0097539701398363.

struct Ladder: Sendable {
    /// Whole buckets that a level keeps at least, once it has had as many.
    static let bucketsPerLevel = 16

    /// Rows by time, oldest first; their runs of time do not overlap, but may share an instant.
    var rows: [UInt64] = []
    /// The latest time of an event that is in no bucket any more; `Int64.min` if none.
    var lost = Int64.min
    /// The entity's present when the last event was folded.
    var foldedAt = Int64.min
    var samples: [ValueSample]

    init(layout: BucketLayout) {
        samples = Array(repeating: ValueSample(), count: layout.sampledColumns.count)
    }

    /// Memory, as arrays grow: by doubling.
    var bytes: Int {
        var bytes = Self.grown(rows.count)
        for sample in samples.indices { bytes += 2 * Self.grown(samples[sample].hashes.count) }
        return bytes
    }

    private static func grown(_ words: Int) -> Int {
        words == 0 ? 0 : MemoryLayout<UInt64>.stride << (Int.bitWidth - (words - 1).leadingZeroBitCount)
    }

    /// Events of a whole bucket of level 0.
    static func bucketEvents(eventsPerEntity: Int) -> Int { max(1, eventsPerEntity / bucketsPerLevel) }

    func time(_ row: Int, _ word: Int) -> Int64 { Int64(bitPattern: rows[row + word]) }

    // MARK: Folding

    /// The row of the bucket for an event of that time, made if it is to be a new one.
    ///
    /// - Parameter events: Of a whole bucket of level 0.
    mutating func makeRow(for time: Int64, events: Int, rowWords: Int) -> Int {
        var row = rows.count - rowWords
        while row > 0, self.time(row, BucketLayout.first) > time { row -= rowWords }
        let isNewest = row == rows.count - rowWords
        if row >= 0,
            !isNewest || rows[row + BucketLayout.events] < UInt64(events) || time < self.time(row, BucketLayout.last)
        {
            rows[row + BucketLayout.first] = UInt64(bitPattern: min(time, self.time(row, BucketLayout.first)))
            rows[row + BucketLayout.last] = UInt64(bitPattern: max(time, self.time(row, BucketLayout.last)))
            rows[row + BucketLayout.events] += 1
            return row
        }
        rows.append(UInt64(bitPattern: time))
        rows.append(UInt64(bitPattern: time))
        rows.append(1)
        for _ in 3..<rowWords { rows.append(0) }
        return rows.count - rowWords
    }

    /// Adds an event's value to one side of a group; a side that adds up nothing but how many has no measure.
    mutating func enter(_ value: Int64, at time: Int64, _ side: Int, _ group: BucketLayout.Group) {
        let isOnly = rows[side] == 0
        rows[side] += 1
        guard group.measure >= 0 else { return }
        let units = group.kind.units(value) >> BucketLayout.shift(group.kind)
        if group.sum >= 0 { setSum(side + group.sum, sum(side + group.sum) &+ units) }
        if group.squares >= 0 {
            var squares = squares(side + group.squares)
            squares.add(units)
            setSquares(side + group.squares, squares)
        }
        let (minimum, maximum) = (group.minimum, group.maximum)
        if minimum >= 0 { enterExtreme(value, at: time, side + minimum, isOnly: isOnly, group.kind, isMinimum: true) }
        if maximum >= 0 { enterExtreme(value, at: time, side + maximum, isOnly: isOnly, group.kind, isMinimum: false) }
    }

    /// Of equal extremes the latest time is kept.
    private mutating func enterExtreme(
        _ value: Int64, at time: Int64, _ word: Int, isOnly: Bool, _ kind: MeasureKind, isMinimum: Bool
    ) {
        let kept = Int64(bitPattern: rows[word])
        let isBetter = isMinimum ? kind.isLess(value, kept) : kind.isLess(kept, value)
        let isWorse = isMinimum ? kind.isLess(kept, value) : kind.isLess(value, kept)
        if !isOnly, isWorse || !isBetter && time <= Int64(bitPattern: rows[word + 1]) { return }
        rows[word] = UInt64(bitPattern: value)
        rows[word + 1] = UInt64(bitPattern: time)
    }

    /// Makes two buckets of a level one of the next while a level has too many. Past the last level the oldest are lost.
    ///
    /// - Complexity: O(buckets), once for each new bucket.
    mutating func merge(levels: Int, layout: BucketLayout) {
        let width = layout.rowWords
        // The newest bucket is being filled: it is none of the whole ones.
        var end = rows.count - width
        for level in 0..<levels {
            var start = end
            while start > 0, rows[start - width + BucketLayout.level] == UInt64(level) { start -= width }
            guard (end - start) / width > Self.bucketsPerLevel + 1 else { return }
            if level + 1 == levels {
                lost = max(lost, time(start, BucketLayout.last))
                removeRows(start..<start + width)
                return
            }
            join(start, start + width, layout)
            removeRows(start + width..<start + 2 * width)
            rows[start + BucketLayout.level] = UInt64(level + 1)
            end = start + width
        }
    }

    /// Adds the younger bucket to the older one.
    private mutating func join(_ older: Int, _ younger: Int, _ layout: BucketLayout) {
        rows[older + BucketLayout.last] = rows[younger + BucketLayout.last]
        rows[older + BucketLayout.events] += rows[younger + BucketLayout.events]
        let groups = layout.groups
        for number in groups.indices {
            let group = groups[number]
            for side in 0..<(group.matures ? 2 : 1) {
                let offset = group.word + side * group.sideWords
                joinSides(older + offset, younger + offset, group)
            }
        }
    }

    private mutating func joinSides(_ older: Int, _ younger: Int, _ group: BucketLayout.Group) {
        if rows[younger] == 0 { return }
        let isOnly = rows[older] == 0
        if group.minimum >= 0 {
            let (value, time) = extreme(younger + group.minimum)
            enterExtreme(value, at: time, older + group.minimum, isOnly: isOnly, group.kind, isMinimum: true)
        }
        if group.maximum >= 0 {
            let (value, time) = extreme(younger + group.maximum)
            enterExtreme(value, at: time, older + group.maximum, isOnly: isOnly, group.kind, isMinimum: false)
        }
        rows[older] += rows[younger]
        if group.sum >= 0 { setSum(older + group.sum, sum(older + group.sum) &+ sum(younger + group.sum)) }
        if group.squares >= 0 {
            var squares = squares(older + group.squares)
            squares.add(self.squares(younger + group.squares))
            setSquares(older + group.squares, squares)
        }
    }

    /// As the library's removal, but without anything on the heap in a build for tests either.
    private mutating func removeRows(_ words: Range<Int>) {
        for word in words.upperBound..<rows.count { rows[word - words.count] = rows[word] }
        for _ in words { rows.removeLast() }
    }

    /// Forgets buckets that no read can reach any more.
    mutating func forget(upTo horizon: Int64, rowWords: Int) {
        var row = 0
        while row < rows.count, time(row, BucketLayout.last) <= horizon {
            lost = max(lost, time(row, BucketLayout.last))
            row += rowWords
        }
        if row > 0 { removeRows(0..<row) }
        for sample in samples.indices { samples[sample].liftThreshold(upTo: horizon) }
    }

    // MARK: Words

    /// A value and its time.
    func extreme(_ word: Int) -> (value: Int64, time: Int64) {
        (Int64(bitPattern: rows[word]), Int64(bitPattern: rows[word + 1]))
    }

    func sum(_ word: Int) -> Int128 {
        Int128(Int64(bitPattern: rows[word + 1])) &<< 64 | Int128(rows[word])
    }

    private mutating func setSum(_ word: Int, _ sum: Int128) {
        rows[word] = UInt64(truncatingIfNeeded: sum)
        rows[word + 1] = UInt64(truncatingIfNeeded: sum &>> 64)
    }

    func squares(_ word: Int) -> WideSquares {
        WideSquares(
            low: UInt128(rows[word + 1]) &<< 64 | UInt128(rows[word]),
            high: UInt128(rows[word + 3]) &<< 64 | UInt128(rows[word + 2]))
    }

    private mutating func setSquares(_ word: Int, _ squares: WideSquares) {
        rows[word] = UInt64(truncatingIfNeeded: squares.low)
        rows[word + 1] = UInt64(truncatingIfNeeded: squares.low &>> 64)
        rows[word + 2] = UInt64(truncatingIfNeeded: squares.high)
        rows[word + 3] = UInt64(truncatingIfNeeded: squares.high &>> 64)
    }
}
