// Reads that look for events one by one, because what they ask cannot be kept up to date at a small price.

extension EntityView {
    private func meets(_ slot: Int, _ condition: Int, _ revisions: borrowing Revisions) -> Bool {
        self.condition(slot, condition) >> UInt64(state(slot, revisions)) & 1 == 1
    }

    private func ownMeets(_ operation: Layout.Operation, _ payment: borrowing Payment) -> Bool {
        payment.conditions[layout.conditions[Int(operation.condition)]].meets & 1 == 1
    }

    /// Values that an event of the window has that meets the condition and none before it: looked for among the
    /// events before with its value, of which each is looked at but once.
    func distinctMeeting(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ scratch: borrowing Scratch,
        _ revisions: borrowing Revisions
    ) -> HistoryValue {
        let start = start(Int(operation.window))
        let column = Int(operation.column)
        let condition = Int(operation.condition)
        var count: Int64 = 0
        for slot in start..<max(start, scratch.position)
        where value(slot, column) != Aggregates.missingColumn && meets(slot, condition, revisions) {
            if !hasMeeting(upTo: previous(slot, column), column, condition, start, revisions) { count += 1 }
        }
        if operation.isAfter, ownMeets(operation, payment), scratch.previous[column] != Scratch.noValue,
            !hasMeeting(upTo: scratch.previous[column], column, condition, start, revisions)
        {
            count += 1
        }
        return .int(count)
    }

    /// Whether the event or one before it with the same value, from `start` on, meets the condition.
    private func hasMeeting(
        upTo slot: Int, _ column: Int, _ condition: Int, _ start: Int, _ revisions: borrowing Revisions
    ) -> Bool {
        var slot = slot
        while slot >= start {
            if meets(slot, condition, revisions) { return true }
            slot = previous(slot, column)
        }
        return false
    }

    func isFirst(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ scratch: borrowing Scratch,
        _ revisions: borrowing Revisions
    ) -> HistoryValue {
        let column = Int(operation.column)
        let start = start(Int(operation.window))
        let previous = scratch.previous[column]
        if previous == Scratch.noValue { return .missing }
        let isKnown =
            operation.condition < 0
            ? previous >= start : hasMeeting(upTo: previous, column, Int(operation.condition), start, revisions)
        return .int(isKnown ? 0 : 1)
    }

    func sinceFirstMeeting(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ position: Int, _ revisions: borrowing Revisions
    ) -> HistoryValue {
        var found = operation.isAfter && ownMeets(operation, payment) ? payment.time : nil
        if count(of: layout.groups[Int(operation.group)]) > 0 {
            var slot = head
            while slot < position, !meets(slot, Int(operation.condition), revisions) { slot += 1 }
            if slot < position { found = time(slot) }
        }
        var result = found.map { HistoryValue.duration(microseconds: payment.time - $0) } ?? .missing
        result.isPartial = lastDropped != .min
        return result
    }

    func sinceLastMeeting(
        _ operation: Layout.Operation, _ now: Int64, _ position: Int, _ revisions: borrowing Revisions
    ) -> HistoryValue {
        var result = HistoryValue.missing
        if count(of: layout.groups[Int(operation.group)]) > 0 {
            var slot = position - 1
            while slot >= head, !meets(slot, Int(operation.condition), revisions) { slot -= 1 }
            if slot >= head { result = .duration(microseconds: now - time(slot)) }
        }
        result.isPartial = result.isMissing && lastDropped != .min
        return result
    }

    func streak(_ streak: Layout.Streak, _ position: Int, _ revisions: borrowing Revisions) -> FoundStreak {
        var found = FoundStreak()
        var slot = position
        while slot > head {
            slot -= 1
            let state = UInt64(state(slot, revisions))
            if streak.among >= 0, condition(slot, streak.among) >> state & 1 == 0 { continue }
            let mask = condition(slot, streak.condition)
            // The bits above the states' tell whether the condition has a value.
            if mask >> (state + UInt64(KnowledgeState.count)) & 1 == 0 { continue }
            if mask >> state & 1 == 0 {
                found.end = time(slot)
                break
            }
            found.count += 1
            found.earliest = time(slot)
        }
        return found
    }

    func answerStreak(_ operation: Layout.Operation, _ now: Int64, _ found: FoundStreak) -> HistoryValue {
        var result = HistoryValue.missing
        switch operation.code {
        case .streak: result = .int(Int64(found.count))
        case .streakAge: if found.count > 0 { result = .duration(microseconds: now - found.earliest) }
        default: if found.count > 0, let end = found.end { result = .duration(microseconds: now - end) }
        }
        result.isPartial = found.end == nil && lastDropped != .min
        return result
    }
}
