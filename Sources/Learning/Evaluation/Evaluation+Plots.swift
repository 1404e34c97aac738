// The plots of the report: each says in its caption what to read in it.

import Glibc

/// A plot with its words.
struct Figure {
    let title: String
    let caption: String
    let svg: String
}

extension Evaluation {
    /// Those for which there are values.
    var figures: [Figure] {
        [precisionRecallFigure, valueFigure, distributionFigure, calibrationFigure].compactMap { $0 }
    }

    private var precisionRecallFigure: Figure? {
        guard !curves.precisionRecall.isEmpty else { return nil }
        let base = Double(overall.frauds) / Double(overall.payments)
        var plot = Plot(x: PlotScale(0, 1), y: PlotScale(0, 1))
        let ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
        plot.axes(
            xTitle: "recall: part of the frauds that is found", yTitle: "precision: part of the flagged that is fraud",
            xTicks: ticks, yTicks: ticks, xText: percent, yText: percent)
        plot.line([(0, base), (1, base)], "chance")
        plot.label("at random, \(ReportText.share(base))", 0, base, dx: 4, dy: -5, style: "note")
        plot.line(curves.precisionRecall.map { ($0.recall, $0.precision) }, "main")
        for row in thresholds where row.threshold != nil && row.recall > 0 {
            plot.dot(row.recall, row.precision, "main")
            let isRight = row.recall > 0.75
            plot.label(
                "FPR \(ReportText.rate(row.limit))", row.recall, row.precision, dx: isRight ? 8 : -8,
                dy: isRight ? -4 : 14, anchor: isRight ? "start" : "end")
        }
        let precision = overall.metrics.first { $0.definition.id == "ap" }
        let value = ReportText.fixed(precision?.value ?? .nan, 3)
        return Figure(
            title: "Precision over recall",
            caption: "Average precision \(value) (\(ReportText.interval(precision?.interval, .plain))). "
                + "Dots: thresholds by false-positive rate.",
            svg: plot.svg(summary: "Precision over recall; average precision \(value)"))
    }

    private var valueFigure: Figure? {
        guard let last = curves.valueByThreshold.last, let first = curves.valueByThreshold.first else { return nil }
        var plot = Plot(x: PlotScale(last.threshold, first.threshold), y: PlotScale(0, 1))
        plot.axes(
            xTitle: "threshold (\(scoreName))", yTitle: "part of the value at or above it",
            xTicks: plot.x.ticks(6), yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1], xText: number(of: plot.x.ticks(6)),
            yText: percent)
        let points = curves.valueByThreshold
        plot.line(Self.steps(points.map { ($0.threshold, $0.legitimateValueShare) }), "legitimate")
        plot.line(Self.steps(points.map { ($0.threshold, $0.fraudValueShare) }), "fraud")
        if let place = points.first(where: { $0.fraudValueShare >= 0.5 }) {
            plot.label("fraud", place.threshold, place.fraudValueShare, dx: 6, dy: -4, style: "label fraud")
        }
        if let place = points.first(where: { $0.legitimateValueShare >= 0.15 }) {
            plot.label(
                "legitimate", place.threshold, place.legitimateValueShare, dx: 6, dy: -4, style: "label legitimate")
        }
        let row = thresholds.first { $0.limit == settings.referenceRate }
        let share = ReportText.share((row?.fraudValue ?? .nan) / overall.fraudValue)
        let caption =
            "At a false-positive rate of \(ReportText.rate(settings.referenceRate)) the score finds \(share) of the fraud's value."
        return Figure(
            title: "Value over threshold", caption: caption,
            svg: plot.svg(summary: "Share of the value of fraud and of legitimate payments by threshold. " + caption))
    }

    /// Between two thresholds what is at or above stays as it is at the higher one.
    private static func steps(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        points.indices.flatMap { place in
            place == 0 ? [points[0]] : [(points[place].x, points[place - 1].y), points[place]]
        }
    }

    private var distributionFigure: Figure? {
        let bars = curves.histogram
        guard let first = bars.first, let last = bars.last else { return nil }
        let most = Double(bars.map { max($0.frauds, $0.legitimate) }.max() ?? 1)
        // The floor is half a payment, so that one payment is seen.
        var plot = Plot(x: PlotScale(first.from, last.to), y: PlotScale(0.5, max(10, most), isLogarithmic: true))
        plot.axes(
            xTitle: scoreName, yTitle: "payments (each line ten times the one below)", xTicks: plot.x.ticks(6),
            yTicks: plot.y.ticks(6), xText: number(of: plot.x.ticks(6)), yText: Self.compact)
        plot.steps(bars.map { ($0.from, $0.to, Double($0.legitimate)) }, "legitimate")
        plot.steps(bars.map { ($0.from, $0.to, Double($0.frauds)) }, "fraud")
        if let peak = bars.max(by: { $0.legitimate < $1.legitimate }), peak.legitimate > 0 {
            let isRight = plot.x.share(peak.to) > 0.7
            plot.label(
                "legitimate", isRight ? peak.from : peak.to, Double(peak.legitimate), dx: isRight ? -6 : 6, dy: 10,
                anchor: isRight ? "end" : "start", style: "label legitimate")
        }
        if let peak = bars.last(where: { $0.frauds > 0 }) {
            plot.label(
                "fraud", peak.to, Double(peak.frauds), dx: -2, dy: -6, anchor: "end", style: "label fraud")
        }
        return Figure(
            title: "Scores of fraud and of the rest", caption: "Payments by score. The axis of counts is logarithmic.",
            svg: plot.svg(summary: "Distribution of scores by label"))
    }

    private var calibrationFigure: Figure? {
        let bins = curves.reliability
        guard !bins.isEmpty else { return nil }
        let intervals = bins.map { Self.wilson($0.frauds, of: $0.payments) }
        let smallest = bins.flatMap { [$0.meanPredicted, $0.observed] }.filter { $0 > 0 }.min() ?? 1e-4
        let floor = max(1e-6, pow(10, log10(smallest).rounded(.down)))
        let scale = PlotScale(min(floor, 0.1), 1, isLogarithmic: true)
        var plot = Plot(x: scale, y: scale)
        plot.axes(
            xTitle: "probability that was given", yTitle: "part that was fraud", xTicks: scale.ticks(6),
            yTicks: scale.ticks(6), xText: percent, yText: percent)
        plot.line([(scale.low, scale.low), (1, 1)], "chance")
        let middle = pow(10, log10(scale.low) * 0.4)
        plot.label("as promised", middle, middle, dx: 8, dy: 14, style: "note")
        for (bin, interval) in zip(bins, intervals) {
            plot.whisker(bin.meanPredicted, interval.low, interval.high, "main")
            plot.dot(bin.meanPredicted, bin.observed, bin.frauds > 0 ? "main" : "hollow")
        }
        let error = ReportText.fixed(overall.value(of: "ece") ?? .nan, 5)
        let ratio = ReportText.fixed(overall.value(of: "predicted_observed") ?? .nan, 3)
        return Figure(
            title: "Calibration",
            caption:
                "Expected calibration error \(error), predicted per observed fraud \(ratio). Bars: 95 % intervals; "
                + "hollow dots: no fraud was seen.",
            svg: plot.svg(summary: "Observed share of fraud over predicted probability; error \(error)"))
    }

    /// One small plot for each figure that is followed by week.
    var weeklyFigures: [Figure] {
        let precisions = weeks.map { group in group.metrics.first { $0.definition.id == "ap" } }
        var figures = [
            weekly(
                "Average precision", precisions.map { $0?.value ?? .nan }, precisions.map { $0?.interval },
                highest: 1, format: .plain)
        ]
        let reference = ReportText.rate(settings.referenceRate)
        figures.append(
            weekly("Frauds found at the threshold of FPR \(reference)", weeks.map(\.foundShare), [], highest: 1))
        figures.append(
            weekly("Legitimate payments flagged there", weeks.map(\.flaggedShare), [], highest: nil))
        figures.append(
            weekly("Fraud among all payments", weeks.map { Double($0.frauds) / Double($0.payments) }, [], highest: nil))
        return figures
    }

    private func weekly(
        _ title: String, _ values: [Double], _ intervals: [MetricInterval?], highest: Double?,
        format: MetricFormat = .share
    ) -> Figure {
        let top = highest ?? (values.filter(\.isFinite).max() ?? 0) * 1.25
        let last = Double(max(1, weeks.count - 1))
        var plot = Plot(
            x: PlotScale(-0.3, last + 0.3), y: PlotScale(0, top > 0 ? top : 0.01), width: 460, height: 180)
        let every = max(1, (weeks.count + 5) / 6)
        let ticks = weeks.indices.filter { $0 % every == 0 }.map(Double.init)
        let shown = highest == nil ? plot.y.ticks(4) : [0, 0.5, 1]
        plot.axes(
            xTitle: "week from", yTitle: "", xTicks: ticks, yTicks: shown,
            xText: { String(weeks[Int($0)].name.dropFirst(5)) },
            yText: { format == .share ? ReportText.rate($0) : ReportText.shortest($0) })
        for (week, interval) in intervals.enumerated() {
            if let interval { plot.whisker(Double(week), interval.low, interval.high, "main") }
        }
        plot.line(values.enumerated().filter { $0.element.isFinite }.map { (Double($0.offset), $0.element) }, "main")
        for (week, value) in values.enumerated() where value.isFinite {
            plot.dot(Double(week), value, "main", radius: 3)
        }
        if let week = values.lastIndex(where: \.isFinite) {
            plot.label(
                ReportText.metric(values[week], format), Double(week), values[week], dx: 0, dy: -9, anchor: "end")
        }
        return Figure(title: title, caption: "", svg: plot.svg(summary: title + " by week"))
    }

    /// E. B. Wilson, JASA 22(158), 1927: an interval that holds for few or no frauds too.
    private static func wilson(_ found: Double, of count: Double) -> MetricInterval {
        let z = 1.959_963_984_540_054
        let share = found / count
        let center = (share + z * z / (2 * count)) / (1 + z * z / count)
        let half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        return MetricInterval(low: max(0, center - half), high: min(1, center + half))
    }

    private func percent(_ share: Double) -> String { ReportText.rate(share) }

    /// A power of ten in few letters: `100k`.
    private static func compact(_ count: Double) -> String {
        count >= 1e6
            ? "\(ReportText.shortest(count / 1e6))M"
            : count >= 1e3 ? "\(ReportText.shortest(count / 1e3))k" : ReportText.shortest(count)
    }

    /// Writes ticks with as many decimals as their steps need.
    private func number(of ticks: [Double]) -> (Double) -> String {
        let step = ticks.count > 1 ? ticks[1] - ticks[0] : 1
        let decimals = step >= 1 ? 0 : min(6, Int((-log10(step)).rounded(.up)))
        return { ReportText.fixed($0, decimals) }
    }
}
