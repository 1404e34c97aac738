// The hash of bytes: fixed for ever, never 0, every bit of the input in every bit of the output.
import Testing

@testable import Aggregates

@Suite struct StableHashTests {
    @Test func `known inputs give known hashes, on every machine`() {
        #expect(stableHash("") == 0x450E_4B87_C23A_B552)
        #expect(stableHash("a") == 0x57D0_9172_9769_2A24)
        #expect(stableHash("card-4242") == 0x0E66_E0C1_5366_4088)
        #expect(stableHash("0123456789abcdef") == 0xE589_1B00_9608_E57C)
        #expect(stableHash(UInt64(0)) == 0x996E_17A9_4516_3ECD)
    }

    @Test func `text and its bytes hash alike`() {
        let text = "m\u{E9}rchant-123456789"
        let bytes = Array(text.utf8)
        #expect(stableHash(text) == stableHash(bytes.span))
    }

    @Test func `zeros at the end, lengths and order tell inputs apart`() {
        var seen: Set<UInt64> = []
        for count in 0...300 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(seen.insert(stableHash(zeros.span)).inserted, "\(count) zeros")
        }
        #expect(stableHash("0123456789abcdef") != stableHash("89abcdef01234567"))
    }

    @Test func `numbered keys do not collide and fill every shard evenly`() {
        var seen: Set<UInt64> = []
        var shards = [Int](repeating: 0, count: KeyIndex.shardCount)
        for number in 0..<100_000 {
            let hash = stableHash("card-\(number)")
            #expect(hash != 0)
            seen.insert(hash)
            shards[KeyIndex.Place(hash).shard] += 1
        }
        #expect(seen.count == 100_000)
        // About 390 each; five standard deviations are 99.
        #expect(shards.allSatisfy { (291...489).contains($0) }, "\(shards)")
    }

    @Test(arguments: [1, 7, 8, 9, 16, 33], [1, 2] as [UInt64])
    func `one bit of the input turns about half of the output`(byteCount: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var turned = 0
        var trials = 0
        for _ in 0..<50 {
            var bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
            let hash = stableHash(bytes.span)
            for bit in 0..<byteCount * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8)
                turned += (hash ^ stableHash(bytes.span)).nonzeroBitCount
                trials += 1
                bytes[bit / 8] ^= 1 << (bit % 8)
            }
        }
        let share = Double(turned) / Double(trials * 64)
        #expect(abs(share - 0.5) < 0.02, "\(share), seed \(seed)")
    }
}
