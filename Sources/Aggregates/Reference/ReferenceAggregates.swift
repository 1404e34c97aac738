// The plain twin of `Aggregates`: every payment of an entity stands in a sorted array, and each read filters it. Slow,
// unbounded where decayed reads want all that ever happened, and simple enough to be believed: tests hold the fast one
// against it.

/// Histories that answer as `Aggregates` does, in time in proportion to what an entity has.
public struct ReferenceAggregates: Sendable {
    struct Revision: Sendable {
        var knowledge: Aggregates.Knowledge
        var knownAt: Int64

        var isLabel: Bool {
            if case .label = knowledge { true } else { false }
        }
    }

    struct Event: Sendable {
        var time: Int64
        var ticket: UInt64
        var measures: [Int64]
        var columns: [UInt64]
        var conditions: [ConditionMask]
        /// In the order in which they were known; of one time, in the order in which they were told.
        var revisions: [Revision] = []
    }

    struct Entity: Sendable {
        /// By time, those of one time as they were added.
        var events: [Event] = []
        /// Dropped, for decayed reads.
        var dropped: [Event] = []
        var first: Int64?
        var lastDropped: Int64?
        /// The latest time at which it was read or added to.
        var present = Int64.min
        var ladder: ReferenceLadder?
        var lastSeen = 0
    }

    struct Table: Sendable {
        var plan: EntityPlan
        var entities: [UInt64: Entity] = [:]
        var counts = AggregateStatistics()
    }

    public let plan: HistoryPlan
    public let limits: AggregateLimits
    var tables: [Table]
    private var adds = 0

    /// - Precondition: as of `Aggregates`.
    public init(plan: HistoryPlan, limits: AggregateLimits = AggregateLimits()) {
        self.plan = plan
        self.limits = limits
        tables = plan.entities.map { Table(plan: $0) }
    }

    /// As `Aggregates.read`.
    public mutating func read(
        entity: Int, key: UInt64, timeMicroseconds: Int64, measures: Span<Int64>, columns: Span<UInt64>,
        conditions: Span<ConditionMask>, results: inout [HistoryValue], resultsOffset: Int = 0
    ) {
        let payment = event(entity, timeMicroseconds, 0, measures, columns, conditions)
        tables[entity].entities[key]?.present.raise(to: payment.time)
        let history = ReferenceHistory(
            plan: tables[entity].plan, assumeLegitimateAfter: plan.assumeLegitimateAfterMicroseconds,
            entity: tables[entity].entities[key] ?? Entity(), payment: payment)
        var isPartial = false
        var isApproximate = false
        for (number, planned) in tables[entity].plan.reads.enumerated() {
            let value = history.answer(planned)
            isPartial = isPartial || value.isPartial
            isApproximate = isApproximate || value.isApproximate
            results[resultsOffset + number] = value
        }
        if isPartial { tables[entity].counts.partialObservations += 1 }
        if isApproximate { tables[entity].counts.approximateObservations += 1 }
    }

    /// As `Aggregates.add`.
    public mutating func add(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, measures: Span<Int64>,
        columns: Span<UInt64>, conditions: Span<ConditionMask>
    ) {
        adds += 1
        let payment = event(entity, timeMicroseconds, ticket, measures, columns, conditions)
        if tables[entity].entities[key] == nil, tables[entity].entities.count == limits.entities {
            evict(entity)
        }
        var history = tables[entity].entities[key] ?? Entity()
        tables[entity].entities[key] = nil
        history.lastSeen = adds
        let kept = history.events.count
        insert(payment, &history, entity)
        tables[entity].counts.events += history.events.count - kept
        tables[entity].entities[key] = history
    }

    private mutating func evict(_ entity: Int) {
        guard let oldest = tables[entity].entities.min(by: { $0.value.lastSeen < $1.value.lastSeen }) else { return }
        tables[entity].counts.events -= oldest.value.events.count
        tables[entity].counts.evictedEntities += 1
        tables[entity].entities[oldest.key] = nil
    }

    private mutating func insert(_ payment: Event, _ history: inout Entity, _ entity: Int) {
        let plan = tables[entity].plan
        let keepsDropped = plan.reads.contains { $0.read.halfLifeMicroseconds != nil }
        let newest = history.events.last?.time ?? .min
        history.present.raise(to: payment.time)
        if payment.time < newest {
            guard payment.time >= newest - limits.allowedLatenessMicroseconds else {
                tables[entity].counts.lateEventsBeyondLateness += 1
                return
            }
            tables[entity].counts.lateEvents += 1
        } else if !plan.keepsAllAges {
            let horizon = payment.time - limits.allowedLatenessMicroseconds - plan.longestWindowMicroseconds
            let kept = history.events.count
            while let oldest = history.events.first, oldest.time <= horizon {
                Self.dropOldest(&history, keepsDropped)
            }
            if history.events.count < kept, var ladder = history.ladder {
                ladder.lost.raise(to: history.lastDropped ?? .min)
                ladder.forget(horizon)
                history.ladder = ladder.buckets.isEmpty ? nil : ladder
            }
        }
        history.first = min(history.first ?? .max, payment.time)
        let place = history.events.firstIndex { $0.time > payment.time } ?? history.events.count
        let isFull = history.events.count == limits.eventsPerEntity
        if isFull { fold(place == 0 ? payment : history.events[0], &history, entity) }
        history.events.insert(payment, at: place)
        if isFull {
            Self.dropOldest(&history, keepsDropped)
            tables[entity].counts.droppedEvents += 1
        }
        for column in payment.columns.indices where !isFull || place > 0 {
            history.ladder?.samples[column]?.times[ValueSample.hash(payment.columns[column])] = nil
        }
    }

    /// Folds the oldest event, which is to leave or to pass over the others.
    private mutating func fold(_ oldest: Event, _ history: inout Entity, _ entity: Int) {
        let plan = tables[entity].plan
        if plan.isLabelled, oldest.revisions.contains(where: { $0.knownAt > history.present }) {
            tables[entity].counts.missedRevisions += 1
        }
        let horizon = history.present - limits.allowedLatenessMicroseconds - plan.longestWindowMicroseconds
        guard plan.longestWindowMicroseconds > 0, oldest.time > horizon else {
            history.ladder?.lost.raise(to: oldest.time)
            return
        }
        var ladder = history.ladder ?? ReferenceLadder(lost: history.lastDropped ?? .min)
        var asking = oldest
        asking.time = history.present
        let maturity = self.plan.assumeLegitimateAfterMicroseconds
        let now = ReferenceHistory(plan: plan, assumeLegitimateAfter: maturity, entity: history, payment: asking)
        let state = now.state(oldest)
        let matures = plan.isLabelled && state < 6 && maturity.map { oldest.time + $0 > history.present } ?? false
        ladder.fold(
            .init(event: oldest, state: state, matured: matures ? state + 12 : state), at: history.present, limits,
            horizon: horizon)
        for read in plan.reads where read.condition == nil {
            switch read.read {
            case .distinct(let column, _), .isFirst(let column, _):
                ladder.samples[column, default: .init()].lift(horizon)
            default: break
            }
        }
        let others = history.events.filter { $0.ticket != oldest.ticket }
        for column in Array(ladder.samples.keys) where oldest.columns[column] != Aggregates.missingColumn {
            guard !others.contains(where: { $0.columns[column] == oldest.columns[column] }) else { continue }
            ladder.samples[column]?.insert(
                ValueSample.hash(oldest.columns[column]), oldest.time, limit: limits.sampledValues, horizon: horizon)
        }
        history.ladder = ladder
    }

    private static func dropOldest(_ history: inout Entity, _ keepsDropped: Bool) {
        let oldest = history.events.removeFirst()
        history.lastDropped = max(history.lastDropped ?? .min, oldest.time)
        if keepsDropped { history.dropped.append(oldest) }
    }

    /// As `Aggregates.learn`.
    public mutating func learn(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, _ knowledge: Aggregates.Knowledge,
        knownAtMicroseconds: Int64
    ) -> Bool {
        let time = Aggregates.clamped(timeMicroseconds)
        guard tables[entity].plan.isLabelled, var history = tables[entity].entities[key],
            let place = history.events.firstIndex(where: { $0.time == time && $0.ticket == ticket })
        else {
            noteMissed(entity, key, time)
            return false
        }
        let revision = Revision(knowledge: knowledge, knownAt: Aggregates.clamped(knownAtMicroseconds))
        var revisions = history.events[place].revisions
        revisions.insert(revision, at: revisions.firstIndex { $0.knownAt > revision.knownAt } ?? revisions.count)
        if revisions.count(where: { $0.isLabel == revision.isLabel }) > Aggregates.maximumRevisions,
            let oldest = revisions.firstIndex(where: { $0.isLabel == revision.isLabel })
        {
            revisions.remove(at: oldest)
        }
        history.events[place].revisions = revisions
        tables[entity].entities[key] = history
        return true
    }

    private mutating func noteMissed(_ entity: Int, _ key: UInt64, _ time: Int64) {
        guard tables[entity].plan.isLabelled, let history = tables[entity].entities[key], history.ladder != nil else {
            return
        }
        if time <= history.lastDropped ?? .min { tables[entity].counts.missedRevisions += 1 }
    }

    private func event(
        _ entity: Int, _ time: Int64, _ ticket: UInt64, _ measures: Span<Int64>, _ columns: Span<UInt64>,
        _ conditions: Span<ConditionMask>
    ) -> Event {
        let kinds = plan.entities[entity].measures
        return Event(
            time: Aggregates.clamped(time), ticket: ticket,
            measures: kinds.indices.map { kinds[$0].normalized(measures[$0]) },
            columns: (0..<plan.entities[entity].distinctColumnCount).map { columns[$0] },
            conditions: (0..<plan.entities[entity].conditionCount).map { conditions[$0] })
    }

    /// All kinds together.
    public var statistics: AggregateStatistics {
        plan.entities.indices.reduce(into: AggregateStatistics()) { $0 += statistics(entity: $1) }
    }

    /// One kind, by its place in the plan.
    public func statistics(entity: Int) -> AggregateStatistics {
        var result = tables[entity].counts
        result.entities = tables[entity].entities.count
        result.revisions = tables[entity].entities.values.reduce(0) { sum, history in
            sum + history.events.reduce(0) { $0 + $1.revisions.count }
        }
        return result
    }
}

extension Int64 {
    fileprivate mutating func raise(to other: Int64) { self = Swift.max(self, other) }
}
