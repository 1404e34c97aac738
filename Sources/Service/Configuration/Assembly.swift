// From configuration to what scores: files read, plan compiled, model proven, costs measured. A model that can't be
// proven is told and left out; everything else that is wrong stops the start.

import Glibc
import HTTP
import Platform
import Scoring

/// The files that decide.
struct AssemblySources: Sendable {
    var features: String
    var rules: String
    var policy: String
    /// The folder of the model's bundle.
    var model: String?
    /// The folder with the lists by their names; nil: they lie where the rules say.
    var lists: String?
}

extension AssemblySources {
    init(_ configuration: ServiceConfiguration) {
        self.init(
            features: configuration.featuresPath, rules: configuration.rulesPath, policy: configuration.policyPath,
            model: configuration.modelPath)
    }
}

/// What a core is made of.
public struct Assembly: Sendable {
    public let plan: ScoringPlan
    public let model: ModelState
    /// Why a configured model is not served; nil where it is, or where none is configured.
    public let modelProblem: BundleError?
    public internal(set) var costs: LadderCosts
    /// Whether identifiers in lists and snoozes were hashed with the key that payments are; without one they match none.
    public let isKeyed: Bool
    /// Where it was read from.
    let sources: AssemblySources

    /// An upper bound for features and rules of one payment, which take some microseconds: with less than this left,
    /// what remains is needed for the answer itself.
    public static let rulesCostNanoseconds: Int64 = 200_000
    /// No model is reckoned cheaper: a payment's first run finds caches cold.
    static let leastModelCostNanoseconds: Int64 = 50_000
    /// Nor a shorter ensemble cheaper than this.
    static let leastTruncatedCostNanoseconds: Int64 = 15_000

    /// - Parameter pseudonymizer: By which payments' identifiers are hashed; nil: the key of the configuration, if it is
    ///   there already.
    public init(
        _ configuration: ServiceConfiguration, pseudonymizer: Pseudonymizer? = nil
    ) throws(ConfigurationError) {
        let pseudonymizer =
            pseudonymizer ?? IdentityKey.existing(path: configuration.identityKeyPath).map { Pseudonymizer(key: $0) }
        try self.init(AssemblySources(configuration), pseudonymizer)
    }

    init(_ sources: AssemblySources, _ pseudonymizer: Pseudonymizer?) throws(ConfigurationError) {
        self.sources = sources
        isKeyed = pseudonymizer != nil
        plan = try Self.plan(of: sources, pseudonymizer ?? .withoutKey)
        guard let path = sources.model else {
            model = .none
            modelProblem = nil
            costs = LadderCosts(rulesNanoseconds: Self.rulesCostNanoseconds, modelNanoseconds: 0)
            return
        }
        do throws(BundleError) {
            let loaded = try ScoringModel(folder: path)
            try loaded.validate(for: plan)
            costs = Self.costs(of: loaded)
            model = .serving(loaded)
            modelProblem = nil
        } catch {
            model = .refused
            modelProblem = error
            costs = LadderCosts(rulesNanoseconds: Self.rulesCostNanoseconds, modelNanoseconds: 0)
        }
    }

    private static func costs(of model: ScoringModel) -> LadderCosts {
        let clock = { MonotonicClock.nanoseconds() }
        let cost = model.measureCost(nanoseconds: clock)
        var costs = LadderCosts(
            rulesNanoseconds: rulesCostNanoseconds,
            modelNanoseconds: max(leastModelCostNanoseconds, cost.slowestNanoseconds))
        if let (ensemble, cost) = model.chooseTruncated(model: cost, nanoseconds: clock) {
            costs.truncated = LadderCosts.Truncated(
                ensemble: ensemble, nanoseconds: max(leastTruncatedCostNanoseconds, cost.slowestNanoseconds))
        }
        costs.explanationNanoseconds = model.measureExplanationCost(nanoseconds: clock)?.slowestNanoseconds
        return costs
    }

    /// Features, rules and policy alone, which a model is trained on and held against.
    static func plan(
        of configuration: ServiceConfiguration, _ pseudonymizer: Pseudonymizer = .withoutKey
    ) throws(ConfigurationError) -> ScoringPlan {
        try plan(of: AssemblySources(configuration), pseudonymizer)
    }

    private static func plan(
        of sources: AssemblySources, _ pseudonymizer: Pseudonymizer
    ) throws(ConfigurationError) -> ScoringPlan {
        var texts = ScoringPlan.Sources(
            features: (sources.features, try text(sources.features)), rules: (sources.rules, try text(sources.rules)),
            policy: (sources.policy, try text(sources.policy)))
        texts.lists = sources.lists
        return try ScoringPlan(texts, pseudonymizer: pseudonymizer)
    }

    private static func text(_ path: String) throws(ConfigurationError) -> String {
        do throws(PlatformError) {
            return String(decoding: try readFile(path), as: UTF8.self)
        } catch {
            throw ConfigurationError(file: path, message: error.description)
        }
    }

    public func makeCore(limits: CoreLimits) -> Core {
        do throws(BundleError) {
            return try Core(plan: plan, model: model, costs: costs, limits: limits)
        } catch {
            preconditionFailure("a model that was validated for the plan does not fit it: \(error)")
        }
    }
}

/// The key by which identifiers become pseudonyms: 32 random bytes, readable by the owner only.
public enum IdentityKey {
    static let byteCount = 32

    /// Reads the key, or makes it at the first start.
    ///
    /// - Parameter isMade: Whether a key that is not there is made. Behind a log that has records it must not be: its
    ///   histories would belong to nobody any more.
    public static func load(path: String, isMade: Bool = true) throws(ConfigurationError) -> [UInt8] {
        do throws(PlatformError) {
            return try read(path)
        } catch {
            guard error.code == ENOENT else { throw ConfigurationError(file: path, message: error.description) }
        }
        guard isMade else {
            throw ConfigurationError(
                file: path,
                message: """
                    there is no identity key, and the log has records whose identifiers were hashed with one; restore \
                    the key from a backup, name its place with data.identity_key, or begin a new data folder
                    """)
        }
        do throws(PlatformError) {
            let key = randomBytes(byteCount)
            try makeDirectory(parentDirectory(of: path))
            try writeFileAtomically(path, key, mode: 0o600)
            return key
        } catch {
            throw ConfigurationError(file: path, message: error.description)
        }
    }

    /// The key, or nil where it is not there or may not be read.
    static func existing(path: String) -> [UInt8]? {
        do throws(PlatformError) { return try read(path) } catch { return nil }
    }

    private static func read(_ path: String) throws(PlatformError) -> [UInt8] {
        let key = try readFile(path, maximumBytes: byteCount)
        guard key.count == byteCount else {
            throw PlatformError(
                operation: "read the key", path: path,
                reason: "it holds \(key.count) bytes where a key has \(byteCount); restore it from a backup")
        }
        return key
    }
}
