// Values at a few quadrature points, computed with in one go. Two Doubles fill a register of every x86-64; wider sets are
// joined from them, and specialised code keeps them in as many registers.

protocol QuadraturePoints: BitwiseCopyable, Sendable {
    init(repeating value: Double)
    static func + (one: Self, other: Self) -> Self
    static func - (one: Self, other: Self) -> Self
    static func * (one: Self, other: Self) -> Self
    static func * (one: Self, factor: Double) -> Self
    /// The sum of all points, in two parts.
    var folded: SIMD2<Double> { get }
}

struct TwoPoints: QuadraturePoints {
    private var lanes: SIMD2<Double>

    @inline(__always)
    private init(_ lanes: SIMD2<Double>) { self.lanes = lanes }

    @inline(__always)
    init(repeating value: Double) { lanes = SIMD2(repeating: value) }

    @inline(__always)
    static func + (one: Self, other: Self) -> Self { Self(one.lanes + other.lanes) }

    @inline(__always)
    static func - (one: Self, other: Self) -> Self { Self(one.lanes - other.lanes) }

    @inline(__always)
    static func * (one: Self, other: Self) -> Self { Self(one.lanes * other.lanes) }

    @inline(__always)
    static func * (one: Self, factor: Double) -> Self { Self(one.lanes * factor) }

    @inline(__always)
    var folded: SIMD2<Double> { lanes }
}

struct JoinedPoints<First: QuadraturePoints, Second: QuadraturePoints>: QuadraturePoints {
    private var first: First
    private var second: Second

    @inline(__always)
    private init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inline(__always)
    init(repeating value: Double) { self.init(First(repeating: value), Second(repeating: value)) }

    @inline(__always)
    static func + (one: Self, other: Self) -> Self { Self(one.first + other.first, one.second + other.second) }

    @inline(__always)
    static func - (one: Self, other: Self) -> Self { Self(one.first - other.first, one.second - other.second) }

    @inline(__always)
    static func * (one: Self, other: Self) -> Self { Self(one.first * other.first, one.second * other.second) }

    @inline(__always)
    static func * (one: Self, factor: Double) -> Self { Self(one.first * factor, one.second * factor) }

    @inline(__always)
    var folded: SIMD2<Double> { first.folded + second.folded }
}

typealias FourPoints = JoinedPoints<TwoPoints, TwoPoints>
typealias SixPoints = JoinedPoints<FourPoints, TwoPoints>
typealias EightPoints = JoinedPoints<FourPoints, FourPoints>
