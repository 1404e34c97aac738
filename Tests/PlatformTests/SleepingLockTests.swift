// The lock whose waiters sleep: one at a time, and free again whatever happens.
import Dispatch
import Platform
import Testing

@Suite struct SleepingLockTests {
    private struct Refusal: Error, Equatable {}

    @Test func `threads change its value one at a time`() {
        let lock = SleepingLock((count: 0, isTaken: false, overlaps: 0))
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<5_000 {
                lock.withLock { state in
                    if state.isTaken { state.overlaps += 1 }
                    state.isTaken = true
                    state.count += 1
                    state.isTaken = false
                }
            }
        }
        let state = lock.withLock { $0 }
        #expect(state.count == 40_000 && state.overlaps == 0 && !state.isTaken)
    }

    @Test func `an error leaves it free, with what was changed before`() throws {
        let lock = SleepingLock([1])
        #expect(throws: Refusal()) {
            try lock.withLock { (values) throws(Refusal) in
                values.append(2)
                throw Refusal()
            }
        }
        #expect(lock.withLock { $0 } == [1, 2])
    }
}
