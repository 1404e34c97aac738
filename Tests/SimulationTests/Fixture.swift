// One run of sixty days with the defaults, made once for all tests that look at it, as records of what they look at.

import JSON

@testable import Simulation

struct Record: Sendable {
    let time: Int64
    let amount: Int64
    let currency: String
    let customer: Int?
    let merchant: Int
    let mcc: String
    let country: Int64
    let isCardPresent: Bool
    let label: SimulatedLabel
}

enum Fixture {
    static let days = 60

    static let records: [Record] = {
        var configuration = SimulationConfiguration()
        configuration.days = days
        guard let simulator = try? Simulator(configuration) else { return [] }
        return simulator.map { payment in
            Record(
                time: payment.eventTimeNanoseconds, amount: payment.amount, currency: payment.currency,
                customer: payment.customerIndex, merchant: payment.merchantIndex,
                mcc: payment.world.trade(ofMerchant: payment.merchantIndex).mcc,
                country: payment.world.country(ofMerchant: payment.merchantIndex).offsetMinutes,
                isCardPresent: payment.isCardPresent, label: payment.label)
        }
    }()

    static func bodies(_ configuration: SimulationConfiguration, count: Int) throws -> [[UInt8]] {
        var simulator = try Simulator(configuration)
        var json = JSONWriter()
        var bodies: [[UInt8]] = []
        while bodies.count < count, let payment = simulator.next() {
            json.removeAll()
            payment.writeRequest(to: &json)
            bodies.append(json.bytes)
        }
        return bodies
    }
}

/// FNV-1a, 64 bits.
struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: [UInt8]) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}
