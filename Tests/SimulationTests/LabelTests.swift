import JSON
import Testing

@testable import Simulation

@Suite struct LabelTests {
    private static func delays(_ source: SimulatedLabel.Source, saysFraud: Bool) -> [Double] {
        Fixture.records.compactMap { record in
            guard let report = record.label.report, report.source == source, report.saysFraud == saysFraud else {
                return nil
            }
            return Double(report.reportedAtNanoseconds - record.time) / Double(Nanoseconds.day)
        }.sorted()
    }

    @Test func `chargebacks take weeks and never less than three days`() {
        let delays = Self.delays(.chargeback, saysFraud: true)
        #expect(delays.count > 200)
        #expect(delays[0] >= 3 && delays[delays.count - 1] <= 120)
        #expect((15...26).contains(delays[delays.count / 2]))
        #expect(delays[delays.count * 9 / 10] > 35)
    }

    @Test func `warnings take days and reviews hours`() {
        let warnings = Self.delays(.earlyFraudWarning, saysFraud: true)
        #expect((2.5...6).contains(warnings[warnings.count / 2]))
        let reviews = Self.delays(.manualReview, saysFraud: false)
        #expect((0.1...0.7).contains(reviews[reviews.count / 2]))
    }

    @Test func `every delay keeps its bounds`() {
        var random = RandomSource(seed: 5, stream: 0)
        for source in SimulatedLabel.Source.allCases {
            let delay = LabelDelay.of(source)
            let drawn = (0..<2_000).map { _ in Double(delay.draw(&random)) / Double(Nanoseconds.day) }.sorted()
            #expect(drawn[0] > delay.days.lowerBound - 1e-6 && drawn[1_999] <= delay.days.upperBound)
            #expect(abs(drawn[1_000] / delay.medianDays - 1) < 0.15, "\(source)")
        }
    }

    @Test func `some frauds are never reported, and a few honest payments are charged back`() {
        let frauds = Fixture.records.filter(\.label.truth.isFraud)
        let silent = Double(frauds.count { $0.label.report == nil }) / Double(frauds.count)
        #expect(silent > 0.08 && silent < 0.3)
        let honest = Fixture.records.filter { !$0.label.truth.isFraud }
        let wronged = honest.filter { $0.label.report?.saysFraud == true }
        #expect(!wronged.isEmpty && wronged.count < honest.count / 2_000)
        #expect(wronged.allSatisfy { $0.label.source == .chargeback && !$0.isCardPresent })
        #expect(!Self.delays(.manualReview, saysFraud: false).isEmpty)
    }

    @Test func `the shares of reports are those of the configuration`() throws {
        var configuration = SimulationConfiguration()
        configuration.customers = 200
        configuration.days = 10
        configuration.fraudShare = 0.02
        configuration.unreportedShare = 0
        configuration.friendlyFraudShare = 0
        configuration.reviewedShare = 0
        for payment in try Simulator(configuration) {
            #expect((payment.label.report != nil) == payment.label.truth.isFraud)
        }
        configuration.unreportedShare = 1
        #expect(try Simulator(configuration).allSatisfy { $0.label.report == nil })
    }

    @Test func `a label is written as the body that is posted`() throws {
        var json = JSONWriter()
        var written = 0
        for payment in try Simulator().prefix(10_000) {
            json.removeAll()
            guard payment.writeLabel(to: &json) else {
                #expect(json.bytes.isEmpty && payment.label.report == nil)
                continue
            }
            written += 1
            let report = try #require(payment.label.report)
            guard case .object(let members) = try JSONValue(parsing: json.bytes.span) else {
                Issue.record("no object")
                continue
            }
            var values: [String: JSONValue] = [:]
            for member in members { values[member.key] = member.value }
            #expect(values["transaction_id"] == .string(payment.transactionID))
            #expect(values["label"] == .string(report.saysFraud ? "fraud" : "legitimate"))
            #expect(values["source"] == .string(report.source.rawValue))
            #expect(values["amount"] == .integer(payment.amount))
            #expect(values["event_at"] != nil && values["labelled_at"] != nil)
            #expect((values["reason_code"] != nil) == (report.reasonCode != nil))
        }
        #expect(written > 30)
    }
}
