import Glibc
import Testing

@testable import Simulation

@Suite struct HabitTests {
    private static let honest = Fixture.records.filter { !$0.label.truth.isFraud }

    @Test func `payments follow the clocks of the country they are made in`() {
        var hours = Array(repeating: 0, count: 24)
        for record in Self.honest where record.isCardPresent {
            let local = record.time + record.country * Nanoseconds.minute
            hours[Int(local % Nanoseconds.day / Nanoseconds.hour)] += 1
        }
        let night = hours[1...4].reduce(0, +)
        let afternoon = hours[15...18].reduce(0, +)
        #expect(afternoon > 15 * night)
        #expect(night > 0)
    }

    @Test func `weekends differ from workdays`() {
        // 2026-06-01 is a Monday.
        var mornings = [0, 0]
        for record in Self.honest where record.isCardPresent {
            let local = record.time + record.country * Nanoseconds.minute
            let day = (local / Nanoseconds.day + 3) % 7
            let hour = local % Nanoseconds.day / Nanoseconds.hour
            if (6...8).contains(hour) { mornings[day < 5 ? 0 : 1] += 1 }
        }
        #expect(Double(mornings[0]) / 5 > 1.3 * Double(mornings[1]) / 2)
    }

    @Test func `a customer's amounts are more alike than those of different customers`() {
        // Within one trade and currency: the spread about customers' own means against the spread about the common one.
        var logs: [Int: [Double]] = [:]
        for record in Self.honest where record.mcc == "5999" && record.currency == "EUR" && record.amount > 0 {
            guard let customer = record.customer else { continue }
            logs[customer, default: []].append(log(Double(record.amount)))
        }
        let regulars = logs.values.filter { $0.count >= 8 }
        #expect(regulars.count > 100)
        let all = regulars.flatMap { $0 }
        let overall = variance(all)
        let within = regulars.reduce(0) { $0 + variance($1) * Double($1.count) } / Double(all.count)
        #expect(within < 0.8 * overall)
    }

    @Test func `customers go back to their favourite merchants`() {
        var visits: [Int: [Int: Int]] = [:]
        for record in Self.honest {
            guard let customer = record.customer else { continue }
            visits[customer, default: [:]][record.merchant, default: 0] += 1
        }
        let regulars = visits.values.filter { $0.values.reduce(0, +) >= 30 }
        #expect(regulars.count > 200)
        let shares = regulars.map { merchants in
            Double(merchants.values.max() ?? 0) / Double(merchants.values.reduce(0, +))
        }.sorted()
        #expect(shares[shares.count / 2] > 0.15)
    }

    @Test func `yen have no decimals and dinars have three`() {
        var sums: [String: (Double, Double)] = [:]
        for record in Self.honest where record.mcc == "5411" {
            let (sum, count) = sums[record.currency] ?? (0, 0)
            sums[record.currency] = (sum + log(Double(record.amount)), count + 1)
        }
        func typical(_ currency: String) -> Double {
            let (sum, count) = sums[currency] ?? (0, 1)
            return exp(sum / count)
        }
        #expect((1_500...15_000).contains(typical("JPY")))  // about 27 euros: 4,500 yen
        #expect((3_000...30_000).contains(typical("KWD")))  // 9.100 dinars
        #expect((1_000...6_000).contains(typical("EUR")))  // 27.00
    }

    private func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }

    @Test func `thieves spend more than customers, but not always`() {
        let high = Fixture.records.filter { $0.label.truth == .fraud(.stolenCard) && $0.currency == "EUR" }
            .map(\.amount).sorted()
        let usual = Self.honest.filter { $0.currency == "EUR" }.map(\.amount).sorted()
        #expect(high[high.count / 2] > 2 * usual[usual.count / 2])
        #expect(high[high.count / 10] < usual[usual.count * 3 / 4])
    }

    @Test func `card tests are small`() {
        let tests = Fixture.records.filter { $0.label.truth == .fraud(.cardTesting) && $0.currency == "EUR" }
        #expect(tests.allSatisfy { $0.amount < 10_000 })
        #expect(tests.map(\.amount).sorted()[tests.count / 2] < 500)
    }
}
