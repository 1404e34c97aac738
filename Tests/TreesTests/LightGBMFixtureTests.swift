// The shared LightGBM model against the library's own answers: every row, to the bit.
import Testing
import Trees

@Suite(.enabled(if: SharedData.trees != nil, "the shared data folder is not beside the checkout"))
struct LightGBMFixtureTests {
    @Test func `margin and probability are the library's`() throws {
        let name = "lgb_300_l31"
        let model = try TreeModel(bytes: try SharedData.unzipped("\(name).txt.gz"))
        let columns = model.summary.featureCount
        let values = try SharedData.values("\(name).rows.f32", as: Float.self)
        let expected = try SharedData.values("\(name).expected.f64", as: Double.self)
        let scratch = model.makeScratch()
        #expect(model.summary.trees == 300 && model.summary.leaves == 300 * 31 && columns == 30)
        #expect(values.count / columns == 2_000)
        for index in 0..<values.count / columns {
            let row = values[index * columns..<(index + 1) * columns].map { Double($0) }
            let margin = model.margin(of: row.span, scratch: scratch)
            let probability = model.probability(ofMargin: margin)
            guard margin.bitPattern == expected[2 * index].bitPattern,
                abs(probability - expected[2 * index + 1]) <= expected[2 * index + 1].ulp,
                model.reference.margin(of: row.span).bitPattern == margin.bitPattern
            else {
                Issue.record("row \(index): \(margin), \(probability)")
                return
            }
        }
    }
}
