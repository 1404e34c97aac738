// The plain twin: every payment ever added stands in a sorted array, and each read filters it. What the service may no
// longer know is marked, not removed: a partial answer must be over the unmarked, any other over all.
@testable import Aggregates

struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

struct Event: Equatable {
    var key: UInt64 = 1
    var time: Int64
    var measures: [Int64] = []
    var columns: [UInt64] = []
}

extension Aggregates {
    /// The answers to one payment.
    mutating func observe(_ entity: Int = 0, _ event: Event) -> [HistoryValue] {
        var results = [HistoryValue](repeating: .missing, count: plan.entities[entity].reads.count)
        observe(
            entity: entity, key: event.key, timeMicroseconds: event.time, measures: event.measures.span,
            columns: event.columns.span, results: &results)
        return results
    }
}

struct Oracle {
    struct Past {
        var event: Event
        var isKept: Bool
    }
    struct Entity {
        var past: [Past] = []
        var lastDropped: Int64?
        var kept: Int { past.count(where: \.isKept) }
    }

    let plan: EntityPlan
    let limits: AggregateLimits
    var entities: [UInt64: Entity] = [:]
    var leastRecent: [UInt64] = []
    var statistics = AggregateStatistics()

    init(plan: EntityPlan, limits: AggregateLimits) {
        self.plan = plan
        self.limits = limits
    }

    mutating func observe(_ event: Event) -> [HistoryValue] {
        if let place = leastRecent.firstIndex(of: event.key) {
            leastRecent.remove(at: place)
        } else if leastRecent.count == limits.entities {
            entities[leastRecent.removeFirst()] = nil
            statistics.evictedEntities += 1
        }
        leastRecent.append(event.key)
        var entity = entities[event.key] ?? Entity()
        let results = plan.reads.map { answer($0, event, entity) }
        if results.contains(where: \.isPartial) { statistics.partialObservations += 1 }
        add(event, to: &entity)
        entities[event.key] = entity
        statistics.entities = entities.count
        statistics.events = entities.values.reduce(0) { $0 + $1.kept }
        return results
    }

    private mutating func add(_ event: Event, to entity: inout Entity) {
        if let newest = entity.past.last?.event.time, event.time < newest {
            guard event.time >= newest - limits.allowedLatenessMicroseconds else {
                statistics.lateEventsBeyondLateness += 1
                return
            }
            statistics.lateEvents += 1
        } else {
            let longest = plan.reads.compactMap(\.read.windowMicroseconds).max() ?? 0
            let horizon = event.time - limits.allowedLatenessMicroseconds - longest
            for place in entity.past.indices where entity.past[place].event.time <= horizon {
                drop(place, &entity)
            }
        }
        let place = entity.past.firstIndex { $0.event.time > event.time } ?? entity.past.count
        let isFull = entity.kept == limits.eventsPerEntity
        entity.past.insert(Past(event: event, isKept: true), at: place)
        if isFull, let oldest = entity.past.firstIndex(where: \.isKept) {
            drop(oldest, &entity)
            statistics.droppedEvents += 1
        }
    }

    private func drop(_ place: Int, _ entity: inout Entity) {
        guard entity.past[place].isKept else { return }
        entity.past[place].isKept = false
        entity.lastDropped = max(entity.lastDropped ?? .min, entity.past[place].event.time)
    }

    private func answer(_ planned: PlannedRead, _ event: Event, _ entity: Entity) -> HistoryValue {
        let now = event.time
        let added = planned.moment == .after
        let from = planned.read.windowMicroseconds.map { now - $0 }
        let isPartial: Bool
        switch planned.read {
        case .sinceFirst: isPartial = false
        case .sinceLast: isPartial = entity.lastDropped.map { $0 > now } ?? false
        default: isPartial = entity.lastDropped.map { $0 > from ?? now } ?? false
        }
        var seen = Seen()
        for place in entity.past.indices.reversed() {
            let time = entity.past[place].event.time
            if let from, time <= from { break }
            if time <= now, !isPartial || entity.past[place].isKept {
                seen.add(entity.past[place].event, planned.read)
            }
        }
        if added, planned.read != .sinceLast { seen.add(event, planned.read) }
        var value: HistoryValue
        switch planned.read {
        case .count: value = .int(seen.count)
        case .sum: value = .int(Int64(clamping: seen.sum))
        case .mean: value = seen.present == 0 ? .missing : .double(Double(seen.sum) / Double(seen.present))
        case .distinct: value = .int(Int64(seen.values.count))
        case .sinceFirst: value = seen.first.map { .duration(microseconds: now - $0) } ?? .missing
        case .sinceLast: value = seen.last.map { .duration(microseconds: now - $0) } ?? .missing
        }
        value.isPartial = isPartial
        return value
    }

    /// What the events of a window come to.
    private struct Seen {
        var count: Int64 = 0
        var present = 0
        var sum: Int128 = 0
        var values: Set<UInt64> = []
        var first: Int64?
        var last: Int64?

        mutating func add(_ event: Event, _ read: HistoryRead) {
            count += 1
            first = min(first ?? .max, event.time)
            last = max(last ?? .min, event.time)
            if let measure = read.measure, event.measures[measure] != .min {
                present += 1
                sum += Int128(event.measures[measure])
            }
            if let column = read.column, event.columns[column] != 0 {
                values.insert(event.columns[column])
            }
        }
    }
}
