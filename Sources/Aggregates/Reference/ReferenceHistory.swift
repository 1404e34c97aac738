// What the plain twin answers: for each read the events that it sees are gathered into an array, and looked at.

struct ReferenceHistory {
    typealias Event = ReferenceAggregates.Event

    let plan: EntityPlan
    let assumeLegitimateAfter: Int64?
    let entity: ReferenceAggregates.Entity
    let payment: Event

    private var now: Int64 { payment.time }

    func answer(_ planned: PlannedRead) -> HistoryValue {
        switch planned.read {
        case .sinceFirst, .sinceLast: since(planned)
        case .streak, .streakAge, .streakGap: streak(planned)
        case .decayedCount, .decayedSum, .decayedMean: decayed(planned)
        default: windowed(planned)
        }
    }

    /// The number of an event's state of knowledge at the time of the read.
    func state(_ event: Event) -> Int {
        var state = KnowledgeState()
        guard plan.isLabelled else { return state.index }
        var isLabelKnown = false
        for revision in event.revisions where revision.knownAt <= now {
            switch revision.knowledge {
            case .label(let label):
                state.label = label
                isLabelKnown = true
            case .outcome(let outcome):
                state.outcome = outcome
            }
        }
        if !isLabelKnown, let age = assumeLegitimateAfter, event.time + age <= now { state.label = .legitimate }
        return state.index
    }

    private func meets(_ event: Event, _ condition: Int?) -> Bool {
        condition.map { event.conditions[$0].meets(state(event)) } ?? true
    }

    /// Kept events not later than the read, oldest first.
    private var past: [Event] { entity.events.filter { $0.time <= now } }

    /// Whether something was dropped that is later than `from`.
    private func hasDropped(after from: Int64) -> Bool { entity.lastDropped.map { $0 > from } ?? false }

    // MARK: Windows

    private func windowed(_ planned: PlannedRead) -> HistoryValue {
        let from = now - (planned.read.windowMicroseconds ?? 0)
        let before = past.filter { $0.time > from && meets($0, planned.condition) }
        var events = before
        // The payment's own conditions are those where nothing is known.
        if planned.moment == .after, planned.condition.map({ payment.conditions[$0].meets(0) }) ?? true {
            events.append(payment)
        }
        var value: HistoryValue
        switch planned.read {
        case .distinct(let column, _):
            value = .int(Int64(Set(events.map { $0.columns[column] }).subtracting([Aggregates.missingColumn]).count))
        case .isFirst(let column, _):
            let own = payment.columns[column]
            let isKnown = before.contains { $0.columns[column] == own }
            value = own == Aggregates.missingColumn ? .missing : .int(isKnown ? 0 : 1)
        case let read:
            value = read.measure.map { measured(read, $0, events) } ?? .int(Int64(events.count))
        }
        value.isPartial = hasDropped(after: from)
        if value.isPartial, let ladder = entity.ladder { reach(beyond: &value, ladder, planned, events, from) }
        return value
    }

    /// Takes what the buckets know to the answer of the kept events.
    private func reach(
        beyond value: inout HistoryValue, _ ladder: ReferenceLadder, _ planned: PlannedRead, _ events: [Event],
        _ from: Int64
    ) {
        switch planned.read {
        case .distinct(let column, _):
            guard planned.condition == nil, let sample = ladder.samples[column] else { return }
            var count = value.int + sample.count(after: from, through: now)
            let own = payment.columns[column]
            let isNew = !events.dropLast().contains { $0.columns[column] == own }
            if planned.moment == .after, isNew, let last = sample.times[ValueSample.hash(own)], last > from, last <= now
            {
                count -= 1
            }
            value = .int(count)
            value.isApproximate = sample.threshold != .max || now < entity.present
        case .isFirst(let column, _):
            guard planned.condition == nil, value.kind == .int, let sample = ladder.samples[column] else { return }
            if value.int == 0 {
                value = .int(0)
                return
            }
            let hash = ValueSample.hash(payment.columns[column])
            let last = sample.times[hash].flatMap { $0 <= now ? $0 : nil }
            if let last, last > from {
                value = .int(0)
                return
            }
            let isComplete = sample.threshold == .max || hash < sample.threshold
            guard last != nil || isComplete && now >= entity.present else { return }
        default:
            if planned.condition != nil, plan.isLabelled, now < ladder.foldedAt { return }
            let folded = FoldedAnswer(history: self, ladder: ladder, planned: planned, from: from)
            value = folded.answer(events)
            value.isApproximate = true
        }
        value.isPartial = ladder.lost > from
    }

    private func measured(_ read: HistoryRead, _ measure: Int, _ events: [Event]) -> HistoryValue {
        let kind = plan.measures[measure]
        let values = events.map { $0.measures[measure] }.filter { $0 != Aggregates.missingMeasure }
        let units = values.map { kind.units($0) }
        let sum = units.reduce(0, +)
        switch read {
        case .mean: return kind.mean(sum, count: values.count)
        case .minimum: return values.min { kind.isLess($0, $1) }.map(kind.value) ?? .missing
        case .maximum: return values.max { kind.isLess($0, $1) }.map(kind.value) ?? .missing
        case .standardDeviation:
            var squares = WideSquares()
            for unit in units { squares.add(unit) }
            return kind.standardDeviation(sum, squares: squares, count: values.count)
        default: return kind.sum(sum)
        }
    }

    // MARK: Times and streaks

    private func since(_ planned: PlannedRead) -> HistoryValue {
        let isFirst = planned.read == .sinceFirst
        let own = isFirst && planned.moment == .after ? now : nil
        var found: Int64?
        var isPartial = false
        if let condition = planned.condition {
            let meeting = past.filter { meets($0, condition) }
            let ownMeets = payment.conditions[condition].meets(0)
            found = isFirst ? meeting.first?.time ?? (ownMeets ? own : nil) : meeting.last?.time
            isPartial = isFirst ? entity.lastDropped != nil : found == nil && entity.lastDropped != nil
        } else if isFirst {
            found = entity.first.flatMap { $0 <= now ? $0 : nil } ?? own
        } else {
            let dropped = entity.lastDropped.flatMap { $0 <= now ? $0 : nil }
            found = [past.last?.time, dropped].compactMap(\.self).max()
            isPartial = hasDropped(after: now)
        }
        var value = found.map { HistoryValue.duration(microseconds: now - $0) } ?? .missing
        value.isPartial = isPartial
        return value
    }

    private func streak(_ planned: PlannedRead) -> HistoryValue {
        guard let condition = planned.condition else { return .missing }
        var count: Int64 = 0
        var earliest: Int64?
        var end: Int64?
        for event in past.reversed() where meets(event, planned.among) {
            let mask = event.conditions[condition]
            guard mask.isKnown(state(event)) else { continue }
            guard mask.meets(state(event)) else {
                end = event.time
                break
            }
            count += 1
            earliest = event.time
        }
        var value: HistoryValue
        switch planned.read {
        case .streak: value = .int(count)
        case .streakAge: value = earliest.map { .duration(microseconds: now - $0) } ?? .missing
        default: value = earliest == nil ? .missing : end.map { .duration(microseconds: now - $0) } ?? .missing
        }
        // Had more been kept, the streak might be longer.
        value.isPartial = end == nil && entity.lastDropped != nil
        return value
    }

    // MARK: Decay

    private func decayed(_ planned: PlannedRead) -> HistoryValue {
        let halfLife = planned.read.halfLifeMicroseconds ?? 1
        let isPartial = hasDropped(after: now)
        var events = (isPartial ? [] : entity.dropped) + past
        if planned.moment == .after { events.append(payment) }
        events = events.filter { event in planned.condition.map { event.conditions[$0].meets(0) } ?? true }
        var weights = 0.0
        var sum = 0.0
        if let measure = planned.read.measure {
            let kind = plan.measures[measure]
            events = events.filter { $0.measures[measure] != Aggregates.missingMeasure }
            // A mean is the same whenever it is taken: at the newest event no weight is too small.
            let newest = events.map(\.time).max() ?? now
            var isMean = false
            if case .decayedMean = planned.read { isMean = true }
            for event in events {
                let age = (isMean ? newest : now) - event.time
                let weight = Decay.factor(ageMicroseconds: age, halfLifeMicroseconds: halfLife)
                weights += weight
                sum += weight * kind.double(event.measures[measure])
            }
            if isMean { sum /= weights }
        } else {
            for event in events {
                sum += Decay.factor(ageMicroseconds: now - event.time, halfLifeMicroseconds: halfLife)
            }
        }
        var isMissing = false
        if case .decayedMean = planned.read { isMissing = events.isEmpty }
        var value = isMissing ? HistoryValue.missing : .double(sum)
        value.isPartial = isPartial
        return value
    }
}
