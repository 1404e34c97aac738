// What the service says of itself: liveness, readiness, models, metrics.

import HTTP
import JSON
import Scoring

extension ServiceHandler {
    func writeOpenAPI(_ response: Response) {
        response.body = OpenAPI.document
        response.gzippedBody = OpenAPI.gzippedDocument
    }

    /// Alive is who answers.
    func writeHealth(_ response: Response) {
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("ok")
        json.endObject()
        response.become(json: json)
    }

    /// 200 while payments are answered, degraded or not; 503 while the service drains.
    func writeReadiness(_ response: Response) {
        let readiness = engine.readiness
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string(readiness.isReady ? (readiness.reasons.isEmpty ? "ready" : "degraded") : "not_ready")
        json.key("model")
        json.string(modelStatus)
        json.key("recording")
        json.bool(readiness.isRecording)
        json.key("reasons")
        json.beginArray()
        for reason in readiness.reasons {
            json.beginObject()
            json.key("code")
            json.string(reason.code)
            json.key("detail")
            json.string(reason.detail)
            json.endObject()
        }
        json.endArray()
        let young = engine.withSequencer { $0.core.youngHistories }
        if !young.isEmpty {
            json.key("history_since")
            json.beginObject()
            for history in young {
                json.key(history.text)
                json.timestamp(history.sinceNanoseconds)
            }
            json.endObject()
        }
        json.endObject()
        response.become(json: json)
        if !readiness.isReady { response.status = 503 }
    }

    private var modelStatus: StaticString {
        switch engine.assembly.model {
        case .serving: "serving"
        case .none: "none"
        case .refused: "refused"
        }
    }

    func writeModels(_ response: Response) {
        var json = JSONWriter()
        json.beginObject()
        json.key("serving")
        if case .serving(let model) = engine.assembly.model {
            json.string(model.manifest.version)
        } else {
            json.null()
        }
        json.key("models")
        json.beginArray()
        switch engine.assembly.model {
        case .serving(let model): write(model, costs: engine.assembly.costs, to: &json)
        case .refused:
            json.beginObject()
            json.key("serving")
            json.bool(false)
            json.key("problem")
            json.string(engine.assembly.modelProblem?.description ?? "")
            json.endObject()
        case .none: break
        }
        json.endArray()
        json.endObject()
        response.become(json: json)
    }

    private func write(_ model: ScoringModel, costs: LadderCosts, to json: inout JSONWriter) {
        let manifest = model.manifest
        json.beginObject()
        json.key("name")
        json.string(manifest.name)
        json.key("version")
        json.string(manifest.version)
        json.key("serving")
        json.bool(true)
        json.key("features")
        json.integer(Int64(manifest.features.count))
        json.key("format")
        json.string(model.trees.summary.format)
        json.key("engine")
        json.string(model.trees.summary.engine.rawValue)
        json.key("trees")
        json.integer(Int64(model.trees.summary.treesUsed))
        json.key("truncated_trees")
        if let truncated = costs.truncated {
            json.integer(Int64(manifest.truncated[truncated.ensemble].trees))
        } else {
            json.null()
        }
        json.key("quality")
        json.beginObject()
        for (metric, value) in manifest.quality {
            json.key(metric)
            if let number = Double(value) { json.double(number) } else { json.string(value) }
        }
        json.endObject()
        json.endObject()
    }

    func writeMetrics(_ response: Response) {
        response.contentType = PrometheusText.contentType
        response.body = Array(ServiceMetricsText.render(engine).utf8)
    }
}
