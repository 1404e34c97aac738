// Shortest printing against Swift's own: the same digits, the same power of ten, and the same bits when read back.

import Foundation
import JSON
import Testing

@Suite struct ShortestTests {
    /// Random patterns a seed stands for.
    #if DEBUG
        static let patternsPerSeed = 20_000
    #else
        static let patternsPerSeed = 1_000_000
    #endif

    static func printed(_ value: Double) -> String {
        var bytes: [UInt8] = []
        appendShortest(value, to: &bytes)
        return text(bytes)
    }

    static func printed(_ value: Float) -> String {
        var bytes: [UInt8] = []
        appendShortest(value, to: &bytes)
        return text(bytes)
    }

    /// The digits without zeros at either end, and the place of the point before the first: equal for equal decimals.
    static func decimal(_ number: some StringProtocol) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point = 0
        var isBehindPoint = false
        var rest = Array(number.utf8)[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        while let byte = rest.first, byte | 0x20 != UInt8(ascii: "e") {
            rest.removeFirst()
            if byte == UInt8(ascii: ".") {
                isBehindPoint = true
            } else {
                if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
                if !isBehindPoint, !digits.isEmpty { point += 1 }
                if isBehindPoint, digits.isEmpty { point -= 1 }
            }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let exponent = rest.isEmpty ? 0 : Int(text(Array(rest.dropFirst()))) ?? 0
        return digits.isEmpty ? ([], 0) : (digits, point + exponent)
    }

    /// What is wrong with how `value` is printed; nil when nothing is.
    static func fault(of value: Double) -> String? {
        let text = printed(value)
        guard let bits = try? readDouble(text).bitPattern, bits == value.bitPattern else {
            return "\(text) is not \(value)"
        }
        let (ours, swifts) = (decimal(text), decimal(value.description))
        guard ours.digits == swifts.digits, ours.point == swifts.point else { return "\(text) for \(value)" }
        return nil
    }

    static func fault(of value: Float) -> String? {
        let text = printed(value)
        guard strtof(text, nil).bitPattern == value.bitPattern, (try? readDouble(text)) != nil else {
            return "\(text) is not \(value)"
        }
        let (ours, swifts) = (decimal(text), decimal(value.description))
        guard ours.digits == swifts.digits, ours.point == swifts.point else { return "\(text) for \(value)" }
        return nil
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `random doubles print as Swift prints them, up to form`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<Self.patternsPerSeed {
            let bits = rng.next()
            // A pattern of any exponent, a plain number between 0 and 1, or an amount with cents.
            let value =
                switch seed % 4 {
                case 0, 1: Double(bitPattern: bits)
                case 2: Double(bits >> 11) * 0x1p-53
                default: Double(bits >> 34) / 100
                }
            guard value.isFinite else { continue }
            if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
        }
    }

    @Test(arguments: [21, 22] as [UInt64])
    func `random floats print as Swift prints them, up to form`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<Self.patternsPerSeed {
            let bits = UInt32(truncatingIfNeeded: rng.next())
            let value = seed == 21 ? Float(bitPattern: bits) : Float(bits >> 8) * 0x1p-24
            guard value.isFinite else { continue }
            if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
        }
    }

    @Test func `powers of two and their neighbours, subnormal to greatest`() {
        for exponent in -1074...1023 {
            let value = scalbn(1.0, exponent)
            for value in [value, value.nextUp, value.nextDown, -value] {
                if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
            }
        }
        for exponent in -149...127 {
            let value = scalbn(Float(1), exponent)
            for value in [value, value.nextUp, value.nextDown, -value] {
                if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
            }
        }
    }

    @Test func `powers of ten, their neighbours and small multiples`() {
        for exponent in -323...308 {
            for factor in 1...9 {
                let value = strtod("\(factor)e\(exponent)", nil)
                for value in [value, value.nextUp, value.nextDown] where value.isFinite {
                    if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
                }
            }
        }
        for exponent in -45...38 {
            let value = strtof("1e\(exponent)", nil)
            for value in [value, value.nextUp, value.nextDown] where value.isFinite {
                if let fault = Self.fault(of: value) { Issue.record("\(fault)") }
            }
        }
    }

    @Test func `the ends of the ranges and numbers known to be hard`() {
        let doubles: [Double] = [
            .leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude.nextDown, .greatestFiniteMagnitude,
            .ulpOfOne, .pi, 1e23, 9.5367431640625e-07, 2.0919495182368195e19, 9007199254740991, 0x1p53, 0x1p53 + 2,
            1e15 - 0.125, 4.35, 0.3, 123456789012345680,
        ]
        for value in doubles { if let fault = Self.fault(of: value) { Issue.record("\(fault)") } }
        for bits in UInt64(1)...5_000 {
            if let fault = Self.fault(of: Double(bitPattern: bits)) { Issue.record("\(fault)") }
            if let fault = Self.fault(of: Float(bitPattern: UInt32(bits))) { Issue.record("\(fault)") }
        }
    }

    @Test(
        arguments: [
            (5, "5"), (-5, "-5"), (0, "0"), (-0.0, "-0"), (1e14, "100000000000000"),
            (999_999_999_999_999, "999999999999999"),
            (1e15, "1e15"), (-1e15, "-1e15"), (1_234_567_890_123_456, "1.234567890123456e15"), (0.0412, "0.0412"),
            (12.75, "12.75"), (0.1, "0.1"), (1.5, "1.5"), (123_456.789, "123456.789"), (0.000001, "0.000001"),
            (0.0000012, "0.0000012"), (0.00000012, "1.2e-7"), (1e-7, "1e-7"), (6.02e23, "6.02e23"),
            (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e308"),
            (100_000_000_000_000.5, "100000000000000.5"),
            (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
        ] as [(Double, String)])
    func `doubles take the JSON form`(value: Double, expected: String) {
        #expect(Self.printed(value) == expected)
    }

    @Test(
        arguments: [
            (5, "5"), (-0.0, "-0"), (0.1, "0.1"), (16_777_216, "16777216"), (16_777_218, "1.6777218e7"), (1e10, "1e10"),
            (0.0412, "0.0412"), (3.4028235e38, "3.4028235e38"), (.leastNonzeroMagnitude, "1e-45"), (.nan, "null"),
            (-.infinity, "null"),
        ] as [(Float, String)])
    func `floats take the JSON form`(value: Float, expected: String) {
        #expect(Self.printed(value) == expected)
    }
}
