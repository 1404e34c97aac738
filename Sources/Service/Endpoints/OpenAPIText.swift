// The parts of the OpenAPI document that no table holds: the paths, the decision, the problem.

extension OpenAPI {
    static let paths = """
        {"/v1/score":{"post":{"operationId":"score","summary":"Decides one payment.","parameters":[{"name":"traceparent","in":"header",\
        "description":"W3C Trace Context; goes into the record and back.","schema":{"type":"string"}}],\
        "requestBody":\(body("Payment")),"responses":{"200":\(scored),\
        \(refusals(["400", "409", "410", "413", "415", "422", "503"]))}}},\
        "/v1/score/batch":{"post":{"operationId":"scoreBatch","summary":"Decides up to 1,000 payments, in order.",\
        "requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["payments"],\
        "additionalProperties":false,"properties":{"payments":{"type":"array","maxItems":1000,"items":{}}}}}}},\
        "responses":{"200":{"description":"A decision or a problem for each payment.","content":{"application/json":{\
        "schema":{"type":"object","required":["decisions"],"properties":{"decisions":{"type":"array","items":{"anyOf":[\
        {"$ref":"#/components/schemas/Decision"},{"$ref":"#/components/schemas/Problem"}]}}}}}}},\
        \(refusals(["400", "413", "415", "422", "503"]))}}},\
        "/v1/labels":{"post":{"operationId":"label","summary":"Takes what became known of payments.","requestBody":{\
        "required":true,"content":{"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/Label"},{\
        "type":"array","maxItems":1000,"items":{"$ref":"#/components/schemas/Label"}}]}}}},\
        "responses":{"202":\(accepted),\(refusals(["400", "413", "415", "422"]))}}},\
        "/v1/outcomes":{"post":{"operationId":"outcome","summary":"Takes what became of an authorization.",\
        "requestBody":\(body("Outcome")),"responses":{"202":\(accepted),\(refusals(["400", "413", "415", "422"]))}}},\
        "/v1/decisions/{transaction_id}":{"get":{"operationId":"decision","summary":"The decision as it was given, with \
        its features.","parameters":[{"name":"transaction_id","in":"path","required":true,"schema":{"type":"string"}}],\
        "responses":{"200":\(answer("The decision.", "Decision")),\(refusals(["404", "410", "503"]))}}},\
        "/v1/models":{"get":{"operationId":"models","summary":"The models and which one serves.",\
        "responses":{"200":\(object("The models."))}}},\
        "/v1/admin/reload":{"post":{"operationId":"reload","summary":"Reads features, rules, policy, lists and model anew, \
        all or nothing; releases the governor.","responses":{"200":\(object("What changed.")),\(refusals(["422", "503"]))}}},\
        "/healthz":{"get":{"operationId":"health","summary":"Liveness.","responses":{"200":\(object("Alive."))}}},\
        "/readyz":{"get":{"operationId":"ready","summary":"Readiness, with reasons.",\
        "responses":{"200":\(answer("Payments are answered.", "Readiness")),\
        "503":\(answer("The service is stopping.", "Readiness"))}}},\
        "/metrics":{"get":{"operationId":"metrics","summary":"Prometheus metrics.","responses":{"200":{\
        "description":"The metrics.","content":{"text/plain":{"schema":{"type":"string"}}}}}}},\
        "/openapi.json":{"get":{"operationId":"openapi","summary":"This document.",\
        "responses":{"200":\(object("OpenAPI 3.1."))}}}}
        """

    private static func body(_ schema: String) -> String {
        """
        {"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/\(schema)"}}}}
        """
    }

    private static func answer(_ description: String, _ schema: String) -> String {
        """
        {"description":"\(description)","content":{"application/json":{"schema":{"$ref":"#/components/schemas/\(schema)"}}}}
        """
    }

    private static let scored = """
        {"description":"The decision; the stored one where the payment was decided before.","headers":{\
        "Idempotent-Replayed":{"description":"true where the decision is the stored one.","schema":{"type":"string"}},\
        "Server-Timing":{"description":"The stages, in milliseconds.","schema":{"type":"string"}},\
        "traceparent":{"description":"As it came.","schema":{"type":"string"}}},\
        "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Decision"}}}}
        """

    private static func object(_ description: String) -> String {
        """
        {"description":"\(description)","content":{"application/json":{"schema":{"type":"object"}}}}
        """
    }

    private static let accepted = """
        {"description":"Taken in.","content":{"application/json":{"schema":{"type":"object","required":["accepted",\
        "recorded"],"properties":{"accepted":{"type":"integer"},"recorded":{"type":"boolean"}}}}}}
        """

    private static let descriptions = [
        "400": "Not JSON, or not HTTP.", "404": "Not found.", "409": "Another payment has this transaction id.",
        "410": "The decision was not kept: the disk failed for too long.", "413": "The body is too large.",
        "415": "The body is not JSON, or is compressed by something else than gzip or deflate.",
        "422": "Some fields are wrong.", "503": "The answer can't be given now: send it again after Retry-After.",
    ]

    private static func refusals(_ statuses: [String]) -> String {
        statuses.map { status in
            """
            "\(status)":{"description":"\(descriptions[status] ?? "")","content":{"application/problem+json":{"schema":{\
            "$ref":"#/components/schemas/Problem"}}}}
            """
        }.joined(separator: ",")
    }

    static let decision = """
        {"type":"object","required":["transaction_id","decision_id","decision","score","probability","risk_level",\
        "decision_source","degraded","degraded_reason","reasons","explanation","rules","versions","experiment","recorded",\
        "latency_us"],\
        "properties":{"transaction_id":{"type":"string"},"decision_id":{"type":"string"},\
        "decision":{"enum":["approve","review","challenge","decline"]},\
        "score":{"type":"integer","minimum":0,"maximum":999},\
        "probability":{"type":["number","null"],"minimum":0,"maximum":1},\
        "risk_level":{"enum":["normal","elevated","highest"]},\
        "decision_source":{"enum":["model","model_truncated","rules","default"]},\
        "degraded":{"type":"boolean"},"degraded_reason":{"enum":["no_model","model_refused","model_failed","budget_short",\
        null]},"reasons":{"type":"array","items":{"type":"object","required":["code","feature","value","contribution"],\
        "properties":{"code":{"type":"string"},"feature":{"type":["string","null"]},"value":{},\
        "contribution":{"type":["number","null"]}}}},\
        "explanation":{"enum":["tree_shap","path_attribution","rule_points",null]},\
        "rules":{"type":"array","items":{"type":"object","required":["id","action"],"properties":{"id":{"type":"string"},\
        "action":{"enum":["approve","review","challenge","decline","score","observe"]}}}},\
        "versions":{"type":"object"},"experiment":{"type":"object"},"recorded":{"type":"boolean"},\
        "latency_us":{"type":"object","required":["parse","features","rules","model","total"]},\
        "segment":{"type":"string","description":"The segment whose bands decided."},\
        "history_since":\(historySince),"governor":{"enum":["engaged"]},\
        "features":{"type":"object"}}}
        """

    private static let historySince = """
        {"type":"object","description":"Histories that a reload added and that do not have their whole window yet, and when \
        they began.","additionalProperties":{"type":"string","format":"date-time"}}
        """

    static let readiness = """
        {"type":"object","required":["status","model","recording","reasons"],"properties":{\
        "status":{"enum":["ready","degraded","not_ready"]},"model":{"enum":["serving","none","refused"]},\
        "recording":{"type":"boolean"},"reasons":{"type":"array","items":{"type":"object","required":["code","detail"],\
        "properties":{"code":{"type":"string"},"detail":{"type":"string"}}}},"history_since":\(historySince)}}
        """

    static let problem = """
        {"type":"object","required":["type","title","status","detail"],"properties":{"type":{"type":"string"},\
        "title":{"type":"string"},"status":{"type":"integer"},"code":{"type":"string"},"detail":{"type":"string"},\
        "errors":{"type":"array","items":{"type":"object","required":["pointer","code","detail"],"properties":{\
        "pointer":{"type":"string"},"code":{"type":"string"},"detail":{"type":"string"}}}},\
        "unreported":{"type":"integer"}}}
        """
}
