// Intended send times follow from the rate and the seed alone.

import Testing

@testable import LoadGenerator

@Suite struct ScheduleTests {
    private func times(_ schedule: Schedule) -> [UInt64] {
        var schedule = schedule
        var times: [UInt64] = []
        while let next = schedule.next {
            times.append(next)
            schedule.advance()
        }
        return times
    }

    @Test func `request k is due k over the rate after the start, without drift`() {
        let times = times(Schedule(rate: 3_000, arrivals: .constant, end: 10_000_000_000))
        #expect(times.count == 30_000)
        for (index, time) in times.enumerated() where index % 3 == 0 {
            #expect(time == UInt64(index / 3) * 1_000_000)
        }
    }

    @Test func `the end itself is no longer due`() {
        #expect(times(Schedule(rate: 10, arrivals: .constant, end: 1_000_000_000)).count == 10)
        #expect(times(Schedule(rate: 10, arrivals: .constant, end: 1_000_000_001)).count == 11)
    }

    @Test(arguments: [2, 3, 7])
    func `loops share a constant schedule without loss`(loops: Int) {
        let whole = times(Schedule(rate: 777, arrivals: .constant, end: 2_000_000_000))
        let parts = (0..<loops).flatMap { loop in
            times(Schedule(rate: 777, arrivals: .constant, end: 2_000_000_000, loop: loop, of: loops))
        }
        #expect(parts.sorted() == whole)
    }

    @Test func `exponential gaps have the asked mean and spread, and repeat with the seed`() {
        let end: UInt64 = 100_000_000_000
        let first = times(Schedule(rate: 500, arrivals: .exponential(seed: 1), end: end))
        #expect(first == times(Schedule(rate: 500, arrivals: .exponential(seed: 1), end: end)))
        #expect(first != times(Schedule(rate: 500, arrivals: .exponential(seed: 2), end: end)))
        #expect(abs(first.count - 50_000) < 1_120)  // five standard deviations of a Poisson count
        let gaps = zip(first.dropFirst(), first).map { Double($0 - $1) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(variance.squareRoot() / mean - 1) < 0.05)
    }

    @Test func `exponential loops are independent and have the rate together`() {
        let end: UInt64 = 100_000_000_000
        let parts = (0..<2).map { loop in
            times(Schedule(rate: 500, arrivals: .exponential(seed: 1), end: end, loop: loop, of: 2))
        }
        #expect(abs(parts[0].count + parts[1].count - 50_000) < 1_120)
        #expect(parts[0].first != parts[1].first)
    }

    @Test func `a cut schedule ends at the cut, also behind its backlog`() {
        var schedule = Schedule(rate: 10, arrivals: .constant, end: 1_000_000_000)
        schedule.advance()
        schedule.cut(at: 350_000_000)
        #expect(times(schedule) == [100_000_000, 200_000_000, 300_000_000])
        schedule.cut(at: 0)
        #expect(schedule.next == nil)
    }
}
