// The report in text and JSON, and its judgement, from made-up figures.

import Testing

@testable import LoadGenerator

@Suite struct LoadReportTests {
    /// A clean run: 1,000 answers between 1 and 2 ms.
    private func report() -> LoadReport {
        var plan = LoadPlan(requestsPerSecond: 100, seconds: 10)
        plan.warmUpSeconds = 2
        var report = LoadReport(plan: plan)
        report.measuredSeconds = 10
        report.scheduled = 1_000
        report.answered = 1_000
        report.answeredInWindow = 1_000
        report.answerBytes = 500_000
        report.sentInWindow = 1_000
        report.statuses = [200: 1_000]
        report.decisions = ["approve": 990, "decline": 10]
        report.decisionSources = ["model": 999, "rules": 1]
        for index in 1...1_000 as ClosedRange<UInt64> {
            report.latency.record(1_000_000 + index * 1_000)
            report.serviceTime.record(500_000)
            report.scheduleLag.record(10_000)
        }
        report.generatorCPUShare = 0.125
        return report
    }

    @Test func `a clean run renders as an aligned table`() {
        #expect(
            report().rendered() == """
                POST http://127.0.0.1:8080/v1/score
                open loop, 100 requests/s evenly, 10.0 s after 2.0 s of warm-up, 64 connections, 1 thread

                           due to answer,  sent to answer,     due to sent,
                                       ms               ms               ms
                mean                1.501            0.500            0.010
                p50                 1.500            0.500            0.010
                p90                 1.901            0.500            0.010
                p95                 1.951            0.500            0.010
                p99                 1.991            0.500            0.010
                p99.9               2.000            0.500            0.010
                max                 2.000            0.500            0.010

                requests          1000 due, 1000 answered, 0 errors
                throughput        100.0 requests/s of 100.0 asked (100.0 %)
                over 50 ms        0 (0.0 %)
                status            200 1000 (100.0 %)
                decision_source   model 999 (99.9 %), rules 1 (0.1 %)
                decision          approve 990 (99.0 %), decline 10 (1.0 %)
                generator         12.5 % of a core, 0 (0.0 %) waited for a free connection
                limit             none: the asked rate was reached, and the generator was on time

                """)
    }

    @Test func `a clean run meets its objective`() {
        #expect(report().limit == .none)
        #expect(report().limitRemarks.isEmpty)
        #expect(report().meets(LoadObjective(milliseconds: 2)) == [])
        #expect(
            report().meets(LoadObjective(milliseconds: 1.9)) == ["p99.9 is 2.000 ms, above 1.9 ms"])
    }

    @Test func `every shortcoming is a reason`() {
        var report = report()
        report.errors.timeouts = 3
        report.errors.unsent = 4
        report.statuses[503] = 5
        report.answeredInWindow = 989
        report.stoppedEarly = true
        #expect(
            report.meets(LoadObjective(milliseconds: 50)) == [
                "the run was stopped after 10.0 measured seconds", "3 errors of kind timeout",
                "4 errors of kind unsent", "5 answers with status 503",
                "98.9 requests/s are 98.9 % of the asked rate, below 99.0 %",
            ])
        var objective = LoadObjective(milliseconds: 50)
        objective.toleratedStatuses = [503]
        objective.minimumAchievedShare = 0.98
        #expect(report.meets(objective).count == 3)
        #expect(LoadReport(plan: report.plan).meets(objective).contains("no request was answered with a 2xx status"))
    }

    @Test func `a late generator is named as the limit`() {
        var report = report()
        for _ in 0..<20 { report.scheduleLag.record(3_000_000) }
        #expect(report.limit == .generator)
        #expect(
            report.limitRemarks == [
                "the generator was late: 1 % of the sends left 3.000 ms or more after they were due, "
                    + "with a connection free"
            ])
        #expect(report.rendered().contains("limit             the GENERATOR, not the server"))
    }

    @Test func `a busy generator is named as the limit`() {
        var report = report()
        report.generatorCPUShare = 0.9
        #expect(report.limit == .none)
        report.generatorCPUShare = 0.91
        #expect(report.limit == .generator)
    }

    @Test func `a rate that was missed on time is the server's`() {
        var report = report()
        report.answeredInWindow = 500
        report.waitedForConnection = 900
        #expect(report.limit == .server)
        #expect(
            report.limitRemarks == [
                "50.0 of 100.0 requests/s were answered; 90.0 % of the requests found all 64 connections busy"
            ])
    }

    @Test func `a closed loop asks for no rate and reports none`() {
        var report = report()
        report.plan.requestsPerSecond = nil
        #expect(report.achievedShare == nil)
        #expect(report.limit == .server)
        #expect(report.meets(LoadObjective(milliseconds: 50)) == [])
        #expect(!report.rendered().contains("due to sent"))
        #expect(report.json().contains(#""asked_per_second":null"#))
    }

    @Test func `the JSON holds the figures`() {
        var report = report()
        report.plan.path = "/a\"b"
        let json = report.json()
        #expect(json.hasPrefix(#"{"target":"http://127.0.0.1:8080/a\"b","mode":"open","asked_per_second":100,"#))
        #expect(json.contains(#""decision_source":{"model":999,"rules":1}"#))
        #expect(json.contains(#""status":{"200":1000}"#))
        #expect(json.contains(#""answered_in_window":1000,"answer_bytes":500000,"#))
        #expect(json.contains(#""service_ms":{"count":1000,"mean":0.5,"min":0.5,"p50":0.5,"p90":0.5,"#))
        #expect(json.contains(#""errors":{"connect":0,"timeout":0,"reset":0,"malformed":0,"unsent":0,"abandoned":0}"#))
        #expect(json.hasSuffix(#""limit":"none","remarks":[]}"#))
        #expect(json.count { $0 == "{" } == json.count { $0 == "}" })
        #expect(!json.contains(",}") && !json.contains(",,") && !json.contains("{,"))
    }

    @Test func `numbers are rounded at the digit that is shown`() {
        #expect(fixed(0.0005, 3) == "0.001")
        #expect(fixed(12.3456, 2) == "12.35")
        #expect(fixed(0.04, 1) == "0.0")
        #expect(fixed(-1.25, 1) == "-1.3")
        #expect(fixed(9.99, 0) == "10")
        #expect(percentText(0.00002) == "0.002 %")
        #expect(percentText(0) == "0.0 %")
        #expect(short(99.9) == "99.9")
        #expect(short(50) == "50")
    }
}
