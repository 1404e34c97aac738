// The moves of an entity's windows over its events: on with its present, and back for a payment that is late.

extension EntityView {
    /// Moves the present to `time`, which is not before it: payments that grew too old leave their windows.
    mutating func advance(to time: Int64, _ revisions: borrowing Revisions) {
        if layout.isLabelled { advanceKnowledge(to: time, revisions) }
        for window in layout.windows.indices {
            let old = start(window)
            let limit = limit(window, at: time)
            var slot = old
            while slot < end, self.time(slot) <= limit {
                slot &+= 1
            }
            if slot != old {
                leave(window, old..<slot)
                setStart(window, slot)
            }
        }
        present = time
    }

    /// Whether the event has a value of the column that no later event has.
    @inline(__always)
    func isLast(_ slot: Int, _ column: Int) -> Bool {
        value(slot, column) != Aggregates.missingColumn && links(slot, column).ahead == 0
    }

    /// Takes the slots, the first of the window, from what it adds up to.
    mutating func leave(_ window: Int, _ slots: Range<Int>) {
        for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
            let column = layout.counterColumns[number]
            var count = counter(number)
            for slot in slots where isLast(slot, column) {
                count &-= 1
            }
            setCounter(number, count)
        }
        for number in layout.groupStarts[window]..<layout.groupStarts[window + 1] {
            let group = layout.groups[number]
            for slot in slots where belongs(slot, group, state(slot)) {
                leave(slot, group)
            }
        }
    }

    /// Moves the windows of a record's copy back to `time`, before the present.
    ///
    /// - Returns: Where a payment of that time belongs.
    mutating func lookBack(to time: Int64, _ revisions: borrowing Revisions) -> Int {
        let position = position(after: time)
        if layout.isLabelled, time < lastChange { knowledgeTime = time }
        for window in layout.windows.indices {
            let slot = min(self.position(after: limit(window, at: time)), position)
            let running = start(window)
            let steps = abs(running - slot) + (end - position)
            let isNear = steps < position - slot
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
                let column = layout.counterColumns[number]
                setCounter(
                    number,
                    isNear
                        ? moved(counter(number), column, from: running, to: slot, end: position)
                        : counted(column, slot, position))
            }
            for number in layout.groupStarts[window]..<layout.groupStarts[window + 1] {
                let group = layout.groups[number]
                if isNear, group.condition < 0 || knowledgeTime == .max {
                    move(group, from: running, to: slot, end: position)
                } else {
                    recount(group, slot..<position, revisions)
                }
            }
            setStart(window, slot)
        }
        return position
    }

    /// A running group taken back to a window that starts earlier and ends earlier; states are those of the present.
    private mutating func move(_ group: Layout.Group, from running: Int, to start: Int, end: Int) {
        for slot in max(running, end)..<max(self.end, running) where belongs(slot, group, state(slot)) {
            leave(slot, group)
        }
        for slot in start..<max(start, min(running, end)) where belongs(slot, group, state(slot)) {
            enter(slot, group)
        }
    }

    /// Distinct values of the slots `start..<end`: those whose value does not stand before them.
    private func counted(_ column: Int, _ start: Int, _ end: Int) -> Int {
        var count = 0
        for slot in start..<end where value(slot, column) != Aggregates.missingColumn {
            let back = links(slot, column).back
            if back == 0 || slot - back < start {
                count += 1
            }
        }
        return count
    }

    /// A running counter taken back to a window that starts earlier and ends earlier.
    private func moved(_ counter: Int, _ column: Int, from running: Int, to start: Int, end: Int) -> Int {
        var count = counter
        for slot in start..<max(running, start) where isLast(slot, column) {
            count += 1
        }
        for slot in end..<self.end where value(slot, column) != Aggregates.missingColumn {
            let back = links(slot, column).back
            if back == 0 || slot - back < start {
                count -= 1
            }
        }
        return count
    }

    /// Works all windows out anew for the present.
    mutating func recountWindows(_ revisions: borrowing Revisions) {
        for window in layout.windows.indices {
            let slot = position(after: limit(window, at: present))
            setStart(window, slot)
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
                setCounter(number, counted(layout.counterColumns[number], slot, end))
            }
            for number in layout.groupStarts[window]..<layout.groupStarts[window + 1] {
                recount(layout.groups[number], slot..<end, revisions)
            }
        }
    }

    /// Finds the payment's values among the events.
    func findNeighbours(_ payment: borrowing Payment, _ scratch: inout Scratch) {
        for column in layout.columns.indices {
            let value = payment.columns[layout.columns[column]]
            scratch.values[column] = value
            guard value != Aggregates.missingColumn else {
                scratch.previous[column] = Scratch.noValue
                scratch.following[column] = -1
                continue
            }
            var slot = lastSlot(of: value, column)
            var following = -1
            while slot >= scratch.position {
                following = slot
                slot = previous(slot, column)
            }
            scratch.previous[column] = slot
            scratch.following[column] = following
        }
    }

    /// The event before with the same value, -1 when there is none.
    @inline(__always)
    func previous(_ slot: Int, _ column: Int) -> Int {
        let back = links(slot, column).back
        return back == 0 || slot - back < head ? -1 : slot - back
    }

    func lastSlot(of value: UInt64, _ column: Int) -> Int {
        if hasIndex {
            let slot = indexedSlot(of: value, column)
            return slot >= head ? slot : -1
        }
        var slot = end - 1
        while slot >= head, self.value(slot, column) != value {
            slot -= 1
        }
        return slot >= head ? slot : -1
    }
}
