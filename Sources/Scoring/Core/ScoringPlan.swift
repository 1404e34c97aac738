// Configuration compiled: features, rules and policy together with the histories that they name, over one row of slots.
// Immutable once made; a reload makes a new one.
//
//   slots: [ fields of the payment | histories, features and constants of the language in the order of compilation ]

import Aggregates
import Expressions
import Platform

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
}

/// Which files made a plan, by content; each is twelve hexadecimal digits in answers, and whole in the log.
public struct PlanDigests: Sendable, Equatable {
    public let features: SHA256Digest
    public let rules: SHA256Digest
    public let policy: SHA256Digest
}

public final class ScoringPlan: Sendable {
    public let entities: [EntityDefinition]
    public let policy: Policy
    public let digests: PlanDigests
    let features: [CompiledFeature]
    let rules: [CompiledRule]
    let histories: [PlannedHistory]
    let historyPlan: HistoryPlan
    let measures: [SharedProgram]
    let columns: [PaymentField]
    let slotLabels: [String]
    let slotTypes: [ValueType]
    /// `"name":` of every feature, as the record has them, one behind another; and where each stands.
    let featureKeys: [UInt8]
    let featureKeyRanges: [Range<Int>]

    /// The texts of the three files, with the names to show in errors.
    public struct Sources: Sendable {
        public var features: (file: String, text: String)
        public var rules: (file: String, text: String)
        public var policy: (file: String, text: String)

        public init(
            features: (file: String, text: String), rules: (file: String, text: String),
            policy: (file: String, text: String)
        ) {
            self.features = features
            self.rules = rules
            self.policy = policy
        }
    }

    public init(_ sources: Sources) throws(ConfigurationError) {
        let featureFile = try FeatureFile(yaml: sources.features.text, file: sources.features.file)
        let ruleFile = try RuleFile(yaml: sources.rules.text, file: sources.rules.file)
        policy = try Policy(yaml: sources.policy.text, file: sources.policy.file)
        digests = PlanDigests(
            features: SHA256.hash(sources.features.text), rules: SHA256.hash(sources.rules.text),
            policy: SHA256.hash(sources.policy.text))
        entities = featureFile.entities

        var environment = Environment()
        for definition in PaymentSchema.definitions {
            if let type = definition.kind.valueType {
                environment.declare(definition.name, type)
            } else {
                _ = environment.addUnnamed(.string, label: definition.name)
            }
        }
        DomainFunctions.declare(in: &environment)
        var catalog = HistoryCatalog(entities: entities)
        features = try Self.compile(featureFile.features, &environment, &catalog)
        rules = try Self.compile(ruleFile.rules, &environment, &catalog)
        histories = catalog.histories
        historyPlan = catalog.plan
        measures = catalog.measures.map(SharedProgram.init)
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
        do throws(HistoryPlanError) {
            try historyPlan.validate()
        } catch {
            throw ConfigurationError(file: sources.features.file, message: error.description)
        }
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
        _ definitions: [RuleDefinition], _ environment: inout Environment, _ catalog: inout HistoryCatalog
    ) throws(ConfigurationError) -> [CompiledRule] {
        var rules: [CompiledRule] = []
        for definition in definitions {
            let program = try compile(
                definition.when, definition.source, expecting: [.bool], &environment, &catalog)
            let derived = program.slots.first { $0 >= PaymentField.count }
            rules.append(
                CompiledRule(
                    definition: definition, program: SharedProgram(program),
                    reasonSlot: derived ?? program.slots.first))
        }
        return rules
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
                if let earlier = features.firstIndex(where: { $0.slot == slot }) {
                    needed.insert(earlier)
                    sources.insert("feature " + features[earlier].definition.canonical)
                } else if let history = histories.first(where: { $0.slot == slot }) {
                    sources.formUnion(fieldLines(of: history))
                }
            }
        }
        return SHA256.hash((lines + sources.sorted()).joined(separator: "\n"))
    }

    /// Which fields name the entity and the column of a history.
    private func fieldLines(of history: PlannedHistory) -> [String] {
        let entity = entities[history.entity]
        var lines = ["entity \(entity.name): \(entity.field.name)"]
        if case .distinct(let column, _) = historyPlan.entities[history.entity].reads[history.read].read {
            lines.append("distinct over \(columns[column].name)")
        }
        return lines
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
