import Testing

@testable import Simulation

@Suite struct ConfigurationTests {
    private func error(_ change: (inout SimulationConfiguration) -> Void) -> SimulationError? {
        var configuration = SimulationConfiguration()
        change(&configuration)
        do throws(SimulationError) {
            try configuration.validate()
            return nil
        } catch {
            return error
        }
    }

    @Test func `whole numbers are taken at their limits and refused one past them`() {
        func check(_ path: WritableKeyPath<SimulationConfiguration, Int>, _ limits: ClosedRange<Int>, _ name: String) {
            for value in [limits.lowerBound, limits.upperBound] {
                #expect(error { $0[keyPath: path] = value } == nil, "\(name) \(value)")
            }
            for value in [limits.lowerBound - 1, limits.upperBound + 1] {
                let expected = SimulationError.integerOutOfRange(
                    name: name, value: Int64(value), limits: Int64(limits.lowerBound)...Int64(limits.upperBound))
                #expect(error { $0[keyPath: path] = value } == expected)
            }
        }
        check(\.customers, SimulationLimits.customers, "customers")
        check(\.merchants, SimulationLimits.merchants, "merchants")
        check(\.days, SimulationLimits.days, "days")
    }

    @Test func `fractions are taken at their limits and refused just past them, as is what is no number`() {
        func check(
            _ path: WritableKeyPath<SimulationConfiguration, Double>, _ limits: ClosedRange<Double>, _ name: String
        ) {
            for value in [limits.lowerBound, limits.upperBound] {
                #expect(error { $0[keyPath: path] = value } == nil, "\(name) \(value)")
            }
            for value in [limits.lowerBound.nextDown, limits.upperBound.nextUp] {
                #expect(
                    error { $0[keyPath: path] = value } == .numberOutOfRange(name: name, value: value, limits: limits))
            }
            #expect(error { $0[keyPath: path] = .nan } != nil)
        }
        check(
            \.paymentsPerCustomerPerDay, SimulationLimits.paymentsPerCustomerPerDay, "paymentsPerCustomerPerDay")
        check(\.fraudShare, SimulationLimits.fraudShare, "fraudShare")
        check(\.unreportedShare, SimulationLimits.otherShares, "unreportedShare")
        check(\.friendlyFraudShare, SimulationLimits.otherShares, "friendlyFraudShare")
        check(\.reviewedShare, SimulationLimits.otherShares, "reviewedShare")
        check(\.fraudMix.cardTesting, SimulationLimits.mixWeight, "fraudMix.card_testing")
    }

    @Test func `the start is taken at its limits and refused one past them`() {
        let limits = SimulationLimits.startNanoseconds
        #expect(error { $0.startNanoseconds = limits.lowerBound } == nil)
        #expect(error { $0.startNanoseconds = limits.upperBound } == nil)
        #expect(error { $0.startNanoseconds = limits.lowerBound - 1 } != nil)
        #expect(error { $0.startNanoseconds = limits.upperBound + 1 } != nil)
    }

    @Test func `a mix of nothing is refused where fraud is wanted`() {
        func clear(_ configuration: inout SimulationConfiguration) {
            configuration.fraudMix.cardTesting = 0
            configuration.fraudMix.stolenCard = 0
            configuration.fraudMix.compromisedTerminal = 0
            configuration.fraudMix.accountTakeover = 0
            configuration.fraudMix.merchantBustOut = 0
        }
        #expect(error(clear) == .emptyFraudMix)
        #expect(
            error {
                clear(&$0)
                $0.fraudShare = 0
            } == nil)
    }

    @Test func `errors name the field, the value and the bounds`() {
        let text = error { $0.customers = 0 }?.description
        #expect(text == "customers is 0; it must be from 1 to 1000000")
        #expect(throws: SimulationError.self) {
            var configuration = SimulationConfiguration()
            configuration.days = 0
            _ = try Simulator(configuration)
        }
    }
}
