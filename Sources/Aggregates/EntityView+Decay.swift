// Decayed sums: a value and the time that it is of. What happens later adds to it as it has decayed by then; what
// comes late has decayed already. Beside each stands the same over the events that were dropped, so that a late read,
// which must not see what is later than itself, can add the events that are kept to it.

/// A sum that halves in each half-life, as of a time; `Int64.min` before anything was added.
struct DecayedValue {
    var value = 0.0
    var time = Int64.min

    mutating func add(_ added: Double, at moment: Int64, halfLife: Int64) {
        if moment < time {
            value += added * Decay.factor(ageMicroseconds: time - moment, halfLifeMicroseconds: halfLife)
        } else {
            value = self.value(at: moment, halfLife: halfLife) + added
            time = moment
        }
    }

    func value(at moment: Int64, halfLife: Int64) -> Double {
        if time == .min { return 0 }
        return value * Decay.factor(ageMicroseconds: moment - time, halfLifeMicroseconds: halfLife)
    }
}

extension EntityView {
    private func decayed(_ number: Int, isOfDropped: Bool) -> DecayedValue {
        let word = recordBase + layout.recordDecayed + 4 * number + (isOfDropped ? 2 : 0)
        return DecayedValue(
            value: Double(bitPattern: record[word]), time: Int64(bitPattern: record[word + 1]))
    }

    private mutating func setDecayed(_ number: Int, isOfDropped: Bool, _ value: DecayedValue) {
        let word = recordBase + layout.recordDecayed + 4 * number + (isOfDropped ? 2 : 0)
        record[word] = value.value.bitPattern
        record[word + 1] = UInt64(bitPattern: value.time)
    }

    /// What an event adds; nil if it lacks the measure or does not meet the condition.
    private func addend(_ sum: Layout.DecayedSum, _ slot: Int) -> Double? {
        if sum.condition >= 0, condition(slot, sum.condition) & 1 == 0 { return nil }
        if sum.measure < 0 { return 1 }
        let value = measure(slot, sum.measure)
        if value == Aggregates.missingMeasure { return nil }
        return sum.isOfWeights ? 1 : layout.kinds[sum.measure].double(value)
    }

    /// What a payment adds.
    private func addend(_ sum: Layout.DecayedSum, _ payment: borrowing Payment) -> Double? {
        if sum.condition >= 0, payment.conditions[layout.conditions[sum.condition]].meets & 1 == 0 { return nil }
        if sum.measure < 0 { return 1 }
        let kind = layout.kinds[sum.measure]
        let value = kind.normalized(payment.measures[layout.measures[sum.measure]])
        if value == Aggregates.missingMeasure { return nil }
        return sum.isOfWeights ? 1 : kind.double(value)
    }

    mutating func decayAdded(_ number: Int, _ payment: borrowing Payment) {
        let sum = layout.decayed[number]
        guard let added = addend(sum, payment) else { return }
        var value = decayed(number, isOfDropped: false)
        value.add(added, at: payment.time, halfLife: sum.halfLife)
        setDecayed(number, isOfDropped: false, value)
    }

    mutating func decayDropped(_ number: Int, _ slot: Int) {
        let sum = layout.decayed[number]
        guard let added = addend(sum, slot) else { return }
        var value = decayed(number, isOfDropped: true)
        value.add(added, at: time(slot), halfLife: sum.halfLife)
        setDecayed(number, isOfDropped: true, value)
    }

    /// A payment that is dropped before it was among the events.
    mutating func decayPassedOver(_ payment: borrowing Payment) {
        for number in layout.decayed.indices {
            let sum = layout.decayed[number]
            guard let added = addend(sum, payment) else { continue }
            for isOfDropped in [false, true] {
                var value = decayed(number, isOfDropped: isOfDropped)
                value.add(added, at: payment.time, halfLife: sum.halfLife)
                setDecayed(number, isOfDropped: isOfDropped, value)
            }
        }
    }

    /// A decayed sum as the payment sees it, as of the newest payment that adds to it.
    private func decayed(_ number: Int, _ payment: borrowing Payment, isAfter: Bool, to position: Int) -> DecayedValue {
        let sum = layout.decayed[number]
        var value = decayed(number, isOfDropped: false)
        let hasLost = lastDropped > payment.time
        if hasLost || value.time > payment.time {
            value = hasLost ? DecayedValue() : decayed(number, isOfDropped: true)
            for slot in head..<position {
                if let added = addend(sum, slot) { value.add(added, at: time(slot), halfLife: sum.halfLife) }
            }
        }
        if isAfter, let added = addend(sum, payment) { value.add(added, at: payment.time, halfLife: sum.halfLife) }
        return value
    }

    func answerDecayed(
        _ operation: Layout.Operation, _ payment: borrowing Payment, _ scratch: borrowing Scratch
    ) -> HistoryValue {
        let number = Int(operation.source)
        let sum = decayed(number, payment, isAfter: operation.isAfter, to: scratch.position)
        var answer: HistoryValue
        if operation.code == .decayedMean {
            let weights = decayed(
                Int(operation.group), payment, isAfter: operation.isAfter, to: scratch.position)
            answer = weights.time == .min ? .missing : .double(sum.value / weights.value)
        } else {
            answer = .double(sum.value(at: payment.time, halfLife: layout.decayed[number].halfLife))
        }
        answer.isPartial = lastDropped > payment.time
        return answer
    }
}
