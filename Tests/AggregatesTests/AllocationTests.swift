// What a steady state allocates, by malloc's own account. A new thread's cache of freed blocks is empty: a block that
// is taken and given back at once still shows as used, for it lies in the cache. Other tests run meanwhile, so the body
// is run until the account stands exactly where it stood; were anything allocated each time, it never would.
import Glibc
import Testing

@testable import Aggregates

/// `mallinfo2`, which the Glibc module does not show: ten words, the eighth of them the bytes in use.
private typealias Account = @convention(c) (UnsafeMutablePointer<UInt>) -> UnsafeMutableRawPointer?

#if arch(x86_64)
    // Here the caller passes the place of a large result as a first argument would be.
    private let account = dlsym(nil, "mallinfo2").map { unsafeBitCast($0, to: Account.self) }
#else
    private let account: Account? = nil
#endif

private func bytesInUse() -> UInt {
    withUnsafeTemporaryAllocation(of: UInt.self, capacity: 10) { words in
        words.initialize(repeating: 0)
        guard let first = words.baseAddress else { return 0 }
        _ = account?(first)
        return words[7]
    }
}

private final class Run {
    private let body: () -> Void
    private var growth: Int?

    private init(_ body: @escaping () -> Void) { self.body = body }

    /// Bytes by which the account grew while the body ran on a thread of its own.
    static func growth(_ body: () -> Void) -> Int? {
        withoutActuallyEscaping(body) { body in
            let run = Run(body)
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Run>.fromOpaque(context).takeUnretainedValue().measure()
                    return nil
                }, Unmanaged.passUnretained(run).toOpaque())
            guard status == 0, pthread_join(thread, nil) == 0 else { return nil }
            return run.growth
        }
    }

    private func measure() {
        // The first block also makes the thread's cache.
        let first = malloc(1)
        let before = bytesInUse()
        body()
        growth = Int(bytesInUse()) - Int(before)
        free(first)
    }
}

@Suite(.enabled(if: account != nil, "malloc's account cannot be read here")) struct AllocationTests {
    @Test func `a payment allocates nothing once its entities are warm`() {
        let windows: [Int64] = [100, 1_000, 10_000]
        let reads = windows.flatMap { window in
            [
                PlannedRead(.count(windowMicroseconds: window)),
                PlannedRead(.sum(measure: 0, windowMicroseconds: window), .after),
                PlannedRead(.mean(measure: 0, windowMicroseconds: window)),
                PlannedRead(.distinct(column: 0, windowMicroseconds: window), .after),
            ]
        }
        let plan = EntityPlan(name: "card", reads: reads, measureCount: 1, distinctColumnCount: 1)
        let limits = AggregateLimits(entities: 200, allowedLatenessMicroseconds: 1_000)
        var histories = Aggregates(plan: HistoryPlan(entities: [plan]), limits: limits)
        var random = SplitMix64(seed: 5)
        var results = [HistoryValue](repeating: .missing, count: reads.count)
        let measures: [Int64] = [17]
        var columns: [UInt64] = [0]
        var now: Int64 = 0
        func run(_ payments: Int) {
            for _ in 0..<payments {
                now += Int64(random.next() % 20)
                columns[0] = random.next() % 30
                histories.observe(
                    entity: 0, key: random.next() % 210, timeMicroseconds: now - Int64(random.next() % 40),
                    measures: measures.span, columns: columns.span, results: &results)
            }
        }
        run(40_000)
        let before = histories.statistics
        var attempts = 0
        while attempts < 2_000, Run.growth({ run(100) }) != 0 {
            attempts += 1
        }
        #expect(attempts < 2_000)
        let after = histories.statistics
        // Entities vary in how much they hold: a page more now and then.
        #expect(after.bytes <= before.bytes + 8 * EventArena.pageWords * 8)
        #expect(after.evictedEntities > before.evictedEntities)
        // The account shows what is freed at once.
        #expect((0..<20).allSatisfy { _ in Run.growth { _ = [Int64](repeating: now, count: 7) } != 0 })
    }
}
