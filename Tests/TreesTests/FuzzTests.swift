// Mutated documents: whatever happens to the bytes, the loader answers with a model or with an error in its place, soon.
import Testing
import Trees

@Suite struct FuzzTests {
    /// Bytes that mean something to the format, and numbers that mean trouble.
    private static let tokens: [[UInt8]] = [
        "{", "}", "[", "]", ",", ":", "\"", "-", "0", "-1", "1e39", "NaN", "-Infinity", "2147483647", "2147483648",
        "9223372036854775808", "1e-999999999", "true", "null", "\\u", "\u{FF}", "[[", "99999999999999999999",
    ].map { Array($0.utf8) }

    private func mutate(_ bytes: inout [UInt8], using rng: inout SplitMix64) {
        let at = Int.random(in: 0..<bytes.count, using: &rng)
        switch Int.random(in: 0..<7, using: &rng) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &rng)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
        case 2: bytes.remove(at: at)
        case 3: bytes.insert(contentsOf: Self.tokens.randomElement(using: &rng)!, at: at)
        case 4:
            // A digit for a digit: the text stays JSON, the tree does not stay a tree.
            guard let digit = bytes[at...].firstIndex(where: { $0 >= 48 && $0 < 58 }) else { return }
            bytes[digit] = UInt8.random(in: 48..<58, using: &rng)
        case 5:
            // One number for another.
            guard let digit = bytes[at...].firstIndex(where: { $0 >= 48 && $0 < 58 }) else { return }
            bytes.replaceSubrange(digit...digit, with: Self.tokens.randomElement(using: &rng)!)
        default:
            let length = Int.random(in: 1...40, using: &rng)
            let from = Int.random(in: 0..<bytes.count, using: &rng)
            let piece = Array(bytes[from..<min(from + length, bytes.count)])
            bytes.insert(contentsOf: piece, at: at)
        }
        if bytes.isEmpty { bytes = [0] }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a mutated document is refused or scored, never worse`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var small = TreeText.stump(0, "1e-45", "-1", "1")
        small.splitType[0] = 1
        small.categories = [(0, [1, 5])]
        let grown = TreeText.random(splits: 3, features: 2, categorical: false, using: &rng)
        let whole = Array(ModelText(trees: [grown, small]).text.utf8)
        var refused = 0
        var taken = 0
        for _ in 0..<7_500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &rng) { mutate(&bytes, using: &rng) }
            do {
                let model = try TreeModel(bytes: bytes)
                taken += 1
                let row = [Double](repeating: 1, count: model.summary.featureCount)
                var contributions: [Double] = []
                let scratch = model.makeScratch()
                let margin = model.margin(of: row.span, scratch: scratch)
                #expect(model.pathAttribution(of: row.span, into: &contributions, scratch: scratch) == margin)
            } catch {
                refused += 1
                if error.offset < 0 || error.offset > bytes.count { Issue.record("offset of \(error)") }
            }
        }
        #expect(refused > 1_000 && taken > 100, "\(refused) refused, \(taken) taken")
    }
}
