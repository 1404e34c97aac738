// Every limit of the loader, at it and one past it.
import Testing
import Trees

@Suite struct LimitTests {
    private func check(
        _ text: ModelText, _ field: WritableKeyPath<ModelLimits, Int> & Sendable, at limit: Int, named name: String
    ) throws {
        var limits = ModelLimits.standard
        limits[keyPath: field] = limit
        #expect(refusal(text.text, limits: limits) == nil, "at \(limit) \(name)")
        limits[keyPath: field] = limit - 1
        let reason = refusal(text.text, limits: limits)?.reason
        #expect(reason == .limit(name, maximum: limit - 1))
    }

    @Test func `counts and sizes are held at their limits`() throws {
        let text = ModelText()
        try check(text, \.documentBytes, at: text.text.utf8.count, named: "bytes in a document")
        try check(text, \.nodesPerTree, at: 3, named: "nodes in a tree")
        try check(text, \.totalNodes, at: 4, named: "nodes in a model")
        try check(text, \.features, at: 2, named: "features")
        try check(ModelText(trees: [.leaf("0.12345")]), \.numberBytes, at: 7, named: "bytes in a number")
        let longest = "base_weights is not it: categories_segments is".split(separator: " ").map(\.count).max() ?? 0
        try check(text, \.stringBytes, at: longest, named: "bytes in a string")
    }

    @Test func `trees are held at their limit, wherever they are counted`() throws {
        func without(_ member: String) -> String { ModelText().text.replacing(member, with: "") }
        let rounds = #""iteration_indptr":[0, 1, 2],"#
        let classes = #""tree_info":[0, 0],"#
        var limits = ModelLimits.standard
        limits.trees = 2
        #expect(refusal(ModelText().text, limits: limits) == nil)
        limits.trees = 1
        #expect(refusal(ModelText().text, limits: limits)?.reason == .limit("rounds' ends", maximum: 2))
        #expect(refusal(without(rounds), limits: limits)?.path == "learner.gradient_booster.model.tree_info[1]")
        let bare = without(rounds).replacing(classes, with: "")
        #expect(refusal(bare, limits: limits)?.reason == .limit("trees in a model", maximum: 1))
        #expect(refusal(bare, limits: limits)?.path == "learner.gradient_booster.model.trees[1]")
    }

    @Test func `categories are held at their limits`() throws {
        var tree = TreeText.stump(0, "1", "2", "3")
        tree.splitType[0] = 1
        tree.categories = [(0, [1, 5, 64])]
        let text = ModelText(trees: [tree])
        try check(text, \.categoriesPerTree, at: 3, named: "categories in a tree")
        try check(text, \.categoryWords, at: 3, named: "words of category sets")
    }

    @Test func `nesting is held at its limit`() {
        func nested(_ levels: Int) -> String {
            let deep = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
            return ModelText().text.replacing(#"{"learner""#, with: #"{"deep":\#(deep),"learner""#)
        }
        let limit = ModelLimits.standard.nesting
        #expect(refusal(nested(limit - 1)) == nil)
        #expect(refusal(nested(limit))?.reason == .nestedTooDeeply(limit: limit))
        #expect(refusal(String(repeating: "[", count: 1_000_000))?.reason != nil)
    }

    @Test func `a deep tree and a wide row keep to the answers of the reference`() throws {
        // A chain of 40 splits: x < k goes to leaf k.
        var tree = TreeText.leaf("0")
        for level in 0..<40 {
            let at = tree.left.count - 1
            tree.left[at] = at + 1
            tree.right[at] = at + 2
            tree.value[at] = "\(level)"
            tree.left += [-1, -1]
            tree.right += [-1, -1]
            tree.column += [0, 0]
            tree.value += ["\(level)", "40"]
            tree.defaultLeft += [0, 0]
            tree.cover += [1, 1]
            tree.splitType += [0, 0]
        }
        let model = try ModelText(trees: [tree]).model()
        #expect(model.summary.maxDepth == 40)
        for level in 0...40 { #expect(model.margin([Double(level) - 0.5, 0]) == Double(level)) }

        let columns = 65_536
        let wide = try ModelText(trees: [.stump(columns - 1, "1", "-1", "2")], features: columns).model()
        var row = [Double](repeating: 9, count: columns)
        #expect(wide.margin(row) == 2)
        row[columns - 1] = .nan
        #expect(wide.margin(row) == -1)
    }
}
