// Every other route. What reads the disk or may take long goes to the background and is answered from there.

import HTTP
import JSON
import Scoring

extension ServiceHandler {
    private static var gotten: StaticString { "GET, HEAD, OPTIONS" }
    private static var posted: StaticString { "POST, OPTIONS" }
    private static var anywhere: StaticString { "GET, HEAD, POST, OPTIONS" }

    func route(_ request: borrowing Request, _ response: Response) -> Disposition {
        if request.isServerWide { return tellMethods(request, response, Self.anywhere) }
        if request.pathEquals("/healthz") { return get(request, response) { writeHealth($0) } }
        if request.pathEquals("/readyz") { return get(request, response) { writeReadiness($0) } }
        if request.pathEquals("/metrics") { return get(request, response) { writeMetrics($0) } }
        if request.pathEquals("/openapi.json") { return get(request, response) { writeOpenAPI($0) } }
        if request.pathEquals("/v1/models") { return get(request, response) { writeModels($0) } }
        if request.pathHasPrefix("/v1/decisions/") { return decision(request, response) }
        if request.pathEquals("/v1/score/batch") {
            guard request.method != .post || admits(request) else { return shed(response) }
            var traceParent = TraceParent()
            traceParent.read(from: request)
            return post(request, response, headers: traceParent.headers) {
                [engine, metrics, traceParent] body throws(Problem) in
                try BatchScoring.answer(body, traceParent, engine, metrics)
            }
        }
        if request.pathEquals("/v1/labels") {
            return post(request, response) { [engine, metrics] body throws(Problem) in
                try FeedbackIntake(kind: .label, schema: .label, takesArray: true).answer(body, engine, metrics)
            }
        }
        if request.pathEquals("/v1/outcomes") {
            return post(request, response) { [engine, metrics] body throws(Problem) in
                try FeedbackIntake(kind: .outcome, schema: .outcome, takesArray: false).answer(body, engine, metrics)
            }
        }
        if request.pathEquals("/v1/admin/reload") {
            return request.method == .post ? reload(request, response) : tellMethods(request, response, Self.posted)
        }
        if request.pathEquals("/v1/score") { return tellMethods(request, response, Self.posted) }
        return refuse(response, .notFound)
    }

    private func get(
        _ request: borrowing Request, _ response: Response, _ write: (Response) -> Void
    ) -> Disposition {
        guard request.method == .get || request.method == .head else {
            return tellMethods(request, response, Self.gotten)
        }
        write(response)
        return .answered
    }

    /// Hands a copy of the body, still compressed if it is, to the background; the answer comes from there.
    private func post(
        _ request: borrowing Request, _ response: Response, headers: [(String, String)] = [],
        _ answer: @escaping @Sendable ([UInt8]) throws(Problem) -> BackgroundAnswer
    ) -> Disposition {
        guard request.method == .post else { return tellMethods(request, response, Self.posted) }
        let coding: ContentCoding
        do throws(Problem) { coding = try RequestBody.coding(of: request) } catch { return refuse(response, error) }
        let deferral = request.deferral
        let body = Array(copying: request.body)
        let limitBytes = engine.configuration.batchBodyBytes
        engine.background.async {
            do throws(Problem) {
                let answer = try answer(RequestBody.decoded(body, coding, limitBytes: limitBytes))
                deferral.complete(status: answer.status, headers: headers, body: answer.json.bytes)
            } catch {
                deferral.complete(error, headers: headers)
            }
        }
        return .deferred
    }

    /// Tells which methods a resource takes: to OPTIONS as its answer, to another method as the reason of its refusal.
    private func tellMethods(
        _ request: borrowing Request, _ response: Response, _ allowed: StaticString
    ) -> Disposition {
        if request.method == .options {
            response.becomeOptions(allowing: allowed)
            return .answered
        }
        response.become(.methodNotAllowed(allowed))
        response.addHeader("Allow", allowed.description)
        return .answered
    }

    // MARK: GET /v1/decisions/{transaction_id}

    private func decision(_ request: borrowing Request, _ response: Response) -> Disposition {
        guard request.method == .get || request.method == .head else {
            return tellMethods(request, response, Self.gotten)
        }
        let prefix = "/v1/decisions/".utf8.count
        guard let id = PercentEncoding.decode(request.path.extracting(prefix..<request.path.count)), !id.isEmpty else {
            return refuse(response, .unknownTransaction)
        }
        let now = WallClock.nanosecondsSince1970()
        let submission = engine.withSequencer { $0.core.submission(of: id.span, at: now) }
        let engine = engine
        let deferral = request.deferral
        engine.background.async {
            do throws(Problem) {
                let stored: StoredDecision
                if let submission {
                    stored = try StoredDecision(of: submission, in: engine)
                } else {
                    stored = try StoredDecision(of: id, in: engine.index)
                }
                deferral.complete(status: 200, body: stored.withFeatures)
            } catch {
                deferral.complete(error)
            }
        }
        return .deferred
    }
}

/// What the background answers, unless it throws a problem.
struct BackgroundAnswer: Sendable {
    let status: Int
    let json: JSONWriter
}

extension Array where Element == UInt8 {
    init(copying bytes: Span<UInt8>) {
        self = bytes.withUnsafeBufferPointer { Array($0) }
    }
}

/// RFC 3986, section 2.1.
enum PercentEncoding {
    /// The decoded bytes, or nil where a percent sign is not followed by two hexadecimal digits.
    static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var i = 0
        while i < text.count {
            if text[i] == 0x25 {
                guard i + 2 < text.count, let high = value(text[i + 1]), let low = value(text[i + 2]) else {
                    return nil
                }
                bytes.append(high << 4 | low)
                i += 3
            } else {
                bytes.append(text[i])
                i += 1
            }
        }
        return bytes
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
