// What a window adds up to: a value enters, leaves, or is counted anew.

extension EntityView {
    @inline(__always)
    func count(of group: Layout.Group) -> Int { record.quarter(recordBase &+ layout.recordPacked, group.count) }

    @inline(__always)
    private mutating func setCount(of group: Layout.Group, _ count: Int) {
        record.setQuarter(recordBase &+ layout.recordPacked, group.count, count)
    }

    @inline(__always)
    func sum(of group: Layout.Group) -> Int128 {
        let word = recordBase &+ group.sum
        return Int128(Int64(bitPattern: record[word &+ 1])) &<< 64 | Int128(record[word])
    }

    @inline(__always)
    private mutating func setSum(of group: Layout.Group, _ sum: Int128) {
        let word = recordBase &+ group.sum
        record[word] = UInt64(truncatingIfNeeded: sum)
        record[word &+ 1] = UInt64(truncatingIfNeeded: sum &>> 64)
    }

    func squares(of group: Layout.Group) -> WideSquares {
        let word = recordBase &+ group.squares
        return WideSquares(
            low: UInt128(record[word + 1]) &<< 64 | UInt128(record[word]),
            high: UInt128(record[word + 3]) &<< 64 | UInt128(record[word + 2]))
    }

    private mutating func setSquares(of group: Layout.Group, _ squares: WideSquares) {
        let word = recordBase &+ group.squares
        record[word] = UInt64(truncatingIfNeeded: squares.low)
        record[word + 1] = UInt64(truncatingIfNeeded: squares.low &>> 64)
        record[word + 2] = UInt64(truncatingIfNeeded: squares.high)
        record[word + 3] = UInt64(truncatingIfNeeded: squares.high &>> 64)
    }

    /// Whether an event in that state is one of those that the group is about.
    @inline(__always)
    func belongs(_ slot: Int, _ group: Layout.Group, _ state: Int) -> Bool {
        if group.condition >= 0, condition(slot, group.condition) >> UInt64(state) & 1 == 0 { return false }
        return group.measure < 0 || measure(slot, group.measure) != Aggregates.missingMeasure
    }

    /// Adds an event that belongs to the group.
    @inline(__always)
    mutating func enter(_ slot: Int, _ group: Layout.Group) {
        let count = count(of: group)
        setCount(of: group, count &+ 1)
        guard group.measure >= 0 else { return }
        let value = measure(slot, group.measure)
        if group.sum >= 0 {
            let units = group.kind.units(value)
            setSum(of: group, sum(of: group) &+ units)
            if group.squares >= 0 {
                var squares = squares(of: group)
                squares.add(units)
                setSquares(of: group, squares)
            }
        }
        if group.minimum >= 0 { enterExtreme(value, group.minimum, isOnly: count == 0, group.kind, isMinimum: true) }
        if group.maximum >= 0 { enterExtreme(value, group.maximum, isOnly: count == 0, group.kind, isMinimum: false) }
    }

    /// An extreme is missing once it has left: it has to be looked for, and until then nothing need be kept.
    private mutating func enterExtreme(_ value: Int64, _ word: Int, isOnly: Bool, _ kind: MeasureKind, isMinimum: Bool)
    {
        let extreme = Int64(bitPattern: record[recordBase + word])
        let isBetter = isMinimum ? kind.isLess(value, extreme) : kind.isLess(extreme, value)
        if isOnly || extreme != Aggregates.missingMeasure && isBetter {
            record[recordBase + word] = UInt64(bitPattern: value)
        }
    }

    /// Takes out an event that belongs to the group.
    @inline(__always)
    mutating func leave(_ slot: Int, _ group: Layout.Group) {
        setCount(of: group, count(of: group) &- 1)
        guard group.measure >= 0 else { return }
        let value = measure(slot, group.measure)
        if group.sum >= 0 {
            let units = group.kind.units(value)
            setSum(of: group, sum(of: group) &- units)
            if group.squares >= 0 {
                var squares = squares(of: group)
                squares.remove(units)
                setSquares(of: group, squares)
            }
        }
        if group.minimum >= 0 { leaveExtreme(value, group.minimum) }
        if group.maximum >= 0 { leaveExtreme(value, group.maximum) }
    }

    private mutating func leaveExtreme(_ value: Int64, _ word: Int) {
        if Int64(bitPattern: record[recordBase + word]) == value {
            record[recordBase + word] = UInt64(bitPattern: Aggregates.missingMeasure)
        }
    }

    /// The extreme of the group, looked for among the slots of its window if it has left; missing if there is none.
    mutating func extreme(_ group: Layout.Group, isMinimum: Bool, to end: Int, _ revisions: borrowing Revisions)
        -> Int64
    {
        if count(of: group) == 0 { return Aggregates.missingMeasure }
        let word = recordBase + (isMinimum ? group.minimum : group.maximum)
        let kept = Int64(bitPattern: record[word])
        if kept != Aggregates.missingMeasure { return kept }
        var extreme = Aggregates.missingMeasure
        for slot in start(group.window)..<end where belongs(slot, group, state(slot, revisions)) {
            let value = measure(slot, group.measure)
            let isBetter = isMinimum ? group.kind.isLess(value, extreme) : group.kind.isLess(extreme, value)
            if extreme == Aggregates.missingMeasure || isBetter { extreme = value }
        }
        record[word] = UInt64(bitPattern: extreme)
        return extreme
    }

    /// Counts a group anew over the slots.
    mutating func recount(_ group: Layout.Group, _ slots: Range<Int>, _ revisions: borrowing Revisions) {
        setCount(of: group, 0)
        if group.sum >= 0 { setSum(of: group, 0) }
        if group.squares >= 0 { setSquares(of: group, WideSquares()) }
        for slot in slots where belongs(slot, group, state(slot, revisions)) {
            enter(slot, group)
        }
    }
}
