// Tables to judge, and the plainest way to each metric.
import Testing

@testable import Learning

let dayNanoseconds: Int64 = 86_400_000_000_000
/// 2026-01-05T00:00:00Z, a Monday.
let evaluationStart: Int64 = 20_458 * dayNanoseconds

/// A payment in a test's words.
struct TestRow {
    var score: Double
    var isFraud: Bool?
    var day: Int64 = 0
    var amount = 1.0
    var probability = 0.5
    var entity = "c"
    var segment = ""
    /// Days from the payment to its label.
    var labelDelay: Int64 = 0

    static func random(_ count: Int, seed: UInt64, levels: Int = 12) -> [TestRow] {
        var rng = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let level = Int.random(in: 0..<levels, using: &rng)
            let isFraud = Int.random(in: 0..<levels * 2, using: &rng) < level
            return TestRow(
                score: Double(level) / 4, isFraud: isFraud, day: Int64.random(in: 0..<11, using: &rng),
                amount: Double(Int.random(in: 0..<500, using: &rng)),
                probability: Double(Int.random(in: 0...20, using: &rng)) / 20,
                entity: "\(Int.random(in: 0..<15, using: &rng))", segment: "s\(level % 3)")
        }
    }
}

func evaluationTable(_ rows: [TestRow]) -> EvaluationTable {
    var columns = EvaluationTable.Columns()
    columns.amount = true
    columns.probability = true
    columns.entity = true
    columns.segment = true
    var table = EvaluationTable(columns: columns)
    for test in rows {
        var row = EvaluationRow()
        row.eventTime = evaluationStart + test.day * dayNanoseconds
        row.score = test.score
        row.label = test.isFraud.map { $0 ? .fraud : .legitimate } ?? .unknown
        row.labelledAt = test.isFraud == nil ? nil : row.eventTime + test.labelDelay * dayNanoseconds
        row.amount = test.amount
        row.probability = test.probability
        row.entity = test.entity
        row.segment = test.segment
        table.append(row)
    }
    return table
}

func evaluate(
    _ rows: [TestRow], period: EvaluationPeriod = EvaluationPeriod(),
    settings: EvaluationSettings = plainSettings
) throws(EvaluationError) -> Evaluation {
    let names = EvaluationNames(
        score: "margin", amount: "amount", entity: "card", segment: "kind", probability: "p")
    return try Evaluation(evaluationTable(rows), names: names, period: period, settings: settings)
}

/// No intervals, which most tests do not need.
let plainSettings: EvaluationSettings = {
    var settings = EvaluationSettings()
    settings.bootstrapRounds = 0
    settings.falsePositiveRates = [0.01, 0.05, 0.1, 0.3]
    settings.calibrationBins = 10
    return settings
}()

func isNear(_ a: Double?, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
    guard let a else { return false }
    return a.isNaN && b.isNaN || abs(a - b) <= tolerance
}

/// Metrics by their definitions, without a thought of speed.
enum PlainMetrics {
    static func areaUnderROC(_ rows: [TestRow]) -> Double {
        var wins = 0.0
        var pairs = 0.0
        for fraud in rows where fraud.isFraud == true {
            for other in rows where other.isFraud == false {
                pairs += 1
                wins += fraud.score > other.score ? 1 : fraud.score == other.score ? 0.5 : 0
            }
        }
        return wins / pairs
    }

    static func averagePrecision(_ rows: [TestRow]) -> Double {
        let frauds = Double(rows.count { $0.isFraud == true })
        var sum = 0.0
        var recall = 0.0
        for threshold in Set(rows.map(\.score)).sorted(by: >) {
            let flagged = rows.filter { $0.score >= threshold }
            let found = Double(flagged.count { $0.isFraud == true })
            sum += (found / frauds - recall) * found / Double(flagged.count)
            recall = found / frauds
        }
        return sum
    }

    /// Of all thresholds within the limit, what the lowest one finds: counts and money.
    static func found(_ rows: [TestRow], limit: Double) -> (recall: Double, value: Double) {
        let frauds = rows.filter { $0.isFraud == true }
        let legitimate = rows.filter { $0.isFraud == false }
        var best = (recall: 0.0, value: 0.0)
        for threshold in Set(rows.map(\.score)) {
            let rate = Double(legitimate.count { $0.score >= threshold }) / Double(legitimate.count)
            guard rate <= limit else { continue }
            let found = frauds.filter { $0.score >= threshold }
            best.recall = max(best.recall, Double(found.count) / Double(frauds.count))
            best.value = max(best.value, sum(found) / sum(frauds))
        }
        return best
    }

    static func sum(_ rows: [TestRow]) -> Double { rows.reduce(0) { $0 + $1.amount } }

    /// Frauds that `budget` payments a day find on average, when equal scores are in random order.
    static func alerts(_ rows: [TestRow], budget: Int) -> (precision: Double, recall: Double) {
        var alerts = 0.0
        var frauds = 0.0
        for day in Set(rows.map(\.day)) {
            let ofDay = rows.filter { $0.day == day }.sorted { $0.score > $1.score }
            let looked = min(budget, ofDay.count)
            alerts += Double(looked)
            for (place, _) in ofDay.enumerated() where place < looked {
                let equals = ofDay.filter { $0.score == ofDay[place].score }
                frauds += Double(equals.count { $0.isFraud == true }) / Double(equals.count)
            }
        }
        return (frauds / alerts, frauds / Double(rows.count { $0.isFraud == true }))
    }

    static func cardPrecision(_ rows: [TestRow], k: Int) -> Double {
        var shares: [Double] = []
        for week in Set(rows.map { $0.day / 7 }) {
            var detected: Set<String> = []
            for day in Set(rows.filter { $0.day / 7 == week }.map(\.day)).sorted() {
                let ofDay = rows.filter { $0.day == day && !detected.contains($0.entity) }
                let found = Array(cards(ofDay).prefix(k)).filter(\.isFraud)
                for card in found { detected.insert("\(card.number)") }
                shares.append(Double(found.count) / Double(k))
            }
        }
        return shares.reduce(0, +) / Double(shares.count)
    }

    private struct Card {
        let number: Int
        let score: Double
        let isFraud: Bool
    }

    /// Highest score first, equal ones by number.
    private static func cards(_ rows: [TestRow]) -> [Card] {
        let byCard = Dictionary(grouping: rows, by: \.entity)
        let cards: [Card] = byCard.map { name, rows in
            let scores: [Double] = rows.map(\.score)
            return Card(
                number: Int(name) ?? 0, score: scores.max() ?? 0, isFraud: rows.contains { $0.isFraud == true })
        }
        return cards.sorted { a, b in a.score == b.score ? a.number < b.number : a.score > b.score }
    }
}
