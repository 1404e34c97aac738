// The histories of a plan, in one store or more: those that a start has planned, and those that reloads have added,
// which know nothing from before they were added. To the evaluator they are one: it asks by the plan's own numbers.
//
//   plan:   card [ count 10m | count 1h | sum 1h ]         routes:  card ─▶ store 0: reads 0, 1
//   stores: 0 card [ count 10m | count 1h ]                                ─▶ store 1: read 0 is the plan's read 2
//           1 card [ sum 1h ]  since 12:00

import Aggregates

/// A history that a reload has added and whose window is not full yet.
public struct YoungHistory: Sendable, Equatable {
    /// Canonical text, such as `count(card, "30d")`.
    public let text: String
    public let sinceNanoseconds: Int64
    /// From when on it knows its whole window; nil: it looks back without end, and never does.
    public let fullAtNanoseconds: Int64?
    /// What names the entity; nil: every payment has it.
    let field: PaymentField?
}

struct HistoryStores: Sendable {
    /// Those of the start, and those of reloads that added histories; one of which no history is read any more is given
    /// up, and the next restart makes one of all.
    static let maximumStores = 8

    private struct Place: Equatable {
        let entity: Int
        let read: Int
    }

    private struct Store {
        var aggregates: HistoryStore
        /// nil: from the beginning.
        let sinceNanoseconds: Int64?
        let measureTexts: [String]
        let conditionTexts: [String]
        let columns: [PaymentField]
        /// What it keeps for the plan, by identity. A read that a plan no longer has is forgotten for good, because it is
        /// not fed any more.
        var places: [String: Place]

        /// Whether its numbers are the plan's, and it has been there from the beginning.
        func isPlain(for plan: ScoringPlan) -> Bool {
            sinceNanoseconds == nil && aggregates.plan == plan.historyPlan && columns == plan.columns
                && measureTexts == plan.measures.map(\.text) && conditionTexts == plan.conditions.map(\.text)
                && plan.histories.allSatisfy { history in
                    places[plan.identity(of: history)] == Place(entity: history.entity, read: history.read)
                }
        }
    }

    /// One store's part in an entity of the plan.
    private struct Route {
        let store: Int
        let entity: Int
        /// Reads of the store's entity, and those of the plan that they answer.
        let answers: [(own: Int, plan: Int)]
        let readCount: Int
        /// For each of the store's measures, columns and conditions the plan's; -1 where nothing alive needs it.
        let measures: [Int]
        let columns: [Int]
        let conditions: [Int]
        /// Whether the store wants to know what becomes known of payments.
        let isLabelled: Bool
    }

    private let limits: AggregateLimits
    private var stores: [Store]
    private var routes: [[Route]] = []
    /// One store whose numbers are the plan's.
    private var isPlain = true
    private(set) var young: [YoungHistory] = []
    private var scratch = Scratch()

    private struct Scratch {
        var values: [HistoryValue] = []
        var measures: [Int64] = []
        var columns: [UInt64] = []
        var conditions: [ConditionMask] = []

        /// Puts what a payment brings into the order of a store.
        mutating func fill(
            _ route: Route, _ measures: Span<Int64>, _ columns: Span<UInt64>, _ conditions: Span<ConditionMask>
        ) {
            for i in route.measures.indices {
                self.measures[i] = route.measures[i] < 0 ? Aggregates.missingMeasure : measures[route.measures[i]]
            }
            for i in route.columns.indices {
                self.columns[i] = route.columns[i] < 0 ? Aggregates.missingColumn : columns[route.columns[i]]
            }
            for i in route.conditions.indices {
                let own = route.conditions[i]
                self.conditions[i] = own < 0 ? ConditionMask(always: nil) : conditions[own]
            }
        }
    }

    init(plan: ScoringPlan, limits: AggregateLimits) {
        self.limits = limits
        stores = [Self.store(of: plan, plan.historyPlan, limits, since: nil) { _ in true }]
    }

    private static func store(
        of plan: ScoringPlan, _ kept: HistoryPlan, _ limits: AggregateLimits, since: Int64?,
        where isKept: (String) -> Bool
    ) -> Store {
        var places: [String: Place] = [:]
        var next = [Int](repeating: 0, count: kept.entities.count)
        for history in plan.histories.sorted(by: { ($0.entity, $0.read) < ($1.entity, $1.read) }) {
            let identity = plan.identity(of: history)
            guard isKept(identity) else { continue }
            places[identity] = Place(entity: history.entity, read: next[history.entity])
            next[history.entity] += 1
        }
        return Store(
            aggregates: HistoryStore(plan: kept, limits: limits), sinceNanoseconds: since,
            measureTexts: plan.measures.map(\.text), conditionTexts: plan.conditions.map(\.text),
            columns: plan.columns, places: places)
    }

    /// All histories, where they are in one store whose numbers are the plan's; else nil.
    var whole: HistoryStore? {
        get { isPlain ? stores[0].aggregates : nil }
        set {
            guard isPlain, let newValue else {
                preconditionFailure("histories in parts can't be replaced by whole ones")
            }
            stores[0].aggregates = newValue
        }
    }

    // MARK: A payment

    /// Gets the memory of all entities of a payment before it is read; as `Aggregates.prepare`.
    mutating func prepare(keys: Span<UInt64>, named: UInt64) {
        if isPlain { stores[0].aggregates.prepare(keys: keys, named: named) }
    }

    /// Answers the reads of an entity of the plan, in the plan's order; as `Aggregates.read`.
    mutating func read(
        entity: Int, key: UInt64, timeMicroseconds: Int64, measures: Span<Int64>, columns: Span<UInt64>,
        conditions: Span<ConditionMask>, results: inout [HistoryValue]
    ) {
        if isPlain {
            return stores[0].aggregates.read(
                entity: entity, key: key, timeMicroseconds: timeMicroseconds, measures: measures, columns: columns,
                conditions: conditions, results: &results)
        }
        var scratch = Scratch()
        var values: [HistoryValue] = []
        swap(&scratch, &self.scratch)
        swap(&values, &scratch.values)
        defer {
            swap(&values, &scratch.values)
            swap(&scratch, &self.scratch)
        }
        for index in routes[entity].indices {
            let route = routes[entity][index]
            scratch.fill(route, measures, columns, conditions)
            stores[route.store].aggregates.read(
                entity: route.entity, key: key, timeMicroseconds: timeMicroseconds,
                measures: scratch.measures.span.extracting(first: route.measures.count),
                columns: scratch.columns.span.extracting(first: route.columns.count),
                conditions: scratch.conditions.span.extracting(first: route.conditions.count), results: &values)
            for answer in route.answers { results[answer.plan] = values[answer.own] }
        }
    }

    /// Adds the payment to the entity's histories; as `Aggregates.add`.
    mutating func add(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, measures: Span<Int64>,
        columns: Span<UInt64>, conditions: Span<ConditionMask>
    ) {
        if isPlain {
            return stores[0].aggregates.add(
                entity: entity, key: key, timeMicroseconds: timeMicroseconds, ticket: ticket, measures: measures,
                columns: columns, conditions: conditions)
        }
        var scratch = Scratch()
        swap(&scratch, &self.scratch)
        defer { swap(&scratch, &self.scratch) }
        for index in routes[entity].indices {
            let route = routes[entity][index]
            scratch.fill(route, measures, columns, conditions)
            stores[route.store].aggregates.add(
                entity: route.entity, key: key, timeMicroseconds: timeMicroseconds, ticket: ticket,
                measures: scratch.measures.span.extracting(first: route.measures.count),
                columns: scratch.columns.span.extracting(first: route.columns.count),
                conditions: scratch.conditions.span.extracting(first: route.conditions.count))
        }
    }

    /// Tells the histories that keep a payment what has become known of it; as `Aggregates.learn`.
    mutating func learn(
        entity: Int, key: UInt64, timeMicroseconds: Int64, ticket: UInt64, _ knowledge: Aggregates.Knowledge,
        knownAtMicroseconds: Int64
    ) -> Bool {
        if isPlain {
            return stores[0].aggregates.learn(
                entity: entity, key: key, timeMicroseconds: timeMicroseconds, ticket: ticket, knowledge,
                knownAtMicroseconds: knownAtMicroseconds)
        }
        var isKept = false
        for index in routes[entity].indices where routes[entity][index].isLabelled {
            let isKnown = stores[routes[entity][index].store].aggregates.learn(
                entity: routes[entity][index].entity, key: key, timeMicroseconds: timeMicroseconds, ticket: ticket,
                knowledge, knownAtMicroseconds: knownAtMicroseconds)
            isKept = isKept || isKnown
        }
        return isKept
    }

    // MARK: Another plan

    /// How many histories a plan has that are not kept yet.
    func additions(of plan: ScoringPlan) -> [String] {
        plan.histories.filter { history in
            let identity = plan.identity(of: history)
            return !stores.contains { $0.places[identity] != nil }
        }.map(\.text)
    }

    /// Whether a plan's new histories find room beside the stores of which it reads something.
    func hasRoom(for plan: ScoringPlan) -> Bool {
        let identities = Set(plan.histories.map { plan.identity(of: $0) })
        let alive = stores.count { store in store.places.keys.contains { identities.contains($0) } }
        return alive < Self.maximumStores || additions(of: plan).isEmpty
    }

    /// Keeps what another plan reads: the histories that it shares with the one before keep their state, new ones begin.
    ///
    /// - Parameter now: In nanoseconds since 1970.
    /// - Returns: What is no longer kept, to be let go of where nobody waits.
    /// - Precondition: `hasRoom(for: plan)`.
    mutating func adopt(_ plan: ScoringPlan, at now: Int64) -> [HistoryStore] {
        precondition(hasRoom(for: plan), "more than \(Self.maximumStores) stores of histories")
        let identities = Set(plan.histories.map { plan.identity(of: $0) })
        for i in stores.indices { stores[i].places = stores[i].places.filter { identities.contains($0.key) } }
        let retired = stores.filter(\.places.isEmpty).map(\.aggregates)
        stores.removeAll { $0.places.isEmpty }
        let known = Set(stores.flatMap { $0.places.keys })
        let missing = plan.histories.filter { !known.contains(plan.identity(of: $0)) }
        if !missing.isEmpty {
            var kept = plan.historyPlan
            for i in kept.entities.indices {
                let reads = missing.filter { $0.entity == i }.map(\.read).sorted()
                kept.entities[i].reads = reads.map { plan.historyPlan.entities[i].reads[$0] }
            }
            stores.append(Self.store(of: plan, kept, limits, since: now) { !known.contains($0) })
        } else if stores.isEmpty {
            // A plan without histories is whole, too.
            stores.append(Self.store(of: plan, plan.historyPlan, limits, since: nil) { _ in true })
        }
        route(plan)
        return retired
    }

    private mutating func route(_ plan: ScoringPlan) {
        routes = plan.historyPlan.entities.map { _ in [] }
        young = []
        for (index, store) in stores.enumerated() {
            var answers: [Int: [Int: [(own: Int, plan: Int)]]] = [:]
            for history in plan.histories {
                guard let place = store.places[plan.identity(of: history)] else { continue }
                answers[history.entity, default: [:]][place.entity, default: []].append((place.read, history.read))
                note(history, of: store, plan)
            }
            let measures = store.measureTexts.map { text in plan.measures.firstIndex { $0.text == text } ?? -1 }
            let conditions = store.conditionTexts.map { text in plan.conditions.firstIndex { $0.text == text } ?? -1 }
            let columns = store.columns.map { plan.columns.firstIndex(of: $0) ?? -1 }
            for (entity, own) in answers {
                for (ownEntity, reads) in own {
                    routes[entity].append(
                        Route(
                            store: index, entity: ownEntity, answers: reads,
                            readCount: store.aggregates.plan.entities[ownEntity].reads.count, measures: measures,
                            columns: columns, conditions: conditions,
                            isLabelled: store.aggregates.plan.entities[ownEntity].isLabelled))
                }
            }
        }
        isPlain = stores.count == 1 && stores[0].isPlain(for: plan)
        let routes = routes.flatMap(\.self)
        scratch.values = [HistoryValue](repeating: .missing, count: routes.map(\.readCount).max() ?? 0)
        scratch.measures = [Int64](repeating: 0, count: routes.map(\.measures.count).max() ?? 0)
        scratch.columns = [UInt64](repeating: 0, count: routes.map(\.columns.count).max() ?? 0)
        scratch.conditions = [ConditionMask](
            repeating: ConditionMask(always: nil), count: routes.map(\.conditions.count).max() ?? 0)
    }

    private mutating func note(_ history: PlannedHistory, of store: Store, _ plan: ScoringPlan) {
        guard let since = store.sinceNanoseconds else { return }
        let read = plan.historyPlan.entities[history.entity].reads[history.read].read
        let window = read.windowMicroseconds.map { $0.multipliedReportingOverflow(by: 1_000) }
        let full = window.map { $0.overflow ? Int64.max : since.addingReportingOverflow($0.partialValue).partialValue }
        young.append(
            YoungHistory(
                text: history.text, sinceNanoseconds: since, fullAtNanoseconds: full.map { $0 < since ? .max : $0 },
                field: plan.entities[history.entity].field))
    }

    /// Of all stores together.
    var statistics: AggregateStatistics {
        var sum = AggregateStatistics()
        for store in stores { sum += store.aggregates.statistics }
        return sum
    }
}
