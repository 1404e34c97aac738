// Configuration compiled: features, rules and policy together with the histories that they name, over one row of slots.
// Immutable once made; a reload makes a new one.
//
//   slots: [ fields of the payment | facts of a past payment | histories, features and constants of the language in the order of compilation ]

import Aggregates
import Expressions
import Platform
import Synchronization

/// A program in a box: a copy of a program retains each of its parts, and costs more than most evaluations.
final class SharedProgram: Sendable {
    let program: Program

    init(_ program: Program) { self.program = program }

    func evaluate(_ frame: borrowing Frame, scratch: inout ProgramScratch) -> Slot {
        program.evaluate(frame, scratch: &scratch)
    }
}

struct CompiledFeature: Sendable {
    let definition: FeatureDefinition
    let program: SharedProgram
    let type: ValueType
    /// Where the value stands for later features and for rules (`feature.name`).
    let slot: Int
}

struct CompiledRule: Sendable {
    let definition: RuleDefinition
    let program: SharedProgram
    /// What a reason from this rule names: of the features and histories that its condition reads the one that was
    /// compiled first, or else the first of its fields in schema order.
    let reasonSlot: Int?
    let snoozes: [Snooze]
}

/// Which files made a plan, by content; each is twelve hexadecimal digits in answers, and whole in the log.
public struct PlanDigests: Sendable, Equatable {
    public let features: SHA256Digest
    public let rules: SHA256Digest
    public let policy: SHA256Digest
    /// Of the lists' files; nil where none is declared.
    public let lists: SHA256Digest?
}

public final class ScoringPlan: Sendable {
    public let entities: [EntityDefinition]
    public let policy: Policy
    public let digests: PlanDigests
    let features: [CompiledFeature]
    let rules: [CompiledRule]
    let segments: [CompiledSegment]
    public var lists: [NamedList] { shelf.lists }
    let shelf: ListShelf
    /// Whether a raw identifier in a list or a snooze was hashed with the identity key.
    public let usesIdentityKey: Bool
    let histories: [PlannedHistory]
    /// By slot; see `identity(of:)`.
    private let identities = Mutex<[Int: String]>([:])
    let historyPlan: HistoryPlan
    let rates: [PlannedRate]
    let measures: [PastExpression]
    let conditions: [PastExpression]
    let columns: [PaymentField]
    let slotLabels: [String]
    let slotTypes: [ValueType]
    /// `"name":` of every feature, as the record has them, one behind another; and where each stands.
    let featureKeys: [UInt8]
    let featureKeyRanges: [Range<Int>]
    /// The place of each feature by its name.
    let featureIndices: [String: Int]

    /// The texts of the three files, with the names to show in errors.
    public struct Sources: Sendable {
        public var features: (file: String, text: String)
        public var rules: (file: String, text: String)
        public var policy: (file: String, text: String)
        /// A folder in which the lists lie by their names; nil: they lie where the rules say.
        public var lists: String?

        public init(
            features: (file: String, text: String), rules: (file: String, text: String),
            policy: (file: String, text: String)
        ) {
            self.features = features
            self.rules = rules
            self.policy = policy
        }
    }

    /// - Parameter pseudonymizer: By which identifiers in lists and snoozes are hashed: the one of the payments.
    public init(
        _ sources: Sources, pseudonymizer: Pseudonymizer = .withoutKey
    ) throws(ConfigurationError) {
        let featureFile = try FeatureFile(yaml: sources.features.text, file: sources.features.file)
        let ruleFile = try RuleFile(yaml: sources.rules.text, file: sources.rules.file)
        policy = try Policy(yaml: sources.policy.text, file: sources.policy.file)
        var usesKey = false
        let lists = try NamedList.read(
            ruleFile.lists, folder: parentDirectory(of: sources.rules.file), keptIn: sources.lists, pseudonymizer,
            usedKey: &usesKey)
        digests = PlanDigests(
            features: SHA256.hash(sources.features.text), rules: SHA256.hash(sources.rules.text),
            policy: SHA256.hash(sources.policy.text), lists: NamedList.digest(of: lists))
        entities = featureFile.entities

        var environment = Environment()
        for definition in PaymentSchema.definitions {
            if let type = definition.kind.valueType {
                environment.declare(definition.name, type)
            } else {
                _ = environment.addUnnamed(.string, label: definition.name)
            }
        }
        PastFact.reserve(in: &environment)
        DomainFunctions.declare(in: &environment)
        var catalog = HistoryCatalog(
            entities: entities, assumeLegitimateAfterNanoseconds: featureFile.assumeLegitimateAfterNanoseconds)
        catalog.memberships.lists = lists
        features = try Self.compile(featureFile.features, &environment, &catalog)
        rules = try Self.compile(ruleFile.rules, &environment, &catalog) { rule throws(ConfigurationError) in
            var snoozes: [Snooze] = []
            for snooze in rule.snoozes {
                snoozes.append(try Snooze(snooze, featureFile.entities, pseudonymizer, usedKey: &usesKey))
            }
            return snoozes
        }
        segments = try Self.compile(policy.segments, &environment, &catalog)
        usesIdentityKey = usesKey
        shelf = ListShelf(catalog.memberships)
        histories = catalog.histories
        historyPlan = catalog.plan
        rates = catalog.rates
        measures = catalog.measures
        conditions = catalog.conditions
        columns = catalog.columns
        slotLabels = environment.columns.map(\.name)
        slotTypes = environment.columns.map(\.type)
        var keys: [UInt8] = []
        featureKeyRanges = features.map { feature in
            let start = keys.count
            keys += "\"\(feature.definition.name)\":".utf8  // letters, digits and _: nothing to escape
            return start..<keys.count
        }
        featureKeys = keys
        featureIndices = Dictionary(
            uniqueKeysWithValues: features.enumerated().map { ($0.element.definition.name, $0.offset) })
        do throws(HistoryPlanError) {
            try historyPlan.validate()
        } catch {
            throw ConfigurationError(file: sources.features.file, message: error.description)
        }
        for history in histories { _ = identity(of: history) }
    }

    private static func compile(
        _ definitions: [FeatureDefinition], _ environment: inout Environment, _ catalog: inout HistoryCatalog
    ) throws(ConfigurationError) -> [CompiledFeature] {
        var features: [CompiledFeature] = []
        for definition in definitions {
            let program = try compile(
                definition.expression, definition.source, expecting: [.int, .uint, .double, .bool, .duration],
                &environment, &catalog)
            let slot = environment.declare("feature.\(definition.name)", program.resultType)
            features.append(
                CompiledFeature(
                    definition: definition, program: SharedProgram(program), type: program.resultType, slot: slot))
        }
        return features
    }

    private static func compile(
        _ definitions: [RuleDefinition], _ environment: inout Environment, _ catalog: inout HistoryCatalog,
        snoozes: (RuleDefinition) throws(ConfigurationError) -> [Snooze]
    ) throws(ConfigurationError) -> [CompiledRule] {
        var rules: [CompiledRule] = []
        for definition in definitions {
            guard definition.isEnabled else {
                var (aside, unkept) = (environment, catalog)  // an error is an error; nothing is kept for it
                _ = try compile(definition.when, definition.source, expecting: [.bool], &aside, &unkept)
                _ = try snoozes(definition)
                continue
            }
            let program = try compile(
                definition.when, definition.source, expecting: [.bool], &environment, &catalog)
            let derived = program.slots.first { $0 >= PaymentField.count }
            rules.append(
                CompiledRule(
                    definition: definition, program: SharedProgram(program),
                    reasonSlot: derived ?? program.slots.first, snoozes: try snoozes(definition)))
        }
        return rules
    }

    private static func compile(
        _ definitions: [SegmentDefinition], _ environment: inout Environment, _ catalog: inout HistoryCatalog
    ) throws(ConfigurationError) -> [CompiledSegment] {
        var segments: [CompiledSegment] = []
        for definition in definitions {
            let program = try compile(
                definition.when, definition.source, expecting: [.bool], &environment, &catalog)
            segments.append(CompiledSegment(name: definition.name, program: SharedProgram(program)))
        }
        return segments
    }

    private static func compile(
        _ expression: Expression, _ source: ExpressionSource, expecting types: [ValueType],
        _ environment: inout Environment, _ catalog: inout HistoryCatalog
    ) throws(ConfigurationError) -> Program {
        do throws(ExpressionError) {
            return try Program(
                compiling: expression, environment: &environment, resolver: &catalog, expecting: types)
        } catch {
            throw source.error(error)
        }
    }

    var slotCount: Int { slotLabels.count }

    public var featureNames: [String] { features.map(\.definition.name) }

    public var ruleCount: Int { rules.count }

    /// After which time a payment that nobody labelled counts as legitimate; nil: it stays unknown.
    public var assumeLegitimateAfterNanoseconds: Int64? {
        historyPlan.assumeLegitimateAfterMicroseconds.map { $0 * 1_000 }
    }

    /// Every history that is kept, as its canonical text.
    public var historyTexts: [String] { histories.map(\.text) }

    /// The digest of the definitions of these features, in this order: what a model was trained on. It covers what they
    /// are computed from (earlier features, the fields that name their entities and columns); whatever else stands in
    /// features.yaml may come and go without touching it.
    ///
    /// - Returns: nil where a name is no feature here.
    public func definitionDigest(of names: [String]) -> SHA256Digest? {
        var lines: [String] = []
        var needed: Set<Int> = []
        for name in names {
            guard let index = features.firstIndex(where: { $0.definition.name == name }) else { return nil }
            lines.append(features[index].definition.canonical)
            needed.insert(index)
        }
        var sources: Set<String> = []
        for index in features.indices.reversed() where needed.contains(index) {  // a feature reads earlier ones only
            for slot in features[index].program.program.slots {
                let (lines, read) = definition(of: slot)
                sources.formUnion(lines)
                needed.formUnion(read)
            }
        }
        return SHA256.hash((lines + sources.sorted()).joined(separator: "\n"))
    }

    /// What makes a history the same under another plan: its text, and everything that the names in it stand for.
    ///
    /// - Complexity: O(1); they are all found when the plan is made, so that a reload does not look for them while payments
    ///   wait.
    func identity(of history: PlannedHistory) -> String {
        identities.withLock { known in
            if let identity = known[history.slot] { return identity }
            let identity = findIdentity(of: history)
            known[history.slot] = identity
            return identity
        }
    }

    private func findIdentity(of history: PlannedHistory) -> String {
        var (lines, open) = fieldLines(of: history)
        var seen: Set<Int> = []
        while let feature = open.popLast() {
            guard seen.insert(feature).inserted else { continue }
            for slot in features[feature].program.program.slots {
                let behind = definition(of: slot)
                lines += behind.lines
                open += behind.features
            }
        }
        return ([history.text] + lines.sorted()).joined(separator: "\n")
    }

    /// What is behind a slot, and the features that it is computed from.
    private func definition(of slot: Int) -> (lines: [String], features: [Int]) {
        if let earlier = features.firstIndex(where: { $0.slot == slot }) {
            return (["feature " + features[earlier].definition.canonical], [earlier])
        }
        if let history = histories.first(where: { $0.slot == slot }) { return fieldLines(of: history) }
        guard let rate = rates.first(where: { $0.slot == slot }) else { return ([], []) }
        var lines = rate.levels.map { level in
            let entity = entities[level.entity]
            let target =
                switch entity.shrinkage?.target {
                case .parent(let name): " towards \(name) by \(level.strength)"
                case .prior(let share): " towards \(share) by \(level.strength)"
                case nil: ""
                }
            return "rate of \(entity.name)\(target)"
        }
        var read: [Int] = []
        for slot in rate.levels.flatMap({ [$0.fraudSlot, $0.countSlot] }) {
            let count = definition(of: slot)
            lines += count.lines
            read += count.features
        }
        return (lines, read)
    }

    /// Which fields name the entity and the column of a history, what its measure and its conditions are computed from,
    /// and when a payment without a label counts as legitimate.
    private func fieldLines(of history: PlannedHistory) -> (lines: [String], features: [Int]) {
        let entity = entities[history.entity]
        var lines = ["entity \(entity.name): \(entity.sourceName)"]
        let planned = historyPlan.entities[history.entity].reads[history.read]
        switch planned.read {
        case .distinct(let column, _): lines.append("distinct over \(columns[column].name)")
        case .isFirst(let column, _): lines.append("first_seen over \(columns[column].name)")
        default: break
        }
        var expressions = [planned.condition, planned.among].compactMap { $0.map { conditions[$0] } }
        if let measure = history.measure { expressions.append(measures[measure]) }
        if expressions.contains(where: { $0.needs.contains(.label) }),
            let age = historyPlan.assumeLegitimateAfterMicroseconds
        {
            lines.append("assumed legitimate after \(DurationText.text(nanoseconds: age * 1_000))")
        }
        let read = expressions.flatMap(\.featureSlots).compactMap { slot in features.firstIndex { $0.slot == slot } }
        return (lines + read.map { "feature " + features[$0].definition.canonical }, read)
    }
}

extension PaymentFieldKind {
    /// The type by which expressions know the field; nil for what they can't name.
    var valueType: ValueType? {
        switch self {
        case .text, .digits, .currency, .country, .choice: .string
        case .identifier, .internetAddress: .identifier
        case .integer: .int
        case .boolean: .bool
        case .timestamp: .timestamp
        case .metadata: nil
        }
    }
}
