// What the computation of Shapley values writes to: made once, for one model and one thread at a time. Its size follows
// the model's largest tree; memory that no row needs is never touched.

final class ShapleyScratch {
    /// One byte a condition of the forest, and the zeros that `PathForest` reads behind them.
    let answers: UnsafeMutablePointer<UInt8>
    /// Of the tree in hand, for each link: 1 where the row went along with all earlier splits of the column, else 0.
    let along: UnsafeMutablePointer<Double>
    /// Of the tree in hand, for each upper split: 1 or 0 (the row goes right or not) less the right child's share of
    /// cover; 0 where the row has left the column's path.
    let excesses: UnsafeMutablePointer<Double>
    /// Of the tree in hand; see `ShapleyForest`. Points of the widest pass each.
    let slots: UnsafeMutableRawPointer
    /// For each column in use, the contribution, in two parts.
    let sums: UnsafeMutablePointer<SIMD2<Double>>

    let sizes: ShapleyForest.Sizes

    init(for forest: borrowing ShapleyForest) {
        sizes = forest.sizes
        let answerCount = sizes.conditions + PathForest.lockstepWidth
        answers = .allocate(capacity: answerCount)
        answers.update(repeating: 0, count: answerCount)
        along = .allocate(capacity: sizes.links)
        excesses = .allocate(capacity: sizes.upperSplits)
        let slotBytes = sizes.width * MemoryLayout<Double>.stride
        slots = .allocate(byteCount: (2 * sizes.upperSplits + 1) * slotBytes, alignment: 64)
        sums = .allocate(capacity: sizes.columns)
    }

    deinit {
        answers.deallocate()
        along.deallocate()
        excesses.deallocate()
        slots.deallocate()
        sums.deallocate()
    }
}
