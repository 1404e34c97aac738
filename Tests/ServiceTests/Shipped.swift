// The configuration that is shipped, and simulated payments for it.
import Glibc
import JSON
import Platform
import Scoring
import Simulation

@testable import Service

enum Shipped {
    /// The root of the package: the folder above this file that has the shipped configuration.
    static let root: String = {
        var folder = parentDirectory(of: #filePath)
        while folder.count > 1, (try? fileNames(in: folder + "/config"))?.contains("shroff.yaml") != true {
            folder = parentDirectory(of: folder)
        }
        return folder
    }()

    static var file: String { root + "/config/shroff.yaml" }

    /// The shipped configuration without a model, on a free port, with its data in `data`. Nothing is shed, for other tests
    /// keep the machine busy.
    static func configuration(
        data: String, _ environment: [String: String] = [:]
    ) throws -> ServiceConfiguration {
        let fixed = [
            "SHROFF_DATA_DIRECTORY": data, "SHROFF_HTTP_PORT": "0", "SHROFF_HTTP_LOOPS": "2",
            "SHROFF_SCORING_MODEL": "none", "SHROFF_SCORING_SHED_AFTER": "1h",
            "SHROFF_LOG_SYNC": "never",
        ]
        return try ServiceConfiguration(file: file, environment: fixed.merging(environment) { $1 })
    }

    /// Bodies of so many payments, in order of time.
    static func payments(_ count: Int, seed: UInt64 = 7) throws -> [[UInt8]] {
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.customers = 60
        configuration.merchants = 20
        configuration.days = 60
        configuration.fraudShare = 0.1
        var simulator = try Simulator(configuration)
        var bodies: [[UInt8]] = []
        while bodies.count < count, let payment = simulator.next() {
            var json = JSONWriter()
            payment.writeRequest(to: &json)
            bodies.append(json.bytes)
        }
        return bodies
    }
}

/// A service with the shipped configuration.
final class ShippedService: Sendable {
    let running: RunningService
    let data: String

    init(data: String, _ environment: [String: String] = [:]) throws {
        self.data = data
        running = RunningService(try ScoringEngine(try Shipped.configuration(data: data, environment)))
        try running.start()
    }

    deinit { stop() }

    @discardableResult
    func stop() -> Bool { running.stop(timeoutMilliseconds: 5_000) }

    func client() throws -> Client { try Client(running.port) }
}

/// What a decision says, without what may differ from run to run.
func decided(_ answer: JSONValue) -> JSONValue {
    .object(answer.members.filter { $0.key != "latency_us" })
}
