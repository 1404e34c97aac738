// All entities of one kind: finds or makes an entity, answers its reads, adds the payment. An entity past the limit
// takes the place of the one that was least recently added to.

struct EntityTable: Sendable {
    let layout: Layout
    let limits: AggregateLimits
    var index = KeyIndex()
    var records: PagedWords
    var recency = RecencyList()
    var arena: EventArena
    var revisions = Revisions()
    var ladders: Ladders
    var counts = AggregateStatistics()
    private var scratch: Scratch
    /// A record to be moved back, and the record and the events of an entity never seen.
    private var shadow: [UInt64]
    private let emptyRecord: [UInt64]
    private var emptyPage: [UInt64] = [0]
    /// The entity that was found last, since a payment is read and then added.
    private var foundKey: UInt64 = 0
    private var foundEntity = -1

    /// From this capacity on a chunk shrinks when half of it is unused.
    static let smallestShrunkCapacity = 6
    /// Up to this capacity events move to the front of their chunk whenever that makes room.
    static let smallCapacity = 16

    init(plan: EntityPlan, assumeLegitimateAfter: Int64?, limits: AggregateLimits) {
        let layout = Layout(plan: plan, assumeLegitimateAfter: assumeLegitimateAfter)
        self.layout = layout
        self.limits = limits
        records = PagedWords(itemWords: layout.recordWords)
        arena = EventArena(layout: layout, eventsPerEntity: limits.eventsPerEntity)
        ladders = Ladders(layout: layout, limits: limits)
        scratch = Scratch(layout: layout)
        emptyRecord = layout.emptyRecord
        shadow = emptyRecord
    }

    var statistics: AggregateStatistics {
        var result = counts
        result.entities = records.count
        result.revisions = revisions.count
        result.bytes = index.bytes + records.bytes + recency.bytes + arena.bytes + revisions.bytes + ladders.bytes
        return result
    }

    private func check(_ payment: borrowing Payment) {
        precondition(payment.measures.count >= layout.measureCount, "a value for each measure of the plan")
        precondition(payment.columns.count >= layout.columnCount, "a value for each column of the plan")
        precondition(payment.conditions.count >= layout.conditionCount, "a value for each condition of the plan")
    }

    // MARK: Memory

    /// Finds an entity, so that the next call for it need not.
    mutating func locate(_ key: UInt64) {
        if find(key) == nil { foundEntity = -1 }
    }

    /// Touches what the next call for the located entity reads.
    ///
    /// - Returns: Something of it, to be kept, so that the compiler keeps the reads.
    func touchRecord() -> UInt64 {
        guard foundEntity >= 0 else { return 0 }
        return records[foundEntity, Layout.chunk] ^ records[foundEntity, layout.recordWords - 1]
            ^ recency.touchLinks(of: foundEntity)
    }

    /// Touches the events that the windows of the located entity begin with, and its newest.
    func touchEvents() -> UInt64 {
        guard foundEntity >= 0 else { return 0 }
        let chunk = EventArena.Reference(packed: records[foundEntity, Layout.chunk])
        let bounds = Bounds(packed: records[foundEntity, Layout.bounds])
        var sum = arena.pages[chunk.page][chunk.offset + 1 + max(bounds.end - 1, 0) * layout.eventWords]
        for pointer in 0..<layout.pointerCount {
            let word = records[foundEntity, layout.recordPacked + pointer >> 2]
            let slot = Int(truncatingIfNeeded: word >> (UInt64(pointer & 3) * 16) & 0xFFFF)
            if slot < bounds.capacity { sum ^= arena.pages[chunk.page][chunk.offset + 1 + slot * layout.eventWords] }
        }
        return sum
    }

    // MARK: Reads

    mutating func read(_ payment: borrowing Payment, results: inout MutableSpan<HistoryValue>, offset: Int) {
        check(payment)
        guard let entity = find(payment.key) else {
            readEmpty(payment, results: &results, offset: offset)
            return
        }
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        if payment.time < Int64(bitPattern: records[entity, Layout.present]) {
            var copy: [UInt64] = []
            swap(&copy, &shadow)
            defer { swap(&copy, &shadow) }
            for word in copy.indices { copy[word] = records[entity, word] }
            var view = EntityView(
                record: copy.mutableSpan, recordBase: 0, page: arena.pages[reference.page].mutableSpan,
                layout: layout)
            scratch.entity = -1
            scratch.position = view.lookBack(to: payment.time, revisions)
            view.findNeighbours(payment, &scratch)
            if view.answer(payment, &scratch, revisions, results: &results, offset: offset) {
                Self.reachBeyond(&view, payment, scratch, revisions, ladders, &counts, &results, offset)
            }
            return
        }
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        view.advance(to: payment.time, revisions)
        scratch.position = view.end
        view.findNeighbours(payment, &scratch)
        scratch.entity = entity
        scratch.time = payment.time
        if view.answer(payment, &scratch, revisions, results: &results, offset: offset) {
            Self.reachBeyond(&view, payment, scratch, revisions, ladders, &counts, &results, offset)
        }
    }

    /// Takes what the entity's buckets know to the answers that reached beyond its events.
    private static func reachBeyond(
        _ view: inout EntityView, _ payment: borrowing Payment, _ scratch: borrowing Scratch,
        _ revisions: borrowing Revisions, _ ladders: borrowing Ladders, _ counts: inout AggregateStatistics,
        _ results: inout MutableSpan<HistoryValue>, _ offset: Int
    ) {
        var found = (isPartial: true, isApproximate: false)
        if view.ladder != 0 {
            found = view.answerFromBuckets(
                payment, scratch, revisions, ladders[view.ladder], results: &results, offset: offset)
        }
        if found.isPartial { counts.partialObservations += 1 }
        if found.isApproximate { counts.approximateObservations += 1 }
    }

    private mutating func readEmpty(
        _ payment: borrowing Payment, results: inout MutableSpan<HistoryValue>, offset: Int
    ) {
        var copy: [UInt64] = []
        swap(&copy, &shadow)
        defer { swap(&copy, &shadow) }
        var page: [UInt64] = []
        swap(&page, &emptyPage)
        defer { swap(&page, &emptyPage) }
        for word in copy.indices { copy[word] = emptyRecord[word] }
        var view = EntityView(record: copy.mutableSpan, recordBase: 0, page: page.mutableSpan, layout: layout)
        scratch.entity = -1
        scratch.position = view.end
        view.findNeighbours(payment, &scratch)
        _ = view.answer(payment, &scratch, revisions, results: &results, offset: offset)
    }

    // MARK: Changes

    /// What to do with a payment once its place is known.
    private enum Step {
        case insert
        case makeRoom
        case leave
    }

    mutating func add(_ payment: borrowing Payment) {
        check(payment)
        let entity = findOrMake(payment.key)
        let isRead = scratch.isOf(payment, entity: entity, layout)
        scratch.entity = -1
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        switch Self.prepare(&view, payment, &scratch, isRead: isRead, limits, &revisions, &ladders, &counts) {
        case .leave:
            return
        case .insert:
            view.insert(payment, scratch)
            let count = view.count
            if view.capacity >= Self.smallestShrunkCapacity, count * 2 <= view.capacity {
                relocate(entity, capacity: arena.capacity(for: count + count / 4 + 1))
            }
        case .makeRoom:
            insertWithRoom(payment, entity)
        }
        counts.events += 1
    }

    /// Finds the payment's place, drops what is too old or too much, and says what is left to do.
    private static func prepare(
        _ view: inout EntityView, _ payment: borrowing Payment, _ scratch: inout Scratch, isRead: Bool,
        _ limits: AggregateLimits, _ revisions: inout Revisions, _ ladders: inout Ladders,
        _ counts: inout AggregateStatistics
    ) -> Step {
        let newest = view.isEmpty ? Int64.min : view.time(view.end - 1)
        if payment.time > view.present { view.advance(to: payment.time, revisions) }
        let isLate = payment.time < newest
        if isLate {
            if payment.time < newest - limits.allowedLatenessMicroseconds {
                counts.lateEventsBeyondLateness += 1
                return .leave
            }
            counts.lateEvents += 1
            scratch.position = view.position(after: payment.time)
        } else {
            scratch.position = view.end
            if !view.layout.keepsAllAges {
                let horizon = payment.time - limits.allowedLatenessMicroseconds - view.layout.longestWindow
                let dropped = view.dropEvents(upTo: horizon, &revisions)
                counts.events -= dropped
                if dropped > 0, view.ladder != 0 { view.forgetBuckets(upTo: horizon, &ladders) }
            }
        }
        if view.count == limits.eventsPerEntity {
            counts.droppedEvents += 1
            if isLate, scratch.position == view.head {
                // The payment itself is the oldest.
                view.fold(payment, &ladders)
                view.first = min(view.first, payment.time)
                view.lastDropped = max(view.lastDropped, payment.time)
                view.decayPassedOver(payment)
                return .leave
            }
            if view.isPending(view.head) { counts.missedRevisions += 1 }
            view.foldOldest(&ladders)
            view.dropOldest(&revisions)
            counts.events -= 1
        }
        if !isRead { view.findNeighbours(payment, &scratch) }
        if view.ladder != 0 { view.unfoldValues(payment, &ladders) }
        view.storeBounds()
        return view.end < view.capacity ? .insert : .makeRoom
    }

    /// As `Aggregates.learn`.
    mutating func learn(
        key: UInt64, time: Int64, ticket: UInt64, _ knowledge: Aggregates.Knowledge, knownAt: Int64
    ) -> Bool {
        guard layout.isLabelled, let entity = find(key) else { return false }
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        guard let slot = view.slot(time: time, ticket: ticket) else {
            if view.ladder != 0, time <= view.lastDropped { counts.missedRevisions += 1 }
            return false
        }
        view.learn(slot, knowledge, knownAt: knownAt, &revisions)
        return true
    }

    /// Moves the entity's events to the front of their chunk, or to a larger one, and adds the payment.
    private mutating func insertWithRoom(_ payment: borrowing Payment, _ entity: Int) {
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        let hasRoom =
            bounds.head > 0
            && (bounds.capacity <= Self.smallCapacity || bounds.count * 4 <= bounds.capacity * 3)
        if !hasRoom {
            relocate(entity, capacity: arena.capacity(for: bounds.capacity + 1))
        }
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        if hasRoom {
            view.moveToFront()
        }
        scratch.shift(by: bounds.head)
        view.insert(payment, scratch)
    }

    /// Moves the entity's events to the front of a chunk of another capacity.
    mutating func relocate(_ entity: Int, capacity: Int) {
        let old = EventArena.Reference(packed: records[entity, Layout.chunk])
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        let new = arena.allocate(capacity: capacity, owner: entity)
        arena.copy(
            words: bounds.count * layout.eventWords,
            from: .init(page: old.page, offset: old.offset + 1 + bounds.head * layout.eventWords),
            to: .init(page: new.page, offset: new.offset + 1))
        records[entity, Layout.chunk] = new.packed
        records[entity, Layout.bounds] =
            Bounds(
                head: bounds.head, end: bounds.end, capacity: capacity, ladder: bounds.ladder
            ).packed
        release(old, capacity: bounds.capacity)
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[new.page].mutableSpan, layout: layout)
        view.moved(by: bounds.head)
        view.rebuildIndexes()
    }

    private mutating func release(_ chunk: EventArena.Reference, capacity: Int) {
        if let owner = arena.release(chunk, capacity: capacity) {
            records[owner, Layout.chunk] = chunk.packed
        }
    }

    // MARK: Entities

    mutating func find(_ key: UInt64) -> Int? {
        if foundEntity >= 0, foundKey == key { return foundEntity }
        guard let entity = index.find(KeyIndex.Place(key), where: { records[$0, Layout.key] == key }) else {
            return nil
        }
        foundKey = key
        foundEntity = entity
        return entity
    }

    mutating func hasEntity(_ key: UInt64) -> Bool { find(key) != nil }

    mutating func findOrMake(_ key: UInt64) -> Int {
        if let entity = find(key) {
            recency.touch(entity)
            return entity
        }
        return make(key, capacity: 1)
    }

    /// Makes an entity of a key that has none, with a chunk for so many events.
    mutating func make(_ key: UInt64, capacity: Int) -> Int {
        let entity: Int
        if records.count < limits.entities {
            entity = records.append()
            _ = recency.append()
        } else {
            entity = recency.oldest
            evict(entity)
            recency.touch(entity)
        }
        index.insert(KeyIndex.Place(key), entity: entity)
        for word in emptyRecord.indices { records[entity, word] = emptyRecord[word] }
        records[entity, Layout.key] = key
        records[entity, Layout.chunk] = arena.allocate(capacity: capacity, owner: entity).packed
        records[entity, Layout.bounds] = Bounds(head: 0, end: 0, capacity: capacity, ladder: 0).packed
        foundKey = key
        foundEntity = entity
        return entity
    }

    /// Takes what an entity has from it as it leaves.
    private mutating func evict(_ entity: Int) {
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        let chunk = EventArena.Reference(packed: records[entity, Layout.chunk])
        counts.evictedEntities += 1
        scratch.entity = -1
        counts.events -= bounds.count
        if layout.isLabelled {
            for slot in bounds.head..<bounds.end {
                let word = chunk.offset + 1 + slot * layout.eventWords + Layout.knowledge
                revisions.release(UInt32(truncatingIfNeeded: arena.pages[chunk.page][word] >> 32))
            }
        }
        index.remove(KeyIndex.Place(records[entity, Layout.key]), entity: entity)
        release(chunk, capacity: bounds.capacity)
        if bounds.ladder != 0 { ladders.release(bounds.ladder) }
        foundEntity = -1
    }
}
