// Goes through the reads of a plan and collects what they need, each thing once.

struct LayoutBuilder {
    let plan: EntityPlan
    let windows: [Int64]
    let measures: [Int]
    let columns: [Int]
    let conditions: [Int]
    private(set) var counterStarts: [Int] = [0]
    private(set) var counterColumns: [Int] = []
    private(set) var streaks: [Layout.Streak] = []
    private(set) var decayed: [Layout.DecayedSum] = []
    private var groups: [WantedGroup] = []

    private struct WantedGroup {
        var window: Int
        var condition: Int
        var measure: Int
        var hasSum = false
        var hasSquares = false
        var hasMinimum = false
        var hasMaximum = false
    }

    private static func isSinceMeeting(_ planned: PlannedRead) -> Bool {
        planned.condition != nil && [.sinceFirst, .sinceLast].contains(planned.read)
    }

    init(plan: EntityPlan) {
        self.plan = plan
        var windows = Set(plan.reads.compactMap(\.read.windowMicroseconds))
        if plan.reads.contains(where: Self.isSinceMeeting) { windows.insert(.max) }
        self.windows = windows.sorted()
        measures = Set(plan.reads.compactMap(\.read.measure)).sorted()
        columns = Set(plan.reads.compactMap(\.read.column)).sorted()
        conditions = Set(plan.reads.flatMap { [$0.condition, $0.among].compactMap(\.self) }).sorted()
        for window in self.windows {
            for (place, column) in columns.enumerated() {
                let read = HistoryRead.distinct(column: column, windowMicroseconds: window)
                if plan.reads.contains(where: { $0.read == read && $0.condition == nil }) {
                    counterColumns.append(place)
                }
            }
            counterStarts.append(counterColumns.count)
        }
        for planned in plan.reads { want(planned) }
        groups.sort { ($0.window, $0.condition, $0.measure) < ($1.window, $1.condition, $1.measure) }
    }

    private func place<Element: Equatable>(_ element: Element?, _ list: [Element]) -> Int {
        element.flatMap { list.firstIndex(of: $0) } ?? -1
    }

    private func window(_ planned: PlannedRead) -> Int {
        place(Self.isSinceMeeting(planned) ? .max : planned.read.windowMicroseconds, windows)
    }

    private func groupIndex(_ planned: PlannedRead) -> Int? {
        let condition = place(planned.condition, conditions)
        let measure = place(planned.read.measure, measures)
        let window = window(planned)
        return groups.firstIndex { $0.window == window && $0.condition == condition && $0.measure == measure }
    }

    /// Whether a read takes its answer from a group.
    private func wantsGroup(_ planned: PlannedRead) -> Bool {
        switch planned.read {
        case .count: planned.condition != nil
        case .sum, .mean, .minimum, .maximum, .standardDeviation: true
        case .sinceFirst, .sinceLast: planned.condition != nil
        default: false
        }
    }

    private mutating func want(_ planned: PlannedRead) {
        guard wantsGroup(planned) else { return }
        let index = groupIndex(planned) ?? groups.count
        if index == groups.count {
            groups.append(
                WantedGroup(
                    window: window(planned), condition: place(planned.condition, conditions),
                    measure: place(planned.read.measure, measures)))
        }
        switch planned.read {
        case .sum, .mean: groups[index].hasSum = true
        case .minimum: groups[index].hasMinimum = true
        case .maximum: groups[index].hasMaximum = true
        case .standardDeviation:
            groups[index].hasSum = true
            groups[index].hasSquares = true
        default: break
        }
    }

    /// The groups by window, with their places in a record.
    func placedGroups(firstWord: Int, firstQuarter: Int) -> (groups: [Layout.Group], starts: [Int], endWord: Int) {
        var word = firstWord
        func take(_ isWanted: Bool, _ words: Int) -> Int {
            guard isWanted else { return -1 }
            word += words
            return word - words
        }
        var placed: [Layout.Group] = []
        for (number, group) in groups.enumerated() {
            let kind = group.measure < 0 ? MeasureKind.int : plan.measures[measures[group.measure]]
            var result = Layout.Group(
                window: group.window, condition: group.condition, measure: group.measure, kind: kind,
                count: firstQuarter + number)
            result.sum = take(group.hasSum, 2)
            result.squares = take(group.hasSquares, 4)
            result.minimum = take(group.hasMinimum, 1)
            result.maximum = take(group.hasMaximum, 1)
            placed.append(result)
        }
        let starts = (0...windows.count).map { window in groups.count { $0.window < window } }
        return (placed, starts, word)
    }

    mutating func operation(_ planned: PlannedRead) -> Layout.Operation {
        var operation = Layout.Operation(code: Self.code(planned), isAfter: planned.moment == .after)
        operation.window = Int16(window(planned))
        operation.column = Int16(place(planned.read.column, columns))
        operation.condition = Int16(place(planned.condition, conditions))
        if wantsGroup(planned) { operation.group = Int16(groupIndex(planned) ?? -1) }
        switch operation.code {
        case .distinct:
            let window = window(planned)
            let counters = counterStarts[window]..<counterStarts[window + 1]
            operation.source = Int16(counterColumns[counters].firstIndex(of: Int(operation.column)) ?? -1)
        case .streak, .streakAge, .streakGap:
            let streak = Layout.Streak(
                condition: Int(operation.condition), among: place(planned.among, conditions))
            operation.source = Int16(Self.number(of: streak, in: &streaks))
        case .decayedCount: operation.source = decayedNumber(planned, isOfWeights: true)
        case .decayedSum: operation.source = decayedNumber(planned, isOfWeights: false)
        case .decayedMean:
            // Its weights stand beside it, wherever they stand: both are looked up by the same numbers.
            operation.source = decayedNumber(planned, isOfWeights: false)
            operation.group = decayedNumber(planned, isOfWeights: true)
        default: break
        }
        return operation
    }

    private mutating func decayedNumber(_ planned: PlannedRead, isOfWeights: Bool) -> Int16 {
        let sum = Layout.DecayedSum(
            halfLife: planned.read.halfLifeMicroseconds ?? 1, condition: place(planned.condition, conditions),
            measure: place(planned.read.measure, measures), isOfWeights: isOfWeights)
        return Int16(Self.number(of: sum, in: &decayed))
    }

    private static func number<Element: Equatable>(of element: Element, in list: inout [Element]) -> Int {
        if let number = list.firstIndex(of: element) { return number }
        list.append(element)
        return list.count - 1
    }

    private static func code(_ planned: PlannedRead) -> Layout.Operation.Code {
        let isConditional = planned.condition != nil
        return switch planned.read {
        case .count: isConditional ? .countOfGroup : .count
        case .sum: .sum
        case .mean: .mean
        case .minimum: .minimum
        case .maximum: .maximum
        case .standardDeviation: .standardDeviation
        case .distinct: isConditional ? .distinctMeeting : .distinct
        case .isFirst: .isFirst
        case .sinceFirst: isConditional ? .sinceFirstMeeting : .sinceFirst
        case .sinceLast: isConditional ? .sinceLastMeeting : .sinceLast
        case .streak: .streak
        case .streakAge: .streakAge
        case .streakGap: .streakGap
        case .decayedCount: .decayedCount
        case .decayedSum: .decayedSum
        case .decayedMean: .decayedMean
        }
    }
}
