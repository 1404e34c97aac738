// The index of a column in a large chunk: open addressing with linear probing, value -> the slot of its last event, as
// that slot plus one in 16 bits; 0 is empty. Values whose events all left stay until the events move to the front,
// when it is made anew: every entry names another slot of the chunk, so it never fills beyond a half.

extension EntityView {
    private func indexBase(_ column: Int) -> Int {
        eventBase + capacity * eventWords + column * EventArena.indexWords(capacity: capacity)
    }

    /// The slot that an entry names, -1 when it is empty.
    private func indexed(_ base: Int, _ entry: Int) -> Int { page.quarter(base, entry) - 1 }

    private func home(of value: UInt64, mask: Int) -> Int { Int(truncatingIfNeeded: mixed(value) >> 32) & mask }

    /// The entry of a value, or the empty one where it would stand.
    private func entry(of value: UInt64, _ column: Int) -> Int {
        let base = indexBase(column)
        let mask = EventArena.indexSlots(capacity: capacity) - 1
        var position = home(of: value, mask: mask)
        while true {
            let slot = indexed(base, position)
            if slot < 0 || self.value(slot, column) == value { return position }
            position = (position + 1) & mask
        }
    }

    /// The slot of the value's last event, -1 when there is none; it may be dead.
    func indexedSlot(of value: UInt64, _ column: Int) -> Int {
        indexed(indexBase(column), entry(of: value, column))
    }

    mutating func index(_ value: UInt64, _ column: Int, slot: Int) {
        page.setQuarter(indexBase(column), entry(of: value, column), slot + 1)
    }

    /// An entry follows its event from `slot` to the next one.
    mutating func indexMoved(_ value: UInt64, _ column: Int, from slot: Int) {
        let base = indexBase(column)
        let mask = EventArena.indexSlots(capacity: capacity) - 1
        var position = home(of: value, mask: mask)
        while indexed(base, position) != slot {
            position = (position + 1) & mask
        }
        page.setQuarter(base, position, slot + 2)
    }

    /// Makes the indexes anew from the events.
    mutating func rebuildIndexes() {
        guard hasIndex else { return }
        let words = EventArena.indexWords(capacity: capacity)
        for column in layout.columns.indices {
            let base = indexBase(column)
            for word in base..<base + words {
                page[word] = 0
            }
            for slot in head..<end where links(slot, column).ahead == 0 {
                let value = value(slot, column)
                if value != Aggregates.missingColumn {
                    index(value, column, slot: slot)
                }
            }
        }
    }
}
