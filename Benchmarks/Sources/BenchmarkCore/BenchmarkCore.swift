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
        guard let last = rounds.last, let aggregates = last.statistics?.aggregates else { return }
        print(
            "\nEntities \(grouped(aggregates.entities)), events \(grouped(aggregates.events)), "
                + "\(aggregates.bytes / max(1, aggregates.entities)) bytes an entity (mean, indexes included), "
                + "median \(last.medianEntityBytes).")
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

    /// The core and the whole step are measured one after the other, each with the simulation from its beginning:
    /// side by side each would push the other's histories out of the processor's caches.
    private static func measure(
        _ options: Options, _ plan: ScoringPlan, _ model: ScoringModel, seed: UInt64
    ) throws -> Parts {
        // As in a service where nobody is in a hurry: decisions that are told reasons get exact ones.
        let costs = LadderCosts(rulesNanoseconds: 0, modelNanoseconds: 0, explanationNanoseconds: 0)
        var parts = Parts()
        try measureCore(options, try Core(plan: plan, model: .serving(model), costs: costs), seed, &parts)
        var sequencer = Sequencer(core: try Core(plan: plan, model: .serving(model), costs: costs))
        var source = try Source(options, seed: seed)
        while let timed = try source.next() {
            let recorded = source.block.submit(to: &sequencer)
            if timed.isTimed { parts.add(recorded, to: .record, payments: source.block.payments.count) }
        }
        return parts
    }

    private static func measureCore(
        _ options: Options, _ core: consuming Core, _ seed: UInt64, _ parts: inout Parts
    ) throws {
        var source = try Source(options, seed: seed)
        while let timed = try source.next() {
            let decided = source.block.submit(to: &core)
            guard timed.isTimed else { continue }
            parts.add(timed.readNanoseconds, to: .read, payments: source.block.payments.count)
            parts.add(decided, to: .core, payments: source.block.payments.count)
        }
        parts.statistics = core.statistics
        parts.medianEntityBytes = core.medianEntityBytes ?? 0
    }
}

/// The payments of one round, block by block, and whether they still are warm-up.
struct Source {
    private let options: Options
    private var bodies: Simulator
    private var done = 0
    private(set) var block = Block(count: 512)

    init(_ options: Options, seed: UInt64) throws {
        self.options = options
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.customers = options.customers
        configuration.merchants = max(16, options.customers / 25)
        configuration.days = SimulationLimits.days.upperBound
        bodies = try Simulator(configuration)
    }

    /// Reads the next block; nil after the last.
    mutating func next() throws -> (isTimed: Bool, readNanoseconds: UInt64)? {
        guard done < options.warmUp + options.payments else { return nil }
        let read = try block.fill(from: &bodies)
        let isTimed = done >= options.warmUp
        done += block.payments.count
        return (isTimed, read)
    }
}

/// What was measured in one round.
struct Parts {
    static let names = [
        "read and check the JSON, identifiers to pseudonyms",
        "the core: histories, features, rules, model, decision",
        "the core with the answer and the record as bytes",
    ]

    enum Part: Int {
        case read, core, record
    }

    private var sums = [UInt64](repeating: 0, count: Self.names.count)
    private var payments = [Int](repeating: 0, count: Self.names.count)
    var statistics: CoreStatistics?
    var medianEntityBytes = 0

    var nanoseconds: [Double] { sums.indices.map { Double(sums[$0]) / Double(payments[$0]) } }

    mutating func add(_ nanoseconds: UInt64, to part: Part, payments count: Int) {
        sums[part.rawValue] += nanoseconds
        payments[part.rawValue] += count
    }
}
