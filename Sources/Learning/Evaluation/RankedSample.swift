// Rows in order of their score, highest first, with all that a metric asks of a row beside it. What is sorted once serves
// every resampling: a resampling is a weight for each cluster (a day, an entity), and each metric one pass with weights.

/// What is drawn as one when intervals are estimated.
public enum ResamplingUnit: String, Sendable, CaseIterable {
    case day
    case entity
}

/// Judged rows, ranked.
struct RankedSample {
    /// Highest first; no NaN.
    let scores: [Double]
    let isFraud: [Bool]
    /// A missing amount counts as 0; empty where there is no column of amounts.
    let amounts: [Double]
    /// NaN where missing; empty where there is no such column.
    let probabilities: [Double]
    /// For each row, which cluster it belongs to, from 0.
    let clusters: [Int32]
    let clusterCount: Int
    /// The days on which there are rows, since 1970, ascending.
    let days: [Int64]
    /// Rows (positions in the arrays above) by day, highest score first; day i has `dayRows[dayStarts[i]..<dayStarts[i+1]]`.
    let dayRows: [Int32]
    let dayStarts: [Int]
    /// Numbers of the entities; empty where there is no such column.
    let entities: [Int32]

    var count: Int { scores.count }
    var hasAmounts: Bool { !amounts.isEmpty }
    var hasEntities: Bool { !entities.isEmpty }
    var hasProbabilities: Bool { !probabilities.isEmpty }

    /// - Parameter rows: Rows of the table with their labels, in any order.
    /// - Complexity: O(n log n).
    init(_ table: EvaluationTable, rows: [Int32], isFraud labels: [Bool], unit: ResamplingUnit) {
        let order = rows.indices.sorted { a, b in
            let (left, right) = (table.scores[Int(rows[a])], table.scores[Int(rows[b])])
            return left == right ? rows[a] < rows[b] : left > right
        }
        let ranked = order.map { Int(rows[$0]) }
        scores = ranked.map { table.scores[$0] }
        isFraud = order.map { labels[$0] }
        amounts = table.columns.amount ? ranked.map { table.amounts[$0].isNaN ? 0 : table.amounts[$0] } : []
        probabilities = table.columns.probability ? ranked.map { table.probabilities[$0] } : []
        entities = table.columns.entity ? ranked.map { table.entities[$0] } : []

        let rowDays = ranked.map { table.day($0) }
        let days = Set(rowDays).sorted()
        var places: [Int64: Int32] = [:]
        for (place, day) in days.enumerated() { places[day] = Int32(place) }
        let dayPlaces = rowDays.map { places[$0] ?? 0 }
        self.days = days
        (dayStarts, dayRows) = Self.grouped(dayPlaces, groups: days.count)
        switch unit {
        case .day:
            clusters = dayPlaces
            clusterCount = days.count
        case .entity:
            var numbers: [Int32: Int32] = [:]
            clusters = entities.map { entity in
                if let known = numbers[entity] { return known }
                let number = Int32(numbers.count)
                numbers[entity] = number
                return number
            }
            clusterCount = numbers.count
        }
    }

    /// A stable counting sort of the positions by group.
    private static func grouped(_ groupOf: [Int32], groups: Int) -> (starts: [Int], rows: [Int32]) {
        var starts = [Int](repeating: 0, count: groups + 1)
        for group in groupOf { starts[Int(group) + 1] += 1 }
        for group in 0..<groups { starts[group + 1] += starts[group] }
        var next = starts
        var rows = [Int32](repeating: 0, count: groupOf.count)
        for (position, group) in groupOf.enumerated() {
            rows[next[Int(group)]] = Int32(position)
            next[Int(group)] += 1
        }
        return (starts, rows)
    }
}
