// One entity, opened: its record and its chunk of events, and the moves of its windows over them. Slots are counted
// from the chunk's front; those before `head` are dead but hold what they held until the events move to the front.

/// What a payment brings.
struct Payment: ~Escapable {
    let key: UInt64
    let time: Int64
    let measures: Span<Int64>
    let columns: Span<UInt64>

    @_lifetime(copy measures, copy columns)
    init(key: UInt64, time: Int64, measures: Span<Int64>, columns: Span<UInt64>) {
        self.key = key
        self.time = time
        self.measures = measures
        self.columns = columns
    }
}

/// Where a payment stands among its entity's events: worked out by the reads, used by the insertion.
struct Scratch: Sendable {
    /// Where it belongs: the slot behind the last event that is not later.
    var position = 0
    /// Starts of the windows at its time, and the distinct counters of the windows.
    var starts: [Int]
    var counters: [Int]
    /// For each sum that is read, what its window adds up to without the payment and with it.
    var tallies: [Tally]
    /// For each column the nearest events with its value before and from `position`; -1 is none. A payment that lacks
    /// the column has `noValue` as its previous event: it is new to no window.
    var previous: [Int]
    var following: [Int]
    static let noValue = Int.max

    init(layout: Layout) {
        starts = Array(repeating: 0, count: layout.windows.count)
        counters = Array(repeating: 0, count: layout.counterColumns.count)
        tallies = Array(repeating: Tally(), count: 2 * layout.sums.count)
        previous = Array(repeating: -1, count: layout.columns.count)
        following = previous
    }

    /// Whether the payment's value of the column does not stand in a window that starts there.
    @inline(__always)
    func isNewValue(_ column: Int, start: Int) -> Bool { previous[column] < start }

    /// The events moved towards the front by so many slots.
    mutating func shift(by slots: Int) {
        position -= slots
        for column in previous.indices {
            if previous[column] != Self.noValue {
                previous[column] = max(previous[column] - slots, -1)
            }
            following[column] = max(following[column] - slots, -1)
        }
    }
}

/// Which slots of a chunk are in use, and how many there are.
struct Bounds {
    var head: Int
    var end: Int
    var capacity: Int

    var count: Int { end - head }

    init(head: Int, end: Int, capacity: Int) {
        self.head = head
        self.end = end
        self.capacity = capacity
    }

    @inline(__always)
    init(packed: UInt64) {
        head = Int(packed & 0xFFFF)
        end = Int(packed >> 16 & 0xFFFF)
        capacity = Int(packed >> 32 & 0xFFFF)
    }

    var packed: UInt64 { UInt64(head) | UInt64(end) << 16 | UInt64(capacity) << 32 }
}

/// Events back to the same value, ahead to it; 0 is none.
struct Links {
    var back: Int
    var ahead: Int

    init(back: Int, ahead: Int) {
        self.back = back
        self.ahead = ahead
    }

    @inline(__always)
    init(packed: UInt32) {
        back = Int(packed & 0xFFFF)
        ahead = Int(packed >> 16)
    }

    var packed: UInt32 {
        @inline(__always) get { UInt32(truncatingIfNeeded: back & 0xFFFF | ahead << 16) }
    }
}

struct EntityView: ~Copyable, ~Escapable {
    var record: MutableSpan<UInt64>
    var page: MutableSpan<UInt64>
    let recordBase: Int
    let eventBase: Int
    let eventWords: Int
    let layout: Layout
    let capacity: Int
    var head: Int
    var end: Int

    /// Opens the record that starts at word `recordBase` of a page of records, and its chunk in a page of events.
    @_lifetime(copy record, copy page)
    init(
        record: consuming MutableSpan<UInt64>, recordBase: Int, page: consuming MutableSpan<UInt64>, layout: Layout
    ) {
        let bounds = Bounds(packed: record[recordBase + Layout.bounds])
        head = bounds.head
        end = bounds.end
        capacity = bounds.capacity
        eventBase = EventArena.Reference(packed: record[recordBase + Layout.chunk]).offset + 1
        eventWords = layout.eventWords
        self.recordBase = recordBase
        self.layout = layout
        self.record = record
        self.page = page
    }

    // MARK: Words

    var count: Int { end - head }
    var isEmpty: Bool { head == end }
    var hasIndex: Bool { capacity > EventArena.indexThreshold }

    var first: Int64 {
        get { Int64(bitPattern: record[recordBase + Layout.first]) }
        set { record[recordBase + Layout.first] = UInt64(bitPattern: newValue) }
    }

    /// The latest time of the events that were dropped; `Int64.min` when none was.
    var lastDropped: Int64 {
        get { Int64(bitPattern: record[recordBase + Layout.lastDropped]) }
        set { record[recordBase + Layout.lastDropped] = UInt64(bitPattern: newValue) }
    }

    mutating func storeBounds() {
        record[recordBase + Layout.bounds] = Bounds(head: head, end: end, capacity: capacity).packed
    }

    @inline(__always)
    func start(_ window: Int) -> Int { record.quarter(recordBase &+ layout.recordStarts, window) }

    @inline(__always)
    mutating func setStart(_ window: Int, _ slot: Int) {
        record.setQuarter(recordBase &+ layout.recordStarts, window, slot)
    }

    @inline(__always)
    func counter(_ number: Int) -> Int {
        record.quarter(recordBase &+ layout.recordStarts, layout.windows.count &+ number)
    }

    @inline(__always)
    mutating func setCounter(_ number: Int, _ value: Int) {
        record.setQuarter(recordBase &+ layout.recordStarts, layout.windows.count &+ number, value)
    }

    @inline(__always)
    func word(_ slot: Int) -> Int { eventBase &+ slot &* eventWords }

    @inline(__always)
    func time(_ slot: Int) -> Int64 { Int64(bitPattern: page[word(slot) &+ Layout.time]) }

    @inline(__always)
    func value(_ slot: Int, _ column: Int) -> UInt64 { page[word(slot) &+ layout.eventValues &+ column] }

    @inline(__always)
    func links(_ slot: Int, _ column: Int) -> Links {
        Links(packed: page.half(word(slot) &+ layout.eventPacked, layout.measures.count &+ column))
    }

    @inline(__always)
    mutating func setLinks(_ slot: Int, _ column: Int, _ links: Links) {
        page.setHalf(word(slot) &+ layout.eventPacked, layout.measures.count &+ column, links.packed)
    }

    /// What all events add up to.
    @inline(__always)
    func total(_ measure: Int) -> Tally {
        Tally(
            low: record[recordBase &+ Layout.recordTallies &+ measure],
            packed: record.half(recordBase &+ layout.recordPacked, measure))
    }

    @inline(__always)
    mutating func setTotal(_ measure: Int, _ tally: Tally) {
        record[recordBase &+ Layout.recordTallies &+ measure] = tally.low
        record.setHalf(recordBase &+ layout.recordPacked, measure, tally.packed)
    }

    /// What all events before the slot's add up to.
    @inline(__always)
    func tally(_ slot: Int, _ measure: Int) -> Tally {
        let word = word(slot)
        return Tally(
            low: page[word &+ Layout.eventTallies &+ measure], packed: page.half(word &+ layout.eventPacked, measure))
    }

    @inline(__always)
    mutating func setTally(_ slot: Int, _ measure: Int, _ tally: Tally) {
        let word = word(slot)
        page[word &+ Layout.eventTallies &+ measure] = tally.low
        page.setHalf(word &+ layout.eventPacked, measure, tally.packed)
    }

    // MARK: Windows

    /// The first slot whose event is later than `time`.
    func position(after time: Int64) -> Int {
        var low = head
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if self.time(middle) <= time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Moves the windows on to `time`, which no event is later than, and notes where they stand.
    mutating func advance(to time: Int64, _ scratch: inout Scratch) {
        scratch.position = end
        let windows = layout.windows
        for number in layout.counterColumns.indices {
            scratch.counters[number] = counter(number)
        }
        for window in windows.indices {
            let old = start(window)
            let limit = time &- windows[window]
            var slot = old
            while slot < end, self.time(slot) <= limit {
                slot &+= 1
            }
            scratch.starts[window] = slot
            if slot != old {
                setStart(window, slot)
                leave(window, old..<slot, &scratch)
            }
        }
    }

    /// Takes the values that stand nowhere behind the slots, which a window has passed, from its counters.
    private mutating func leave(_ window: Int, _ slots: Range<Int>, _ scratch: inout Scratch) {
        for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
            let column = layout.counterColumns[number]
            var count = scratch.counters[number]
            for slot in slots where isLast(slot, column) {
                count &-= 1
            }
            scratch.counters[number] = count
            setCounter(number, count)
        }
    }

    /// Whether the event has a value of the column that no later event has.
    @inline(__always)
    private func isLast(_ slot: Int, _ column: Int) -> Bool {
        value(slot, column) != Aggregates.missingColumn && links(slot, column).ahead == 0
    }

    /// Works out where the windows stood at `time`, earlier than the newest event: the running ones stay.
    func lookBack(to time: Int64, _ scratch: inout Scratch) {
        let position = position(after: time)
        scratch.position = position
        for window in layout.windows.indices {
            let slot = min(self.position(after: time - layout.windows[window]), position)
            scratch.starts[window] = slot
            let running = start(window)
            let steps = abs(running - slot) + (end - position)
            for number in layout.counterStarts[window]..<layout.counterStarts[window + 1] {
                let column = layout.counterColumns[number]
                scratch.counters[number] =
                    steps < position - slot
                    ? moved(counter(number), column, from: running, to: slot, end: position)
                    : counted(column, slot, position)
            }
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

    /// Sums up the windows where they stand, without the payment and with it.
    func sumUp(_ payment: borrowing Payment, _ scratch: inout Scratch) {
        for number in layout.sums.indices {
            let sum = layout.sums[number]
            let measure = sum.measure
            let position = scratch.position
            let start = scratch.starts[sum.window]
            let value = payment.measures[layout.measures[measure]]
            var tally = Tally()
            if start < position {
                tally = (position == end ? total(measure) : self.tally(position, measure))
                    .since(self.tally(start, measure))
            }
            scratch.tallies[2 &* number] = tally
            if value != Aggregates.missingMeasure {
                tally.add(value)
            }
            scratch.tallies[2 &* number &+ 1] = tally
        }
    }

    /// Finds the payment's values among the events.
    func findNeighbours(_ payment: borrowing Payment, _ scratch: inout Scratch) {
        for column in layout.columns.indices {
            let value = payment.columns[layout.columns[column]]
            guard value != Aggregates.missingColumn else {
                scratch.previous[column] = Scratch.noValue
                scratch.following[column] = -1
                continue
            }
            var slot = lastSlot(of: value, column)
            var following = -1
            while slot >= scratch.position {
                following = slot
                let back = links(slot, column).back
                slot = back == 0 || slot - back < head ? -1 : slot - back
            }
            scratch.previous[column] = slot
            scratch.following[column] = following
        }
    }

    private func lastSlot(of value: UInt64, _ column: Int) -> Int {
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
