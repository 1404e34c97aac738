// POST /v1/admin/reload: 200 with what changed, or 422 with the file, the line and what is wrong there; 503 while the reload
// of another client is under way, which may have read the files before they were changed. The body is not looked at.

import HTTP
import JSON
import Scoring
import Synchronization

extension ServiceHandler {
    func reload(_ request: borrowing Request, _ response: Response) -> Disposition {
        let engine = engine
        let (isFirst, _) = engine.reloads.isAwaited.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing)
        guard isFirst else {
            response.become(.reloadUnderWay)
            response.addHeader("Retry-After", "1")
            return .answered
        }
        let deferral = request.deferral
        engine.background.async {
            do throws(ReloadProblem) {
                let report = try engine.reload()
                engine.reloads.isAwaited.store(false, ordering: .releasing)
                deferral.complete(status: 200, body: report.json)
            } catch {
                engine.reloads.isAwaited.store(false, ordering: .releasing)
                deferral.complete(Problem.reload(error))
            }
        }
        return .deferred
    }
}

extension Problem {
    static let reloadUnderWay = Problem(
        status: 503, code: "reload_under_way", title: "A reload is under way",
        detail: "It may have read the files before they were changed. Send it again after Retry-After, in seconds.")

    static func reload(_ problem: ReloadProblem) -> Problem {
        Problem(
            status: 422, code: "configuration_refused", title: "The configuration is wrong, and the old one stays",
            detail: problem.description, place: problem)
    }
}

extension ReloadReport {
    /// The answer's object.
    var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("reloaded")
        json.bool(true)
        json.key("at")
        json.timestamp(atNanoseconds)
        json.key("digests")
        json.beginObject()
        json.key("before")
        json.raw(before.json.span)
        json.key("after")
        json.raw(after.json.span)
        json.endObject()
        json.key("rules")
        json.beginObject()
        for (name, ids) in [
            ("added", changes.rulesAdded), ("removed", changes.rulesRemoved), ("changed", changes.rulesChanged),
        ] {
            json.key(name)
            json.beginArray()
            for id in ids { json.string(id) }
            json.endArray()
        }
        json.endObject()
        json.key("lists_changed")
        json.beginArray()
        for name in changes.listsChanged { json.string(name) }
        json.endArray()
        json.key("history_since")
        json.beginObject()
        for text in historiesAdded {
            json.key(text)
            json.timestamp(atNanoseconds)
        }
        json.endObject()
        json.key("governor_released")
        json.bool(releasedGovernor)
        json.key("pause_us")
        json.integer(pauseMicroseconds)
        json.key("recorded")
        json.bool(isRecorded)
        json.endObject()
        return json.bytes
    }
}
