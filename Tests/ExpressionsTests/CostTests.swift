// What an evaluation costs: no allocation once warm, and how long, as `swift test -c release` prints it.

import Glibc
import Testing

@testable import Expressions

/// The C library's account of its heap, by `mallinfo2`, which the Glibc module does not show. The function returns ten
/// words; on x86-64 the caller hands over where to put them as if that were the first argument.
private enum Heap {
    private typealias Account = @convention(c) (UnsafeMutablePointer<UInt>) -> UnsafeMutableRawPointer?

    private static let account: Account? = {
        #if arch(x86_64)
            return dlsym(nil, "mallinfo2").map { unsafeBitCast($0, to: Account.self) }
        #else
            return nil
        #endif
    }()

    static var isKnown: Bool { account != nil }

    /// The eighth word is the bytes in use; blocks in a thread's cache of freed ones count as used.
    private static func bytesInUse() -> UInt {
        withUnsafeTemporaryAllocation(of: UInt.self, capacity: 10) { words in
            words.initialize(repeating: 0)
            guard let base = words.baseAddress else { return 0 }
            _ = account?(base)
            return words[7]
        }
    }

    /// Code to run between two readings, on a thread whose cache of freed blocks is empty: there, even a block that is
    /// freed at once shows.
    private final class Trial {
        let body: () -> Void
        var isEven = false

        init(_ body: @escaping () -> Void) { self.body = body }

        func run() {
            // The first block of a thread brings its cache along.
            let first = malloc(1)
            let before = Heap.bytesInUse()
            body()
            isEven = Heap.bytesInUse() == before
            free(first)
        }
    }

    /// True when the heap is the same before and after some run of many; other tests disturb most of them.
    static func staysAsItIs(tries: Int = 5_000, during body: () -> Void) -> Bool {
        withoutActuallyEscaping(body) { body in
            let trial = Trial(body)
            for attempt in 0..<tries {
                var thread = pthread_t()
                let status = pthread_create(
                    &thread, nil,
                    { context in
                        if let context { Unmanaged<Trial>.fromOpaque(context).takeUnretainedValue().run() }
                        return nil
                    }, Unmanaged.passUnretained(trial).toOpaque())
                guard status == 0, pthread_join(thread, nil) == 0 else { return false }
                if trial.isEven { return true }
                if attempt > 50 { usleep(1_000) }
            }
            return false
        }
    }
}

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

    @Test(.enabled(if: Heap.isKnown, "malloc's account cannot be read here"))
    func `an evaluation allocates nothing once its scratch is warm`() throws {
        let (payment, programs) = try Self.makePayment()
        var scratch = ProgramScratch(registerCapacity: 1, textCapacity: 0)
        var checksum: UInt64 = 0
        for program in programs { checksum &+= program.evaluate(payment.frame, scratch: &scratch).bits }
        for (rule, program) in zip(Self.rules, programs) {
            let stays = Heap.staysAsItIs { checksum &+= program.evaluate(payment.frame, scratch: &scratch).bits }
            #expect(stays, "\(rule), checksum \(checksum)")
        }
        // What is allocated and freed at once shows too.
        #expect(
            !Heap.staysAsItIs(tries: 30) {
                let block = malloc(40)
                checksum &+= UInt64(UInt(bitPattern: block))
                free(block)
            })
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
