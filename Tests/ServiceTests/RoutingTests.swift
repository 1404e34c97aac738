// What there is at which path, by which method and with which body; and what OpenAPI says of it.
import JSON
import Scoring
import Testing

@testable import Service

@Suite struct RoutingTests {
    static let gets = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models"]
    static let posts = ["/v1/score", "/v1/score/batch", "/v1/labels", "/v1/outcomes"]
    /// Takes no body.
    static let reload = "/v1/admin/reload"

    @Test func `what is read answers GET and HEAD alike, but for the body`() throws {
        let service = try TestService()
        let client = try service.client()
        _ = try client.score(Body("t_1").text)
        for path in Self.gets + ["/v1/decisions/t_1"] {
            let answer = try client.get(path)
            #expect(answer.status == 200, "\(path)")
            #expect(
                answer.contentType == (path == "/metrics" ? PrometheusText.contentType.description : "application/json")
            )
            let head = try client.get(path, method: "HEAD")
            #expect(head.status == 200, "\(path)")
            #expect(head.contentType == answer.contentType, "\(path)")
            if path != "/metrics" { #expect(head.fields["content-length"] == "\(answer.bytes.count)", "\(path)") }
        }
        #expect(try client.get("/healthz").text == #"{"status":"ok"}"#)
    }

    @Test func `another method gets 405 with what is allowed`() throws {
        let service = try TestService()
        let client = try service.client()
        for path in Self.gets + ["/v1/decisions/t_1"] {
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                try client.begin(method, path, [])
                let answer = try client.receive()
                #expect(answer.status == 405, "\(method) \(path)")
                #expect(answer.fields["allow"] == "GET, HEAD, OPTIONS", "\(method) \(path)")
                #expect(answer.json["code"].text == "method_not_allowed")
                #expect(answer.json["type"].text == "urn:shroff:problem:method-not-allowed")
            }
        }
        for path in Self.posts + [Self.reload] {
            for method in ["GET", "HEAD", "PUT", "DELETE"] {
                let answer = try client.get(path, method: method)
                #expect(answer.status == 405, "\(method) \(path)")
                #expect(answer.fields["allow"] == "POST, OPTIONS", "\(method) \(path)")
            }
        }
    }

    @Test func `OPTIONS tells the methods of a resource, and of the server`() throws {
        let service = try TestService()
        let client = try service.client()
        let asked =
            (Self.gets + ["/v1/decisions/t_1"]).map { ($0, "GET, HEAD, OPTIONS") }
            + (Self.posts + [Self.reload]).map { ($0, "POST, OPTIONS") } + [("*", "GET, HEAD, POST, OPTIONS")]
        for (path, allowed) in asked {
            try client.begin("OPTIONS", path, [])
            let answer = try client.receive()
            #expect(answer.status == 204, "\(path)")
            #expect(answer.fields["allow"] == allowed, "\(path)")
        }
        #expect(try client.get("/nowhere", method: "OPTIONS").status == 404)
    }

    @Test func `there is nothing at other paths`() throws {
        let service = try TestService()
        let client = try service.client()
        let paths = [
            "/", "/v1", "/v1/", "/v1/scores", "/v1/score/", "/v1/score/batches", "/V1/score", "/v1/decision",
            "/v1/decisions",
            "/healthz/", "/metrics.txt",
        ]
        for path in paths {
            let answer = try client.get(path)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.json["code"].text == "not_found", "\(path)")
            #expect(try client.post(path, "{}").status == 404, "\(path)")
        }
        #expect(try client.get("/healthz?verbose=1").status == 200)
    }

    @Test func `a body that is not JSON by its type, or coded as nobody reads, is refused before it is read`() throws {
        let service = try TestService()
        let client = try service.client()
        let cases: [(type: String?, coding: String?, status: Int)] = [
            (nil, nil, 200), ("application/json", nil, 200), ("Application/JSON", nil, 200),
            ("application/json; charset=utf-8", nil, 200), ("application/json;charset=UTF-8", nil, 200),
            ("application/json ;\tcharset=\"utf-8\" ", nil, 200),
            ("application/json; profile=\"a;charset=x\"", nil, 200),
            ("application/json; charset=utf-8; profile=x", nil, 200), ("application/json", "identity", 200),
            ("", nil, 415), ("text/plain", nil, 415), ("application/jsonp", nil, 415), ("application/json2", nil, 415),
            ("application/x-www-form-urlencoded", nil, 415), ("application/json; charset=iso-8859-1", nil, 415),
            ("application/json; charset=utf-8x", nil, 415), ("application/json; charset=\"utf-8", nil, 415),
            ("application/json; charset=", nil, 415), ("application/json charset=utf-8", nil, 415),
            ("multipart/form-data; boundary=x", nil, 415), ("json", nil, 415),
            ("application/json; charset", nil, 415), ("application/json; charset =utf-8", nil, 415),
            ("application/json\r\nContent-Type: application/json", nil, 415),
            ("application/json", "gzip, gzip", 415), (nil, "br", 415), ("application/json", "identity, gzip", 415),
        ]
        for (number, example) in cases.enumerated() {
            let fields = example.type.map { ["Content-Type: \($0)"] } ?? []
            let codings = example.coding.map { ["Content-Encoding: \($0)"] } ?? []
            let answer = try client.score(Body("t_\(number)").text, fields: fields + codings)
            #expect(answer.status == example.status, "\(example)")
            guard example.status == 415 else { continue }
            #expect(answer.contentType == "application/problem+json")
            #expect(answer.json["code"].text.hasPrefix("unsupported_"), "\(example)")
            // Only where the coding is at fault is it said which would do (RFC 9110 section 12.5.3).
            let isCoding = answer.json["code"].text == "unsupported_content_coding"
            #expect(answer.fields["accept-encoding"] == (isCoding ? "gzip, deflate" : nil), "\(example)")
            for path in Self.posts.dropFirst() {
                #expect(try client.post(path, "{}", fields: fields + codings).status == 415, "\(path) \(example)")
            }
        }
    }

    @Test func `a decision is found under its id, however the path spells it, and others are not`() throws {
        let service = try TestService()
        let client = try service.client()
        let ids = ["t_1", "a/b c?d#e%f", "ü€😀", "x+y", "...", String(repeating: "é", count: 64)]
        for id in ids {
            let decided = try client.score(Body(id).text)
            #expect(decided.status == 200, "\(id)")
            var path = "/v1/decisions/"
            for byte in id.utf8 {
                let high = String(byte >> 4, radix: 16)
                let low = String(byte & 15, radix: 16, uppercase: true)
                path += "%\(high)\(low)"
            }
            let found = try client.get(path)
            #expect(found.status == 200, "\(id)")
            #expect(found.json.keys == ScoreTests.members + ["features"])
            let withoutFeatures = found.json.members.dropLast()
            #expect(JSONValue.object(Array(withoutFeatures)) == decided.json, "\(id)")
            #expect(
                found.json["features"].keys
                    == ["amount", "card_count_1h", "card_sum_1d", "card_age", "merchant_cards_1h"])
        }
        #expect(try client.get("/v1/decisions/x+y").status == 200)
        for path in ["", "t_2", "t_1/", "%FF", "T_1", String(repeating: "x", count: 2_000)] {
            let answer = try client.get("/v1/decisions/" + path)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.json["code"].text == "unknown_transaction", "\(path)")
        }
        // No path at all, or one that a proxy on the way would read otherwise.
        for path in ["%zz", "t_1%", "t_1%3", "%", "%00", "..", "%2E%2e", "a%2F..%2Fb"] {
            #expect(try service.client().get("/v1/decisions/" + path).status == 400, "\(path)")
        }
    }

    // MARK: OpenAPI

    @Test func `OpenAPI is JSON whose references resolve and whose routes answer`() throws {
        let service = try TestService()
        let client = try service.client()
        let document = try client.get("/openapi.json").json
        #expect(document["openapi"].text == "3.1.0")
        var references: [String] = []
        collectReferences(document, into: &references)
        #expect(!references.isEmpty)
        for reference in Set(references) {
            var value: JSONValue? = document
            for part in reference.dropFirst(2).split(separator: "/") { value = value[String(part)] }
            #expect(reference.hasPrefix("#/") && value != nil, "\(reference)")
        }
        var operations: Set<String> = []
        for path in document["paths"].keys {
            for method in document["paths"][path].keys {
                let operation = document["paths"][path][method]
                #expect(operations.insert(operation["operationId"].text).inserted)
                #expect(!operation["responses"].keys.isEmpty)
                try client.begin(
                    method.uppercased(), path.replacing("{transaction_id}", with: "none"), method == "post" ? [] : nil)
                let answer = try client.receive()
                #expect(
                    operation["responses"]["\(answer.status)"] != nil, "\(method) \(path) answered \(answer.status)")
                #expect(answer.status != 405 && answer.json["code"].text != "not_found", "\(method) \(path)")
            }
        }
        #expect(
            Set(document["paths"].keys)
                == Set(Self.gets + Self.posts + [Self.reload, "/v1/decisions/{transaction_id}"]))
    }

    @Test func `OpenAPI's schemas name what the answers have`() throws {
        let service = try TestService()
        let client = try service.client()
        let schemas = try client.get("/openapi.json").json["components"]["schemas"]
        let decision = schemas["Decision"]
        #expect(decision["required"].elements.map { ($0 as JSONValue?).text } == ScoreTests.members)
        let sometimes = ["features", "segment", "history_since", "governor"]
        #expect(Set(decision["properties"].keys) == Set(ScoreTests.members + sometimes))
        let readiness = schemas["Readiness"]
        let ready = Set(try client.get("/readyz").json.keys)
        #expect(ready == Set(readiness["required"].elements.map { ($0 as JSONValue?).text }))
        #expect(Set(readiness["properties"].keys) == ready.union(["history_since"]))
        func words(_ name: String) -> [String] {
            decision["properties"][name]["enum"].elements.map { ($0 as JSONValue?).text }
        }
        #expect(Set(words("decision")) == Set(Verdict.allCases.map(\.rawValue)))
        #expect(Set(words("decision_source")) == Set(DecisionSource.allCases.map(\.rawValue)))
        #expect(Set(words("explanation")) == Set(ExplanationMethod.allCases.map(\.rawValue) + [""]))
        #expect(Set(words("degraded_reason")) == Set(DegradedReason.allCases.map(\.rawValue) + [""]))
        #expect(Set(words("risk_level")) == Set(RiskLevel.allCases.map(\.rawValue)))
        let payment = schemas["Payment"]
        let required = payment["required"].elements.map { ($0 as JSONValue?).text }
        #expect(Set(required) == ["transaction_id", "event_time", "amount", "currency", "merchant"])
        #expect(payment["additionalProperties"].bool == false)
        #expect(payment["properties"]["merchant"]["type"].text == "object")
        #expect(payment["properties"]["device"]["type"].elements.map { ($0 as JSONValue?).text } == ["object", "null"])
        #expect(payment["anyOf"].elements.map { $0["required"].elements.count } == [1, 1])
        #expect(payment["properties"]["verification"]["properties"]["three_ds"]["properties"]["status"] != nil)
        let problem = try client.score("[]").json
        #expect(Set(problem.keys).isSubset(of: Set(schemas["Problem"]["properties"].keys)))
        for name in schemas["Problem"]["required"].elements.map({ ($0 as JSONValue?).text }) {
            #expect(problem[name] != nil, "\(name)")
        }
    }

    private func collectReferences(_ value: JSONValue, into references: inout [String]) {
        for member in value.members {
            if member.key == "$ref" { references.append((member.value as JSONValue?).text) }
            collectReferences(member.value, into: &references)
        }
        for element in (value as JSONValue?).elements { collectReferences(element, into: &references) }
    }
}
