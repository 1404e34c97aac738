// Gauss-Legendre quadrature on [0, 1]: n points and weights that integrate every polynomial of degree 2n - 1 exactly.
// The points are the roots of the Legendre polynomial P_n, found by Newton's iteration from Tricomi's estimate of them.
//
// Source: Press et al., Numerical Recipes, 3rd ed., section 4.6.
import Glibc

struct GaussLegendre {
    let points: [Double]
    /// Their sum is 1.
    let weights: [Double]

    /// Newton's iteration squares the error, which the estimate leaves below 1e-3, so that four steps are enough.
    private static let steps = 8

    /// - Precondition: `count > 0`.
    init(count: Int) {
        precondition(count > 0)
        var points: [Double] = []
        var weights: [Double] = []
        for index in 0..<count {
            var x = -cos(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
            var slope = 0.0
            for _ in 0..<Self.steps {
                let value: Double
                (value, slope) = Self.legendre(degree: count, at: x)
                x -= value / slope
            }
            points.append((1 + x) / 2)
            weights.append(1 / ((1 - x * x) * slope * slope))
        }
        self.points = points
        self.weights = weights
    }

    /// P_n(x) and its derivative, by the recurrence k P_k = (2k - 1) x P_(k-1) - (k - 1) P_(k-2).
    private static func legendre(degree: Int, at x: Double) -> (value: Double, slope: Double) {
        var last = 0.0
        var value = 1.0
        for k in 1...degree {
            let next = (Double(2 * k - 1) * x * value - Double(k - 1) * last) / Double(k)
            last = value
            value = next
        }
        return (value, Double(degree) * (last - x * value) / (1 - x * x))
    }
}
