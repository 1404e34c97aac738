// Reads whose window reaches beyond the kept events: what the kept ones answer, and what the buckets add to it.

/// What a group adds up to over exact events and buckets, four times over, since a bucket across a window's end counts
/// half, and one that is maturing counts half as it was and half as it will be.
struct FoldedSums {
    var count = 0
    var sum: Int128 = 0
    var squares = WideSquares()
    /// Missing if there is none.
    var minimum = Aggregates.missingMeasure
    var maximum = Aggregates.missingMeasure

    mutating func add(_ ladder: Ladder, _ side: Int, _ group: BucketLayout.Group, weight: Int) {
        count += weight * Int(truncatingIfNeeded: ladder.rows[side])
        if group.sum >= 0 { sum &+= Int128(weight) &* ladder.sum(side + group.sum) }
        if group.squares >= 0 {
            let squares = ladder.squares(side + group.squares)
            for _ in 0..<weight { self.squares.add(squares) }
        }
    }

    mutating func addExtremes(
        _ ladder: Ladder, _ side: Int, _ group: BucketLayout.Group, after limit: Int64, through now: Int64
    ) {
        guard ladder.rows[side] > 0 else { return }
        if group.minimum >= 0 {
            let (value, time) = ladder.extreme(side + group.minimum)
            if time > limit, time <= now { minimum = group.kind.extreme(minimum, value, isMinimum: true) }
        }
        if group.maximum >= 0 {
            let (value, time) = ladder.extreme(side + group.maximum)
            if time > limit, time <= now { maximum = group.kind.extreme(maximum, value, isMinimum: false) }
        }
    }
}

extension Ladder {
    /// Four times the events of a window, at most half of a bucket of them wrong at either end.
    func count(after limit: Int64, through now: Int64, _ layout: BucketLayout) -> Int {
        var count = 0
        for row in stride(from: 0, to: rows.count, by: layout.rowWords) {
            let weight = weight(row, after: limit, through: now)
            count += weight * Int(truncatingIfNeeded: rows[row + BucketLayout.events])
        }
        return count
    }

    func add(
        to sums: inout FoldedSums, _ group: BucketLayout.Group, after limit: Int64, through now: Int64,
        maturity: Int64?, _ layout: BucketLayout
    ) {
        for row in stride(from: 0, to: rows.count, by: layout.rowWords) {
            let weight = weight(row, after: limit, through: now)
            if weight == 0 { continue }
            var sides = (asFolded: weight, matured: 0)
            if group.matures, let maturity {
                if time(row, BucketLayout.last) &+ maturity <= now {
                    sides = (0, weight)
                } else if time(row, BucketLayout.first) &+ maturity <= now {
                    sides = (weight / 2, weight / 2)
                }
            }
            let side = row + group.word
            if sides.asFolded > 0 { sums.add(self, side, group, weight: sides.asFolded) }
            if sides.matured > 0 { sums.add(self, side + group.sideWords, group, weight: sides.matured) }
            let extremes = sides.asFolded > 0 ? side : side + group.sideWords
            sums.addExtremes(self, extremes, group, after: limit, through: now)
        }
    }

    /// 4 for a bucket that lies in the window, 2 for one across an end of it, 0 for the others.
    private func weight(_ row: Int, after limit: Int64, through now: Int64) -> Int {
        let first = time(row, BucketLayout.first)
        let last = time(row, BucketLayout.last)
        if last <= limit || first > now { return 0 }
        return first > limit && last <= now ? 4 : 2
    }
}

extension EntityView {
    /// Answers anew what reached beyond the kept events.
    ///
    /// - Returns: Whether an answer still reached events that nothing is known of, and whether one is approximate.
    mutating func answerFromBuckets(
        _ payment: borrowing Payment, _ scratch: borrowing Scratch, _ revisions: borrowing Revisions,
        _ ladder: Ladder, results: inout MutableSpan<HistoryValue>, offset: Int
    ) -> (isPartial: Bool, isApproximate: Bool) {
        var found = (isPartial: false, isApproximate: false)
        for number in layout.operations.indices {
            var result = results[offset + number]
            guard result.isPartial else { continue }
            if let answer = answer(layout.operations[number], result, payment, scratch, revisions, ladder) {
                result = answer
                results[offset + number] = result
            }
            found.isPartial = found.isPartial || result.isPartial
            found.isApproximate = found.isApproximate || result.isApproximate
        }
        return found
    }

    /// Nil where buckets know no more than the kept events.
    private mutating func answer(
        _ operation: Layout.Operation, _ kept: HistoryValue, _ payment: borrowing Payment,
        _ scratch: borrowing Scratch, _ revisions: borrowing Revisions, _ ladder: Ladder
    ) -> HistoryValue? {
        guard operation.window >= 0 else { return nil }
        let limit = limit(Int(operation.window), at: payment.time)
        if limit == .min { return nil }
        var result = kept
        switch operation.code {
        case .count:
            let count = ladder.count(after: limit, through: payment.time, layout.buckets)
            result = .int((4 * kept.int + Int64(count) + 2) >> 2)
            result.isApproximate = true
        case .countOfGroup, .sum, .mean, .minimum, .maximum, .standardDeviation:
            // What was known of folded events at an earlier time is not known any more.
            if operation.condition >= 0, layout.isLabelled, payment.time < ladder.foldedAt { return nil }
            result = answerGroup(operation, payment, scratch.position, revisions, ladder, after: limit)
            result.isApproximate = true
        case .distinct:
            result = distinct(operation, kept, payment, scratch, ladder, after: limit)
        case .isFirst where operation.condition < 0:
            return isFirst(operation, kept, payment, ladder, after: limit)
        default:
            return nil
        }
        result.isPartial = ladder.lost > limit
        return result
    }

    private mutating func answerGroup(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ end: Int, _ revisions: borrowing Revisions,
        _ ladder: Ladder, after limit: Int64
    ) -> HistoryValue {
        let kept = layout.groups[Int(operation.group)]
        let group = layout.buckets.groups[layout.buckets.numbers[Int(operation.group)]]
        let own = own(kept, operation.isAfter, payment)
        let shift = BucketLayout.shift(group.kind)
        let ownUnits = own.map { group.kind.units($0) } ?? 0
        var sums = FoldedSums()
        sums.count = 4 * (count(of: kept) + (own == nil ? 0 : 1))
        if kept.sum >= 0 { sums.sum = 4 &* ((sum(of: kept) &+ ownUnits) >> shift) }
        if kept.squares >= 0 {
            var squares = squares(of: kept)
            squares.add(ownUnits)
            let shifted = squares.shiftedRight(by: 2 * Int(shift))
            for _ in 0..<4 { sums.squares.add(shifted) }
        }
        ladder.add(
            to: &sums, group, after: limit, through: payment.time, maturity: layout.maturity, layout.buckets)
        switch operation.code {
        case .countOfGroup: return .int(Int64((sums.count + 2) >> 2))
        case .minimum, .maximum:
            let isMinimum = operation.code == .minimum
            var best = isMinimum ? sums.minimum : sums.maximum
            best = group.kind.extreme(
                best, extreme(kept, isMinimum: isMinimum, to: end, revisions), isMinimum: isMinimum)
            best = group.kind.extreme(best, own ?? Aggregates.missingMeasure, isMinimum: isMinimum)
            return best == Aggregates.missingMeasure ? .missing : group.kind.value(best)
        case .mean: return sums.mean(group.kind)
        case .standardDeviation: return sums.standardDeviation(group.kind)
        default: return sums.total(group.kind)
        }
    }

    private func distinct(
        _ operation: Layout.Operation, _ kept: HistoryValue, _ payment: borrowing Payment,
        _ scratch: borrowing Scratch, _ ladder: Ladder, after limit: Int64
    ) -> HistoryValue {
        let column = Int(operation.column)
        let sample = ladder.samples[layout.buckets.samples[column]]
        var count = kept.int + sample.count(after: limit, through: payment.time)
        if operation.isAfter, scratch.isNewValue(column, start: start(Int(operation.window))) {
            let last = sample.time(of: ValueSample.hash(payment.columns[layout.columns[column]]))
            if let last, last > limit, last <= payment.time { count -= 1 }
        }
        var result = HistoryValue.int(count)
        result.isApproximate = sample.threshold != .max || payment.time < present
        return result
    }

    /// Nil where the sample can't tell.
    private func isFirst(
        _ operation: Layout.Operation, _ kept: HistoryValue, _ payment: borrowing Payment, _ ladder: Ladder,
        after limit: Int64
    ) -> HistoryValue? {
        guard kept.kind == .int else { return nil }
        // One that a kept event has is known, whatever was before.
        if kept.int == 0 { return .int(0) }
        let column = Int(operation.column)
        let hash = ValueSample.hash(payment.columns[layout.columns[column]])
        let sample = ladder.samples[layout.buckets.samples[column]]
        if let last = sample.time(of: hash), last <= payment.time {
            if last > limit { return .int(0) }
        } else if !sample.isComplete(at: hash) || payment.time < present {
            return nil
        }
        var result = HistoryValue.int(1)
        result.isPartial = ladder.lost > limit
        return result
    }
}

extension MeasureKind {
    /// The more extreme of two values, each of which may be missing.
    func extreme(_ a: Int64, _ b: Int64, isMinimum: Bool) -> Int64 {
        if a == Aggregates.missingMeasure { return b }
        if b == Aggregates.missingMeasure { return a }
        return (isMinimum ? isLess(b, a) : isLess(a, b)) ? b : a
    }
}

extension FoldedSums {
    func total(_ kind: MeasureKind) -> HistoryValue {
        kind == .int ? .int(Int64(clamping: sum >> 2)) : .double(rounded(sum) * 0x1p-34)
    }

    func mean(_ kind: MeasureKind) -> HistoryValue {
        if count == 0 { return .missing }
        return .double((kind == .int ? rounded(sum) : rounded(sum) * 0x1p-32) / Double(count))
    }

    /// Missing below two values.
    func standardDeviation(_ kind: MeasureKind) -> HistoryValue {
        if count < 8 { return .missing }
        let deviation = squares.spreadOrZero(count: count, sum: sum).squareRoot() / Double(count)
        return .double(kind == .int ? deviation : deviation * 0x1p-32)
    }
}

extension WideSquares {
    mutating func add(_ other: WideSquares) {
        let (sum, carry) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (carry ? 1 : 0)
    }

    /// - Parameter bits: 0 or 64.
    func shiftedRight(by bits: Int) -> WideSquares {
        bits == 0 ? self : WideSquares(low: low &>> 64 | high &<< 64, high: high &>> 64)
    }

    /// As `spread`, but 0 where rounding has left less squares than there can be.
    func spreadOrZero(count: Int, sum: Int128) -> Double {
        let product = low.multipliedFullWidth(by: UInt128(count))
        let productHigh = high &* UInt128(count) &+ product.high
        let square = sum.magnitude.multipliedFullWidth(by: sum.magnitude)
        if (productHigh, product.low) < (square.high, square.low) { return 0 }
        return spread(count: count, sum: sum)
    }
}
