// Labels and outcomes are checked like payments: every wrong field by its pointer.
import JSON
import Testing

@testable import Scoring

@Suite struct FeedbackTests {
    private static let label =
        #"{"transaction_id":"t","label":"fraud","source":"chargeback","labelled_at":"2026-11-23T00:00:00Z"}"#
    private static let outcome = #"{"transaction_id":"t","status":"captured","occurred_at":"2026-11-23T00:00:00Z"}"#

    private func refusals(_ schema: FeedbackSchema, _ text: String) -> [String] {
        schema.problems(in: jsonValue(text.utf8), at: "/0").map { "\($0.pointer) \($0.code.rawValue)" }
    }

    private func change(_ text: String, _ member: String, _ json: String?) -> String {
        guard case .object(let members) = jsonValue(text.utf8) else { return text }
        var parts = members.filter { $0.key != member }.map { "\"\($0.key)\":\"\($0.value.text ?? "")\"" }
        if let json { parts.append("\"\(member)\":\(json)") }
        return "{\(parts.joined(separator: ","))}"
    }

    @Test func `a label and an outcome are taken, with and without what may be absent`() throws {
        #expect(refusals(.label, Self.label).isEmpty && refusals(.outcome, Self.outcome).isEmpty)
        let full = Self.label.dropLast() + #","reason_code":"10.4","event_at":"2026-01-01T00:00:00Z","amount":5}"#
        #expect(refusals(.label, String(full)).isEmpty)
        #expect(refusals(.label, change(Self.label, "reason_code", "null")).isEmpty)
        let label = try Label(jsonValue(Self.label.utf8))
        #expect(label == Label(transactionID: "t", value: .fraud, source: .chargeback, labelledAtNanoseconds: midnight))
        #expect(throws: PaymentProblem.self) { _ = try Label(.null) }
    }

    @Test(arguments: [
        ("transaction_id", nil, "/0/transaction_id missing"), ("transaction_id", "null", "/0/transaction_id missing"),
        ("transaction_id", "7", "/0/transaction_id wrong_type"), ("transaction_id", #""""#, "/0/transaction_id empty"),
        ("transaction_id", #""4111111111111111""#, "/0/transaction_id card_data"),
        ("label", #""maybe""#, "/0/label not_allowed"), ("source", #""rumour""#, "/0/source not_allowed"),
        ("labelled_at", #""today""#, "/0/labelled_at malformed"), ("amount", "-1", "/0/amount out_of_range"),
        ("amount", "1.5", "/0/amount wrong_type"), ("amount", #""5""#, "/0/amount wrong_type"),
        ("reason_code", "\"\(String(repeating: "x", count: 65))\"", "/0/reason_code too_long"),
        ("reason", #""x""#, "/0/reason unknown"), ("4111111111111111", "1", "/0 unknown"),
    ])
    func `a wrong field of a label is named`(member: String, json: String?, expected: String) {
        #expect(refusals(.label, change(Self.label, member, json)) == [expected])
    }

    @Test(arguments: [
        ("status", #""lost""#, "/0/status not_allowed"), ("occurred_at", nil, "/0/occurred_at missing"),
        ("response_code", #""01234567890123456""#, "/0/response_code too_long"),
        ("label", #""fraud""#, "/0/label unknown"),
    ])
    func `a wrong field of an outcome is named`(member: String, json: String?, expected: String) {
        #expect(refusals(.outcome, change(Self.outcome, member, json)) == [expected])
    }

    @Test func `what is no object is named`() { #expect(refusals(.label, "[]") == ["/0 wrong_type"]) }

    @Test(arguments: [PaymentLimits.reportedProblems, PaymentLimits.reportedProblems + 1, 500])
    func `no more is told than a client can read`(count: Int) {
        let members = (0..<count).map { ",\"u\($0)\":1" }.joined()
        let problems = refusals(.label, Self.label.dropLast() + members + "}")
        #expect(problems.count == min(count, PaymentLimits.reportedProblems))
    }

    @Test(arguments: [
        (FeedbackSchema.label, "source", LabelSource.allCases.map(\.rawValue)),
        (.label, "label", LabelValue.allCases.map(\.rawValue)),
        (.outcome, "status", OutcomeStatus.allCases.map(\.rawValue)),
    ])
    func `every word of a choice is taken`(schema: FeedbackSchema, member: String, words: [String]) {
        for word in words {
            let text = member == "status" ? Self.outcome : Self.label
            #expect(refusals(schema, change(text, member, "\"\(word)\"")).isEmpty, "\(word)")
        }
    }
}
