// The planned reads, answered from where the windows stand.

extension EntityView {
    /// Answers every planned read for the payment, which is not among the events.
    ///
    /// - Returns: Whether a read reached events that are no longer kept.
    mutating func answer(
        _ payment: borrowing Payment, _ scratch: inout Scratch, _ revisions: borrowing Revisions,
        results: inout MutableSpan<HistoryValue>, offset: Int
    ) -> Bool {
        let operations = layout.operations
        precondition(offset >= 0 && operations.count <= results.count - offset, "a result for each planned read")
        for number in layout.streaks.indices {
            scratch.streaks[number] = streak(layout.streaks[number], scratch.position, revisions)
        }
        let lastDropped = lastDropped
        let hasDropped = lastDropped != .min
        var isPartial = false
        for number in operations.indices {
            let operation = operations[number]
            var result = answer(operation, payment, scratch, revisions)
            if hasDropped {
                if operation.window >= 0, !result.isPartial {
                    // A window without end reaches whatever was dropped; the read itself says what that means.
                    let limit = limit(Int(operation.window), at: payment.time)
                    result.isPartial = limit != .min && lastDropped > limit
                }
                isPartial = isPartial || result.isPartial
            }
            // The precondition above holds the bound.
            results[unchecked: offset &+ number] = result
        }
        return isPartial
    }

    @inline(__always)
    private mutating func answer(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ scratch: borrowing Scratch,
        _ revisions: borrowing Revisions
    ) -> HistoryValue {
        let window = Int(operation.window)
        switch operation.code {
        case .count:
            return .int(Int64(scratch.position &- start(window) &+ (operation.isAfter ? 1 : 0)))
        case .distinct:
            let source = counter(Int(operation.source))
            let isNew = operation.isAfter && scratch.isNewValue(Int(operation.column), start: start(window))
            return .int(Int64(source &+ (isNew ? 1 : 0)))
        case .countOfGroup, .sum, .mean, .minimum, .maximum, .standardDeviation:
            return answerGroup(operation, payment, scratch.position, revisions)
        case .sinceFirst:
            return sinceFirst(payment.time, isAfter: operation.isAfter)
        case .sinceLast:
            return sinceLast(payment.time, scratch.position)
        case .distinctMeeting:
            return distinctMeeting(operation, payment, scratch, revisions)
        case .isFirst:
            return isFirst(operation, payment, scratch, revisions)
        case .sinceFirstMeeting:
            return sinceFirstMeeting(operation, payment, scratch.position, revisions)
        case .sinceLastMeeting:
            return sinceLastMeeting(operation, payment.time, scratch.position, revisions)
        case .streak, .streakAge, .streakGap:
            return answerStreak(operation, payment.time, scratch.streaks[Int(operation.source)])
        case .decayedCount, .decayedSum, .decayedMean:
            return answerDecayed(operation, payment, scratch)
        }
    }

    /// The payment's own part in a read that is taken after it; nil if it has none. Nothing is known of it yet.
    func own(_ group: Layout.Group, _ isAfter: Bool, _ payment: borrowing Payment) -> Int64? {
        guard isAfter else { return nil }
        if group.condition >= 0, payment.conditions[layout.conditions[group.condition]].meets & 1 == 0 { return nil }
        guard group.measure >= 0 else { return 0 }
        let value = group.kind.normalized(payment.measures[layout.measures[group.measure]])
        return value == Aggregates.missingMeasure ? nil : value
    }

    private mutating func answerGroup(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ end: Int, _ revisions: borrowing Revisions
    ) -> HistoryValue {
        let group = layout.groups[Int(operation.group)]
        let own = own(group, operation.isAfter, payment)
        let count = count(of: group) &+ (own == nil ? 0 : 1)
        switch operation.code {
        case .countOfGroup:
            return .int(Int64(count))
        case .minimum, .maximum:
            let isMinimum = operation.code == .minimum
            let kept = extreme(group, isMinimum: isMinimum, to: end, revisions)
            guard let own else { return kept == Aggregates.missingMeasure ? .missing : group.kind.value(kept) }
            let isOwn =
                kept == Aggregates.missingMeasure
                || (isMinimum ? group.kind.isLess(own, kept) : group.kind.isLess(kept, own))
            return group.kind.value(isOwn ? own : kept)
        default:
            let units = own.map { group.kind.units($0) } ?? 0
            let sum = sum(of: group) &+ units
            if operation.code == .sum { return group.kind.sum(sum) }
            if operation.code == .mean { return group.kind.mean(sum, count: count) }
            var squares = squares(of: group)
            squares.add(units)
            return group.kind.standardDeviation(sum, squares: squares, count: count)
        }
    }

    private func sinceFirst(_ time: Int64, isAfter: Bool) -> HistoryValue {
        let first = first
        if first <= time { return .duration(microseconds: time - first) }
        return isAfter ? .duration(microseconds: 0) : .missing
    }

    /// The previous event stands before `position`, or was dropped.
    private func sinceLast(_ time: Int64, _ position: Int) -> HistoryValue {
        var last = lastDropped <= time ? lastDropped : Int64.min
        if position > head {
            last = max(last, self.time(position - 1))
        }
        var result = last == .min ? HistoryValue.missing : .duration(microseconds: time - last)
        result.isPartial = lastDropped > time
        return result
    }
}
