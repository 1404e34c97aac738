// Seeded random numbers and the few distributions that the simulation draws from. Same seed, same numbers, everywhere.
//
// Sources: xoshiro256**, D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4),
// 2021, doi:10.1145/3460772. SplitMix64 for its seeding and for keys, G. Steele, D. Lea and C. Flood, OOPSLA 2014,
// doi:10.1145/2660193.2660195. Ranges: D. Lemire, ACM TOMACS 29(1), 2019, doi:10.1145/3230636. Normal: G. Marsaglia
// and T. Bray, SIAM Review 6(3), 1964, doi:10.1137/1006063.

/// The finaliser of SplitMix64: a bijection of 64 bits in which each input bit changes each output bit half the time.
func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

/// Who draws from which stream.
enum RandomStream {
    static let merchants: UInt64 = 1
    static let customers: UInt64 = 2
    static let live: UInt64 = 4
    static func habits(round: UInt64) -> UInt64 { 3 | round << 8 }
    static func arrivals(_ kind: FraudKind, round: UInt64) -> UInt64 { 16 + UInt64(kind.rawValue) | round << 8 }
    /// A million rounds of a billion campaigns.
    static func campaign(_ number: UInt64, round: UInt64) -> UInt64 { 1 << 63 | round << 32 | number }
}

struct RandomSource: Sendable {
    private var s0, s1, s2, s3: UInt64
    private var spareNormal = Double.nan

    /// Streams of one seed are independent of each other: a change in what one draws leaves the others as they were.
    init(seed: UInt64, stream: UInt64) {
        let increment: UInt64 = 0x9E37_79B9_7F4A_7C15
        let base = mixed(seed &+ increment) ^ mixed(stream &+ 0xD1B5_4A32_D192_ED03)
        s0 = mixed(base &+ increment)
        s1 = mixed(base &+ increment &* 2)
        s2 = mixed(base &+ increment &* 3)
        s3 = mixed(base &+ increment &* 4)
    }

    /// - Precondition: Not all zero.
    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        precondition(state != (0, 0, 0, 0), "the generator stands still at zero")
        (s0, s1, s2, s3) = state
    }

    mutating func next() -> UInt64 {
        let product = s1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = (s3 << 45) | (s3 >> 19)
        return result
    }

    /// In [0, 1), of 53 bits.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

    mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

    /// In 0..<bound, without bias.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a range of \(bound)")
        let range = UInt64(bound)
        var product = next().multipliedFullWidth(by: range)
        if product.low < range {
            let threshold = (0 &- range) % range
            while product.low < threshold { product = next().multipliedFullWidth(by: range) }
        }
        return Int(product.high)
    }

    mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    mutating func standardNormal() -> Double {
        if !spareNormal.isNaN {
            defer { spareNormal = .nan }
            return spareNormal
        }
        while true {
            let u = uniform(-1, 1)
            let v = uniform(-1, 1)
            let s = u * u + v * v
            guard s < 1, s > 0 else { continue }
            let factor = (-2 * PortableMath.log(s) / s).squareRoot()
            spareNormal = v * factor
            return u * factor
        }
    }

    mutating func logNormal(median: Double, sigma: Double) -> Double {
        median * PortableMath.exp(sigma * standardNormal())
    }

    mutating func exponential(mean: Double) -> Double { -mean * PortableMath.log(1 - uniform()) }

    /// An index of `cumulative`, whose steps are the weights; the last entry is their sum.
    mutating func index(inCumulative cumulative: [Double]) -> Int {
        guard let total = cumulative.last else { preconditionFailure("no weights to choose by") }
        let target = uniform() * total
        var low = 0
        var high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > target { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Things with weights, one of which is drawn in O(log n).
struct WeightedList: Sendable {
    private(set) var items: [Int32] = []
    private var cumulative: [Double] = []

    var isEmpty: Bool { items.isEmpty }

    mutating func append(_ item: Int32, weight: Double) {
        items.append(item)
        cumulative.append((cumulative.last ?? 0) + weight)
    }

    func draw(_ random: inout RandomSource) -> Int { Int(items[random.index(inCumulative: cumulative)]) }
}
