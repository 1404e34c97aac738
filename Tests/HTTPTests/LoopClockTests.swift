// When a request arrived, by clocks that a test sets.
import Testing

@testable import HTTP

@Suite struct LoopClockTests {
    private let wall: Int64 = 1_700_000_000_000_000_000

    private func clock(wakes: [(now: UInt64, isFull: Bool)]) -> LoopClock {
        var clock = LoopClock()
        for wake in wakes { clock.wokeUp(at: wake.now, afterPause: true, isFull: wake.isFull) }
        return clock
    }

    @Test func `what arrived between two wake-ups is as old as the kernel says`() {
        let clock = clock(wakes: [(1_000, false), (2_000, false)])
        #expect(clock.monotonic(ofArrival: wall - 700, wall: wall, now: 2_100) == 1_400)
    }

    @Test func `nothing is older than the wake-up at which it was not there`() {
        let clock = clock(wakes: [(1_000, false), (2_000, false)])
        #expect(clock.monotonic(ofArrival: wall - 1_100, wall: wall, now: 2_100) == 1_000)
        #expect(clock.monotonic(ofArrival: wall - 3_600_000_000_000, wall: wall, now: 2_100) == 1_000)
    }

    @Test func `behind a full list it may have been there longer`() {
        let clock = clock(wakes: [(1_000, false), (2_000, true), (3_000, false)])
        #expect(clock.monotonic(ofArrival: wall - 1_900, wall: wall, now: 3_000) == 1_100)
    }

    @Test(arguments: [0, 1_700_000_000_000_000_001])
    func `without a time, or with one to come, it arrived now`(arrival: Int64) {
        let clock = clock(wakes: [(1_000, false), (2_000, false)])
        #expect(clock.monotonic(ofArrival: arrival, wall: wall, now: 2_100) == 2_100)
    }

    @Test func `a loop is busy since its last pause`() {
        var clock = LoopClock()
        clock.wokeUp(at: 1_000, afterPause: true, isFull: false)
        #expect(clock.busySince == 1_000)
        clock.wokeUp(at: 2_000, afterPause: false, isFull: false)
        #expect(clock.busySince == 1_000)
        clock.wokeUp(at: 3_000, afterPause: true, isFull: false)
        #expect(clock.busySince == 3_000)
    }
}
