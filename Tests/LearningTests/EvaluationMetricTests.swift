// Every metric against scikit-learn's number or against its definition written out.
import Foundation
import Testing

@testable import Learning

@Suite struct EvaluationMetricTests {
    /// 500 rows with 117 distinct scores and 87 frauds, as the numbers below were computed from.
    private static let known: [TestRow] = (0..<500).map { i in
        let score = Double(i * 37 % 101 + i % 7 * 3) / 10
        let isFraud = (i * i * 7 + i * 3) % 23 == 0 || score > 9 && i % 2 == 0
        return TestRow(score: score, isFraud: isFraud, day: Int64(i % 9), probability: logistic(score - 9))
    }

    @Test func `the metrics are those of scikit-learn`() throws {
        let found = try evaluate(Self.known).overall
        #expect(found.payments == 500 && found.frauds == 87)
        #expect(isNear(found.value(of: "auc"), 0.767_303_999_332_053_1))
        #expect(isNear(found.value(of: "ap"), 0.460_254_101_531_000_55))
        #expect(isNear(found.value(of: "brier"), 0.126_878_074_465_577_78))
        for (rate, recall) in [
            (0.01, 0.045_977_011_494_252_87), (0.05, 0.275_862_068_965_517_24), (0.1, 0.620_689_655_172_413_8),
            (0.3, 0.689_655_172_413_793_1),
        ] {
            #expect(isNear(found.value(of: "recall@\(rate)"), recall))
        }
    }

    @Test func `calibration errors are those of the definition, with equal probabilities in one bin`() throws {
        let found = try evaluate(Self.known).overall
        #expect(isNear(found.value(of: "predicted_observed"), 1.195_745_151_502_591_9))
        #expect(isNear(found.value(of: "ece_width"), 0.104_479_689_817_561_55))
        #expect(isNear(found.value(of: "ece"), 0.111_779_279_845_319_99))
    }

    @Test func `thresholds are scores that a payment has`() throws {
        let thresholds = try evaluate(Self.known).thresholds
        #expect(thresholds.map(\.threshold) == [11.2, 10.1, 9.1, 7.3])
        #expect(thresholds.allSatisfy { $0.falsePositiveRate <= $0.limit })
    }

    @Test(arguments: [1, 2, 3, 0xF00D] as [UInt64])
    func `the fast metrics are the plain ones`(seed: UInt64) throws {
        let rows = TestRow.random(400, seed: seed)
        var settings = plainSettings
        settings.alertsPerDay = 7
        settings.cardsPerDay = 4
        let found = try evaluate(rows, settings: settings)
        #expect(isNear(found.overall.value(of: "auc"), PlainMetrics.areaUnderROC(rows)))
        #expect(isNear(found.overall.value(of: "ap"), PlainMetrics.averagePrecision(rows)))
        for rate in settings.falsePositiveRates {
            let plain = PlainMetrics.found(rows, limit: rate)
            #expect(isNear(found.overall.value(of: "recall@\(rate)"), plain.recall))
            #expect(isNear(found.overall.value(of: "value@\(rate)"), plain.value))
        }
        let alerts = PlainMetrics.alerts(rows, budget: 7)
        #expect(isNear(found.overall.value(of: "alert_precision"), alerts.precision))
        #expect(isNear(found.overall.value(of: "alert_recall"), alerts.recall))
        #expect(isNear(found.overall.value(of: "card_precision"), PlainMetrics.cardPrecision(rows, k: 4)))
    }

    @Test(arguments: [5, 6] as [UInt64])
    func `weeks and segments are judged as if they stood alone`(seed: UInt64) throws {
        let rows = TestRow.random(300, seed: seed)
        let found = try evaluate(rows)
        #expect(found.weeks.map(\.name) == ["2026-01-05", "2026-01-12"])
        for (week, group) in found.weeks.enumerated() {
            let part = rows.filter { $0.day / 7 == Int64(week) }
            #expect(group.payments == part.count)
            #expect(isNear(group.value(of: "ap"), PlainMetrics.averagePrecision(part)))
            #expect(isNear(group.value(of: "auc"), PlainMetrics.areaUnderROC(part)))
        }
        #expect(isNear(found.weekMeans[0], found.weeks.map { $0.metrics[0].value }.reduce(0, +) / 2))
        #expect(Set(found.segments.map(\.name)) == ["s0", "s1", "s2"])
        for group in found.segments {
            let part = rows.filter { $0.segment == group.name }
            #expect(isNear(group.value(of: "ap"), PlainMetrics.averagePrecision(part)))
            #expect(isNear(group.fraudValue, PlainMetrics.sum(part.filter { $0.isFraud == true })))
        }
    }

    @Test(arguments: [7, 8] as [UInt64], [ResamplingUnit.day, .entity])
    func `a weight of two is the row twice`(seed: UInt64, unit: ResamplingUnit) throws {
        let rows = TestRow.random(200, seed: seed)
        var settings = plainSettings
        settings.unit = unit
        let table = evaluationTable(rows)
        let sample = RankedSample(
            table, rows: (0..<200).map(Int32.init), isFraud: rows.map { $0.isFraud == true }, unit: unit)
        let places = table.entityNames.sortedPlaces()
        let list = MetricList(sample, settings, places: places, firstDay: 20_458)
        var weights = [Double](repeating: 1, count: sample.clusterCount)
        weights[0] = 2
        weights[1] = 0
        let numbers = unit == .day ? rows.map { $0.day } : rows.map { Int64($0.entity) ?? 0 }
        var cluster: [Int64: Int32] = [:]
        for (position, score) in sample.scores.enumerated() where cluster.count < sample.clusterCount {
            let row = Self.row(position, in: sample, table, score)
            cluster[numbers[row]] = sample.clusters[position]
        }
        let repeated = rows.indices.flatMap { row in
            [TestRow](repeating: rows[row], count: Int(weights[Int(cluster[numbers[row]] ?? 0)]))
        }
        let values = list.values(weights: weights)
        let ids = list.definitions.map(\.id)
        #expect(isNear(values[ids.firstIndex(of: "ap") ?? 0], PlainMetrics.averagePrecision(repeated)))
        #expect(isNear(values[ids.firstIndex(of: "auc") ?? 0], PlainMetrics.areaUnderROC(repeated)))
        #expect(isNear(values[ids.firstIndex(of: "recall@0.1") ?? 0], PlainMetrics.found(repeated, limit: 0.1).recall))
    }

    /// The table's row at a place of the ranking: equal scores keep the table's order.
    private static func row(_ position: Int, in sample: RankedSample, _ table: EvaluationTable, _ score: Double) -> Int
    {
        let before = sample.scores[..<position].count { $0 == score }
        return table.scores.indices.filter { table.scores[$0] == score }[before]
    }

    @Test func `equal cards are looked at in order of their number`() {
        var table = NameTable()
        for name in ["10", "9", "", "b", "100"] { _ = table.number(of: name) }
        #expect(table.sortedPlaces() == [3, 1, -1, 2, 4])
    }

    @Test func `a detected card leaves until the week ends`() throws {
        let rows = (0..<8).map { TestRow(score: 1, isFraud: true, day: $0, entity: "c") }
        var settings = plainSettings
        settings.cardsPerDay = 1
        let found = try evaluate(rows, settings: settings)
        #expect(found.overall.value(of: "card_precision") == 2.0 / 8)
    }
}

@Suite struct EvaluationEdgeTests {
    @Test func `without a fraud nothing is found, and nothing is invented`() throws {
        let found = try evaluate([TestRow(score: 1, isFraud: false), TestRow(score: 2, isFraud: false)])
        for id in ["ap", "auc", "recall@0.01", "value@0.01", "alert_recall", "predicted_observed"] {
            #expect(try #require(found.overall.value(of: id)).isNaN, "\(id)")
        }
        #expect(found.overall.value(of: "alert_precision") == 0)
        #expect(found.overall.value(of: "brier") == 0.25)
        #expect(found.rendered().contains("no fraud is among them"))
    }

    @Test func `all fraud has perfect precision and no area`() throws {
        let found = try evaluate([TestRow(score: 1, isFraud: true), TestRow(score: 2, isFraud: true)])
        #expect(found.overall.value(of: "ap") == 1)
        #expect(try #require(found.overall.value(of: "auc")).isNaN)
        #expect(found.overall.value(of: "recall@0.01") == 1)
        #expect(found.rendered().contains("all of them are fraud"))
    }

    @Test func `all ties are worth what chance is worth`() throws {
        let rows = (0..<40).map { TestRow(score: 3, isFraud: $0 % 4 == 0, day: $0 % 2) }
        var settings = plainSettings
        settings.alertsPerDay = 10
        let found = try evaluate(rows, settings: settings)
        #expect(found.overall.value(of: "auc") == 0.5)
        #expect(found.overall.value(of: "ap") == 0.25)
        #expect(found.overall.value(of: "recall@0.3") == 0)
        #expect(isNear(found.overall.value(of: "alert_precision"), 0.25))
        #expect(found.thresholds.allSatisfy { $0.threshold == nil })
        #expect(!found.html().isEmpty)
    }

    @Test func `one row is judged, without intervals`() throws {
        var settings = plainSettings
        settings.bootstrapRounds = 10
        let found = try evaluate([TestRow(score: 1, isFraud: true)], settings: settings)
        #expect(found.overall.payments == 1)
        #expect(found.overall.metrics.allSatisfy { $0.interval == nil })
    }

    @Test func `rows without a score are counted, not judged`() throws {
        let found = try evaluate([
            TestRow(score: .nan, isFraud: true), TestRow(score: 1, isFraud: true), TestRow(score: 0, isFraud: false),
            TestRow(score: -.infinity, isFraud: false), TestRow(score: .infinity, isFraud: true),
        ])
        #expect(found.counts.withoutScore == 1)
        #expect(found.overall.value(of: "auc") == 1)
        #expect(!found.html().contains("nan") && !found.html().contains("inf<"))
    }

    @Test func `nothing to judge is an error that says where the rows went`() {
        let error = #expect(throws: EvaluationError.self) { try evaluate([TestRow(score: 1, isFraud: nil)]) }
        #expect(error?.description.contains("1 have no label") == true)
        #expect(throws: EvaluationError.self) { try evaluate([]) }
    }

    @Test func `probabilities that are missing are left out of the calibration only`() throws {
        let found = try evaluate([
            TestRow(score: 1, isFraud: true, probability: .nan), TestRow(score: 0, isFraud: false, probability: 0.2),
        ])
        #expect(found.overall.payments == 2)
        #expect(isNear(found.overall.value(of: "brier"), 0.04))
    }
}
