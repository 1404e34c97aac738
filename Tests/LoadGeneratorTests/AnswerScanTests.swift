// What an answer says of its decision is found without parsing it.

import Testing

@testable import LoadGenerator

@Suite struct AnswerScanTests {
    private func scan(_ text: String) -> AnswerScan {
        var scan = AnswerScan()
        let bytes = Array(text.utf8)
        scan.count(bytes.span)
        return scan
    }

    private func sources(_ text: String) -> [String: UInt64] {
        AnswerScan.named(scan(text).sourceCounts, AnswerScan.sources)
    }

    private func decisions(_ text: String) -> [String: UInt64] {
        AnswerScan.named(scan(text).decisionCounts, AnswerScan.decisions)
    }

    @Test func `the members of an answer are counted`() {
        let text =
            #"{"decision_id":"dec_1","decision":"review","decision_source":"model_truncated","degraded":true,"#
            + #""degraded_reason":"deadline","recorded":false}"#
        #expect(sources(text) == ["model_truncated": 1])
        #expect(decisions(text) == ["review": 1])
        #expect(scan(text).degraded == 1)
        #expect(scan(text).unrecorded == 1)
    }

    @Test(arguments: ["model", "model_truncated", "rules", "default"])
    func `every source is told apart`(source: String) {
        #expect(sources(#"{"decision_source":"\#(source)"}"#) == [source: 1])
    }

    @Test(arguments: ["approve", "challenge", "review", "decline"])
    func `every decision is told apart, with white space too`(decision: String) {
        #expect(decisions("{\"decision\" :\n \"\(decision)\"}") == [decision: 1])
    }

    @Test func `what is not known counts as other`() {
        #expect(decisions(#"{"decision":"approved"}"#) == ["other": 1])
        #expect(sources(#"{"decision_source":null}"#) == ["other": 1])
    }

    @Test func `text inside a string is not mistaken for a member`() {
        let text = #"{"metadata":"\"decision\":\"decline\",\"degraded\":true","degraded":false,"recorded":true}"#
        #expect(decisions(text).isEmpty)
        #expect(scan(text).degraded == 0)
        #expect(scan(text).unrecorded == 0)
    }

    @Test func `each decision of a batch counts, and scans add up`() {
        let text = #"{"decisions":[{"decision":"approve"},{"decision":"decline"},{"decision":"approve"}]}"#
        #expect(decisions(text) == ["approve": 2, "decline": 1])
        var sum = scan(text)
        sum.merge(scan(text))
        #expect(AnswerScan.named(sum.decisionCounts, AnswerScan.decisions) == ["approve": 4, "decline": 2])
    }

    @Test func `an answer that is cut anywhere is read without harm`() {
        let text = #"{"decision":"review","decision_source":"model","degraded":true,"recorded":false}"#
        for count in 0...text.utf8.count { _ = scan(String(text.prefix(count))) }
    }
}
