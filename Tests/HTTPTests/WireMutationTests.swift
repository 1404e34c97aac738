// The parser against its plain twin over changed cases of the table. SHROFF_STREAM_ROUNDS=1000000 makes a long run of it.
import Testing

@testable import HTTP

@Suite struct WireMutationTests {
    @Test(arguments: [11, 12, 13, 14] as [UInt64], [false, true])
    func `changed cases of the table are read alike by the parser and its plain twin`(seed: UInt64, isTight: Bool) {
        var random = SplitMix64(seed: seed)
        let driver =
            isTight ? StreamDriver(limits: .tight, bodyLimit: 4, discardLimit: 6) : StreamDriver()
        var refusals = Set<Refusal>()
        var accepted = 0
        for round in 0..<StreamRounds.count(2_000) {
            let bytes = StreamMutator.make(using: &random)
            var twin = PlainParser(
                bytes, limits: driver.limits, bodyLimit: driver.bodyLimit, discardLimit: driver.discardLimit)
            let expected = twin.parse()
            let largest = Int.random(in: 1...60, using: &random)
            let stream = driver.parse(bytes) { Int.random(in: 1...largest, using: &random) }
            #expect(stream == expected, "seed \(seed), round \(round): \(text(bytes).debugDescription)")
            if stream != expected { return }
            accepted += stream.requests.count
            if case .refused(let refusal) = stream.end { refusals.insert(refusal) }
        }
        // Without these the comparison would prove little; a few limits are out of reach of one kind or the other.
        #expect(accepted > 200)
        #expect(refusals.count > 30, "\(Refusal.allCases.filter { !refusals.contains($0) })")
    }
}
