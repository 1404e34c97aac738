import JSON
import Testing

@testable import Simulation

@Suite struct SimulatorTests {
    @Test func `ten thousand payments and their labels have the bytes they have always had`() throws {
        var simulator = try Simulator()
        var json = JSONWriter()
        var checksum = Checksum()
        for _ in 0..<10_000 {
            guard let payment = simulator.next() else { break }
            json.removeAll()
            payment.writeRequest(to: &json)
            checksum.add(json.bytes)
            json.removeAll()
            payment.writeLabel(to: &json)
            checksum.add(json.bytes)
        }
        // Changes only where the simulation is changed on purpose; the same on every machine.
        #expect(checksum.value == 12_641_808_726_716_327_427)
    }

    @Test func `another seed makes other payments`() throws {
        var configuration = SimulationConfiguration()
        let first = try Fixture.bodies(configuration, count: 50)
        configuration.seed = 43
        #expect(try Fixture.bodies(configuration, count: 50) != first)
    }

    @Test func `a copy of a running simulator goes on as the original does`() throws {
        var simulator = try Simulator()
        for _ in 0..<500 { _ = simulator.next() }
        var copy = simulator
        for _ in 0..<500 {
            let a = simulator.next()
            let b = copy.next()
            #expect(a?.transactionID == b?.transactionID && a?.amount == b?.amount && a?.label == b?.label)
        }
    }

    @Test func `payments come in the order of their times, within the days asked for`() {
        let records = Fixture.records
        #expect(records.count > 150_000)
        #expect(zip(records, records.dropFirst()).allSatisfy { $0.time <= $1.time })
        let configuration = SimulationConfiguration()
        #expect(records[0].time >= configuration.startNanoseconds)
        let end = configuration.startNanoseconds + Int64(Fixture.days) * Nanoseconds.day
        #expect(records[records.count - 1].time < end)
        #expect(records.allSatisfy { $0.time % Nanoseconds.millisecond == 0 })
    }

    @Test func `about as many payments come as customers were asked to make`() {
        let expected = 2_000 * 1.5 * Double(Fixture.days)
        let count = Double(Fixture.records.count)
        #expect(count > 0.9 * expected && count < 1.15 * expected)
    }

    @Test func `fraud is as rare as asked for, and every kind occurs`() {
        var counts: [FraudKind: Int] = [:]
        for case .fraud(let kind) in Fixture.records.map(\.label.truth) { counts[kind, default: 0] += 1 }
        let share = Double(counts.values.reduce(0, +)) / Double(Fixture.records.count)
        #expect(share > 0.003 && share < 0.006)
        for kind in FraudKind.allCases { #expect(counts[kind, default: 0] >= 15, "\(kind)") }
    }

    @Test(arguments: [7, UInt64.max])
    func `the share of fraud keeps within bounds for other seeds`(seed: UInt64) throws {
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.customers = 600
        configuration.days = 40
        var frauds = 0
        var count = 0
        for payment in try Simulator(configuration) {
            count += 1
            if payment.label.truth.isFraud { frauds += 1 }
        }
        let share = Double(frauds) / Double(count)
        #expect(share > 0.001 && share < 0.01)
    }

    @Test func `without fraud there is none, and the honest payments stay the same`() throws {
        var configuration = SimulationConfiguration()
        configuration.customers = 300
        configuration.days = 20
        configuration.fraudMix.merchantBustOut = 0  // its merchant has honest payments too
        let honest = try Simulator(configuration).filter { !$0.label.truth.isFraud }
        configuration.fraudShare = 0
        let alone = try Array(Simulator(configuration))
        #expect(alone.allSatisfy { !$0.label.truth.isFraud })
        #expect(honest.map(\.eventTimeNanoseconds) == alone.map(\.eventTimeNanoseconds))
        #expect(honest.map(\.amount) == alone.map(\.amount))
        #expect(honest.map(\.facts.device) == alone.map(\.facts.device))
    }

    @Test func `a kind of weight 0 never occurs`() throws {
        var configuration = SimulationConfiguration()
        configuration.customers = 500
        configuration.fraudMix.cardTesting = 0
        let kinds = Set(try Simulator(configuration).map(\.label.truth))
        #expect(!kinds.contains(.fraud(.cardTesting)))
        #expect(kinds.contains(.fraud(.stolenCard)))
    }

    @Test func `transaction ids are unique and begin with the seed`() throws {
        var configuration = SimulationConfiguration()
        configuration.seed = 0x1234_5678_9012_3456
        configuration.customers = 200
        configuration.days = 5
        let ids = try Simulator(configuration).map(\.transactionID)
        #expect(Set(ids).count == ids.count)
        #expect(ids[0] == "txn_12345678_90123456_1")
        #expect(try Simulator().first { _ in true }?.transactionID == "txn_2a_1")
    }

    @Test func `the smallest world runs`() throws {
        var configuration = SimulationConfiguration()
        configuration.customers = 1
        configuration.merchants = 16
        configuration.days = 1
        configuration.paymentsPerCustomerPerDay = 100
        configuration.fraudShare = 0.2
        #expect(try Simulator(configuration).reduce(0) { count, _ in count + 1 } > 10)
    }
}
