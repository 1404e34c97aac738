// What an evaluation costs: no allocation once warm, and how long, as `swift test -c release` prints it.

import AllocationCounter
import Testing

@testable import Expressions

@Suite(.serialized) struct CostTests {
    static let typicalRule =
        "count(card, '10m') >= 5 && before(count(card, '1h')) < 1000 || amount > 50000 && merchant.country in ['NG', 'RU']"
    static let rules = [
        typicalRule,
        "amount > 500",
        "has(card.last4) && card.last4 == '1234' || currency.startsWith('EU') && !card.bin.endsWith('99')",
        "event_time.getHours('+02:00') <= 6 && since_first(card) < duration('1h') || name.contains('🐱')",
        "merchant.country in ['A','B','C','D','E','F','G','H','I','J','IE'] && amount in [1,2,3,4,5,6,7,8,9,10,11]",
        "major_units(amount, currency) > feature.amount_ratio * 3 ? 1.5 : double(attempts)",
        "currency + ':' + card.bin + string(amount) == 'x'",
        "card != customer && recurring",
    ]

    /// Histories are given values, so that nothing is decided by what is missing.
    static func makePayment() throws -> (Payment, [Program]) {
        var payment = Payment()
        var programs: [Program] = []
        for rule in rules { programs.append(try payment.compile(rule)) }
        for (slot, column) in payment.environment.columns.enumerated() where !column.isNamed {
            payment.frame.slots[slot] = Slot(int: 4)
        }
        return (payment, programs)
    }

    @Test(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
    func `an evaluation allocates nothing once its scratch is warm`() throws {
        let (payment, programs) = try Self.makePayment()
        var scratch = ProgramScratch(registerCapacity: 1, textCapacity: 0)
        var checksum: UInt64 = 0
        for program in programs { checksum &+= program.evaluate(payment.frame, scratch: &scratch).bits }
        for (rule, program) in zip(Self.rules, programs) {
            let allocations = AllocationCounter.allocations {
                checksum &+= program.evaluate(payment.frame, scratch: &scratch).bits
            }
            #expect(allocations == 0, "\(rule), checksum \(checksum)")
        }
    }

    @Test func `the time of a typical rule is printed`() throws {
        let (payment, programs) = try Self.makePayment()
        var scratch = ProgramScratch()
        var lines: [String] = []
        for (rule, program) in zip(Self.rules, programs) {
            var checksum: UInt64 = 0
            var times: [Duration] = []
            for _ in 0..<15 {
                times.append(
                    ContinuousClock().measure {
                        for _ in 0..<2_000 { checksum &+= program.evaluate(payment.frame, scratch: &scratch).bits }
                    } / 2_000)
            }
            times.sort()
            lines.append("\(times[7])  \(program.code.instructions.count) instructions  \(rule)  (\(checksum))")
        }
        print("time of one evaluation, median of 15:\n" + lines.joined(separator: "\n"))
        #expect(lines.count == Self.rules.count)
    }
}
