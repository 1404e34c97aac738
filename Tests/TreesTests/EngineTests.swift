// Every compiled form against the plain nodes, bit for bit, on seeded forests of every shape and in every dialect. The
// forests are built by hand, since no one format has all that the engines take; that needs the module's inside, which
// only a debug build shows.
#if DEBUG
    import AllocationCounter
    import Testing

    @testable import Trees

    @Suite struct EngineTests {
        @Test(arguments: ForestRecipe.all)
        func `every form gives the bits of the plain nodes`(recipe: ForestRecipe) {
            var rng = SplitMix64(seed: recipe.seed)
            let loaded = recipe.forest(using: &rng)
            let rows = (0..<40).map { _ in recipe.row(using: &rng) }
            var tried: Set<ModelSummary.Engine> = []
            for engine in [ModelSummary.Engine.heap, .treelets, .oblivious, .lockstep, .walk, .reference, nil] {
                let model = TreeModel(loaded, only: engine)
                tried.insert(model.summary.engine)
                check(model, rows)
            }
            #expect(tried.isSuperset(of: recipe.expected), "\(tried)")
        }

        private func check(_ model: TreeModel, _ rows: [[Double]]) {
            let scratch = model.makeScratch()
            let trees = model.summary.treesUsed
            var margins: [Double] = []
            for count in [0, 1, 7, rows.count] {
                let batch = rows.prefix(count)
                let values = Array(batch.joined())
                model.margins(of: values.span, into: &margins, scratch: scratch)
                let expected = batch.map { model.reference.margin(of: $0.span).bitPattern }
                #expect(margins.map(\.bitPattern) == expected, "\(model.summary.engine)")
            }
            for row in rows {
                for count in [0, 1, 7, 8, 9, 15, 16, 17, trees - 1, trees] where count >= 0 && count <= trees {
                    let expected = model.reference.margin(ofFirst: count, of: row.span)
                    let margin = model.margin(ofFirst: count, of: row.span, scratch: scratch)
                    guard margin.bitPattern == expected.bitPattern else {
                        Issue.record("\(model.summary.engine), \(count) trees: \(margin), not \(expected), of \(row)")
                        return
                    }
                }
            }
        }

        @Test func `a sum of negative zeros stays one`() {
            let summation = Summation(isSingle: true, start: -0.0)
            for trees in [1, 8, 15, 16, 17] {
                var builder = ForestBuilder()
                for _ in 0..<trees { builder.append(leaf: -0.0) }
                let loaded = builder.loaded(.xgboost, summation, columns: 1)
                for engine in [ModelSummary.Engine.heap, .treelets, .oblivious, .lockstep, nil] {
                    let model = TreeModel(loaded, only: engine)
                    #expect(model.summary.engine != .reference)
                    #expect(model.margin([1]).sign == .minus)
                }
            }
        }

        @Test func `conditions are numbered up to their limit`() {
            for (count, fits) in [(Conditions.limit, true), (Conditions.limit + 1, false)] {
                var builder = ForestBuilder()
                for first in stride(from: 0, to: count, by: 16_384) {
                    builder.append(chain: first..<min(first + 16_384, count))
                }
                let loaded = builder.loaded(.xgboost, Summation(isSingle: true), columns: 1)
                #expect((Conditions(of: loaded.forest) != nil) == fits)
                let model = TreeModel(loaded, only: .treelets)
                #expect(model.summary.engine == (fits ? .treelets : .reference))
                for value in [-1, 0, 1, 40_000.5, Double(count) - 1, Double(count), .nan] {
                    let row = [value]
                    #expect(model.margin(row) == model.reference.margin(of: row.span))
                }
            }
        }

        @Test func `a tree has as many leaves as an exit can name, and no more`() {
            for (leaves, fits) in [
                (TreeletPacker<Float>.blockLimit, true), (TreeletPacker<Float>.blockLimit + 1, false),
            ] {
                var builder = ForestBuilder()
                builder.append(leaf: 0.5)
                builder.append(chain: 0..<(leaves - 1))
                builder.append(leaf: 0.25)
                let loaded = builder.loaded(.xgboost, Summation(isSingle: true), columns: 1)
                let model = TreeModel(loaded, only: .treelets)
                #expect(model.summary.engine == (fits ? .treelets : .reference))
                for value in [-1, 9, 32_766, 32_767, 40_000.5] {
                    let row = [value]
                    #expect(model.margin(row) == model.reference.margin(of: row.span))
                }
            }
        }

        @Test func `heaps have eight levels, and no more`() {
            for (depth, fits) in [(8, true), (9, false)] {
                var builder = ForestBuilder()
                builder.append(chain: 0..<depth)
                let loaded = builder.loaded(.xgboost, Summation(isSingle: true), columns: 1)
                #expect((TreeModel(loaded, only: .heap).summary.engine == .heap) == fits)
            }
        }

        @Test func `lockstep has twelve levels, and no more`() {
            for (depth, fits) in [(12, true), (13, false)] {
                var builder = ForestBuilder()
                builder.append(chain: 0..<depth)
                let loaded = builder.loaded(.xgboost, Summation(isSingle: true), columns: 1)
                #expect((TreeModel(loaded, only: .lockstep).summary.engine == .lockstep) == fits)
                #expect(TreeModel(loaded, only: .walk).summary.engine == .walk)
            }
        }

        @Test func `tables of categories are bounded`() {
            // Codes 0 to 8,189, one row for the others and one for missing values, 16 bytes each: 256 of them fit.
            let rows = Conditions.categoryBytesLimit / 16 / 256
            for (columns, fits) in [(256, true), (257, false)] {
                var builder = ForestBuilder()
                for column in 0..<columns {
                    var words = [UInt32](repeating: 0, count: rows / 32)
                    words[words.count - 1] = 1 << 29
                    let set = builder.categories.append(words: words)
                    builder.append(stump: column, set: set)
                }
                let loaded = builder.loaded(.lightgbm, Summation(isSingle: false), columns: columns)
                #expect((Conditions(of: loaded.forest) != nil) == fits)
            }
        }

        /// Where each condition is asked once, a table is not worth its cost.
        @Test func `the form is chosen by what it costs`() {
            var rng = SplitMix64(seed: 77)
            func engine(_ dialect: Dialect, _ shape: ForestRecipe.Shape, _ trees: Int) -> ModelSummary.Engine {
                let recipe = ForestRecipe(seed: 0, dialect: dialect, shape: shape, trees: trees)
                return TreeModel(recipe.forest(using: &rng)).summary.engine
            }
            #expect(engine(.xgboost, .balanced(6), 100) == .heap)
            var builder = ForestBuilder()
            for column in 0..<40 { builder.append(stump: column, set: -1) }
            let wide = builder.loaded(.lightgbm, Summation(isSingle: false), columns: 40)
            #expect(TreeModel(wide).summary.engine == .lockstep)
            #expect(engine(.lightgbm, .leafWise(60), 100) == .treelets)
            #expect(engine(.catboost, .oblivious(6), 100) == .oblivious)
            #expect(engine(.catboost, .chain(20), 1) == .walk)
        }

        @Test(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
        func `no form allocates`() {
            var rng = SplitMix64(seed: 78)
            let recipe = ForestRecipe(seed: 0, dialect: .xgboost, shape: .oblivious(3), trees: 20)
            let loaded = recipe.forest(using: &rng)
            for engine in [ModelSummary.Engine.heap, .treelets, .oblivious, .lockstep, .walk, .reference] {
                let model = TreeModel(loaded, only: engine)
                #expect(model.summary.engine == engine)
                let scratch = model.makeScratch()
                let rows = (0..<9).map { _ in recipe.row(using: &rng) }
                let values = Array(rows.joined())
                let row = rows[0]
                var margins = [Double](repeating: 0, count: rows.count)
                var sum = 0.0
                func score() {
                    sum += model.margin(of: row.span, scratch: scratch)
                    model.margins(of: values.span, into: &margins, scratch: scratch)
                }
                score()
                #expect(AllocationCounter.allocations { score() } == 0, "\(engine)")
                #expect(sum.isFinite)
            }
        }
    }
#endif
