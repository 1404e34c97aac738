// Takes the selected rows apart, into weeks and segments, and applies the list of metrics to each part.

struct Judge {
    /// The name of what the largest segments leave over.
    static let otherSegments = "(others)"
    static let noSegment = "(none)"

    private let table: EvaluationTable
    private let selection: EvaluationSelection
    private let settings: EvaluationSettings
    private let places: [Int32]

    init(_ table: EvaluationTable, _ selection: EvaluationSelection, _ settings: EvaluationSettings) {
        self.table = table
        self.selection = selection
        self.settings = settings
        places = table.entityNames.sortedPlaces()
    }

    var times: [Int64] { selection.rows.map { table.eventTimes[Int($0)] } }

    /// - Parameter part: Positions in the selection.
    func sample(_ part: [Int]) -> RankedSample {
        RankedSample(
            table, rows: part.map { selection.rows[$0] }, isFraud: part.map { selection.isFraud[$0] },
            unit: settings.unit)
    }

    func days(_ sample: RankedSample) -> Int { sample.days.count }

    func group(_ name: String, _ sample: RankedSample, days: Int) -> EvaluationGroup {
        let list = MetricList(sample, settings, places: places, firstDay: selection.firstDay)
        let values = list.values(weights: [Double](repeating: 1, count: sample.clusterCount))
        let intervals = Bootstrap.intervals(
            clusters: sample.clusterCount, rounds: settings.bootstrapRounds, seed: settings.seed,
            valueCount: values.count
        ) { weights in list.values(weights: weights) }
        var value = 0.0
        var fraudValue = 0.0
        for row in sample.amounts.indices {
            value += sample.amounts[row]
            if sample.isFraud[row] { fraudValue += sample.amounts[row] }
        }
        return EvaluationGroup(
            name: name, payments: sample.count, frauds: sample.isFraud.count { $0 }, value: value,
            fraudValue: fraudValue, days: days,
            metrics: list.definitions.indices.map { place in
                MetricResult(
                    definition: list.definitions[place], value: values[place], interval: intervals[place])
            })
    }

    /// Weeks with rows, in order, each named by its first day.
    func weeks(_ judge: ([Int], String) -> EvaluationGroup) -> [EvaluationGroup] {
        var parts: [Int64: [Int]] = [:]
        for position in selection.rows.indices {
            let day = table.day(Int(selection.rows[position]))
            parts[(day - selection.firstDay) / EvaluationSelection.weekDays, default: []].append(position)
        }
        return parts.sorted { $0.key < $1.key }.map { week, part in
            judge(part, dateText(day: selection.firstDay + week * EvaluationSelection.weekDays))
        }
    }

    /// The largest segments, largest first, then the rest as one.
    func segments(_ judge: ([Int], String) -> EvaluationGroup) -> [EvaluationGroup] {
        guard table.columns.segment else { return [] }
        var parts: [Int32: [Int]] = [:]
        for position in selection.rows.indices {
            parts[table.segments[Int(selection.rows[position])], default: []].append(position)
        }
        let names = table.segmentNames.names
        let ordered = parts.sorted { a, b in
            a.value.count == b.value.count
                ? names[Int(a.key)] < names[Int(b.key)] : a.value.count > b.value.count
        }
        var groups = ordered.prefix(settings.segmentLimit).map { number, part in
            let name = names[Int(number)]
            return judge(part, name.isEmpty ? Self.noSegment : name)
        }
        let rest = ordered.dropFirst(settings.segmentLimit).flatMap(\.value)
        if !rest.isEmpty { groups.append(judge(rest, Self.otherSegments)) }
        return groups
    }

    /// By decision, from the lightest to the gravest, then others by name.
    func decisions() -> [DecisionRow] {
        guard table.columns.decision else { return [] }
        var rows = table.decisionNames.names.map { DecisionRow(decision: $0) }
        for position in selection.rows.indices {
            let row = Int(selection.rows[position])
            let place = Int(table.decisions[row])
            let amount = table.columns.amount && !table.amounts[row].isNaN ? table.amounts[row] : 0
            rows[place].payments += 1
            rows[place].value += amount
            if selection.isFraud[position] {
                rows[place].frauds += 1
                rows[place].fraudValue += amount
            }
        }
        let known = ["approve", "challenge", "review", "decline"]
        return rows.filter { $0.payments > 0 }.sorted { a, b in
            let (left, right) = (
                known.firstIndex(of: a.decision) ?? known.count, known.firstIndex(of: b.decision) ?? known.count
            )
            return left == right ? a.decision < b.decision : left < right
        }
    }
}
