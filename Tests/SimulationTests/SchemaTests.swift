import JSON
import Scoring
import Testing

@testable import Simulation

/// The simulation against the service's own reader.
@Suite struct SchemaTests {
    @Test(arguments: [42, 0x9876_5432_1098_7654] as [UInt64])
    func `every simulated payment reads without a problem`(seed: UInt64) throws {
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.fraudShare = 0.05
        var simulator = try Simulator(configuration)
        var json = JSONWriter()
        var reader = PaymentReader()
        var payment = Payment()
        for _ in 0..<5_000 {
            guard let simulated = simulator.next() else { break }
            json.removeAll()
            simulated.writeRequest(to: &json)
            do throws(PaymentProblem) {
                try reader.read(json.bytes.span, into: &payment)
            } catch {
                Issue.record("\(error) in \(String(decoding: json.bytes, as: UTF8.self))")
                return
            }
            #expect(payment.eventTimeNanoseconds == simulated.eventTimeNanoseconds)
            #expect(payment.integer(.amount) == simulated.amount)
            #expect(payment.string(.transactionID) == simulated.transactionID)
        }
    }

    @Test func `amounts are in the minor unit that the service knows for the currency`() {
        for country in Country.all {
            let currency = Array(country.currency.utf8)
            let digits = Currencies.minorUnitDigits(of: currency.span)
            #expect(digits == country.minorDigits)
            let code = Array(country.code.utf8)
            let isKnown = Countries.contains(code.span)
            #expect(isKnown)
        }
    }

    @Test func `payments of a load test read without a problem`() throws {
        var configuration = SimulationConfiguration()
        configuration.customers = 1_000
        var source = try LivePaymentSource(configuration, transactionPrefix: "load", duplicateShare: 0.05)
        var reader = PaymentReader()
        var payment = Payment()
        for k in 0..<2_000 {
            var body: [UInt8] = []
            let time = 1_780_272_000_123_456_789 + Int64(k) * 12_345
            source.next(at: time, into: &body)
            try reader.read(body.span, into: &payment)
            #expect(payment.eventTimeNanoseconds <= time)
        }
    }
}
