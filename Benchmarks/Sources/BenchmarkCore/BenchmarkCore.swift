// What one payment costs in the core alone: the shipped features, rules, policy and model over simulated payments, on one
// thread. Payments are read block by block outside the timing of what follows, so each figure is of one part.

import Glibc
import Platform
import Scoring
import Simulation

@main
enum BenchmarkCore {
    static func main() throws {
        let options = try Options(CommandLine.arguments.dropFirst())
        let plan = try Self.plan(options.configuration)
        let model = try ScoringModel(folder: options.model)
        try model.validate(for: plan)
        print(
            "\(plan.featureNames.count) features, \(plan.ruleCount) rules, \(plan.historyTexts.count) histories; "
                + "\(options.customers) customers, \(options.payments) payments after \(options.warmUp) of warm-up.\n")
        print("| | ns a payment | payments/s on one core |\n|---|--:|--:|")
        var rounds: [Parts] = []
        for round in 0..<options.rounds {
            rounds.append(try measure(options, plan, model, seed: UInt64(42 + round)))
        }
        for part in Parts.names.indices {
            let sorted = rounds.map { $0.nanoseconds[part] }.sorted()
            let median = sorted[sorted.count / 2]
            print("| \(Parts.names[part]) | \(Int(median)) | \(grouped(Int(1e9 / median))) |")
        }
        guard let aggregates = rounds.last?.statistics?.aggregates else { return }
        print(
            "\nEntities \(grouped(aggregates.entities)), events \(grouped(aggregates.events)), "
                + "\(aggregates.bytes / max(1, aggregates.entities)) bytes an entity (mean, indexes included).")
        print("CPU time of this thread; medians of \(options.rounds) rounds.")
    }

    private static func plan(_ folder: String) throws -> ScoringPlan {
        func source(_ name: String) throws -> (file: String, text: String) {
            let path = "\(folder)/\(name).yaml"
            return (path, String(decoding: try readFile(path), as: UTF8.self))
        }
        return try ScoringPlan(
            ScoringPlan.Sources(
                features: try source("features"), rules: try source("rules"), policy: try source("policy")))
    }

    private static func measure(
        _ options: Options, _ plan: ScoringPlan, _ model: ScoringModel, seed: UInt64
    ) throws -> Parts {
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.customers = options.customers
        configuration.merchants = max(16, options.customers / 25)
        configuration.days = SimulationLimits.days.upperBound
        var bodies = try Simulator(configuration)
        // As in a service where nobody is in a hurry: decisions that are told reasons get exact ones.
        let costs = LadderCosts(rulesNanoseconds: 0, modelNanoseconds: 0, explanationNanoseconds: 0)
        var core = try Core(plan: plan, model: .serving(model), costs: costs)
        var sequencer = Sequencer(core: try Core(plan: plan, model: .serving(model), costs: costs))
        var block = Block(count: 512)
        var parts = Parts()
        var done = 0
        while done < options.warmUp + options.payments {
            let read = try block.fill(from: &bodies)
            let isTimed = done >= options.warmUp
            let decided = block.submit(to: &core)
            let recorded = block.submit(to: &sequencer)
            if isTimed { parts.add(read, decided, recorded, payments: block.payments.count) }
            done += block.payments.count
        }
        parts.statistics = core.statistics
        return parts
    }
}

/// What was measured in one round.
struct Parts {
    static let names = [
        "read and check the JSON, identifiers to pseudonyms",
        "the core: histories, features, rules, model, decision",
        "the core with the answer and the record as bytes",
    ]

    private var sums = [UInt64](repeating: 0, count: Self.names.count)
    private var payments = 0
    var statistics: CoreStatistics?

    var nanoseconds: [Double] { sums.map { Double($0) / Double(payments) } }

    mutating func add(_ read: UInt64, _ decided: UInt64, _ recorded: UInt64, payments: Int) {
        sums[0] += read
        sums[1] += decided
        sums[2] += recorded
        self.payments += payments
    }
}
