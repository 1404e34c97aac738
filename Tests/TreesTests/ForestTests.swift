// Random forests: the packed engines against the plain one, and all against a walk over the test's own columns.
import Glibc
import Testing
import Trees

@Suite struct ForestTests {
    /// The simplest reading of a tree's columns.
    private func leaf(of tree: TreeText, _ row: [Double]) -> Float {
        var node = 0
        while tree.left[node] >= 0 {
            let value = Float(row[tree.column[node]])
            let left: Bool
            if value.isNaN {
                left = tree.defaultLeft[node] == 1
            } else if tree.splitType[node] == 1 {
                let codes = tree.categories.first { $0.node == node }?.codes ?? []
                left = value < 0 || value >= 16_777_216 || !codes.contains(Int(value))
            } else {
                left = value < (Float(tree.value[node]) ?? .infinity)
            }
            node = left ? tree.left[node] : tree.right[node]
        }
        return Float(tree.value[node]) ?? .nan
    }

    @Test(
        arguments: [
            (1, 5, false), (2, 40, false), (3, 5, true), (4, 60, true), (5, 0, false), (0xF00D, 12, false),
        ] as [(UInt64, Int, Bool)])
    func `every engine gives the bits of the plain walk`(seed: UInt64, splits: Int, categorical: Bool) throws {
        var rng = SplitMix64(seed: seed)
        let features = 5
        let trees = (0..<37).map { _ in
            let count = Int.random(in: 0...splits, using: &rng)
            return TreeText.random(splits: count, features: features, categorical: categorical, using: &rng)
        }
        let model = try ModelText(trees: trees, features: features, baseScore: #""[3E-1]""#).model()
        let scratch = model.makeScratch()
        let base = -logf(1 / Float(0.3) - 1)
        for _ in 0..<300 {
            let row = randomRow(features: features, using: &rng)
            let leaves = trees.map { leaf(of: $0, row) }
            let all = leaves.reduce(base, +)
            let plain = model.reference.margin(of: row.span)
            #expect(plain.bitPattern == Double(all).bitPattern)
            for count in [0, 1, 7, 8, 9, 16, 36, 37] {
                let expected = Double(leaves.prefix(count).reduce(base, +))
                let margin = model.margin(ofFirst: count, of: row.span, scratch: scratch)
                #expect(margin.bitPattern == expected.bitPattern, "the first \(count) trees of \(row)")
            }
            let margin = model.margin(of: row.span, scratch: scratch)
            #expect(margin.bitPattern == Double(all).bitPattern)
        }
    }

    @Test func `a shorter ensemble is held within none and all`() throws {
        let model = try ModelText(trees: [.leaf("1"), .leaf("2")]).model()
        let row = [0.0, 0.0]
        let scratch = model.makeScratch()
        #expect(model.margin(ofFirst: -1, of: row.span, scratch: scratch) == 0)
        #expect(model.margin(ofFirst: 1, of: row.span, scratch: scratch) == 1)
        #expect(model.margin(ofFirst: 9, of: row.span, scratch: scratch) == 3)
    }
}
