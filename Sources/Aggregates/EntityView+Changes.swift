// What changes an entity's events: one enters where it belongs, the oldest leave, all move to the front of the chunk.

extension EntityView {
    /// Drops events that no read within the lateness can reach any more. The windows have passed them already.
    ///
    /// - Returns: How many.
    mutating func dropEvents(upTo horizon: Int64, _ revisions: inout Revisions) -> Int {
        let old = head
        while head < end, time(head) <= horizon {
            forgetOldest(&revisions)
        }
        return head - old
    }

    /// Drops the oldest event because there are too many: windows that hold it lose it.
    mutating func dropOldest(_ revisions: inout Revisions) {
        for window in layout.windows.indices where start(window) == head {
            leave(window, head..<head + 1)
            setStart(window, head + 1)
        }
        forgetOldest(&revisions)
    }

    private mutating func forgetOldest(_ revisions: inout Revisions) {
        lastDropped = max(lastDropped, time(head))
        for number in layout.decayed.indices {
            decayDropped(number, head)
        }
        if layout.isLabelled {
            revisions.release(firstRevision(head))
            if layout.maturity != nil, start(layout.windows.count) == head {
                setStart(layout.windows.count, head + 1)
            }
        }
        head += 1
    }

    /// Moves the events to the front of the chunk.
    mutating func moveToFront() {
        let words = count * eventWords
        let source = word(head)
        let target = eventBase
        page.withUnsafeMutableBufferPointer { page in
            _ = page.extracting(target..<target + words)
                .update(fromContentsOf: page.extracting(source..<source + words))
        }
        moved(by: head)
        rebuildIndexes()
    }

    /// The events stand so many slots further to the front.
    mutating func moved(by slots: Int) {
        head -= slots
        end -= slots
        for pointer in 0..<layout.pointerCount {
            setStart(pointer, start(pointer) - slots)
        }
        storeBounds()
    }

    /// Puts the payment where `scratch` says that it belongs.
    ///
    /// - Precondition: There is room behind the last event, and the present is not before the payment.
    mutating func insert(_ payment: borrowing Payment, _ scratch: borrowing Scratch) {
        let position = scratch.position
        let isLate = payment.time < present
        if isLate {
            enterCountersLate(payment, scratch)
        } else {
            enterCounters(scratch)
        }
        for number in layout.decayed.indices {
            decayAdded(number, payment)
        }
        if position < end { openGap(at: position) }
        write(payment, at: position)
        end += 1
        for column in layout.columns.indices {
            link(payment.columns[layout.columns[column]], column, at: position, scratch)
        }
        if layout.isLabelled { enterKnowledge(position, ticket: payment.ticket) }
        let groups = layout.groups
        for number in groups.indices {
            let group = groups[number]
            if !isLate || position >= start(group.window), belongs(position, group, state(position)) {
                enter(position, group)
            }
        }
        first = min(first, payment.time)
        storeBounds()
    }

    private mutating func write(_ payment: borrowing Payment, at position: Int) {
        let word = word(position)
        page[word &+ Layout.time] = UInt64(bitPattern: payment.time)
        for measure in layout.measures.indices {
            let value = layout.kinds[measure].normalized(payment.measures[layout.measures[measure]])
            page[word &+ layout.eventMeasures &+ measure] = UInt64(bitPattern: value)
        }
        for condition in layout.conditions.indices {
            page[word &+ layout.eventConditions &+ condition] = payment.conditions[layout.conditions[condition]].word
        }
    }

    /// Counts the payment's values, later than all others, in every window.
    private mutating func enterCounters(_ scratch: borrowing Scratch) {
        for window in layout.windows.indices {
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1]
            where scratch.isNewValue(layout.counterColumns[number], start: start(window)) {
                setCounter(number, counter(number) + 1)
            }
        }
    }

    /// Counts a late payment's values in the windows that hold its time, and moves on the starts of the others.
    private mutating func enterCountersLate(_ payment: borrowing Payment, _ scratch: borrowing Scratch) {
        for window in layout.windows.indices {
            let start = start(window)
            let isInside =
                scratch.position > start || scratch.position == start && payment.time > limit(window, at: present)
            guard isInside else {
                setStart(window, start + 1)
                continue
            }
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
                let column = layout.counterColumns[number]
                if scratch.following[column] < 0, scratch.isNewValue(column, start: start) {
                    setCounter(number, counter(number) + 1)
                }
            }
        }
    }

    /// Moves the events from `position` on back by one, with their links and index entries.
    private mutating func openGap(at position: Int) {
        var slot = end
        while slot > position {
            let source = word(slot - 1)
            let target = word(slot)
            for offset in 0..<eventWords {
                page[target + offset] = page[source + offset]
            }
            for column in layout.columns.indices {
                moveLinks(column, to: slot, gap: position)
            }
            slot -= 1
        }
    }

    /// The event at `slot` came from the slot before, over the gap: links across the gap grow by one.
    private mutating func moveLinks(_ column: Int, to slot: Int, gap: Int) {
        let value = value(slot, column)
        guard value != Aggregates.missingColumn else { return }
        var links = links(slot, column)
        let previous = slot - 1 - links.back
        if links.back != 0, previous < gap {
            links.back += 1
            setLinks(slot, column, links)
            if previous >= head {
                var other = self.links(previous, column)
                other.ahead += 1
                setLinks(previous, column, other)
            }
        }
        if links.ahead == 0, hasIndex {
            indexMoved(value, column, from: slot - 1)
        }
    }

    /// Writes the value of the event at `position` and ties it to its neighbours; those behind it moved on by one.
    private mutating func link(_ value: UInt64, _ column: Int, at position: Int, _ scratch: borrowing Scratch) {
        let following = scratch.following[column] < 0 ? -1 : scratch.following[column] + 1
        link(value, column, at: position, previous: scratch.previous[column], following: following)
    }

    private mutating func link(_ value: UInt64, _ column: Int, at position: Int, previous: Int, following: Int) {
        page[word(position) &+ layout.eventValues &+ column] = value
        guard value != Aggregates.missingColumn else {
            setLinks(position, column, Links(back: 0, ahead: 0))
            return
        }
        let back = previous < 0 ? 0 : position - previous
        let ahead = following < 0 ? 0 : following - position
        setLinks(position, column, Links(back: back, ahead: ahead))
        if previous >= 0 {
            setLinks(previous, column, Links(back: links(previous, column).back, ahead: back))
        }
        if following >= 0 {
            setLinks(following, column, Links(back: ahead, ahead: links(following, column).ahead))
        } else if hasIndex {
            index(value, column, slot: position)
        }
    }

    /// Puts an event behind the others as it was written; what is known of it and the windows are to follow.
    mutating func restore(_ words: Span<UInt64>) {
        let target = word(end)
        for word in 0..<layout.eventPacked { page[target &+ word] = words[word] }
        end += 1
        for column in layout.columns.indices {
            let value = words[layout.eventValues + column]
            end -= 1
            let previous = value == Aggregates.missingColumn ? -1 : lastSlot(of: value, column)
            end += 1
            link(value, column, at: end - 1, previous: previous, following: -1)
        }
    }
}
