// The parts below the histories: the index of keys, the chunks of events, the sums, and what a steady state costs.
import Testing

@testable import Aggregates

@Suite struct StorageTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the index of keys equals a dictionary, through growth and removal`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var index = KeyIndex()
        var keys: [UInt64] = []
        var twin: [UInt64: Int] = [:]
        for _ in 0..<40_000 {
            let key = UInt64.random(in: 0..<6_000, using: &random)
            let place = KeyIndex.Place(key)
            let found = index.find(place) { keys[$0] == key }
            #expect(found == twin[key], "key \(key), seed \(seed)")
            if let entity = found {
                if Bool.random(using: &random) {
                    index.remove(place, entity: entity)
                    twin[key] = nil
                }
            } else {
                keys.append(key)
                index.insert(place, entity: keys.count - 1)
                twin[key] = keys.count - 1
            }
        }
    }

    @Test func `keys whose mixed bits agree in a shard are told apart by the key itself`() {
        // No two such keys are known, so the places are made alike by hand.
        var index = KeyIndex()
        let place = KeyIndex.Place(7)
        for entity in 0..<40 {
            index.insert(place, entity: entity)
        }
        index.remove(place, entity: 11)
        for entity in 0..<40 {
            #expect(index.find(place) { $0 == entity } == (entity == 11 ? nil : entity))
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `chunks keep what they hold while others come and go, and leave no gap`(seed: UInt64) throws {
        let read = HistoryRead.distinct(column: 0, windowMicroseconds: 1)
        let layout = Layout(plan: EntityPlan(name: "card", reads: [.init(read)], distinctColumnCount: 1))
        var arena = EventArena(layout: layout, eventsPerEntity: 1_000)
        var random = SplitMix64(seed: seed)
        var owned: [Int: (reference: EventArena.Reference, capacity: Int)] = [:]
        for owner in 0..<6_000 {
            let wanted = Int.random(in: 1...(owner % 50 == 0 ? 1_000 : 40), using: &random)
            let capacity = arena.capacity(for: wanted)
            #expect(capacity >= wanted && capacity <= max(8, wanted + wanted / 4 + 1))
            let reference = arena.allocate(capacity: capacity, owner: owner)
            arena.pages[reference.page][reference.offset + capacity * layout.eventWords] = UInt64(owner) * 3
            owned[owner] = (reference, capacity)
            guard owned.count > 500 else { continue }
            let leaver = try #require(owned.keys.sorted().randomElement(using: &random))
            let removed = owned.removeValue(forKey: leaver)
            let left = try #require(removed)
            if let moved = arena.release(left.reference, capacity: left.capacity) {
                owned[moved]?.reference = left.reference
            }
        }
        for (owner, chunk) in owned {
            let last = chunk.reference.offset + chunk.capacity * layout.eventWords
            #expect(arena.pages[chunk.reference.page][chunk.reference.offset] == UInt64(owner))
            #expect(arena.pages[chunk.reference.page][last] == UInt64(owner) * 3)
        }
        let used = owned.values.reduce(0) { $0 + 1 + $1.capacity * layout.eventWords } * 8
        let sizes = Set(owned.values.map(\.capacity)).count
        #expect(arena.bytes < used * 5 / 4 + (sizes + 16) * EventArena.pageWords * 8)
        let bytes = arena.bytes
        while let owner = owned.keys.min(), let chunk = owned.removeValue(forKey: owner) {
            if let moved = arena.release(chunk.reference, capacity: chunk.capacity) {
                owned[moved]?.reference = chunk.reference
            }
        }
        for owner in 0..<500 {
            _ = arena.allocate(capacity: 4, owner: owner)
        }
        #expect(arena.bytes <= bytes)
    }

    @Test func `every capacity is the smallest that holds its events`() {
        let layout = Layout(plan: EntityPlan(name: "card", reads: []))
        var arena = EventArena(layout: layout, eventsPerEntity: AggregateLimits.maximumEventsPerEntity)
        var before = 0
        for events in 1...43_000 {
            let capacity = arena.capacity(for: events)
            if events > before {
                #expect(capacity >= events && capacity <= max(8, events + events / 4))
                // The size exists.
                _ = arena.release(arena.allocate(capacity: capacity, owner: 1), capacity: capacity)
                before = capacity
            } else {
                #expect(capacity == before)
            }
        }
        #expect(before < 1 << 16)
    }

    @Test func `memory follows use: a burst that grew old leaves none behind`() {
        let window: Int64 = 1_000
        let plan = EntityPlan(name: "ip", reads: [.init(.count(windowMicroseconds: window))])
        let limits = AggregateLimits(allowedLatenessMicroseconds: 0)
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
        _ = histories.observe(0, Event(time: 0))
        let before = histories.statistics.bytes
        for _ in 0..<10_000 {
            _ = histories.observe(0, Event(time: 1))
        }
        #expect(histories.statistics.bytes > before + 100_000)
        _ = histories.observe(0, Event(time: window * 2))
        #expect(histories.statistics.events == 1)
        // Pages of the sizes that it went through are kept for others.
        #expect(histories.statistics.bytes < before + 50 * EventArena.pageWords * 8)
        #expect(histories.statistics.bytes > 0)
    }

    @Test func `entities that are alike each weigh the mean, and a heavy one moves the median little`() {
        let plan = EntityPlan(name: "card", reads: [.init(.count(windowMicroseconds: 1_000))])
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]))
        #expect(histories.medianEntityBytes == 0)
        for key in 1...100 as ClosedRange<UInt64> { _ = histories.observe(0, Event(key: key, time: 0)) }
        #expect(histories.medianEntityBytes == histories.statistics.bytes / 100)
        for time in 0..<1_000 as Range<Int64> { _ = histories.observe(0, Event(key: 1, time: time)) }
        #expect(histories.statistics.bytes / 100 > histories.medianEntityBytes)
    }

    @Test func `a plan that cannot be kept is refused with its reason`() {
        func error(_ reads: [HistoryRead], measures: Int = 1, columns: Int = 1) -> HistoryPlanError? {
            let entity = EntityPlan(
                name: "card", reads: reads.map { .init($0) }, measureCount: measures, distinctColumnCount: columns)
            do throws(HistoryPlanError) {
                try HistoryPlan(entities: [entity]).validate()
                return nil
            } catch {
                return error
            }
        }
        let longest = HistoryPlan.maximumWindowMicroseconds
        let most = HistoryPlan.maximumWindowsPerEntity
        func windows(_ count: Int) -> [HistoryRead] { (1...count).map { .count(windowMicroseconds: Int64($0)) } }
        #expect(error([.sum(measure: 0, windowMicroseconds: longest)]) == nil)
        #expect(error([.sum(measure: 1, windowMicroseconds: 1)]) == .unknownMeasure(1, entity: "card"))
        #expect(error([.distinct(column: -1, windowMicroseconds: 1)]) == .unknownColumn(-1, entity: "card"))
        for window in [0, longest + 1] {
            #expect(
                error([.count(windowMicroseconds: window)]) == .windowOutOfRange(microseconds: window, entity: "card"))
        }
        #expect(error(windows(most)) == nil)
        #expect(error(windows(most + 1)) == .tooMany("windows", count: most + 1, limit: most, entity: "card"))
        #expect(error([], measures: 64, columns: 64) == nil)
        #expect(error([], measures: 65) == .tooMany("measures", count: 65, limit: 64, entity: "card"))
        #expect(error([], columns: 65) == .tooMany("columns", count: 65, limit: 64, entity: "card"))
        let reads = HistoryPlan.maximumReadsPerEntity
        #expect(error(Array(repeating: .sinceLast, count: reads)) == nil)
        #expect(
            error(Array(repeating: .sinceLast, count: reads + 1))
                == .tooMany("reads", count: reads + 1, limit: reads, entity: "card"))
    }
}
