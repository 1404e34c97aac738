// shroff.yaml and the environment as one value. Every key is listed here once, with its default; a key in the file that
// is not here is refused, and an environment variable (SHROFF_HTTP_PORT for http.port) stands above the file.

import DecisionLog
import HTTP
import Platform
import Scoring

public struct ServiceConfiguration: Sendable {
    public var http = Self.standardHTTP
    public var drainTimeoutMilliseconds = 10_000
    /// Body bytes of one payment, and of a batch.
    public var paymentBodyBytes = 65_536
    public var batchBodyBytes = 4_194_304

    public var featuresPath: String
    public var rulesPath: String
    public var policyPath: String
    /// The folder of the model's bundle; nil: no model.
    public var modelPath: String?
    /// From a payment's first byte.
    public var budgetNanoseconds: Int64 = 50_000_000
    /// Kept back of every budget, for the record and the answer.
    public var reserveNanoseconds: Int64 = 5_000_000

    /// When payments are shed.
    public var admission = AdmissionLimits(budgetNanoseconds: 50_000_000)

    public var dataDirectory: String
    /// Where the key lies by which identifiers are hashed; made at the first start.
    public var identityKeyPath: String
    public var log = LogOptions()
    /// What of the log leaves; `leastAgeNanoseconds` is as long as transactions are remembered.
    public var logRetention = LogRetention()
    public var snapshots = SnapshotSchedule()
    public var core = CoreLimits()

    /// The file that was read, to show.
    public let file: String
    /// Ours of the environment, to read the configuration anew as it was read.
    let environment: [String: String]

    public static let environmentPrefix = "SHROFF_"

    private static var standardHTTP: ServerConfiguration {
        var http = ServerConfiguration(address: "127.0.0.1", port: 8080)
        http.timeouts.idleMilliseconds = 75_000
        return http
    }

    /// Every key, in the order of the shipped file.
    public static let keys = httpKeys + TLSKeys.names + otherKeys

    private static let httpKeys = [
        "http.address", "http.port", "http.loops", "http.maximum_connections", "http.maximum_connections_per_address",
        "http.maximum_requests_per_connection", "http.first_byte_timeout", "http.idle_timeout", "http.head_timeout",
        "http.body_timeout", "http.write_timeout", "http.drain_timeout", "http.payment_body_bytes",
        "http.batch_body_bytes",
    ]

    private static let otherKeys = [
        "scoring.features", "scoring.rules", "scoring.policy", "scoring.model",
        "scoring.budget", "scoring.reserve", "scoring.shed_above", "scoring.shed_after", "data.directory",
        "data.identity_key", "log.sync", "log.sync_interval", "log.segment_bytes", "log.pending_bytes", "log.compress",
        "log.remove_after", "log.remove_above",
        "state.snapshot_every", "state.snapshot_records",
        "idempotency.retention", "idempotency.maximum_transactions", "aggregates.entities",
        "aggregates.events_per_entity", "aggregates.allowed_lateness",
    ]

    /// Reads the file and lays the environment over it.
    ///
    /// Paths in the file are relative to its folder, paths in the environment to the working directory.
    public init(file: String, environment: [String: String]) throws(ConfigurationError) {
        let text: String
        do throws(PlatformError) {
            text = String(decoding: try readFile(file), as: UTF8.self)
        } catch {
            throw ConfigurationError(file: file, message: error.description)
        }
        try self.init(yaml: text, file: file, environment: environment)
    }

    public init(yaml text: String, file: String, environment: [String: String]) throws(ConfigurationError) {
        self.file = file
        self.environment = environment.filter { $0.key.hasPrefix(Self.environmentPrefix) }
        let values = try Self.values(yaml: text, file: file, environment: environment)
        let folder = parentDirectory(of: file)
        featuresPath = Self.join(folder, "features.yaml")
        rulesPath = Self.join(folder, "rules.yaml")
        policyPath = Self.join(folder, "policy.yaml")
        dataDirectory = Self.join(folder, "../data")
        identityKeyPath = ""
        var tls = TLSKeys()
        for (key, node) in values {
            if try applyHTTP(key, node) { continue }
            if try tls.apply(key, node, folder) { continue }
            if try applyScoring(key, node, folder) { continue }
            if try applyData(key, node, folder) { continue }
            preconditionFailure("\(key) is listed and read nowhere")
        }
        try tls.complete(&http, file: file)
        if identityKeyPath.isEmpty { identityKeyPath = dataDirectory + "/identity.key" }
        if reserveNanoseconds >= budgetNanoseconds {
            throw ConfigurationError(
                file: file, path: "scoring.reserve", message: "must be shorter than scoring.budget")
        }
        if admission.waitNanoseconds >= budgetNanoseconds {
            throw ConfigurationError(
                file: file, path: "scoring.shed_above", message: "must be shorter than scoring.budget")
        }
        try completeRetention()
    }

    private mutating func completeRetention() throws(ConfigurationError) {
        logRetention.leastAgeNanoseconds = core.submissions.retentionNanoseconds
        guard logRetention.removes else { return }
        let path = logRetention.ageNanoseconds == nil ? "log.remove_above" : "log.remove_after"
        if let age = logRetention.ageNanoseconds, age < core.submissions.retentionNanoseconds {
            throw ConfigurationError(
                file: file, path: path,
                message: "must not be shorter than idempotency.retention, for which submissions are answered again")
        }
        if snapshots.everyNanoseconds == nil {
            throw ConfigurationError(
                file: file, path: path,
                message: "needs state.snapshot_every: without snapshots every start reads the whole log")
        }
    }

    /// The value of each key that is set, the environment before the file.
    private static func values(
        yaml text: String, file: String, environment: [String: String]
    ) throws(ConfigurationError) -> [(key: String, node: ConfigurationNode)] {
        var values: [String: ConfigurationNode] = [:]
        let root = try ConfigurationNode(yaml: text, file: file)
        let sections = Set(keys.map { String($0.prefix { $0 != "." }) }).sorted()
        for (section, node) in try root.fields(known: sections) {
            if node.isNull { continue }
            let names = keys.filter { $0.hasPrefix(section + ".") }.map { String($0.dropFirst(section.count + 1)) }
            for (name, value) in try node.fields(known: names) where !value.isNull {
                values["\(section).\(name)"] = value
            }
        }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(environmentPrefix) {
            guard let key = try key(ofVariable: name) else { continue }
            let node = ConfigurationNode(value: value, origin: "environment", path: name)
            if !node.isNull { values[key] = node }
        }
        return keys.compactMap { key in values[key].map { (key, $0) } }
    }

    /// The key that a variable sets; nil for one that is none of ours, such as those that Kubernetes gives to every
    /// container beside a service of our name (`SHROFF_PORT_8080_TCP`).
    ///
    /// - Throws: Where it is meant for us and names no key: it begins like a section, or is a slip from a key.
    private static func key(ofVariable name: String) throws(ConfigurationError) -> String? {
        if let key = keys.first(where: { variable(of: $0) == name }) { return key }
        let known = keys.map { variable(of: $0) }
        let near = known.min { slips(name, $0) < slips(name, $1) }.flatMap { slips(name, $0) <= 2 ? $0 : nil }
        let isOfSection = keys.contains { key in
            name.hasPrefix(variable(of: String(key.prefix { $0 != "." })) + "_")
        }
        guard isOfSection || near != nil else { return nil }
        let hint = near.map { "did you mean \($0)?" } ?? "known: \(known.joined(separator: ", "))"
        throw ConfigurationError(file: "environment", path: name, message: "is no key; \(hint)")
    }

    /// Letters to put in, leave out or change to make one word of the other (Levenshtein).
    private static func slips(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let changed = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }

    /// `SHROFF_HTTP_PORT` for `http.port`.
    public static func variable(of key: String) -> String {
        environmentPrefix + key.uppercased().replacing(".", with: "_")
    }

    private mutating func applyHTTP(_ key: String, _ node: ConfigurationNode) throws(ConfigurationError) -> Bool {
        switch key {
        case "http.address": http.address = try node.string()
        case "http.port": http.port = try node.integer(in: 0...65_535)
        case "http.loops": http.loops = try node.integer(in: 0...256)
        case "http.maximum_connections": http.maximumConnections = try node.integer(in: 1...1_000_000)
        case "http.maximum_connections_per_address":
            http.maximumConnectionsPerAddress = try node.integer(in: 0...1_000_000)
        case "http.maximum_requests_per_connection":
            http.maximumRequestsPerConnection = try node.integer(in: 0...1_000_000_000)
        case "http.first_byte_timeout": http.timeouts.firstByteMilliseconds = try Self.milliseconds(node)
        case "http.idle_timeout": http.timeouts.idleMilliseconds = try Self.milliseconds(node)
        case "http.head_timeout": http.timeouts.headMilliseconds = try Self.milliseconds(node)
        case "http.body_timeout": http.timeouts.bodyMilliseconds = try Self.milliseconds(node)
        case "http.write_timeout": http.timeouts.writeMilliseconds = try Self.milliseconds(node)
        case "http.drain_timeout": drainTimeoutMilliseconds = try Self.milliseconds(node)
        case "http.payment_body_bytes": paymentBodyBytes = try node.integer(in: 1_024...16_777_216)
        case "http.batch_body_bytes": batchBodyBytes = try node.integer(in: 1_024...268_435_456)
        default: return false
        }
        return true
    }

    private mutating func applyScoring(
        _ key: String, _ node: ConfigurationNode, _ folder: String
    ) throws(ConfigurationError) -> Bool {
        switch key {
        case "scoring.features": featuresPath = try Self.path(node, folder)
        case "scoring.rules": rulesPath = try Self.path(node, folder)
        case "scoring.policy": policyPath = try Self.path(node, folder)
        case "scoring.model": modelPath = try node.string() == "none" ? nil : Self.path(node, folder)
        case "scoring.budget":
            budgetNanoseconds = try node.durationNanoseconds(atLeast: 1_000_000)
            admission = AdmissionLimits(budgetNanoseconds: budgetNanoseconds)
        case "scoring.reserve": reserveNanoseconds = try node.durationNanoseconds()
        case "scoring.shed_above": admission.waitNanoseconds = try node.durationNanoseconds(atLeast: 1_000_000)
        case "scoring.shed_after": admission.toleranceNanoseconds = try node.durationNanoseconds()
        default: return false
        }
        return true
    }

    private mutating func applyData(
        _ key: String, _ node: ConfigurationNode, _ folder: String
    ) throws(ConfigurationError) -> Bool {
        switch key {
        case "data.directory": dataDirectory = try Self.path(node, folder)
        case "data.identity_key": identityKeyPath = try Self.path(node, folder)
        case "log.sync": log.sync = try sync(named: node)
        case "log.sync_interval":
            let milliseconds = try Self.milliseconds(node)
            if case .interval = log.sync { log.sync = .interval(milliseconds: milliseconds) }
        case "log.segment_bytes": log.segmentBytes = try node.integer(in: 65_536...4_294_967_296)
        case "log.pending_bytes": log.pendingBytesLimit = try node.integer(in: 65_536...4_294_967_296)
        case "log.compress": log.compressFullSegments = try node.boolean()
        case "log.remove_after":
            logRetention.ageNanoseconds =
                try node.isNever ? nil : node.durationNanoseconds(atLeast: 1_000_000_000)
        case "log.remove_above":
            logRetention.bytes = try node.isNever ? nil : UInt64(node.integer(in: 65_536...1_000_000_000_000_000))
        case "state.snapshot_every":
            snapshots.everyNanoseconds =
                try node.isNever ? nil : UInt64(node.durationNanoseconds(atLeast: 1_000_000))
        case "state.snapshot_records":
            snapshots.records = UInt64(try node.integer(in: 1...1_000_000_000_000))
        case "idempotency.retention":
            core.submissions.retentionNanoseconds = try node.durationNanoseconds(atLeast: 1_000_000_000)
        case "idempotency.maximum_transactions":
            core.submissions.maximumTransactions = try node.integer(in: 1...1_000_000_000)
        case "aggregates.entities": core.aggregates.entities = try node.integer(in: CoreLimits.entities)
        case "aggregates.events_per_entity":
            core.aggregates.eventsPerEntity = try node.integer(in: CoreLimits.eventsPerEntity)
        case "aggregates.allowed_lateness":
            core.aggregates.allowedLatenessMicroseconds = try node.durationNanoseconds() / 1_000
        default: return false
        }
        return true
    }

    private func sync(named node: ConfigurationNode) throws(ConfigurationError) -> LogOptions.Sync {
        switch try node.string() {
        case "always": return .always
        case "interval": return .interval(milliseconds: 1_000)
        case "never": return .never
        default: throw node.error("must be one of always, interval, never")
        }
    }

    static func milliseconds(_ node: ConfigurationNode) throws(ConfigurationError) -> Int {
        let nanoseconds = try node.durationNanoseconds(atLeast: 1_000_000)
        guard nanoseconds <= 86_400_000_000_000 else { throw node.error("must be at most 24h") }
        return Int(nanoseconds / 1_000_000)
    }

    static func path(_ node: ConfigurationNode, _ folder: String) throws(ConfigurationError) -> String {
        let text = try node.string()
        return node.file == "environment" ? text : join(folder, text)
    }

    static func join(_ folder: String, _ path: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder + "/" + path
    }
}
