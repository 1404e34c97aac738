// From a margin to a probability and a score, and what makes a bundle be refused.
import Platform
import Testing
import Trees

@testable import Scoring

@Suite struct CalibrationTests {
    @Test(
        arguments: [
            (0.5, 0.1, 1.0 / 11), (0.9, 0.1, 0.9 / 1.9), (0.25, 1.0, 0.25), (0, 0.01, 0), (1, 0.01, 1),
        ] as [(Double, Double, Double)])
    func `the down-sampling of legitimate payments is undone`(q: Double, kept: Double, expected: Double) {
        let calibration = Calibration(legitimateKept: kept, isotonic: nil)
        #expect(abs(calibration.probability(ofModel: q) - expected) < 1e-15)
    }

    @Test func `the isotonic line follows behind it, flat beyond its ends, and stays a probability`() throws {
        let line = try #require(PiecewiseLinear(points: [(0.1, 0.05), (0.5, 0.25), (0.9, 1.5)]))
        let calibration = Calibration(legitimateKept: 1, isotonic: line)
        for (q, expected) in [(0.0, 0.05), (0.1, 0.05), (0.3, 0.15), (0.5, 0.25), (0.9, 1.0), (1.0, 1.0)] {
            #expect(abs(calibration.probability(ofModel: q) - expected) < 1e-15, "\(q)")
        }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `a line equals interpolation point by point, and never falls`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let points = (0..<50).map { (x: Double($0) + Double.random(in: 0..<0.9, using: &rng), y: Double($0 * $0)) }
        let line = try #require(PiecewiseLinear(points: points))
        var last = -Double.infinity
        for step in 0..<2_000 {
            let position = Double(step) / 2_000 * 52 - 1
            let value = line.value(at: position)
            #expect(value >= last)
            last = value
            guard let above = points.firstIndex(where: { $0.x >= position }), above > 0 else { continue }
            let (a, b) = (points[above - 1], points[above])
            #expect(abs(value - (a.y + (position - a.x) / (b.x - a.x) * (b.y - a.y))) < 1e-9)
        }
    }

    @Test func `points that do not rise, are not finite or too many make no line`() {
        #expect(PiecewiseLinear(points: []) == nil)
        #expect(PiecewiseLinear(points: [(1, 1), (1, 2)]) == nil)
        #expect(PiecewiseLinear(points: [(1, .nan)]) == nil && PiecewiseLinear(points: [(.infinity, 1)]) == nil)
        func line(_ count: Int) -> PiecewiseLinear? { PiecewiseLinear(points: (0..<count).map { (Double($0), 0) }) }
        #expect(line(PiecewiseLinear.maximumPoints) != nil && line(PiecewiseLinear.maximumPoints + 1) == nil)
    }

    @Test(
        arguments: [
            (1.0, 0), (0.1, 333), (0.01, 666), (0.001, 999), (0.000_1, 999), (0.5, 100), (0.101, 331),
        ] as [(Double, Int)])
    func `the score is on the fixed scale of false positives`(rate: Double, score: Int) throws {
        let scale = try #require(ScoreScale(anchors: [(0, rate)]))
        #expect(
            scale.score(ofMargin: 0) == score && scale.score(ofMargin: -50) == score
                && scale.score(ofMargin: 50) == score)
    }

    @Test func `between anchors the score rises with the margin, straight in the logarithm`() throws {
        let scale = try #require(ScoreScale(anchors: [(-1, 1), (1, 0.01), (2, 0.001)]))
        #expect([-1, 0, 1, 1.5, 2].map { scale.score(ofMargin: $0) } == [0, 333, 666, 832, 999])
    }

    @Test func `anchors whose rates rise, or are no rates, make no scale`() {
        #expect(ScoreScale(anchors: [(0, 0.1), (1, 0.2)]) == nil)
        #expect(
            ScoreScale(anchors: [(0, 0)]) == nil && ScoreScale(anchors: [(0, 1.1)]) == nil
                && ScoreScale(anchors: []) == nil)
        #expect(ScoreScale(anchors: [(0, 0.1), (1, 0.1)]) != nil)
    }
}

@Suite struct BundleTests {
    private func fixture() throws -> BundleFixture { try BundleFixture(plan: makePlan()) }

    private func refusal(_ change: (inout BundleFixture) throws -> Void) throws -> BundleError? {
        var fixture = try fixture()
        try change(&fixture)
        let folder = try fixture.write()
        return withExtendedLifetime(folder) {
            do throws(BundleError) {
                _ = try ScoringModel(folder: folder.path).columns(in: plan0())
                return nil
            } catch {
                return error
            }
        }
    }

    /// The default plan, which is known to compile.
    private func plan0() -> ScoringPlan {
        do throws(ConfigurationError) {
            return try makePlan()
        } catch {
            preconditionFailure("\(error)")
        }
    }

    @Test func `a whole bundle is taken and scores as its tree file says`() throws {
        let model = try fixture().load()
        #expect(model.manifest.version == "v1" && model.manifest.features == ["amount"])
        #expect(model.goldenRows.count == 5 && model.goldenRows[4][0].isNaN)
        #expect(
            model.manifest.quality.map(\.metric) == ["average_precision"]
                && model.manifest.training.map(\.value) == ["1000"])
        #expect(try model.columns(in: makePlan()) == [0])
    }

    @Test func `a missing file is named`() throws {
        for file in ["bundle.yaml", "model.json", "golden.csv"] {
            guard case .unreadable(let error)? = try refusal({ $0.withoutFile = file }) else {
                Issue.record("\(file) is missing and the bundle was taken")
                continue
            }
            #expect(error.description.contains(file))
        }
    }

    @Test func `a file that was changed after training is refused by its digest`() throws {
        for (file, change) in [
            ("model.json", { (fixture: inout BundleFixture) in fixture.modelAfterDigest = fixture.model + " " }),
            (
                "golden.csv",
                { (fixture: inout BundleFixture) in
                    fixture.goldenAfterDigest = fixture.golden.replacing("3.0", with: "3.5")
                }
            ),
        ] {
            guard case .digest(let named, _, _)? = try refusal(change) else {
                Issue.record("\(file) was changed and the bundle was taken")
                continue
            }
            #expect(named == file)
        }
    }

    @Test func `a golden margin that the model does not give is refused, to the last bit`() throws {
        let error = try refusal { $0.golden = $0.golden.replacing(",3.0\n", with: ",3.0000000000000004\n") }
        #expect(error == .goldenMargin(line: 5, expected: "3.0000000000000004", found: "3.0"))
        #expect(try refusal { $0.golden = $0.golden.replacing(",3.0\n", with: ",\n") } != nil)
    }

    @Test func `golden rows have the columns of the manifest, numbers, and are not absent`() throws {
        #expect(
            try refusal { $0.golden = $0.golden.replacing("amount,margin", with: "margin,amount") }
                == .goldenHeader(expected: "amount,margin", found: "margin,amount"))
        #expect(try refusal { $0.golden += "1\n" } == .goldenRow(line: 7, reason: "has 1 cells instead of 2"))
        #expect(try refusal { $0.golden += "x,1\n" } == .goldenRow(line: 7, reason: "amount: x is no number"))
        #expect(try refusal { $0.golden = "amount,margin\n" } == .noGoldenRows)
        #expect(try refusal { $0.golden = "" } == .noGoldenRows)
        #expect(try refusal { $0.golden = $0.golden.replacing("\n", with: "\r\n") } == nil)
    }

    @Test func `a manifest with more or other columns than the model is refused`() throws {
        #expect(try refusal { $0.features = ["amount", "amount"] } == .columnCount(manifest: 2, model: 1))
        #expect(try refusal { $0.model = modelText(BundleFixture.stumps, features: 1, names: ["amount"]) } == nil)
        #expect(
            try refusal { $0.model = modelText(BundleFixture.stumps, features: 1, names: ["count"]) }
                == .columnName(column: 0, manifest: "amount", model: "count"))
    }

    @Test func `a feature that is not in service, or means something else now, is refused`() throws {
        #expect(
            try refusal {
                $0.features = ["speed"]
                $0.golden = $0.golden.replacing("amount", with: "speed")
            } == .unknownFeature("speed"))
        let found = try #require(makePlan().definitionDigest(of: ["amount"]))
        let other = try #require(makePlan(features: [("amount", "amount + 1")]).definitionDigest(of: ["amount"]))
        #expect(try refusal { $0.featuresDigest = other.hexadecimal } == .definitions(expected: other, found: found))
    }

    @Test func `a model file that is none is refused by the tree reader's reason`() throws {
        guard case .model(let file, _)? = try refusal({ $0.model = "{}" }) else {
            Issue.record("an empty model was taken")
            return
        }
        #expect(file == "model.json")
    }

    @Test(arguments: [
        ("version: v1\n", "", "needs version"), ("missing: nan", "missing: 0", "must be nan"),
        ("file: model.json", "file: ../model.json", "own folder"),
        ("legitimate_kept: 0.1", "legitimate_kept: 0", "above 0"),
        ("legitimate_kept: 0.1", "legitimate_kept: 1.1", "at most 1"),
        ("[0.5, 0.25]", "[0.5, 1.25]", "below the point before"),
        ("[0.5, 0.25]", "[0.0, 0.0]", "first number rises"), ("[0, 0.1]", "[0, 2]", "rates above 0"),
        ("[0, 0.1]", "[0]", "pair of numbers"),
        ("name: test", "name: test\nnaem: x", "did you mean name?"), ("sha256: ", "sha256: x", "64 hexadecimal digits"),
    ])
    func `a manifest is checked key by key`(from: String, to: String, message: String) throws {
        guard case .manifest(let error)? = try refusal({ $0.manifestChanges = [(from, to)] }) else {
            Issue.record("the manifest was taken")
            return
        }
        #expect(error.message.contains(message), "\(error)")
    }

    @Test func `every refusal says what it is about`() throws {
        let digest = SHA256.hash("x")
        let errors: [BundleError] = [
            .digest(file: "f", expected: digest, found: digest), .columnCount(manifest: 1, model: 2),
            .columnName(column: 3, manifest: "a", model: "b"), .unknownFeature("speed"),
            .definitions(expected: digest, found: digest),
            .goldenHeader(expected: "a", found: "b"), .goldenRow(line: 7, reason: "r"),
            .goldenMargin(line: 7, expected: "1", found: "2"),
            .noGoldenRows,
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
    }
}
