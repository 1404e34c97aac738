// The two types that libraries compute in.

/// Float or Double, as a library compares and adds.
protocol Scalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    /// A row's value as it is compared: what `Dialect.normalize` does.
    static func read(_ value: Double) -> Self

    /// How many of `4 * quads` thresholds the value reaches; NaN reaches none, and none reaches NaN.
    static func reached(by value: Self, of thresholds: UnsafePointer<Self>, quads: Int) -> Int
}

extension Float: Scalar {
    @inline(__always)
    static func read(_ value: Double) -> Float { Float(value) }

    @inline(__always)
    static func reached(by value: Float, of thresholds: UnsafePointer<Float>, quads: Int) -> Int {
        let memory = UnsafeRawPointer(thresholds)
        let values = SIMD4<Float>(repeating: value)
        var counts = SIMD4<Int32>()
        var offset = 0
        for _ in 0..<quads {
            let four = memory.loadUnaligned(fromByteOffset: offset, as: SIMD4<Float>.self)
            counts &-= unsafeBitCast(four .<= values, to: SIMD4<Int32>.self)
            offset &+= 16
        }
        return Int(counts.wrappedSum())
    }
}

extension Double: Scalar {
    @inline(__always)
    static func read(_ value: Double) -> Double { abs(value) <= Dialect.zeroThreshold ? 0 : value }

    @inline(__always)
    static func reached(by value: Double, of thresholds: UnsafePointer<Double>, quads: Int) -> Int {
        let memory = UnsafeRawPointer(thresholds)
        let values = SIMD4<Double>(repeating: value)
        var counts = SIMD4<Int64>()
        var offset = 0
        for _ in 0..<quads {
            let four = memory.loadUnaligned(fromByteOffset: offset, as: SIMD4<Double>.self)
            counts &-= unsafeBitCast(four .<= values, to: SIMD4<Int64>.self)
            offset &+= 32
        }
        return Int(counts.wrappedSum())
    }
}
