import JSON
import Testing

@testable import Simulation

@Suite struct LivePaymentSourceTests {
    private static var small: SimulationConfiguration {
        var configuration = SimulationConfiguration()
        configuration.customers = 500
        configuration.merchants = 120
        return configuration
    }

    private static func members(_ body: [UInt8]) throws -> [String: JSONValue] {
        guard case .object(let members) = try JSONValue(parsing: body.span) else { return [:] }
        var values: [String: JSONValue] = [:]
        for member in members { values[member.key] = member.value }
        return values
    }

    @Test func `bodies carry the time that was passed in and ids that are unique`() throws {
        var source = try LivePaymentSource(Self.small, transactionPrefix: "run-7")
        var ids: Set<String> = []
        for k in 0..<2_000 {
            var body: [UInt8] = []
            source.next(at: 1_780_272_000_000_000_000 + Int64(k) * 1_000_000, into: &body)
            let members = try Self.members(body)
            guard case .string(let id)? = members["transaction_id"], case .string(let time)? = members["event_time"]
            else {
                Issue.record("no id or time")
                return
            }
            ids.insert(id)
            #expect(id == "run-7_\(k + 1)")
            var expected = TextBuffer()
            expected.append(instant: 1_780_272_000_000_000_000 + Int64(k) * 1_000_000)
            #expect(time == expected.string)
        }
        #expect(ids.count == 2_000)
    }

    @Test func `a body is appended to what is there`() throws {
        var source = try LivePaymentSource(Self.small, transactionPrefix: "a")
        var body: [UInt8] = [0x20]
        source.next(at: 1_780_272_000_000_000_000, into: &body)
        #expect(body[0] == 0x20 && body[1] == UInt8(ascii: "{") && body.last == UInt8(ascii: "}"))
    }

    @Test func `re-submissions are exact copies of earlier bodies, at the share asked for`() throws {
        var source = try LivePaymentSource(Self.small, transactionPrefix: "a", duplicateShare: 0.2)
        var seen: Set<[UInt8]> = []
        var repeated = 0
        for k in 0..<4_000 {
            var body: [UInt8] = []
            source.next(at: 1_780_272_000_000_000_000 + Int64(k) * 1_000, into: &body)
            if !seen.insert(body).inserted { repeated += 1 }
        }
        #expect((700...900).contains(repeated))
    }

    @Test func `the same seed gives the same bodies`() throws {
        var a = try LivePaymentSource(Self.small, transactionPrefix: "a", duplicateShare: 0.1)
        var b = try LivePaymentSource(Self.small, transactionPrefix: "a", duplicateShare: 0.1)
        for k in 0..<500 {
            var x: [UInt8] = []
            var y: [UInt8] = []
            a.next(at: Int64(k), into: &x)
            b.next(at: Int64(k), into: &y)
            #expect(x == y)
        }
    }

    @Test func `payments do not end with the simulated years`() throws {
        var configuration = Self.small
        configuration.customers = 1
        configuration.merchants = 16
        configuration.paymentsPerCustomerPerDay = 0.01
        var source = try LivePaymentSource(configuration, transactionPrefix: "a")
        var ids: Set<[UInt8]> = []
        for k in 0..<2_000 {
            var body: [UInt8] = []
            source.next(at: 1_780_272_000_000_000_000 + Int64(k), into: &body)
            ids.insert(body)
        }
        #expect(ids.count == 2_000)
    }

    @Test func `a simulation that begins anew numbers its payments on and makes others`() throws {
        var configuration = Self.small
        configuration.days = 3
        var simulator = try Simulator(configuration)
        var first: [SimulatedPayment] = []
        while let payment = simulator.next() { first.append(payment) }
        simulator.beginAnew()
        let following = simulator.next()
        let next = try #require(following)
        #expect(next.number == UInt64(first.count) + 1)
        #expect(next.eventTimeNanoseconds != first[0].eventTimeNanoseconds)
    }

    @Test func `a prefix is taken at its limits and refused past them`() throws {
        func error(_ prefix: String, duplicates: Double = 0) -> SimulationError? {
            do throws(SimulationError) {
                _ = try LivePaymentSource(Self.small, transactionPrefix: prefix, duplicateShare: duplicates)
                return nil
            } catch {
                return error
            }
        }
        #expect(error(String(repeating: "a", count: 64)) == nil)
        #expect(
            error(String(repeating: "a", count: 65))
                == .integerOutOfRange(name: "transactionPrefix.bytes", value: 65, limits: 1...64))
        #expect(error("") != nil)
        #expect(error("123456789012") == nil)
        #expect(
            error("1234567890123")
                == .integerOutOfRange(name: "transactionPrefix.digits", value: 13, limits: 0...12))
        #expect(error("a b") == .transactionPrefixByte(offset: 1))
        #expect(error("a", duplicates: 1) == nil)
        #expect(error("a", duplicates: 1.5) != nil)
    }
}
