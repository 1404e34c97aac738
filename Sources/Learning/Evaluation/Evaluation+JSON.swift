// The judgement for programs: one JSON object. What is not defined is null.

import JSON
import Scoring

extension Evaluation {
    /// One JSON object, with a newline at its end.
    public func json() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        write("score", scoreName, &json)
        write("from", Timestamp.text(nanoseconds: firstTime), &json)
        write("to", Timestamp.text(nanoseconds: lastTime), &json)
        write("as_of", Timestamp.text(nanoseconds: asOf), &json)
        writeSettings(&json)
        writeCounts(&json)
        json.key("overall")
        write(overall, weekMeans: weekMeans, &json)
        json.key("thresholds")
        json.beginArray()
        for row in thresholds { write(row, &json) }
        json.endArray()
        json.key("decisions")
        json.beginArray()
        for row in decisions {
            json.beginObject()
            write("decision", row.decision, &json)
            write("payments", row.payments, &json)
            write("frauds", row.frauds, &json)
            write("value", row.value, &json)
            write("fraud_value", row.fraudValue, &json)
            json.endObject()
        }
        json.endArray()
        for (name, groups) in [("weeks", weeks), ("segments", segments)] {
            json.key(name)
            json.beginArray()
            for group in groups { write(group, weekMeans: nil, &json) }
            json.endArray()
        }
        writeAges(&json)
        writeCurves(&json)
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func write(_ name: String, _ value: Double, _ json: inout JSONWriter) {
        json.key(name)
        json.double(value)
    }

    private func write(_ name: String, _ value: Int, _ json: inout JSONWriter) {
        json.key(name)
        json.integer(Int64(value))
    }

    private func write(_ name: String, _ value: String?, _ json: inout JSONWriter) {
        json.key(name)
        if let value { json.string(value) } else { json.null() }
    }

    private func writeSettings(_ json: inout JSONWriter) {
        json.key("settings")
        json.beginObject()
        write("amount", amountName, &json)
        write("entity", entityName, &json)
        write("segment", segmentName, &json)
        write("probability", probabilityName, &json)
        write("alerts_per_day", settings.alertsPerDay, &json)
        write("cards_per_day", settings.cardsPerDay, &json)
        write("calibration_bins", settings.calibrationBins, &json)
        write("bootstrap", settings.bootstrapRounds, &json)
        write("resampled_by", settings.unit.rawValue, &json)
        json.key("seed")
        json.unsigned(settings.seed)
        json.endObject()
    }

    private func writeCounts(_ json: inout JSONWriter) {
        json.key("rows")
        json.beginObject()
        write("read", counts.read, &json)
        write("outside_period", counts.outside, &json)
        write("without_score", counts.withoutScore, &json)
        write("immature", counts.immature, &json)
        write("without_label", counts.withoutLabel, &json)
        write("of_known_entities", counts.ofKnownEntities, &json)
        write("assumed_legitimate", counts.assumedLegitimate, &json)
        write("judged", counts.judged, &json)
        json.endObject()
    }

    private func write(_ group: EvaluationGroup, weekMeans: [Double]?, _ json: inout JSONWriter) {
        json.beginObject()
        write("name", group.name, &json)
        write("payments", group.payments, &json)
        write("frauds", group.frauds, &json)
        write("days", group.days, &json)
        write("value", group.value, &json)
        write("fraud_value", group.fraudValue, &json)
        write("flagged_share", group.flaggedShare, &json)
        write("found_share", group.foundShare, &json)
        json.key("metrics")
        json.beginObject()
        for (place, result) in group.metrics.enumerated() {
            json.key(result.definition.id)
            json.beginObject()
            write("value", result.value, &json)
            write("low", result.interval?.low ?? .nan, &json)
            write("high", result.interval?.high ?? .nan, &json)
            if let weekMeans { write("mean_of_weeks", weekMeans[place], &json) }
            json.endObject()
        }
        json.endObject()
        json.endObject()
    }

    private func write(_ row: ThresholdRow, _ json: inout JSONWriter) {
        json.beginObject()
        write("fpr_at_most", row.limit, &json)
        write("threshold", row.threshold ?? .nan, &json)
        write("fpr", row.falsePositiveRate, &json)
        write("flagged", row.flagged, &json)
        write("frauds", row.frauds, &json)
        write("precision", row.precision, &json)
        write("recall", row.recall, &json)
        write("fraud_value", row.fraudValue, &json)
        write("legitimate_value", row.legitimateValue, &json)
        json.endObject()
    }

    private func writeAges(_ json: inout JSONWriter) {
        json.key("label_ages")
        json.beginArray()
        for age in ages {
            json.beginObject()
            write("from_days", age.fromDays, &json)
            write("to_days", age.toDays.map(Double.init) ?? .nan, &json)
            write("payments", age.payments, &json)
            write("frauds", age.frauds, &json)
            write("legitimate", age.legitimate, &json)
            write("without_label", age.withoutLabel, &json)
            json.endObject()
        }
        json.endArray()
    }

    private func writeCurves(_ json: inout JSONWriter) {
        for (name, points) in [("precision_recall", curves.precisionRecall), ("value", curves.valueByThreshold)] {
            json.key(name)
            json.beginArray()
            for point in points {
                json.beginObject()
                write("threshold", point.threshold, &json)
                write("recall", point.recall, &json)
                write("precision", point.precision, &json)
                write("fraud_value_share", point.fraudValueShare, &json)
                write("legitimate_value_share", point.legitimateValueShare, &json)
                json.endObject()
            }
            json.endArray()
        }
        json.key("reliability")
        json.beginArray()
        for bin in curves.reliability {
            json.beginObject()
            write("payments", bin.payments, &json)
            write("predicted", bin.meanPredicted, &json)
            write("observed", bin.observed, &json)
            json.endObject()
        }
        json.endArray()
    }
}
