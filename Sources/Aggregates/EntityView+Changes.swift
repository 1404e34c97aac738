// What changes an entity's events: one enters where it belongs, the oldest leave, all move to the front of the chunk.

extension EntityView {
    /// Drops events that no read within the lateness can reach any more. The windows have passed them already.
    ///
    /// - Returns: How many.
    mutating func dropEvents(upTo horizon: Int64) -> Int {
        let old = head
        while head < end, time(head) <= horizon {
            lastDropped = max(lastDropped, time(head))
            head += 1
        }
        return head - old
    }

    /// Drops the oldest event because there are too many: windows that hold it lose it.
    mutating func dropOldest() {
        for window in layout.windows.indices where start(window) == head {
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
                let column = layout.counterColumns[number]
                if value(head, column) != Aggregates.missingColumn, links(head, column).ahead == 0 {
                    setCounter(number, counter(number) - 1)
                }
            }
            setStart(window, head + 1)
        }
        lastDropped = max(lastDropped, time(head))
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
        for window in layout.windows.indices {
            setStart(window, start(window) - slots)
        }
        storeBounds()
    }

    /// Puts the payment where `scratch` says that it belongs.
    ///
    /// - Precondition: There is room behind the last event.
    mutating func insert(_ payment: borrowing Payment, _ scratch: borrowing Scratch) {
        let position = scratch.position
        if position < end {
            enterWindowsLate(payment, scratch, newest: time(end - 1))
            openGap(at: position, payment)
        } else {
            enterWindows(scratch)
        }
        page[word(position) &+ Layout.time] = UInt64(bitPattern: payment.time)
        for measure in layout.measures.indices {
            // In time order the tally before the event is the total so far; in a gap it is that of the event after it,
            // which `openGap` left in place.
            var total = total(measure)
            if position == end {
                setTally(position, measure, total)
            }
            let value = payment.measures[layout.measures[measure]]
            if value != Aggregates.missingMeasure {
                total.add(value)
                setTotal(measure, total)
            }
        }
        end += 1
        for column in layout.columns.indices {
            link(payment.columns[layout.columns[column]], column, at: position, scratch)
        }
        first = min(first, payment.time)
        storeBounds()
    }

    /// Counts the payment, later than all events, in every window.
    private mutating func enterWindows(_ scratch: borrowing Scratch) {
        for window in layout.windows.indices {
            let start = start(window)
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1]
            where scratch.isNewValue(layout.counterColumns[number], start: start) {
                setCounter(number, counter(number) + 1)
            }
        }
    }

    /// Counts a late payment in the running windows that hold its time, and moves on the starts of the others.
    private mutating func enterWindowsLate(
        _ payment: borrowing Payment, _ scratch: borrowing Scratch, newest: Int64
    ) {
        for window in layout.windows.indices {
            let start = start(window)
            let isInside =
                scratch.position > start
                || scratch.position == start && payment.time > newest - layout.windows[window]
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

    /// Moves the events from `position` on back by one, with their tallies, links and index entries; leaves a copy of
    /// the first in the gap.
    private mutating func openGap(at position: Int, _ payment: borrowing Payment) {
        var slot = end
        while slot > position {
            let source = word(slot - 1)
            let target = word(slot)
            for offset in 0..<eventWords {
                page[target + offset] = page[source + offset]
            }
            for measure in layout.measures.indices {
                let value = payment.measures[layout.measures[measure]]
                guard value != Aggregates.missingMeasure else { continue }
                var tally = tally(slot, measure)
                tally.add(value)
                setTally(slot, measure, tally)
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
        page[word(position) &+ layout.eventValues &+ column] = value
        guard value != Aggregates.missingColumn else {
            setLinks(position, column, Links(back: 0, ahead: 0))
            return
        }
        let previous = scratch.previous[column]
        let following = scratch.following[column] < 0 ? -1 : scratch.following[column] + 1
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
}
