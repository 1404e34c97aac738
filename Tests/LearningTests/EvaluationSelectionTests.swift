// Which rows are judged, the intervals, the objectives and the report.
import Foundation
import Scoring
import Testing

@testable import Learning

@Suite struct EvaluationSelectionTests {
    private static func at(_ day: Int64) -> Int64 { evaluationStart + day * dayNanoseconds }

    @Test func `a payment at the age of maturity is judged, one that is younger by a nanosecond is not`() throws {
        let rows = [TestRow(score: 1, isFraud: true, day: 0), TestRow(score: 0, isFraud: false, day: 0)]
        for (asOf, judged) in [(Self.at(7), 2), (Self.at(7) - 1, 0)] {
            var period = EvaluationPeriod()
            period.asOf = asOf
            period.maturity = 7 * dayNanoseconds
            let selection = EvaluationSelection(evaluationTable(rows), period)
            #expect(selection.counts.judged == judged)
            #expect(selection.counts.immature == 2 - judged)
        }
    }

    @Test func `a label counts from when it became known`() throws {
        let rows = [TestRow(score: 1, isFraud: true, day: 0, labelDelay: 30), TestRow(score: 0, isFraud: nil, day: 0)]
        var period = EvaluationPeriod()
        period.asOf = Self.at(30) - 1
        #expect(EvaluationSelection(evaluationTable(rows), period).counts.withoutLabel == 2)
        period.asOf = Self.at(30)
        let selection = EvaluationSelection(evaluationTable(rows), period)
        #expect(selection.counts.judged == 1 && selection.isFraud == [true])
        let ages = selection.ages.filter { $0.payments > 0 }
        #expect(ages.map(\.fromDays) == [30])
        #expect(ages.first?.frauds == 1 && ages.first?.withoutLabel == 1)
    }

    @Test func `what nobody disputed counts as legitimate from its age on`() throws {
        var period = EvaluationPeriod()
        period.asOf = Self.at(45)
        period.assumeLegitimateAfter = 45 * dayNanoseconds
        let rows = [TestRow(score: 1, isFraud: nil, day: 0), TestRow(score: 1, isFraud: nil, day: 1)]
        let selection = EvaluationSelection(evaluationTable(rows), period)
        #expect(selection.counts.assumedLegitimate == 1 && selection.counts.withoutLabel == 1)
        #expect(selection.isFraud == [false])
    }

    @Test func `the period begins with its first instant and ends before its last`() {
        var period = EvaluationPeriod()
        period.from = Self.at(1)
        period.to = Self.at(3)
        let rows = (0..<5).map { TestRow(score: 1, isFraud: true, day: $0) }
        let selection = EvaluationSelection(evaluationTable(rows), period)
        #expect(selection.rows == [1, 2])
        #expect(selection.counts.outside == 3)
    }

    @Test func `an entity whose fraud was known before the day leaves, also by frauds before the period`() {
        var period = EvaluationPeriod()
        period.from = Self.at(14)
        period.leaveOutKnown = 14 * dayNanoseconds
        // The fraud of "early" is known as day 14 begins, not before.
        let rows = [
            TestRow(score: 1, isFraud: true, day: 7, entity: "early", labelDelay: 7),
            TestRow(score: 1, isFraud: true, day: 6, entity: "known", labelDelay: 7),
            TestRow(score: 1, isFraud: false, day: 14, entity: "early"),
            TestRow(score: 1, isFraud: false, day: 15, entity: "early"),
            TestRow(score: 1, isFraud: false, day: 14, entity: "known"),
            TestRow(score: 1, isFraud: false, day: 14, entity: "other"),
            TestRow(score: 1, isFraud: true, day: 6, entity: "", labelDelay: 1),
            TestRow(score: 1, isFraud: false, day: 14, entity: ""),
        ]
        #expect(EvaluationSelection(evaluationTable(rows), period).rows == [2, 5, 7])
        period.leaveOutKnown = 7 * dayNanoseconds  // frauds of day 6 are too old
        #expect(EvaluationSelection(evaluationTable(rows), period).rows == [2, 4, 5, 7])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `known entities are those that the plainest search finds`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let rows = (0..<400).map { _ in
            TestRow(
                score: 1, isFraud: Int.random(in: 0..<4, using: &rng) == 0, day: Int64.random(in: 0..<60, using: &rng),
                entity: "\(Int.random(in: 0..<20, using: &rng))", labelDelay: Int64.random(in: 0..<40, using: &rng))
        }
        var period = EvaluationPeriod()
        period.from = Self.at(20)
        period.asOf = Self.at(200)
        period.leaveOutKnown = 9 * dayNanoseconds
        let judged = rows.indices.filter { row in
            let week = 20 + (rows[row].day - 20) / 7 * 7
            return rows[row].day >= 20
                && !rows.contains {
                    $0.isFraud == true && $0.entity == rows[row].entity && $0.day >= week - 9
                        && $0.day + $0.labelDelay < rows[row].day
                }
        }
        let selection = EvaluationSelection(evaluationTable(rows), period)
        #expect(selection.rows == judged.map(Int32.init) && selection.counts.ofKnownEntities > 0)
    }

    @Test func `frauds of one entity by the hundred thousand are judged in a moment`() {
        let rows = (0..<150_000).map {
            TestRow(score: 1, isFraud: true, day: Int64($0 % 300), labelDelay: 400)
        }
        var period = EvaluationPeriod()
        period.leaveOutKnown = dayNanoseconds
        #expect(EvaluationSelection(evaluationTable(rows), period).counts.judged == rows.count)
    }

    @Test func `segments past the limit are one`() throws {
        var settings = plainSettings
        settings.segmentLimit = 2
        let rows = (0..<10).map {
            TestRow(score: 1, isFraud: $0 % 2 == 0, segment: ["a", "b", "c", ""][min($0 / 3, 3)])
        }
        let groups = try evaluate(rows, settings: settings).segments
        #expect(groups.map(\.name) == ["a", "b", "(others)"])
        #expect(groups.map(\.payments) == [3, 3, 4])
    }
}

@Suite struct EvaluationIntervalTests {
    @Test(arguments: [ResamplingUnit.day, .entity])
    func `equal seeds give equal intervals, other seeds others, and the value lies within`(unit: ResamplingUnit) throws
    {
        var settings = plainSettings
        settings.bootstrapRounds = 60
        settings.unit = unit
        let rows = TestRow.random(300, seed: 11)
        let first = try evaluate(rows, settings: settings)
        let second = try evaluate(rows, settings: settings)
        #expect(first.overall == second.overall)
        #expect(first.json() == second.json())
        settings.seed = 2
        #expect(try evaluate(rows, settings: settings).overall.metrics != first.overall.metrics)
        for id in ["ap", "auc", "brier", "recall@0.3"] {
            let result = try #require(first.overall.metrics.first { $0.definition.id == id })
            let interval = try #require(result.interval)
            #expect(interval.low <= result.value && result.value <= interval.high, "\(id)")
        }
    }

    @Test func `quantiles are linear between neighbours`() {
        #expect(Bootstrap.quantile([1, 2, 3, 4], 0.5) == 2.5)
        #expect(Bootstrap.quantile([1, 2, 3, 4], 0) == 1)
        #expect(Bootstrap.quantile([1, 2, 3, 4], 1) == 4)
        #expect(isNear(Bootstrap.quantile(Array(0...100).map(Double.init), 0.025), 2.5))
        #expect(Bootstrap.quantile([7], 0.975) == 7)
    }

    @Test func `draws are below their bound and reach all of it`() {
        var draws = Draws(seed: 3)
        var seen = [Int](repeating: 0, count: 7)
        for _ in 0..<7_000 { seen[draws.next(below: 7)] += 1 }
        #expect(seen.allSatisfy { (800...1_200).contains($0) })
    }
}

@Suite struct ObjectiveTests {
    @Test(arguments: [
        ("ap>=0.7", "ap", EvaluationObjective.Part.value, EvaluationObjective.Comparison.atLeast, 0.7),
        ("weeks.ap >= 0.745", "ap", .weekMean, .atLeast, 0.745), ("ece<=0.001", "ece", .value, .atMost, 0.001),
        ("recall@0.001.low>0.5", "recall@0.001", .low, .above, 0.5), ("auc.high<1", "auc", .high, .below, 1),
    ])
    func `objectives are read`(
        text: String, metric: String, part: EvaluationObjective.Part, comparison: EvaluationObjective.Comparison,
        bound: Double
    ) throws {
        let objective = try #require(EvaluationObjective(text))
        #expect(objective.metric == metric && objective.part == part)
        #expect(objective.comparison == comparison && objective.bound == bound)
        #expect(objective.description == text)
    }

    @Test(arguments: ["", "ap", "ap>=", ">=0.5", "ap=0.5", "ap>=x", "ap>=nan", "weeks.>=1", "ap>=0.5>=0.6"])
    func `what is no objective is refused`(text: String) { #expect(EvaluationObjective(text) == nil) }

    @Test func `an objective is met at its bound and not below; a number that is not defined meets nothing`() throws {
        let rows = [TestRow(score: 1, isFraud: true), TestRow(score: 0, isFraud: false)]
        let found = try evaluate(rows)
        #expect(try #require(EvaluationObjective("auc>=1")?.judge(found)).isMet)
        #expect(try #require(EvaluationObjective("auc>1")?.judge(found)).isMet == false)
        #expect(try #require(EvaluationObjective("auc<=1")?.judge(found)).isMet)
        #expect(try #require(EvaluationObjective("auc<1")?.judge(found)).isMet == false)
        #expect(try #require(EvaluationObjective("weeks.auc>=1")?.judge(found)).isMet)
        #expect(try #require(EvaluationObjective("auc.low<=1")?.judge(found)).isMet == false)
        #expect(EvaluationObjective("f1>=0.5")?.judge(found) == nil)
    }
}
