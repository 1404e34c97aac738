// POST /v1/labels and /v1/outcomes: checked, put into the sequence, where histories learn them, and answered once the
// kernel has them. All or nothing: one wrong event of an array refuses the array, with its place.

import HTTP
import JSON
import Scoring

struct FeedbackIntake: Sendable {
    static let maximumEvents = 1_000

    let kind: RecordKind
    let schema: FeedbackSchema
    /// Whether an array of events is taken as well as one.
    let takesArray: Bool

    func answer(
        _ body: [UInt8], _ engine: ScoringEngine, _ metrics: LoopMetrics
    ) throws(Problem) -> BackgroundAnswer {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: body.span)
        } catch {
            metrics.update { $0.malformed += 1 }
            throw .malformed(error)
        }
        let events: [JSONValue]
        var problems: [FieldProblem] = []
        if takesArray, case .array(let elements) = value {
            events = elements
            if elements.count > Self.maximumEvents {
                problems.append(
                    FieldProblem(
                        pointer: "", code: .tooMany,
                        detail: "has \(elements.count) elements; at most \(Self.maximumEvents) are taken"))
            } else {
                for (i, element) in elements.enumerated() { problems += schema.problems(in: element, at: "/\(i)") }
            }
        } else {
            events = [value]
            problems = schema.problems(in: value)
        }
        guard problems.isEmpty else {
            metrics.update { $0.invalidFeedback += 1 }
            let reported = PaymentLimits.reportedProblems
            throw .invalid(
                Array(problems.prefix(reported)), unreported: max(0, problems.count - reported), what: "event")
        }
        return take(events, engine, metrics)
    }

    private func take(_ events: [JSONValue], _ engine: ScoringEngine, _ metrics: LoopMetrics) -> BackgroundAnswer {
        let now = WallClock.nanosecondsSince1970()
        var objects: [(bytes: [UInt8], feedback: Feedback?)] = []
        for event in events {
            var json = JSONWriter()
            json.value(event)
            objects.append((json.bytes, Feedback(kind, event)))
        }
        var wasDropped = false
        let last = engine.withSequencer { sequencer -> UInt64 in
            var last = sequencer.core.sequence
            for object in objects {
                last = sequencer.take(
                    kind, object.bytes.span, object.feedback, receivedAtNanoseconds: now
                ) { sequence, body in
                    let reference = engine.log.put(sequence, body)
                    if reference == nil { wasDropped = true }
                    return reference
                }
            }
            return last
        }
        let isRecorded = engine.commit(through: last) && !wasDropped
        metrics.update { counts in
            if kind == .label {
                counts.labels += UInt64(objects.count)
            } else {
                counts.outcomes += UInt64(objects.count)
            }
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("accepted")
        json.integer(Int64(objects.count))
        json.key("recorded")
        json.bool(isRecorded)
        json.endObject()
        return BackgroundAnswer(status: 202, json: json)
    }
}
