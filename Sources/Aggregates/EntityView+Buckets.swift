// Where an entity's events meet its buckets: what leaves because there are too many is folded.

extension EntityView {
    /// The state that an event of that time and state is in once it has matured.
    private func matured(_ state: Int, _ time: Int64) -> Int {
        guard let maturity = layout.maturity, time &+ maturity > present, state < OutcomeState.allCases.count else {
            return state
        }
        return state + KnowledgeState(label: .legitimate).index
    }

    /// Makes a ladder if the entity has none and an event of that time can be reached.
    ///
    /// - Returns: Whether the event is to be folded.
    private mutating func hasBucket(for time: Int64, _ ladders: inout Ladders) -> Bool {
        guard ladders.isReachable(time, present: present) else {
            if ladder != 0 { ladders.lose(time, ladder) }
            return false
        }
        if ladder == 0 {
            ladder = ladders.make(lost: lastDropped)
            storeBounds()
        }
        return ladder != 0
    }

    /// Folds the oldest event, which is about to leave.
    mutating func foldOldest(_ ladders: inout Ladders) {
        let time = time(head)
        guard hasBucket(for: time, &ladders) else { return }
        for offset in 0..<layout.eventPacked { ladders.event[offset] = page[word(head) + offset] }
        var lastValues: UInt64 = 0
        let columns = layout.buckets.sampledColumns
        for sample in columns.indices where isLast(head, columns[sample]) {
            lastValues |= 1 << UInt64(sample)
        }
        let state = state(head)
        ladders.fold(
            into: ladder, present: present, state: state, matured: matured(state, time), lastValues: lastValues, layout)
    }

    /// Folds a payment that is older than all events and never was among them.
    mutating func fold(_ payment: borrowing Payment, _ ladders: inout Ladders) {
        guard hasBucket(for: payment.time, &ladders) else { return }
        ladders.event[Layout.time] = UInt64(bitPattern: payment.time)
        for measure in layout.measures.indices {
            let value = layout.kinds[measure].normalized(payment.measures[layout.measures[measure]])
            ladders.event[layout.eventMeasures + measure] = UInt64(bitPattern: value)
        }
        for condition in layout.conditions.indices {
            ladders.event[layout.eventConditions + condition] = payment.conditions[layout.conditions[condition]].word
        }
        var lastValues: UInt64 = 0
        let columns = layout.buckets.sampledColumns
        for sample in columns.indices {
            let column = columns[sample]
            let value = payment.columns[layout.columns[column]]
            ladders.event[layout.eventValues + column] = value
            if value != Aggregates.missingColumn, lastSlot(of: value, column) < 0 { lastValues |= 1 << UInt64(sample) }
        }
        let isMature = layout.maturity.map { payment.time &+ $0 <= present } ?? false
        let state = isMature ? KnowledgeState(label: .legitimate).index : 0
        ladders.fold(
            into: ladder, present: present, state: state, matured: matured(state, payment.time),
            lastValues: lastValues, layout)
    }

    /// Events that grew too old may have left buckets that no read can reach any more, too.
    mutating func forgetBuckets(upTo horizon: Int64, _ ladders: inout Ladders) {
        ladders.lose(lastDropped, ladder)
        guard !ladders.forget(upTo: horizon, ladder) else { return }
        ladders.release(ladder)
        ladder = 0
    }

    /// The payment's values stand among the events again.
    func unfoldValues(_ payment: borrowing Payment, _ ladders: inout Ladders) {
        let columns = layout.buckets.sampledColumns
        for sample in columns.indices {
            let value = payment.columns[layout.columns[columns[sample]]]
            if value != Aggregates.missingColumn { ladders.remove(value, sample: sample, ladder) }
        }
    }
}
