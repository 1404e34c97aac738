// One entity, opened: its record and its chunk of events. Slots are counted from the chunk's front; those before
// `head` are dead but hold what they held until the events move to the front.
//
// The record says how things stood at the entity's present, the latest time at which it was read or added to. A read
// from then on moves the present; an earlier one is answered from a copy of the record that is moved back.

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
    /// The number of the entity's ladder; 0 without one.
    var ladder: Int
    /// States of knowledge are those of this time; `Int64.max` where those of the present will do.
    var knowledgeTime = Int64.max

    /// Opens the record that starts at word `recordBase` of a page of records, and its chunk in a page of events.
    @inline(__always)
    @_lifetime(copy record, copy page)
    init(
        record: consuming MutableSpan<UInt64>, recordBase: Int, page: consuming MutableSpan<UInt64>, layout: Layout
    ) {
        let bounds = Bounds(packed: record[recordBase + Layout.bounds])
        head = bounds.head
        end = bounds.end
        capacity = bounds.capacity
        ladder = bounds.ladder
        eventBase = EventArena.Reference(packed: record[recordBase + Layout.chunk]).offset + 1
        eventWords = layout.eventWords
        self.recordBase = recordBase
        self.layout = layout
        self.record = record
        self.page = page
    }

    // MARK: The record

    var count: Int { end - head }
    var isEmpty: Bool { head == end }
    var hasIndex: Bool { capacity > EventArena.indexThreshold }

    @inline(__always)
    private func signed(_ word: Int) -> Int64 { Int64(bitPattern: record[recordBase &+ word]) }

    var first: Int64 {
        get { signed(Layout.first) }
        set { record[recordBase + Layout.first] = UInt64(bitPattern: newValue) }
    }

    /// The latest time of the events that were dropped; `Int64.min` when none was.
    var lastDropped: Int64 {
        get { signed(Layout.lastDropped) }
        set { record[recordBase + Layout.lastDropped] = UInt64(bitPattern: newValue) }
    }

    var present: Int64 {
        get { signed(Layout.present) }
        set { record[recordBase + Layout.present] = UInt64(bitPattern: newValue) }
    }

    /// When the next thing that was told becomes known; `Int64.max` when nothing is.
    var nextChange: Int64 {
        get { signed(Layout.nextChange) }
        set { record[recordBase + Layout.nextChange] = UInt64(bitPattern: newValue) }
    }

    /// The present in which an event's state last changed: at times before it states have to be looked up.
    var lastChange: Int64 {
        get { signed(Layout.lastChange) }
        set { record[recordBase + Layout.lastChange] = UInt64(bitPattern: newValue) }
    }

    mutating func storeBounds() {
        record[recordBase + Layout.bounds] = Bounds(head: head, end: end, capacity: capacity, ladder: ladder).packed
    }

    /// A window's first slot; after the windows', the first slot that has not matured.
    @inline(__always)
    func start(_ pointer: Int) -> Int { record.quarter(recordBase &+ layout.recordPacked, pointer) }

    @inline(__always)
    mutating func setStart(_ pointer: Int, _ slot: Int) {
        record.setQuarter(recordBase &+ layout.recordPacked, pointer, slot)
    }

    @inline(__always)
    func counter(_ number: Int) -> Int {
        record.quarter(recordBase &+ layout.recordPacked, layout.pointerCount &+ number)
    }

    @inline(__always)
    mutating func setCounter(_ number: Int, _ value: Int) {
        record.setQuarter(recordBase &+ layout.recordPacked, layout.pointerCount &+ number, value)
    }

    // MARK: Events

    @inline(__always)
    func word(_ slot: Int) -> Int { eventBase &+ slot &* eventWords }

    @inline(__always)
    func time(_ slot: Int) -> Int64 { Int64(bitPattern: page[word(slot) &+ Layout.time]) }

    @inline(__always)
    func measure(_ slot: Int, _ measure: Int) -> Int64 {
        Int64(bitPattern: page[word(slot) &+ layout.eventMeasures &+ measure])
    }

    @inline(__always)
    func condition(_ slot: Int, _ condition: Int) -> UInt64 { page[word(slot) &+ layout.eventConditions &+ condition] }

    @inline(__always)
    func value(_ slot: Int, _ column: Int) -> UInt64 { page[word(slot) &+ layout.eventValues &+ column] }

    @inline(__always)
    func links(_ slot: Int, _ column: Int) -> Links {
        Links(packed: page.half(word(slot) &+ layout.eventPacked, column))
    }

    @inline(__always)
    mutating func setLinks(_ slot: Int, _ column: Int, _ links: Links) {
        page.setHalf(word(slot) &+ layout.eventPacked, column, links.packed)
    }

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

    /// The latest time that a window ending at `time` no longer holds.
    @inline(__always)
    func limit(_ window: Int, at time: Int64) -> Int64 {
        let length = layout.windows[window]
        return length == .max ? .min : time &- length
    }
}
