// What is known of an entity's events. An event holds the number of its state as of the entity's present; its
// revisions say when it was in which. A state changes when something is told that is known by then, when the present
// reaches the time at which something told before becomes known, and when an unlabelled payment matures.
//
//   knowledge   state in 5 bits | bit 5: something becomes known later | from bit 32: the first revision's node

extension EntityView {
    private static var stateBits: UInt64 { 31 }
    private static var pendingBit: UInt64 { 1 << 5 }
    private static var listBits: UInt64 { 0xFFFF_FFFF_0000_0000 }

    @inline(__always)
    private func knowledge(_ slot: Int) -> UInt64 { page[word(slot) &+ Layout.knowledge] }

    func firstRevision(_ slot: Int) -> UInt32 { UInt32(truncatingIfNeeded: knowledge(slot) >> 32) }

    /// An event's state at the present.
    @inline(__always)
    func state(_ slot: Int) -> Int {
        layout.isLabelled ? Int(truncatingIfNeeded: knowledge(slot) & Self.stateBits) : 0
    }

    /// Whether something that was told of an event is not known yet at the present.
    func isPending(_ slot: Int) -> Bool { layout.isLabelled && knowledge(slot) & Self.pendingBit != 0 }

    /// An event's state as the reads are to see it.
    @inline(__always)
    func state(_ slot: Int, _ revisions: borrowing Revisions) -> Int {
        knowledgeTime == .max ? state(slot) : found(slot, at: knowledgeTime, revisions).state
    }

    /// An event's state at a time, and when it may next change.
    private func found(_ slot: Int, at time: Int64, _ revisions: borrowing Revisions) -> (state: Int, next: Int64) {
        let known = revisions.known(firstRevision(slot), at: time)
        var label = known.label ?? 0
        if known.label == nil, let maturity = layout.maturity, self.time(slot) &+ maturity <= time {
            label = Int(LabelState.legitimate.rawValue)
        }
        return (label * 6 + known.outcome, known.next)
    }

    /// Looks an event's state up for the time, and carries a change to the windows where they stand.
    private mutating func update(_ slot: Int, at time: Int64, _ revisions: borrowing Revisions) {
        let old = state(slot)
        let (new, next) = found(slot, at: time, revisions)
        nextChange = min(nextChange, next)
        let pending = next == .max ? 0 : Self.pendingBit
        page[word(slot) + Layout.knowledge] = knowledge(slot) & Self.listBits | pending | UInt64(new)
        guard new != old else { return }
        lastChange = time
        for number in layout.groups.indices where layout.groups[number].condition >= 0 {
            let group = layout.groups[number]
            guard slot >= start(group.window) else { continue }
            let was = belongs(slot, group, old)
            let isNow = belongs(slot, group, new)
            if was, !isNow { leave(slot, group) }
            if isNow, !was { enter(slot, group) }
        }
    }

    /// Brings all states to `time`, not before the present, while the windows stand where they did.
    mutating func advanceKnowledge(to time: Int64, _ revisions: borrowing Revisions) {
        if nextChange <= time {
            nextChange = .max
            // A state may also have changed and changed back since the present.
            lastChange = time
            for slot in head..<end where knowledge(slot) & Self.pendingBit != 0 {
                update(slot, at: time, revisions)
            }
        }
        guard let maturity = layout.maturity else { return }
        let pointer = layout.windows.count
        let old = start(pointer)
        var slot = old
        while slot < end, self.time(slot) &+ maturity <= time {
            update(slot, at: time, revisions)
            slot &+= 1
        }
        if slot != old { setStart(pointer, slot) }
    }

    /// The slot of a payment; nil if it is not kept.
    func slot(time: Int64, ticket: UInt64) -> Int? {
        var slot = position(after: time) - 1
        while slot >= head, self.time(slot) == time {
            if page[word(slot) + Layout.ticket] == ticket { return slot }
            slot -= 1
        }
        return nil
    }

    /// Adds what was told of an event.
    mutating func learn(
        _ slot: Int, _ told: Aggregates.Knowledge, knownAt: Int64, _ revisions: inout Revisions
    ) {
        let first = revisions.insert(firstRevision(slot), told, knownAt: knownAt)
        page[word(slot) + Layout.knowledge] = knowledge(slot) & ~Self.listBits | UInt64(first) << 32
        update(slot, at: present, revisions)
        // Whatever the state is now, it may have been another between what is known and the present.
        if knownAt <= present { lastChange = present }
    }

    /// A new event enters at the present, nothing being told of it yet.
    mutating func enterKnowledge(_ slot: Int, ticket: UInt64) {
        page[word(slot) + Layout.ticket] = ticket
        page[word(slot) + Layout.knowledge] = 0
        guard let maturity = layout.maturity else { return }
        let pointer = layout.windows.count
        let isMature = time(slot) &+ maturity <= present
        if isMature {
            page[word(slot) + Layout.knowledge] = UInt64(KnowledgeState(label: .legitimate).index)
            lastChange = present
        }
        // An event that enters before the pointer has matured, as those around it.
        if isMature { setStart(pointer, start(pointer) + 1) }
    }

    /// Writes an event's revisions back as they were told, with nothing known yet.
    mutating func restoreKnowledge(_ slot: Int, first: UInt32) {
        page[word(slot) + Layout.knowledge] = UInt64(first) << 32
    }

    /// Finds all states anew, with no regard for the windows.
    mutating func recountKnowledge(_ revisions: borrowing Revisions) {
        nextChange = .max
        lastChange = present
        for slot in head..<end {
            let (state, next) = found(slot, at: present, revisions)
            nextChange = min(nextChange, next)
            let pending = next == .max ? 0 : Self.pendingBit
            page[word(slot) + Layout.knowledge] = knowledge(slot) & Self.listBits | pending | UInt64(state)
        }
        if let maturity = layout.maturity {
            setStart(layout.windows.count, position(after: present - maturity))
        }
    }
}
