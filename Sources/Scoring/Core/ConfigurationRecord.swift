// What a configuration record says beside the digests: that a process began there, within which limits, and under which
// name the files are kept. With it the log alone says how every payment behind it was decided.
//
//   {"started":{"governor":[…]},"limits":{…},"kept":"<sha-256>","features":"<sha-256>","rules":…,"model":…}     a start
//   {"limits":{…},"kept":"<sha-256>","features":…}                                                            a reload
//   {"features":…,"governor":"engaged","suspended":{…}}                                        the governor steps in

import JSON
import Platform

public struct ConfigurationRecord: Sendable, Equatable {
    /// What the governor had counted when a process began; nil where none began here.
    public private(set) var startedGovernor: [UInt64]?
    /// nil in what the governor did, and in records of before limits were told.
    public private(set) var limits: CoreLimits?
    /// The name of the folder with the files.
    public private(set) var kept: String?
    public private(set) var isGoverned = false
    /// SHA-256 in hexadecimal; nil where there are no lists, or no model.
    public private(set) var features: String?
    public private(set) var rules: String?
    public private(set) var policy: String?
    public private(set) var lists: String?
    public private(set) var model: String?

    public var isStart: Bool { startedGovernor != nil }

    /// The object for a reload, and, with `started` before it, for a start.
    static func object(_ digests: RecordDigests, limits: CoreLimits, kept: String?) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("limits")
        json.beginObject()
        for (name, value) in words(limits) {
            json.key(name)
            json.integer(value)
        }
        json.endObject()
        json.key("kept")
        if let kept { json.string(kept) } else { json.null() }
        return json.bytes + [UInt8(ascii: ",")] + digests.json.dropFirst()
    }

    /// - Parameter object: What `object(_:limits:kept:)` gives.
    static func started(_ object: [UInt8], governor: [UInt64]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("started")
        json.beginObject()
        json.key("governor")
        json.beginArray()
        for word in governor { json.integer(Int64(bitPattern: word)) }
        json.endArray()
        json.endObject()
        return json.bytes + [UInt8(ascii: ",")] + object.dropFirst()
    }

    /// Whether the last record of a log says that a process began with this object. Then a start says nothing new: between
    /// there was no reload, and what was counted is counted again from the records.
    static func isStart(_ last: [UInt8], with object: [UInt8]) -> Bool {
        last.starts(with: #"{"started":"#.utf8) && last.count > object.count
            && last.suffix(object.count - 1) == object.dropFirst()
    }

    public init(_ object: Span<UInt8>) throws(JSONError) {
        let value = try JSONValue(parsing: object)
        if case .array(let words) = value["started"]?["governor"] {
            startedGovernor = words.compactMap { $0.integer.map { UInt64(bitPattern: $0) } }
        }
        limits = value["limits"].map { Self.limits($0) }
        kept = value["kept"]?.text
        isGoverned = value["governor"] != nil
        features = value["features"]?.text
        rules = value["rules"]?.text
        policy = value["policy"]?.text
        lists = value["lists"]?.text
        model = value["model"]?.text
    }

    /// What of the files that it names is not what decides here: features, rules, policy, lists, model.
    public func differences(from plan: ScoringPlan, _ state: ModelState) -> [String] {
        var model: String?
        if case .serving(let serving) = state { model = serving.manifest.model.digest.hexadecimal }
        let digests = plan.digests
        let pairs = [
            ("features", features, digests.features.hexadecimal), ("rules", rules, digests.rules.hexadecimal),
            ("policy", policy, digests.policy.hexadecimal), ("lists", lists, digests.lists?.hexadecimal),
            ("model", self.model, model),
        ]
        return pairs.filter { $0.1 != $0.2 }.map(\.0)
    }

    private static func words(_ limits: CoreLimits) -> [(name: String, value: Int64)] {
        [
            ("transactions", Int64(limits.submissions.maximumTransactions)),
            ("transactions_ns", limits.submissions.retentionNanoseconds),
            ("entities", Int64(limits.aggregates.entities)),
            ("events_per_entity", Int64(limits.aggregates.eventsPerEntity)),
            ("lateness_us", limits.aggregates.allowedLatenessMicroseconds),
            ("feedback", Int64(limits.feedback.maximumTransactions)),
            ("feedback_pending", Int64(limits.feedback.maximumPending)),
            ("feedback_pending_ns", limits.feedback.pendingRetentionNanoseconds),
        ]
    }

    /// What is not told is as usual; nothing is taken that no configuration could say.
    private static func limits(_ told: JSONValue) -> CoreLimits {
        var limits = CoreLimits()
        let usual = Dictionary(uniqueKeysWithValues: words(limits).map { ($0.name, $0.value) })
        func number(_ name: String) -> Int64 { max(0, told[name]?.integer ?? usual[name] ?? 0) }
        func count(_ name: String, in range: ClosedRange<Int> = 1...1_000_000_000) -> Int {
            min(max(Int(number(name)), range.lowerBound), range.upperBound)
        }
        limits.submissions.maximumTransactions = count("transactions")
        limits.submissions.retentionNanoseconds = number("transactions_ns")
        limits.aggregates.entities = count("entities", in: CoreLimits.entities)
        limits.aggregates.eventsPerEntity = count("events_per_entity", in: CoreLimits.eventsPerEntity)
        limits.aggregates.allowedLatenessMicroseconds = number("lateness_us")
        limits.feedback.maximumTransactions = count("feedback")
        limits.feedback.maximumPending = count("feedback_pending")
        limits.feedback.pendingRetentionNanoseconds = number("feedback_pending_ns")
        return limits
    }
}

extension Sequencer {
    /// The record with which a process begins to decide; nil where the log's last one says the same already. What a
    /// governor has counted is always told.
    func startObject(kept: String?) -> [UInt8]? {
        let object = ConfigurationRecord.object(configurationDigests, limits: core.limits, kept: kept)
        if core.governor == nil, ConfigurationRecord.isStart(lastConfiguration, with: object) { return nil }
        return ConfigurationRecord.started(object, governor: core.governor?.words ?? [])
    }

    /// Goes on as a process did that began with this record.
    public mutating func resume(_ record: ConfigurationRecord, at now: Int64) {
        if record.isGoverned { resumeGovernor(at: now) }
        restoreGovernor(record.startedGovernor ?? [])
    }
}

extension JSONValue {
    fileprivate var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
}
