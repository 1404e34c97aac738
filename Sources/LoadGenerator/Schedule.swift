// The intended send times of an open loop. They follow from the rate alone, never from what the server does: a request
// that finds every connection busy stays due, and its waiting counts. So the queue of due requests needs no memory.

import Glibc

/// Intended send times of one loop, in nanoseconds after the start, ascending.
struct Schedule: Sendable {
    private let rate: Double
    private var end: UInt64
    private let stride: UInt64
    private var index: UInt64
    private var random: SplitMix64?
    private var seconds = 0.0

    /// When the next request is due; nil when the schedule is through.
    private(set) var next: UInt64?

    /// - Parameter loop: Which of `loops` this is: a constant schedule is dealt out in turn; an exponential one is made
    ///   of independent ones with a part of the rate each, whose union is again a Poisson process.
    init(rate: Double, arrivals: Arrivals, end: UInt64, loop: Int = 0, of loops: Int = 1) {
        self.end = end
        index = UInt64(loop)
        stride = UInt64(loops)
        switch arrivals {
        case .constant:
            self.rate = rate
        case .exponential(let seed):
            self.rate = rate / Double(loops)
            random = SplitMix64(seed: seed &+ UInt64(loop) &* 0xA076_1D64_78BD_642F)
        }
        place()
    }

    mutating func advance() {
        index += stride
        place()
    }

    /// Ends the schedule early: nothing later than `time` becomes due.
    mutating func cut(at time: UInt64) {
        end = min(end, time)
        if let due = next, due >= end { next = nil }
    }

    private mutating func place() {
        if random != nil {
            seconds += random?.exponential(rate: rate) ?? 0
        } else {
            seconds = Double(index) / rate
        }
        let due = seconds.secondsAsNanoseconds
        next = due < end ? due : nil
    }
}

/// A small seeded generator (Steele, Lea and Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// An exponential variate with mean 1 / rate.
    mutating func exponential(rate: Double) -> Double {
        let uniform = Double((next() >> 11) + 1) * 0x1p-53  // in (0, 1]
        return -log(uniform) / rate
    }
}
