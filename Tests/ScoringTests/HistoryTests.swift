// Histories as features see them, against a list of all payments that is searched anew for each.
import Aggregates
import Testing

@testable import Scoring

/// Every payment so far; slow and plain.
private struct Ledger {
    typealias Facts = PaymentStream.Facts
    private(set) var past: [Facts] = []

    /// Payments of the same entity in (t − w, t], with the asking one at the end where it counts.
    private func window(_ asking: Facts, _ seconds: Int64?, _ entity: (Facts) -> String?, _ includesAsking: Bool)
        -> [Facts]?
    {
        guard let name = entity(asking) else { return nil }
        let all = includesAsking ? past + [asking] : past
        let start = seconds.map { asking.time - $0 * second } ?? .min
        return all.filter { entity($0) == name && $0.time > start }
    }

    func expected(_ asking: Facts) -> [Double] {
        func count(_ rows: [Facts]?) -> Double { rows.map { Double($0.count) } ?? .nan }
        func sum(_ rows: [Facts]?) -> Double { rows.map { Double($0.reduce(0) { $0 + $1.amount }) } ?? .nan }
        func mean(_ rows: [Facts]?) -> Double { rows.map { $0.isEmpty ? .nan : sum($0) / Double($0.count) } ?? .nan }
        func distinct(_ rows: [Facts]?, _ value: (Facts) -> String?) -> Double {
            rows.map { Double(Set($0.compactMap(value)).count) } ?? .nan
        }
        func since(_ time: Int64?) -> Double { time.map { Double(asking.time - $0) / 1e9 } ?? .nan }
        let tenMinutes = window(asking, 600, { $0.card }, true)
        let hour = window(asking, 3_600, { $0.card }, true)
        let all = window(asking, nil, { $0.card }, false)
        return [
            count(tenMinutes), count(window(asking, 600, { $0.card }, false)), sum(hour),
            mean(window(asking, 3_600, { $0.card }, false)), distinct(hour) { $0.merchant },
            since(window(asking, nil, { $0.card }, true)?.map(\.time).min()), since(all?.last?.time),
            distinct(window(asking, 86_400, { $0.customer }, true)) { $0.card },
            count(window(asking, 1_200, { $0.device }, true)), mean(window(asking, 1_200, { $0.merchant }, true)),
            since(window(asking, nil, { $0.device }, false)?.map(\.time).min()),
        ]
    }

    mutating func add(_ facts: Facts) { past.append(facts) }
}

@Suite struct HistoryTests {
    static let features = [
        ("a", #"count(card, "10m")"#), ("b", #"before(count(card, "10m"))"#), ("c", #"sum(card, amount, "1h")"#),
        ("d", #"before(mean(card, amount, "1h"))"#), ("e", #"distinct(card, merchant.id, "1h")"#),
        ("f", "since_first(card)"),
        ("g", "since_last(card)"), ("h", #"distinct(customer, card, "1d")"#), ("i", #"count(device, "20m")"#),
        ("j", #"mean(merchant, amount, "20m")"#), ("k", "before(since_first(device))"),
    ]

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `every history equals a search over all payments`(seed: UInt64) throws {
        var run = try Run(makePlan(features: Self.features))
        var stream = PaymentStream(seed: seed)
        var ledger = Ledger()
        for _ in 0..<400 {
            let facts = stream.next()
            try run.submit(facts)
            let expected = ledger.expected(facts)
            ledger.add(facts)
            for (feature, (found, wanted)) in zip(run.decision.features, expected).enumerated() {
                #expect(found.isNaN ? wanted.isNaN : found == wanted, "\(Self.features[feature].1) of \(facts)")
            }
            #expect(!run.decision.hasPartialHistory)
        }
    }

    @Test func `a window begins just behind its length and ends with the payment itself`() throws {
        var run = try Run(makePlan(features: [("n", #"count(card, "10m")"#)]))
        for (number, (offset, expected)) in [
            (0, 1.0), (600 * second - 1, 2), (600 * second, 2), (600 * second, 3), (1_200 * second, 1),
        ]
        .enumerated() {
            let time = Timestamp.text(nanoseconds: midnight + offset / 1_000 * 1_000)
            let request = RequestText.minimal.setting("event_time", "\"\(time)\"")
            try run.submit(request.setting("transaction_id", "\"t\(number)\"").text)
            #expect(run.decision.features == [expected], "payment \(number)")
        }
    }

    @Test func `a late payment counts where it belongs, and one that is too late is not added`() throws {
        let limits = CoreLimits(aggregates: AggregateLimits(allowedLatenessMicroseconds: 60_000_000))
        var run = try Run(makePlan(features: [("n", #"count(card, "1h")"#)]), limits: limits)
        func submit(_ id: String, _ offset: Int64) throws -> [Double] {
            let time = Timestamp.text(nanoseconds: midnight + offset * second)
            try run.submit(
                RequestText.minimal.setting("event_time", "\"\(time)\"").setting("transaction_id", "\"\(id)\"").text)
            return run.decision.features
        }
        #expect(try submit("a", 0) == [1])
        #expect(try submit("b", 100) == [2])
        #expect(try submit("c", 40) == [2])  // late, within the minute: sees a and itself
        #expect(try submit("d", 100) == [4])
        #expect(try submit("e", 39) == [2])  // too late: answered, not added
        #expect(try submit("f", 100) == [5])
        let statistics = run.sequencer.core.statistics.aggregates
        #expect(statistics.lateEvents == 1 && statistics.lateEventsBeyondLateness == 1)
    }

    @Test func `a history whose events were too many to keep says that it is partial`() throws {
        let limits = CoreLimits(aggregates: AggregateLimits(eventsPerEntity: 4))
        var run = try Run(makePlan(features: [("n", #"count(card, "1h")"#)]), limits: limits)
        var partial: [Bool] = []
        for i in 0..<7 {
            try run.submit(RequestText.minimal.setting("transaction_id", "\"t\(i)\"").text)
            partial.append(run.decision.hasPartialHistory)
        }
        #expect(partial.first == false && partial.last == true)
        #expect(partial == partial.sorted { !$0 && $1 })
        try run.submit(
            RequestText.minimal.setting("transaction_id", #""x""#).setting("card.fingerprint", #""fp_2""#).text)
        #expect(!run.decision.hasPartialHistory)
    }

    @Test func `payments before 1970 and far apart have histories too`() throws {
        var run = try Run(makePlan(features: [("age", "since_first(card)"), ("n", #"count(card, "36600d")"#)]))
        for (i, time) in ["1680-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2260-12-31T23:59:59Z"].enumerated() {
            try run.submit(
                RequestText.minimal.setting("event_time", "\"\(time)\"").setting("transaction_id", "\"t\(i)\"").text)
        }
        // 581 years in nanoseconds pass the end of an Int64: the duration stays at its end.
        #expect(run.decision.features == [Double(Int64.max) / 1e9, 1])
    }
}
