// A decimal becomes the nearest Float, in one rounding. Seen through a model of one leaf, whose base margin is -0.
import Testing
import Trees

@Suite struct NumberTests {
    private func leaf(_ text: String) throws -> Float {
        Float(try ModelText(trees: [.leaf(text)]).model().margin([0, 0]))
    }

    @Test(arguments: [
        "0", "-0", "-0.0", "1", "0.1", "16777217", "16777217.0000001", "1e10", "1E+10", "1.17549435E-38", "1e-45",
        "0.7e-45", "0.70064923216240853546186479164495e-45", "0.7006492321624086e-45", "3.4028235e38",
        "3.40282356779733661e38", "123456789012345678901234567890e-10", "0.000000000000000000000000000000000001",
        "9007199254740993", "1.00000005960464477539062500", "1.00000005960464477539062501",
        "1.0000000596046448", "0e999999999", "1e-999999999",
    ])
    func `hard decimals are rounded once`(text: String) throws {
        #expect(try leaf(text).bitPattern == #require(Float(text)).bitPattern)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `random decimals are rounded once`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<250 {
            let bits = UInt32.random(in: 0..<0x7F80_0000, using: &rng)
            let value = Float(bitPattern: bits)
            // Between two Floats, to the last digit of a Double: where a second rounding would show.
            let middle = (Double(value) + Double(value.nextUp)) / 2
            for text in ["\(value)", "-\(value)", "\(middle)", "\(middle.nextUp)", "\(middle.nextDown)"] {
                guard let right = Float(text), right.isFinite else { continue }
                let read = try leaf(text)
                if read.bitPattern != right.bitPattern { Issue.record("\(text): \(read), not \(right)") }
            }
        }
    }

    @Test(arguments: ["01", "1.", ".5", "+1", "1e", "1e+", "--1", "0x1p3", "1_0", "nan", "inf", "\"1\"", "true", "-"])
    func `what is no JSON number is refused`(text: String) {
        #expect(refusal(ModelText(trees: [.leaf(text)]).text) != nil)
    }
}
