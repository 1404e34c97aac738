// The planned reads, answered from where the windows stand.

extension EntityView {
    /// Answers every planned read for the payment, which is not among the events yet.
    ///
    /// - Returns: Whether a read reached events that are no longer kept.
    func answer(
        _ payment: borrowing Payment, _ scratch: borrowing Scratch, results: inout MutableSpan<HistoryValue>,
        offset: Int
    ) -> Bool {
        let time = payment.time
        let position = scratch.position
        let operations = layout.operations
        precondition(offset >= 0 && operations.count <= results.count - offset, "a result for each planned read")
        for number in operations.indices {
            let operation = operations[number]
            let window = Int(operation.window)
            let source = Int(operation.source)
            let result: HistoryValue
            switch operation.code {
            case .count:
                result = .int(Int64(position &- scratch.starts[window]))
            case .countAdded:
                result = .int(Int64(position &- scratch.starts[window] &+ 1))
            case .sum:
                result = .int(scratch.tallies[source].sum)
            case .mean:
                let tally = scratch.tallies[source]
                result = tally.count == 0 ? .missing : .double(tally.mean)
            case .distinct:
                result = .int(Int64(scratch.counters[source]))
            case .distinctAdded:
                let isNew = scratch.isNewValue(Int(operation.column), start: scratch.starts[window])
                result = .int(Int64(scratch.counters[source] &+ (isNew ? 1 : 0)))
            case .sinceFirst:
                result = sinceFirst(time, added: false)
            case .sinceFirstAdded:
                result = sinceFirst(time, added: true)
            case .sinceLast:
                result = sinceLast(time, position)
            }
            // The precondition above holds the bound.
            results[unchecked: offset &+ number] = result
        }
        let isPartial = lastDropped > time - layout.longestWindow
        if isPartial {
            markPartial(time, results: &results, offset: offset)
        }
        return isPartial
    }

    /// Marks the answers of reads that needed events which are no longer kept.
    private func markPartial(_ time: Int64, results: inout MutableSpan<HistoryValue>, offset: Int) {
        for (number, operation) in layout.operations.enumerated() {
            switch operation.code {
            case .count, .countAdded, .sum, .mean, .distinct, .distinctAdded:
                results[offset + number].isPartial = lastDropped > time - layout.windows[Int(operation.window)]
            case .sinceLast:
                results[offset + number].isPartial = lastDropped > time
            case .sinceFirst, .sinceFirstAdded:
                break
            }
        }
    }

    private func sinceFirst(_ time: Int64, added: Bool) -> HistoryValue {
        let first = first
        if first <= time { return .duration(microseconds: time - first) }
        return added ? .duration(microseconds: 0) : .missing
    }

    /// The previous event stands before `position`, or was dropped.
    private func sinceLast(_ time: Int64, _ position: Int) -> HistoryValue {
        var last = lastDropped <= time ? lastDropped : Int64.min
        if position > head {
            last = max(last, self.time(position - 1))
        }
        return last == .min ? .missing : .duration(microseconds: time - last)
    }
}
