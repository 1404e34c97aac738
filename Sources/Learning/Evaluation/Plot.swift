// A plot as SVG: two scales, a grid, lines, dots, labels beside what they name. Colours are classes, which the page's style
// sheet gives values for light, dark and paper.
//
//   y title
//   1.0 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈
//   0.5 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈
//     0 ┼────┬────┬────
//       0   0.5   1.0   x title below

import Glibc

/// From values to places on an axis.
struct PlotScale {
    let low: Double
    let high: Double
    let isLogarithmic: Bool

    /// A range that holds at least something; a logarithmic one is above 0.
    init(_ low: Double, _ high: Double, isLogarithmic: Bool = false) {
        self.low = low
        self.high = high > low ? high : low + 1
        self.isLogarithmic = isLogarithmic
    }

    /// 0 at `low`, 1 at `high`; what is outside goes to the nearer end.
    func share(_ value: Double) -> Double {
        let share =
            isLogarithmic
            ? log10(max(value, low) / low) / log10(high / low) : (value - low) / (high - low)
        return share.isNaN ? 0 : min(1, max(0, share))
    }

    /// Round values within the range: about `count`, or the powers of ten.
    func ticks(_ count: Int) -> [Double] {
        if isLogarithmic {
            let powers = Int(log10(low).rounded(.up))...max(Int(log10(low).rounded(.up)), Int(log10(high) + 1e-9))
            let every = max(1, (powers.count + 7) / 8)
            return powers.enumerated().filter { $0.offset % every == 0 }.map { pow(10, Double($0.element)) }
        }
        let rough = (high - low) / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        let step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10)
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        return first <= last ? (0...Int(last - first)).map { (first + Double($0)) * step } : []
    }
}

/// Builds one plot.
struct Plot {
    static let left = 48.0
    static let right = 22.0
    static let top = 26.0
    static let bottom = 38.0

    let width: Double
    let height: Double
    let x: PlotScale
    let y: PlotScale
    private var body = ""

    init(x: PlotScale, y: PlotScale, width: Double = 460, height: Double = 300) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    func placeX(_ value: Double) -> Double { Self.left + x.share(value) * (width - Self.left - Self.right) }
    func placeY(_ value: Double) -> Double { height - Self.bottom - y.share(value) * (height - Self.top - Self.bottom) }

    /// Grid, ticks and titles. `xText` and `yText` write a tick's value.
    mutating func axes(
        xTitle: String, yTitle: String, xTicks: [Double], yTicks: [Double], xText: (Double) -> String,
        yText: (Double) -> String
    ) {
        let (floor, end) = (height - Self.bottom, width - Self.right)
        for tick in yTicks {
            let place = placeY(tick)
            body += #"<line class="grid" x1="\#(n(Self.left))" x2="\#(n(end))" y1="\#(n(place))" y2="\#(n(place))"/>"#
            text(yText(tick), Self.left - 7, place + 3.5, anchor: "end")
        }
        for tick in xTicks {
            let place = placeX(tick)
            body += #"<line class="tick" x1="\#(n(place))" x2="\#(n(place))" y1="\#(n(floor))" y2="\#(n(floor + 4))"/>"#
            text(xText(tick), place, floor + 16, anchor: "middle")
        }
        body += #"<line class="axis" x1="\#(n(Self.left))" x2="\#(n(end))" y1="\#(n(floor))" y2="\#(n(floor))"/>"#
        text(xTitle, end, height - 5, anchor: "end", style: "title")
        text(yTitle, 2, 12, anchor: "start", style: "title")
    }

    /// A line through values.
    mutating func line(_ points: [(x: Double, y: Double)], _ style: String) {
        guard !points.isEmpty else { return }
        body += #"<path class="line \#(style)" d="\#(path(points.map { (placeX($0.x), placeY($0.y)) }))"/>"#
    }

    /// An outline over bars, filled to the floor.
    mutating func steps(_ bars: [(from: Double, to: Double, y: Double)], _ style: String) {
        guard let first = bars.first, let last = bars.last else { return }
        let floor = height - Self.bottom
        var points = [(placeX(first.from), floor)]
        for bar in bars {
            points.append((placeX(bar.from), placeY(bar.y)))
            points.append((placeX(bar.to), placeY(bar.y)))
        }
        points.append((placeX(last.to), floor))
        body += #"<path class="area \#(style)" d="\#(path(points))"/>"#
    }

    mutating func dot(_ x: Double, _ y: Double, _ style: String, radius: Double = 3.5) {
        body += #"<circle class="dot \#(style)" cx="\#(n(placeX(x)))" cy="\#(n(placeY(y)))" r="\#(n(radius))"/>"#
    }

    /// An upright line between two values.
    mutating func whisker(_ x: Double, _ low: Double, _ high: Double, _ style: String) {
        let place = n(placeX(x))
        body += #"<line class="whisker \#(style)" x1="\#(place)" x2="\#(place)" y1="\#(n(placeY(low)))" "#
        body += #"y2="\#(n(placeY(high)))"/>"#
    }

    /// A label beside a value, moved by so much.
    mutating func label(
        _ label: String, _ x: Double, _ y: Double, dx: Double = 6, dy: Double = -6, anchor: String = "start",
        style: String = "label"
    ) {
        text(label, placeX(x) + dx, placeY(y) + dy, anchor: anchor, style: style)
    }

    /// The whole element; `summary` says in words what it shows.
    func svg(summary: String) -> String {
        """
        <svg viewBox="0 0 \(n(width)) \(n(height))" role="img"><title>\(Markup.escaped(summary))</title>\(body)</svg>
        """
    }

    private mutating func text(_ text: String, _ x: Double, _ y: Double, anchor: String, style: String = "value") {
        body +=
            #"<text class="\#(style)" x="\#(n(x))" y="\#(n(y))" text-anchor="\#(anchor)">\#(Markup.escaped(text))</text>"#
    }

    private func path(_ points: [(Double, Double)]) -> String {
        var path = ""
        for (place, point) in points.enumerated() { path += (place == 0 ? "M" : "L") + n(point.0) + " " + n(point.1) }
        return path
    }

    /// A coordinate: one decimal is a tenth of a pixel.
    private func n(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let digits = tenths.magnitude
        return (tenths < 0 ? "-" : "") + "\(digits / 10)" + (digits % 10 == 0 ? "" : ".\(digits % 10)")
    }
}

enum Markup {
    /// A text that stands for itself in HTML, as content and in quoted attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // What no document may hold, not even as a reference.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
