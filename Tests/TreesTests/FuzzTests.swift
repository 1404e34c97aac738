// Mutated documents of every format: whatever happens to one, the loader soon answers, either with an error in its place or
// with a model whose engines agree to the bit. SHROFF_MUTATIONS=1000000 makes as many mutants of all seeds together.
import Foundation
import Testing
import Trees

@Suite struct FuzzTests {
    private static let mutations =
        ProcessInfo.processInfo.environment["SHROFF_MUTATIONS"].flatMap { Int($0) } ?? 12_000
    /// Far beyond what any mutant takes, so that only what hangs or grows without bound goes past it.
    private static let longest = Duration.seconds(2)
    private static let mostBytes = 512 << 20

    /// What became of the mutants of one seed.
    private struct Count {
        var refused = 0
        var taken = 0
        var slowest = Duration.zero
    }

    /// Bytes that the process has had in memory at most.
    private var peakBytes: Int {
        var usage = rusage()
        getrusage(.init(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    @Test(arguments: FuzzSeed.all, [1, 2] as [UInt64])
    func `a mutant is refused in its place, or scored alike by every engine`(seed: FuzzSeed, stream: UInt64) throws {
        var rng = SplitMix64(seed: stream &* 1_000_003)
        var count = Count()
        let before = peakBytes
        for number in 0..<Self.mutations / (2 * FuzzSeed.all.count) {
            let bytes = seed.mutant(using: &rng)
            let clock = ContinuousClock()
            let start = clock.now
            if let fault = fault(of: bytes, &count, using: &rng) {
                Issue.record("mutant \(number): \(fault)\n\(Data(bytes).base64EncodedString())")
            }
            count.slowest = max(count.slowest, clock.now - start)
        }
        #expect(count.slowest < Self.longest)
        #expect(peakBytes - before < Self.mostBytes)
        #expect(count.refused * 5 > count.taken && count.taken * 50 > count.refused, "\(count)")
    }

    /// What is wrong with the answer to a document; nil when nothing is.
    private func fault(of bytes: [UInt8], _ count: inout Count, using rng: inout SplitMix64) -> String? {
        do {
            let model = try TreeModel(bytes: bytes)
            count.taken += 1
            let columns = model.summary.featureCount
            let scratch = model.makeScratch()
            var contributions: [Double] = []
            for _ in 0..<(columns > 1_000 ? 1 : 3) {
                let row = randomRow(features: columns, using: &rng)
                let trees = Int.random(in: 0...model.summary.treesUsed, using: &rng)
                let margin = model.margin(of: row.span, scratch: scratch)
                guard same(margin, model.reference.margin(of: row.span)) else { return "\(margin) for \(row)" }
                let part = model.margin(ofFirst: trees, of: row.span, scratch: scratch)
                guard same(part, model.reference.margin(ofFirst: trees, of: row.span)) else {
                    return "\(part) for \(trees) trees and \(row)"
                }
                let explained = model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
                guard same(explained, margin), contributions.count == columns + 1 else {
                    return "attribution of \(row)"
                }
                if columns <= 1_000, model.canComputeShapleyValues {
                    let shapley = model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
                    guard same(shapley, margin), contributions.count == columns + 1 else { return "values of \(row)" }
                }
                let probability = model.probability(ofMargin: margin)
                guard margin.isNaN || (0...1).contains(probability) else { return "probability \(probability)" }
            }
        } catch {
            count.refused += 1
            guard error.offset >= 0, error.offset <= bytes.count else { return "offset of \(error)" }
            guard error.path.utf8.count <= 4_096, "\(error)".utf8.count <= 8_192 else { return "a long error" }
        }
        return nil
    }

    /// Sums may pass through infinity, and then are not a number, of whatever payload.
    private func same(_ left: Double, _ right: Double) -> Bool {
        left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN)
    }

    @Test(arguments: FuzzSeed.all)
    func `a seed is sound`(seed: FuzzSeed) throws {
        for document in seed.documents {
            #expect(throws: Never.self) { try TreeModel(bytes: document) }
        }
    }

    @Test(arguments: FuzzSeed.all)
    func `a seed that is cut anywhere is refused`(seed: FuzzSeed) {
        var rng = SplitMix64(seed: 9)
        var count = Count()
        let bytes = seed.documents[0]
        for end in 0..<bytes.count {
            guard let fault = fault(of: Array(bytes[..<end]), &count, using: &rng) else { continue }
            Issue.record("cut at \(end): \(fault)")
        }
        // What describes LightGBM's trees stands behind them, and may be missing.
        if case .text = seed.form { return }
        #expect(count.taken == 0)
    }
}
