// All entities of one kind: finds or makes an entity, answers its reads, adds the payment. An entity past the limit
// takes the place of the one that was least recently seen.

struct EntityTable: Sendable {
    private let layout: Layout
    private let limits: AggregateLimits
    private var index = KeyIndex()
    private var records: PagedWords
    private var recency = RecencyList()
    private var arena: EventArena
    private var scratch: Scratch
    private var counts = AggregateStatistics()

    /// From this capacity on a chunk shrinks when half of it is unused.
    static let smallestShrunkCapacity = 6
    /// Up to this capacity events move to the front of their chunk whenever that makes room.
    static let smallCapacity = 16

    init(plan: EntityPlan, limits: AggregateLimits) {
        layout = Layout(plan: plan)
        self.limits = limits
        records = PagedWords(itemWords: layout.recordWords)
        arena = EventArena(layout: layout, eventsPerEntity: limits.eventsPerEntity)
        scratch = Scratch(layout: layout)
    }

    var statistics: AggregateStatistics {
        var result = counts
        result.entities = records.count
        result.bytes = index.bytes + records.bytes + recency.bytes + arena.bytes
        return result
    }

    /// What to do with a payment once it is answered.
    private enum Step {
        case insert
        case makeRoom
        case leave
    }

    mutating func observe(_ payment: borrowing Payment, results: inout MutableSpan<HistoryValue>, offset: Int) {
        precondition(payment.measures.count == layout.measureCount, "a value for each measure of the plan")
        precondition(payment.columns.count == layout.columnCount, "a value for each column of the plan")
        let entity = findOrMake(payment.key)
        let reference = EventArena.Reference(packed: records[entity, Layout.chunk])
        let page = records.page(of: entity)
        let base = records.offset(of: entity)
        var view = EntityView(
            record: records.pages[page].mutableSpan, recordBase: base,
            page: arena.pages[reference.page].mutableSpan, layout: layout)
        switch Self.answer(&view, payment, &scratch, limits, &counts, results: &results, offset: offset) {
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

    /// Answers the reads, drops what is too old or too much, and says what is left to do.
    private static func answer(
        _ view: inout EntityView, _ payment: borrowing Payment, _ scratch: inout Scratch, _ limits: AggregateLimits,
        _ counts: inout AggregateStatistics, results: inout MutableSpan<HistoryValue>, offset: Int
    ) -> Step {
        let newest = view.isEmpty ? Int64.min : view.time(view.end - 1)
        let isLate = payment.time < newest
        if isLate {
            view.lookBack(to: payment.time, &scratch)
        } else {
            view.advance(to: payment.time, &scratch)
        }
        view.findNeighbours(payment, &scratch)
        view.sumUp(payment, &scratch)
        if view.answer(payment, scratch, results: &results, offset: offset) {
            counts.partialObservations += 1
        }
        if isLate {
            if payment.time < newest - limits.allowedLatenessMicroseconds {
                counts.lateEventsBeyondLateness += 1
                return .leave
            }
            counts.lateEvents += 1
        } else {
            let horizon = payment.time - limits.allowedLatenessMicroseconds - view.layout.longestWindow
            counts.events -= view.dropEvents(upTo: horizon)
        }
        if view.count == limits.eventsPerEntity {
            counts.droppedEvents += 1
            if isLate, scratch.position == view.head {
                // The payment itself is the oldest.
                view.first = min(view.first, payment.time)
                view.lastDropped = max(view.lastDropped, payment.time)
                return .leave
            }
            view.dropOldest()
            counts.events -= 1
        }
        view.storeBounds()
        return view.end < view.capacity ? .insert : .makeRoom
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
    private mutating func relocate(_ entity: Int, capacity: Int) {
        let old = EventArena.Reference(packed: records[entity, Layout.chunk])
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        let new = arena.allocate(capacity: capacity, owner: entity)
        arena.copy(
            words: bounds.count * layout.eventWords,
            from: .init(page: old.page, offset: old.offset + 1 + bounds.head * layout.eventWords),
            to: .init(page: new.page, offset: new.offset + 1))
        records[entity, Layout.chunk] = new.packed
        records[entity, Layout.bounds] = Bounds(head: bounds.head, end: bounds.end, capacity: capacity).packed
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

    private mutating func findOrMake(_ key: UInt64) -> Int {
        let place = KeyIndex.Place(key)
        if let entity = index.find(place, where: { records[$0, Layout.key] == key }) {
            recency.touch(entity)
            return entity
        }
        let entity: Int
        if records.count < limits.entities {
            entity = records.append()
            _ = recency.append()
        } else {
            entity = recency.oldest
            evict(entity)
            recency.touch(entity)
        }
        index.insert(place, entity: entity)
        records[entity, Layout.key] = key
        records[entity, Layout.first] = UInt64(bitPattern: Int64.max)
        records[entity, Layout.lastDropped] = UInt64(bitPattern: Int64.min)
        records[entity, Layout.chunk] = arena.allocate(capacity: 1, owner: entity).packed
        records[entity, Layout.bounds] = Bounds(head: 0, end: 0, capacity: 1).packed
        return entity
    }

    /// Empties the record of an entity that leaves.
    private mutating func evict(_ entity: Int) {
        let bounds = Bounds(packed: records[entity, Layout.bounds])
        counts.evictedEntities += 1
        counts.events -= bounds.count
        index.remove(KeyIndex.Place(records[entity, Layout.key]), entity: entity)
        release(
            EventArena.Reference(packed: records[entity, Layout.chunk]),
            capacity: bounds.capacity)
        for word in 0..<layout.recordWords {
            records[entity, word] = 0
        }
    }
}
