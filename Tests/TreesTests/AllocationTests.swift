// Nothing is allocated on the way of a row: every call of malloc by the test's own thread is counted.
import AllocationCounter
import Testing
import Trees

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
struct AllocationTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        var engine: ModelSummary.Engine
        var splits: Int
        var categorical: Bool
        var testDescription: String { "\(engine)" }

        func model() throws -> TreeModel {
            var rng = SplitMix64(seed: 5)
            let trees = (0..<20).map { _ in
                TreeText.random(splits: splits, features: 4, categorical: categorical, using: &rng)
            }
            return try ModelText(trees: trees, features: 4).model()
        }
    }

    @Test(arguments: [
        Case(engine: .heap, splits: 6, categorical: false), Case(engine: .treelets, splits: 60, categorical: true),
    ])
    private func `margin, probability and attribution allocate nothing`(item: Case) throws {
        let model = try item.model()
        #expect(model.summary.engine == item.engine)
        let scratch = model.makeScratch()
        let row = [1, 2, Double.nan, 0.5]
        var contributions = [Double](repeating: 0, count: 5)
        var margins = [0.0]
        var sum = 0.0
        func score() {
            sum += model.margin(of: row.span, scratch: scratch)
            sum += model.margin(ofFirst: 1, of: row.span, scratch: scratch)
            sum += model.probability(ofMargin: sum)
            model.margins(of: row.span, into: &margins, scratch: scratch)
            sum += model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
            sum += model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
        }
        score()
        #expect(AllocationCounter.allocations { score() } == 0)
        #expect(sum.isFinite)
    }
}
