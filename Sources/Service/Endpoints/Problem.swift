// RFC 9457 problem documents of the service: what is wrong, at which field, and what to do. The value of a field is
// never repeated. Each kind has a type of its own, `urn:shroff:problem:invalid-fields` for the code `invalid_fields`;
// what the wire refuses is `about:blank`, with the phrase of its status for a title.

import HTTP
import JSON
import Scoring

struct Problem: Error, Sendable {
    let status: Int
    let code: StaticString
    let title: StaticString
    let detail: String
    var errors: [FieldProblem] = []
    var unreported = 0
    /// The answer says which content codings would do.
    var namesCodings = false
    /// Where in the configuration it stands.
    var place: ReloadProblem?

    static func malformed(_ error: JSONError) -> Problem {
        Problem(
            status: 400, code: "malformed_json", title: "The body is not valid JSON",
            detail: "At byte \(error.offset): \(error.reason)")
    }

    static func invalid(_ errors: [FieldProblem], unreported: Int, what: StaticString) -> Problem {
        Problem(
            status: 422, code: "invalid_fields", title: "Some fields are wrong",
            detail: "The \(what) was not taken; each wrong field is listed by its JSON pointer.", errors: errors,
            unreported: unreported)
    }

    static func payment(_ problem: PaymentProblem) -> Problem {
        switch problem {
        case .malformed(let error): .malformed(error)
        case .invalid(let errors, let unreported): .invalid(errors, unreported: unreported, what: "payment")
        }
    }

    static let conflict = Problem(
        status: 409, code: "transaction_conflict", title: "The transaction id is taken",
        detail: """
            Another payment was decided under this transaction_id. Send the same body to get its decision again, or a \
            new transaction_id for a new payment.
            """)

    static let notFound = Problem(
        status: 404, code: "not_found", title: "Not found",
        detail: "There is nothing at this path. GET /openapi.json lists what there is.")

    static let unknownTransaction = Problem(
        status: 404, code: "unknown_transaction", title: "No decision of this transaction",
        detail: "The log has no decision under this transaction id.")

    static let unreadableRecord = Problem(
        status: 503, code: "record_unavailable", title: "The stored decision can't be read now",
        detail: "The payment was decided and its record is kept, but reading it failed. Ask again.")

    static let lostRecord = Problem(
        status: 410, code: "record_lost", title: "The decision was not kept",
        detail: """
            The payment was decided and counted while the disk took no records, and there was no room to keep it. It \
            can't be decided again under this transaction_id.
            """)

    static let shedding = Problem(
        status: 503, code: "overloaded", title: "More payments come than can be decided",
        detail: "The payment waited too long and was not taken on. Send it again after Retry-After, in seconds.")

    /// The document of `shedding`.
    static let sheddingBody = {
        var json = JSONWriter()
        shedding.write(to: &json)
        return json.bytes
    }()

    static let unsupportedMediaType = Problem(
        status: 415, code: "unsupported_media_type", title: "The body must be JSON",
        detail: "Send Content-Type: application/json, in UTF-8.")

    static func content(_ error: ContentError) -> Problem {
        let title: StaticString =
            switch error.status {
            case 413: "The body is too large"
            case 415: "The content coding is not served"
            default: "The compressed body is damaged"
            }
        return Problem(
            status: error.status, code: error.code, title: title, detail: error.detail,
            namesCodings: error.namesCodings)
    }

    static func methodNotAllowed(_ allowed: StaticString) -> Problem {
        Problem(
            status: 405, code: "method_not_allowed", title: "The method is not allowed here",
            detail: "Allowed: \(allowed)")
    }

    /// A name for the kind of problem (RFC 9457, section 3.1.1), the same for ever; there is nothing to fetch at it.
    private var type: String { "urn:shroff:problem:" + code.description.replacing("_", with: "-") }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("type")
        json.string(type)
        json.key("title")
        json.string(title)
        json.key("status")
        json.integer(Int64(status))
        json.key("code")
        json.string(code)
        json.key("detail")
        json.string(detail)
        if let place {
            json.key("file")
            json.string(place.file)
            json.key("line")
            json.integer(Int64(place.line))
            json.key("path")
            json.string(place.path)
            json.key("message")
            json.string(place.message)
        }
        if !errors.isEmpty {
            json.key("errors")
            json.beginArray()
            for error in errors {
                json.beginObject()
                json.key("pointer")
                json.string(error.pointer)
                json.key("code")
                json.string(error.code.rawValue)
                json.key("detail")
                json.string(error.detail)
                json.endObject()
            }
            json.endArray()
            if unreported > 0 {
                json.key("unreported")
                json.integer(Int64(unreported))
            }
        }
        json.endObject()
    }
}

extension Response {
    func become(_ problem: Problem) {
        reset()
        status = problem.status
        contentType = Response.problem
        var json = JSONWriter()
        problem.write(to: &json)
        body = json.bytes
        if problem.namesCodings { addHeader("Accept-Encoding", ContentCoding.served.description) }
    }

    func become(json writer: JSONWriter) { body = writer.bytes }
}

extension Deferral {
    func complete(_ problem: Problem, headers: [(String, String)] = []) {
        var json = JSONWriter()
        problem.write(to: &json)
        let headers = problem.status == 503 ? headers + [("Retry-After", "1")] : headers
        complete(status: problem.status, contentType: "application/problem+json", headers: headers, body: json.bytes)
    }
}
