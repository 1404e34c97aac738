import Glibc
import Testing

@testable import Simulation

@Suite struct RandomTests {
    @Test func `the generator gives its authors' numbers`() {
        // The first outputs of the reference programs: SplitMix64 from 1234567, xoshiro256** from the state 1, 2, 3, 4.
        let increment: UInt64 = 0x9E37_79B9_7F4A_7C15
        #expect(mixed(1_234_567 &+ increment) == 6_457_827_717_110_365_317)
        #expect(mixed(1_234_567 &+ increment &* 2) == 3_203_168_211_198_807_973)
        var random = RandomSource(state: (1, 2, 3, 4))
        #expect((0..<4).map { _ in random.next() } == [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240])
    }

    @Test func `logarithm and exponential agree with the library's`() {
        var random = RandomSource(seed: 1, stream: 0)
        for _ in 0..<5_000 {
            let x = random.uniform(-600, 600)
            #expect(abs(PortableMath.exp(x) / exp(x) - 1) < 1e-12)
            let y = exp(x / 2)
            #expect(abs(PortableMath.log(y) - log(y)) <= 1e-13 * max(1, abs(log(y))))
        }
        #expect(PortableMath.log(1) == 0 && PortableMath.exp(0) == 1)
        #expect(PortableMath.log(.leastNonzeroMagnitude) < -744 && PortableMath.exp(1_000).isFinite)
    }

    @Test func `distributions have their moments`() {
        var random = RandomSource(seed: 2, stream: 9)
        let n = 60_000
        let normals = (0..<n).map { _ in random.standardNormal() }
        #expect(abs(normals.reduce(0, +) / Double(n)) < 0.015)
        #expect(abs(normals.reduce(0) { $0 + $1 * $1 } / Double(n) - 1) < 0.02)
        let waits = (0..<n).map { _ in random.exponential(mean: 3) }
        #expect(abs(waits.reduce(0, +) / Double(n) - 3) < 0.05)
        #expect(waits.allSatisfy { $0 >= 0 && $0.isFinite })
        var counts = [0, 0, 0]
        for _ in 0..<n { counts[random.index(inCumulative: [1, 1.5, 4])] += 1 }
        #expect(abs(Double(counts[0]) / Double(n) - 0.25) < 0.01)
        #expect(abs(Double(counts[1]) / Double(n) - 0.125) < 0.01)
        var faces = Array(repeating: 0, count: 6)
        for _ in 0..<n { faces[random.below(6)] += 1 }
        #expect(faces.allSatisfy { abs(Double($0) / Double(n) - 1.0 / 6) < 0.006 })
    }

    @Test func `streams of one seed differ`() {
        var a = RandomSource(seed: 1, stream: 0)
        var b = RandomSource(seed: 1, stream: 1)
        var c = RandomSource(seed: 2, stream: 0)
        let firsts = [a.next(), b.next(), c.next()]
        #expect(Set(firsts).count == 3)
    }

    @Test func `the queue gives what sorting gives`() {
        var random = RandomSource(seed: 3, stream: 0)
        var queue = EventQueue(capacity: 4)
        var plain: [(Int64, Int32)] = []
        for actor in 0..<200 {
            let time = Int64(random.below(50))
            queue.insert(EventQueue.Entry(time: time, actor: Int32(actor)))
            plain.append((time, Int32(actor)))
        }
        for _ in 0..<2_000 where !plain.isEmpty {
            plain.sort { $0 < $1 }
            let first = queue.first
            #expect(first?.time == plain[0].0 && first?.actor == plain[0].1)
            if random.chance(0.9) {
                plain[0].0 += Int64(random.below(40))
                queue.rescheduleFirst(at: plain[0].0)
            } else {
                plain.removeFirst()
                queue.removeFirst()
            }
            #expect(queue.count == plain.count)
        }
    }

    @Test(arguments: [0.02, 0.5, 20])
    func `a process has its rate whatever the hour it is asked at`(perHour: Double) {
        var random = RandomSource(seed: 4, stream: 0)
        let start = SimulationConfiguration().startNanoseconds
        var time = start
        let events = 4_000
        for _ in 0..<events {
            let next = ActivityProfile.all[1].next(after: time, offset: 0, perHour: perHour, random: &random)
            #expect(next >= time)
            time = next
        }
        let hours = Double(time - start) / Double(Nanoseconds.hour)
        #expect(abs(Double(events) / hours / perHour - 1) < 0.12)
    }
}
