// The form of a forest that Shapley values are computed on. A tree is a list of its splits, parents before children,
// and a work array of slots, one set of quadrature points each; ShapleyValues says what is computed in them.
//
//   splits: [ upper splits (some child is a split), breadth first | bottom splits (both children are leaves) ]
//   slots:  [ root | left child of split 0 | right child of split 0 | left child of split 1 | … ]
//
// Children need no index: those of upper split i are slots 2i + 1 and 2i + 2. A bottom split has no slots below it. The
// leaves beside an upper split's other child are listed apart, by slot and value.
//
// A split of a column that its path has split before has a link, which leads to the column's split before.

/// One split: 24 bytes.
struct ShapleySplit: Sendable, BitwiseCopyable {
    /// The right child's share of the cover of both, 0 to 1.
    var share: Double
    /// Index into the answers of `SplitConditions`.
    var condition: UInt32
    /// Its own slot.
    var slot: UInt32
    /// Index into `ShapleyForest.columns`.
    var column: UInt32
    /// Number within the tree; link 0 is that of all splits that are the first of their column.
    var link: UInt32
}

/// From a split to the last one of the same column on the path to it.
struct ShapleyLink: Sendable, BitwiseCopyable {
    /// Of the split before.
    var condition: UInt32
    /// 1 when the path goes to its left, 0 to its right: what turns its answer into whether the row went along.
    var flip: UInt8
    /// The link of the split before.
    var link: UInt32
}

/// The two leaves of a bottom split.
struct ShapleyLeafPair: Sendable, BitwiseCopyable {
    var left: Double
    /// Right less left.
    var difference: Double
}

/// A leaf beside a split.
struct ShapleyLeaf: Sendable, BitwiseCopyable {
    var value: Double
    var slot: UInt32
}

/// What a link's share of cover comes to at each point; see ShapleyValues.
struct ShapleyCurve<Points: QuadraturePoints>: BitwiseCopyable {
    var rise: Points
    var slope: Points
}

/// Where a tree's parts stand in the arrays of its forest, and the quadrature that it takes.
struct ShapleyTree: Sendable, BitwiseCopyable {
    var firstSplit: Int
    var firstPair: Int
    var firstLeaf: Int
    var firstLink: Int
    /// By pass, in each a `ShapleyCurve` for each link.
    var firstCurve: Int
    var firstWeight: Int
    var upperCount: Int
    var bottomCount: Int
    var leafCount: Int
    /// Link 0 among them.
    var linkCount: Int
    var rule: ShapleyRule
}

/// How many points a tree takes: half as many as its longest path has distinct columns are exact.
struct ShapleyRule: Sendable, BitwiseCopyable, Hashable {
    /// Points that are computed at a time: four, six or eight.
    var width: Int
    var passes: Int

    init(distinctColumns: Int) {
        width = distinctColumns <= 8 ? 4 : distinctColumns <= 12 ? 6 : 8
        passes = max((distinctColumns + 2 * width - 1) / (2 * width), 1)
    }

    var points: Int { width * passes }
}

struct ShapleyForest: ~Copyable, Sendable {
    /// Distinct columns on one path up to which Shapley values are computed: eight passes of eight points.
    static let distinctColumnLimit = 128
    /// Pairs of points (16 bytes) in the curves of a model: 256 MiB, which is eight pairs for each link of a model of two
    /// million of them.
    static let curvePairLimit = 1 << 24

    /// False when the forest is past one of the limits; then it has no trees here.
    let isAvailable: Bool
    /// These two are there in any case, and serve the path attribution too.
    let conditions: SplitConditions
    let paths: PathForest
    let trees: FixedArray<ShapleyTree>
    let splits: FixedArray<ShapleySplit>
    let pairs: FixedArray<ShapleyLeafPair>
    let leaves: FixedArray<ShapleyLeaf>
    let links: FixedArray<ShapleyLink>
    /// Points, two by two.
    let curves: FixedArray<SIMD2<Double>>
    let weights: FixedArray<SIMD2<Double>>
    /// Columns that splits use, ascending.
    let columns: FixedArray<UInt32>
    let sizes: Sizes

    /// What a row takes: a `ShapleyScratch` is made for it.
    struct Sizes: Sendable, Equatable {
        var conditions: Int
        var columns: Int
        /// Each the most of any tree.
        var upperSplits: Int
        var links: Int
        /// Points of a pass.
        var width: Int
    }

    /// - Parameter curvePairLimit: Another one, for tests.
    init(_ forest: ReferenceForest, curvePairLimit: Int = Self.curvePairLimit) {
        let table = SplitConditions.Table(forest)
        conditions = SplitConditions(table)
        paths = PathForest(forest, table)
        var builder = ShapleyForestBuilder(forest, conditions: table.numbers, curvePairLimit: curvePairLimit)
        isAvailable = builder.build()
        trees = FixedArray(builder.trees)
        splits = FixedArray(builder.splits)
        pairs = FixedArray(builder.pairs)
        leaves = FixedArray(builder.leaves)
        links = FixedArray(builder.links)
        curves = FixedArray(builder.curves)
        weights = FixedArray(builder.weights)
        columns = FixedArray(builder.columns)
        sizes = Sizes(
            conditions: conditions.count, columns: columns.count,
            upperSplits: builder.trees.map(\.upperCount).max() ?? 0, links: builder.trees.map(\.linkCount).max() ?? 0,
            width: builder.trees.map(\.rule.width).max() ?? 0)
    }
}
