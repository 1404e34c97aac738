// What the tests of the service share: a folder that goes away, a configuration in it, the service on a free port.
import Glibc
import HTTP
import JSON
import Platform
import Scoring
import Testing

@testable import Service

/// A folder with everything of one service, removed when the test is over.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/shroff-service-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PlatformError(operation: "make", path: "/tmp", code: errno)
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) {
        for name in (try? fileNames(in: path)) ?? [] {
            let inner = path + "/" + name
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }

    func write(_ name: String, _ text: String) throws {
        try makeDirectory(parentDirectory(of: path + "/" + name))
        try put(path + "/" + name, Array(text.utf8))
    }
}

/// Puts bytes into a file without waiting for the disk.
func put(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw PlatformError(operation: "write", path: path, code: errno)
    }
}

/// Copies a folder and what is in it. Files may be growing: each is as it was when it was read. Where a file went away
/// meanwhile (a segment that was compressed), this was no single instant, and it is done again.
func copyFolder(_ source: String, to target: String) throws {
    while true {
        TestFolder.remove(target)
        let names = try fileNames(in: source)
        do {
            try makeDirectory(target)
            for name in names {
                let (from, to) = (source + "/" + name, target + "/" + name)
                if (try? fileNames(in: from)) != nil {
                    try copyFolder(from, to: to)
                } else {
                    try put(to, try readFile(from))
                }
            }
            if try fileNames(in: source) == names { return }
        } catch let error as PlatformError where error.code == ENOENT {
            continue
        }
    }
}

/// Every byte of every file below a folder.
func bytes(below path: String) throws -> [UInt8] {
    var all: [UInt8] = []
    for name in try fileNames(in: path) {
        let inner = path + "/" + name
        if (try? fileNames(in: inner)) != nil { all += try bytes(below: inner) } else { all += try readFile(inner) }
    }
    return all
}

/// Features, rules and a policy that a test can work out by hand, in a folder of their own.
final class TestConfiguration: Sendable {
    let folder: TestFolder

    static let features = """
        entities: { card: card.fingerprint, customer: customer.id, merchant: merchant.id }
        features:
          - amount: { value: 'major_units(amount, currency)', reason: AMOUNT }
          - card_count_1h: { value: 'count(card, "1h")', reason: VELOCITY_CARD_1H }
          - card_sum_1d: { value: 'sum(card, amount, "1d")', reason: SPEND_CARD_1D }
          - card_age: { value: since_first(card), reason: CARD_AGE }
          - merchant_cards_1h: { value: 'distinct(merchant, card, "1h")', reason: CARDS_MERCHANT_1H }
        """

    static let rules = """
        rules:
          - { id: many, when: 'count(card, "1h") >= 4', action: review, points: 500, reason: VELOCITY_CARD_1H }
          - { id: high, when: amount > 100000, points: 900, reason: AMOUNT }
          - { id: divided, when: amount / (amount - 77) > 5, points: 1 }
        """

    static let policy = """
        bands: [{ at_least: 400, decision: challenge }, { at_least: 850, decision: decline }]
        risk_levels: { elevated: 400, highest: 850 }
        default: review
        """

    /// Nothing is shed and answers may take their time, for other tests keep the machine busy.
    ///
    /// - Parameters:
    ///   - budget: Of a payment; those whose subject it is say what it shall be.
    ///   - more: Further lines of shroff.yaml.
    init(model: String = "none", budget: String = "5s", more: String = "") throws {
        folder = try TestFolder()
        try folder.write("config/features.yaml", Self.features)
        try folder.write("config/rules.yaml", Self.rules)
        try folder.write("config/policy.yaml", Self.policy)
        try folder.write(
            "config/shroff.yaml",
            """
            http: { port: 0, loops: 2 }
            scoring: { model: \(model), budget: \(budget), shed_after: 1h }
            \(more)
            """)
    }

    func load(_ environment: [String: String] = [:]) throws -> ServiceConfiguration {
        try ServiceConfiguration(file: folder.path + "/config/shroff.yaml", environment: environment)
    }

    /// The data folder that the configuration names when nothing else is said.
    var data: String { folder.path + "/data" }
}

/// A service on a free port, stopped when the test is over.
final class TestService: Sendable {
    let configuration: TestConfiguration
    let running: RunningService
    var engine: ScoringEngine { running.engine }

    /// - Parameter data: Another data folder than the configuration's.
    init(
        _ configuration: TestConfiguration, data: String? = nil, change: (inout Assembly) -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        let loaded = try configuration.load(data.map { ["SHROFF_DATA_DIRECTORY": $0] } ?? [:])
        var assembly = try Assembly(loaded)
        change(&assembly)
        running = RunningService(try ScoringEngine(loaded, assembly))
        try running.start()
    }

    convenience init(model: String = "none", more: String = "") throws {
        try self.init(try TestConfiguration(model: model, more: more))
    }

    deinit { stop() }

    @discardableResult
    func stop() -> Bool { running.stop(timeoutMilliseconds: 5_000) }

    func client() throws -> Client { try Client(running.port) }

    var log: String { engine.configuration.dataDirectory + "/log" }

    /// The lines of the log, in order, as they are on the disk now; only for a log of one plain segment.
    func records() throws -> [JSONValue] {
        let bytes = try readFile(log + "/00000000000000000001.ndjson")
        return try bytes.split(separator: 0x0A).map { try JSONValue(parsing: Array($0).span) }
    }

    /// The records of payments, by transaction.
    func payments() throws -> [String: JSONValue] {
        var payments: [String: JSONValue] = [:]
        for record in try records() where record["kind"].text == "payment" {
            payments[record["payment"]["transaction_id"].text] = record
        }
        return payments
    }
}

// MARK: - Payments

/// One payment's body, member by member; a test changes what it is about.
struct Body {
    var members: [(String, String)]

    init(
        _ id: String, amount: Int = 1_299, card: String = "fp_1", merchant: String = "m_1",
        at time: String = "2026-06-01T12:00:00Z"
    ) {
        members = [
            ("transaction_id", "\"\(id)\""), ("event_time", "\"\(time)\""), ("amount", "\(amount)"),
            ("currency", "\"EUR\""), ("card", "{\"fingerprint\":\"\(card)\"}"),
            ("merchant", "{\"id\":\"\(merchant)\"}"),
        ]
    }

    /// Sets a member to JSON text, or takes it out.
    func with(_ name: String, _ json: String?) -> Body {
        var body = self
        body.members.removeAll { $0.0 == name }
        if let json { body.members.append((name, json)) }
        return body
    }

    var text: String { "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}" }
    /// The same in another order and with white space.
    var rearranged: String {
        "\n { " + members.reversed().map { "\"\($0.0)\" :\t\($0.1)" }.joined(separator: " ,\r\n ") + " } "
    }
}

/// A time that is so many seconds behind the first of June's noon.
func time(_ seconds: Int) -> String {
    let (hours, minutes) = (12 + seconds / 3_600, seconds / 60 % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "2026-06-01T\(two(hours)):\(two(minutes)):\(two(seconds % 60))Z"
}
