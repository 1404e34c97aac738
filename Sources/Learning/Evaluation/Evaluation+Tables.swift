// The judgement as tables, the same on a terminal and in the HTML report.

import Scoring

extension Evaluation {
    /// The report for a terminal, with a newline at its end.
    public func rendered() -> String {
        var text = ([heading] + remarks).joined(separator: "\n") + "\n"
        for table in tables { text += "\n" + table.rendered() }
        return text
    }

    var heading: String {
        let share = ReportText.share(Double(overall.frauds) / Double(overall.payments))
        return "\(ReportText.count(overall.payments)) payments, \(ReportText.count(overall.frauds)) frauds (\(share)), "
            + "\(day(firstTime)) to \(day(lastTime)), ranked by \(scoreName)"
    }

    /// What was left out and what is not shown, and why.
    var remarks: [String] {
        let left = [
            (counts.outside, "outside the period"), (counts.withoutScore, "without a score"),
            (counts.immature, "too young for their label"), (counts.withoutLabel, "without a label"),
            (counts.ofKnownEntities, "of entities with a known fraud"),
        ].filter { $0.0 > 0 }.map { "\(ReportText.count($0.0)) \($0.1)" }
        var remarks: [String] = []
        if !left.isEmpty { remarks.append("not judged: " + left.joined(separator: ", ")) }
        if counts.assumedLegitimate > 0 {
            remarks.append(
                "\(ReportText.count(counts.assumedLegitimate)) payments without a label count as legitimate")
        }
        if overall.frauds == 0 { remarks.append("no fraud is among them: nothing that needs one is defined") }
        if overall.frauds == overall.payments {
            remarks.append("all of them are fraud: nothing that needs a legitimate payment is defined")
        }
        if probabilityName == nil {
            remarks.append("no probability column: calibration is not judged (--probability, --log-odds)")
        }
        if entityName == nil { remarks.append("no entity: card precision is not judged (--entity)") }
        if amountName == nil { remarks.append("no amounts: money is not judged (--amount)") }
        return remarks
    }

    var tables: [ReportTable] {
        var tables = [metricTable, thresholdTable]
        if !decisions.isEmpty { tables.append(decisionTable) }
        tables.append(groupTable("By week", weeks, first: "week from", withDays: true))
        if !segments.isEmpty {
            tables.append(
                groupTable("By \(segmentName ?? "segment")", segments, first: segmentName ?? "", withDays: false))
        }
        tables.append(ageTable)
        return tables
    }

    private var metricTable: ReportTable {
        var table = ReportTable("Metrics", ["metric", "value", "95 % interval", "mean of weeks", "name"])
        for (place, result) in overall.metrics.enumerated() {
            let format = result.definition.format
            table.add([
                result.definition.title, ReportText.metric(result.value, format),
                ReportText.interval(result.interval, format), ReportText.metric(weekMeans[place], format),
                result.definition.id,
            ])
        }
        table.note =
            settings.bootstrapRounds == 0
            ? nil : "intervals: \(settings.bootstrapRounds) resamplings by \(settings.unit), seed \(settings.seed)"
        return table
    }

    private var thresholdTable: ReportTable {
        let money = amountName != nil
        var table = ReportTable(
            "Thresholds by false-positive rate",
            ["FPR at most", "threshold", "flagged", "a day", "precision", "recall", "legitimate per fraud"]
                + (money ? ["fraud value found", "legitimate value flagged"] : []))
        for row in thresholds {
            table.add(
                [
                    ReportText.rate(row.limit), ReportText.score(row.threshold), ReportText.fixed(row.flagged, 0),
                    ReportText.fixed(row.flagged / Double(overall.days), 1), ReportText.share(row.precision),
                    ReportText.share(row.recall), ReportText.fixed((row.flagged - row.frauds) / row.frauds, 1),
                ] + (money ? [ReportText.money(row.fraudValue), ReportText.money(row.legitimateValue)] : []))
        }
        if money {
            table.note = "all fraud: \(ReportText.money(overall.fraudValue)) of \(ReportText.money(overall.value))"
        }
        return table
    }

    private var decisionTable: ReportTable {
        let money = amountName != nil
        var table = ReportTable(
            "Decisions as they were made",
            ["decision", "payments", "share", "frauds", "fraud share", "of all fraud"]
                + (money ? ["value", "fraud value", "of all fraud value"] : []))
        for row in decisions {
            table.add(
                [
                    row.decision.isEmpty ? Judge.noSegment : row.decision, ReportText.count(row.payments),
                    ReportText.share(Double(row.payments) / Double(overall.payments)), ReportText.count(row.frauds),
                    ReportText.share(Double(row.frauds) / Double(row.payments)),
                    ReportText.share(Double(row.frauds) / Double(overall.frauds)),
                ]
                    + (money
                        ? [
                            ReportText.money(row.value), ReportText.money(row.fraudValue),
                            ReportText.share(row.fraudValue / overall.fraudValue),
                        ] : []))
        }
        return table
    }

    private func groupTable(
        _ title: String, _ groups: [EvaluationGroup], first: String, withDays: Bool
    ) -> ReportTable {
        let reference = ReportText.rate(settings.referenceRate)
        let extra = ["card_precision", "predicted_observed"].filter { overall.value(of: $0) != nil }
        var table = ReportTable(
            title,
            [first] + (withDays ? ["days"] : []) + ["payments", "frauds", "share", "AP", "AP, 95 %", "AUC"]
                + extra.map { $0 == "card_precision" ? "CP@\(settings.cardsPerDay)" : "pred/obs" }
                + (amountName == nil ? [] : ["fraud value"]) + ["flagged", "found"])
        for group in groups {
            let precision = group.metrics.first { $0.definition.id == "ap" }
            var row = [group.name]
            if withDays { row.append(ReportText.count(group.days)) }
            row += [
                ReportText.count(group.payments), ReportText.count(group.frauds),
                ReportText.share(Double(group.frauds) / Double(group.payments)),
                ReportText.fixed(precision?.value ?? .nan, 3), ReportText.interval(precision?.interval, .plain),
                ReportText.fixed(group.value(of: "auc") ?? .nan, 3),
            ]
            row += extra.map { ReportText.fixed(group.value(of: $0) ?? .nan, 3) }
            if amountName != nil { row.append(ReportText.money(group.fraudValue)) }
            row += [ReportText.share(group.flaggedShare), ReportText.share(group.foundShare)]
            table.add(row)
        }
        table.note =
            "flagged, found: shares of legitimate and of fraud at the threshold of the whole table's FPR \(reference)"
        return table
    }

    private var ageTable: ReportTable {
        var table = ReportTable(
            "Labels by age of the payment, as of \(Timestamp.text(nanoseconds: asOf))",
            ["days", "payments", "fraud", "legitimate", "still to come", "share to come"])
        for age in ages where age.payments > 0 {
            table.add([
                age.toDays.map { "\(age.fromDays)–\($0)" } ?? "\(age.fromDays) and more",
                ReportText.count(age.payments), ReportText.count(age.frauds), ReportText.count(age.legitimate),
                ReportText.count(age.withoutLabel),
                ReportText.share(Double(age.withoutLabel) / Double(age.payments)),
            ])
        }
        return table
    }

    func day(_ nanoseconds: Int64) -> String { String(Timestamp.text(nanoseconds: nanoseconds).prefix(10)) }
}
