// The configuration: what is shipped is complete and says the defaults, the environment stands above the file, and what
// is wrong is told with its place.
import DecisionLog
import Platform
import Scoring
import Testing

@testable import Service

@Suite struct ConfigurationTests {
    private func configuration(
        _ yaml: String, _ environment: [String: String] = [:], file: String = "etc/shroff.yaml"
    ) throws(ConfigurationError) -> ServiceConfiguration {
        try ServiceConfiguration(yaml: yaml, file: file, environment: environment)
    }

    /// What a configuration is refused with; empty where it is taken.
    private func refusal(_ yaml: String, _ environment: [String: String] = [:]) -> String {
        do {
            _ = try configuration(yaml, environment)
            return ""
        } catch {
            return error.description
        }
    }

    // MARK: The shipped file

    /// Keys of the shipped file as it is written, each with whether a comment stands above it.
    private func shippedKeys() throws -> [(key: String, isExplained: Bool)] {
        var keys: [(String, Bool)] = []
        var section = ""
        var isExplained = false
        for line in String(decoding: try readFile(Shipped.file), as: UTF8.self).split(separator: "\n") {
            let text = line.drop { $0 == " " }
            let isKeyInComment =
                text.hasPrefix("# ")
                && text.dropFirst(2).prefix { $0 != ":" }.allSatisfy {
                    $0.isLowercase || $0 == "_"
                } && text.contains(": ")
            if text.hasPrefix("#"), !isKeyInComment {
                isExplained = true
                continue
            }
            let name = (isKeyInComment ? text.dropFirst(2) : text).prefix { $0 != ":" }
            if line.first != " ", !isKeyInComment {
                section = String(name)
                isExplained = false
            } else {
                keys.append(("\(section).\(name)", isExplained))
            }
        }
        return keys
    }

    @Test func `the shipped file has every key, in order, and no other`() throws {
        #expect(try shippedKeys().map(\.key).sorted() == ServiceConfiguration.keys.sorted())
    }

    @Test func `the first key below each comment is what it explains, and every section has one`() throws {
        var sections: Set<String> = []
        for (key, isExplained) in try shippedKeys() where isExplained {
            sections.insert(String(key.prefix { $0 != "." }))
        }
        #expect(sections == Set(ServiceConfiguration.keys.map { String($0.prefix { $0 != "." }) }))
    }

    @Test func `the shipped file says the defaults`() throws {
        let shipped = try ServiceConfiguration(file: Shipped.file, environment: [:])
        let standard = try configuration("", file: Shipped.file)
        #expect(shipped.http == standard.http)
        #expect(shipped.log == standard.log)
        #expect(shipped.logRetention == standard.logRetention)
        #expect(shipped.core == standard.core)
        #expect(shipped.drainTimeoutMilliseconds == standard.drainTimeoutMilliseconds)
        #expect(shipped.paymentBodyBytes == standard.paymentBodyBytes)
        #expect(shipped.batchBodyBytes == standard.batchBodyBytes)
        #expect(shipped.featuresPath == standard.featuresPath)
        #expect(shipped.rulesPath == standard.rulesPath)
        #expect(shipped.policyPath == standard.policyPath)
        // A configuration that names no model has none; the shipped one names the version that is shipped with it.
        #expect(shipped.modelPath != nil && standard.modelPath == nil)
        #expect(shipped.budgetNanoseconds == standard.budgetNanoseconds)
        #expect(shipped.reserveNanoseconds == standard.reserveNanoseconds)
        #expect(shipped.admission == standard.admission)
        #expect(shipped.dataDirectory == standard.dataDirectory)
        #expect(shipped.identityKeyPath == standard.identityKeyPath)
    }

    // MARK: Above and below

    @Test func `the environment stands above the file, key by key`() throws {
        let yaml = "http: { port: 1, loops: 3 }\nscoring: { budget: 20ms }\nlog: { sync: always }\n"
        let read = try configuration(
            yaml,
            [
                "SHROFF_HTTP_PORT": "9", "SHROFF_SCORING_RESERVE": "1ms", "SHROFF_LOG_SYNC": "interval",
                "SHROFF_LOG_SYNC_INTERVAL": "250ms", "SHROFF_SCORING_MODEL": "none", "SHROFF_HTTP_LOOPS": "",
                "PATH": "/bin",
            ])
        #expect(read.http.port == 9)
        #expect(read.http.loops == 3)  // an empty variable is none
        #expect(read.budgetNanoseconds == 20_000_000)
        #expect(read.reserveNanoseconds == 1_000_000)
        // What is not said follows from the budget.
        #expect(read.admission == AdmissionLimits(budgetNanoseconds: 20_000_000))
        #expect(read.log.sync == .interval(milliseconds: 250))
        #expect(read.modelPath == nil)
        for key in ServiceConfiguration.keys {
            #expect(ServiceConfiguration.variable(of: key).hasPrefix("SHROFF_"))
        }
    }

    @Test func `paths in the file are relative to its folder, in the environment to the working directory`() throws {
        let yaml = "scoring: { rules: r.yaml, model: /m/x }\ndata: { directory: ../d }\n"
        let read = try configuration(yaml, ["SHROFF_SCORING_POLICY": "p.yaml"])
        #expect(read.rulesPath == "etc/r.yaml")
        #expect(read.featuresPath == "etc/features.yaml")
        #expect(read.policyPath == "p.yaml")
        #expect(read.modelPath == "/m/x")
        #expect(read.dataDirectory == "etc/../d")
        #expect(read.identityKeyPath == "etc/../d/identity.key")
        let other = try configuration(yaml, ["SHROFF_DATA_DIRECTORY": "/v", "SHROFF_DATA_IDENTITY_KEY": "k"])
        #expect(other.dataDirectory == "/v")
        #expect(other.identityKeyPath == "k")
        #expect(try configuration(yaml, ["SHROFF_DATA_DIRECTORY": "/v"]).identityKeyPath == "/v/identity.key")
        #expect(try configuration("", file: "shroff.yaml").rulesPath == "./rules.yaml")
    }

    // MARK: What is refused

    @Test func `what of the log leaves is bounded by what is answered from it, and needs snapshots`() throws {
        let read = try configuration("log: { remove_after: 24h, remove_above: 65536 }\n")
        #expect(read.logRetention.ageNanoseconds == 86_400_000_000_000 && read.logRetention.bytes == 65_536)
        #expect(read.logRetention.leastAgeNanoseconds == 86_400_000_000_000)
        #expect(try !configuration("log: { remove_after: never, remove_above: never }\n").logRetention.removes)
        #expect(refusal("log: { remove_after: 23h }\n").contains("idempotency.retention"))
        #expect(refusal("log: { remove_after: 23h }\nidempotency: { retention: 23h }\n") == "")
        #expect(refusal("log: { remove_above: 65535 }\n").contains("65536"))
        #expect(refusal("log: { remove_above: 65536 }\nstate: { snapshot_every: never }\n").contains("snapshot"))
    }

    @Test func `an unknown key is refused with its line and the key that was meant`() {
        #expect(refusal("http:\n  pot: 80\n").hasPrefix("etc/shroff.yaml:2: http.pot: "))
        #expect(refusal("http:\n  pot: 80\n").contains("did you mean port?"))
        #expect(refusal("\n\nscorng: 5ms\n").hasPrefix("etc/shroff.yaml:3: scorng: "))
        #expect(refusal("scorng: {}\n").contains("did you mean scoring?"))
        #expect(refusal("http: { port: 80, port: 81 }\n").contains("port"))
        #expect(refusal("http: 80\n").hasPrefix("etc/shroff.yaml:1: http: "))
        #expect(refusal("http: [\n").hasPrefix("etc/shroff.yaml:"))
        #expect(refusal("") == "")
        #expect(refusal("http:\n") == "")
        #expect(refusal("http: { port: null, loops: ~ }\n") == "")
    }

    @Test func `an unknown variable is refused when it is meant for us`() {
        func refused(_ name: String) -> String { refusal("", [name: "5"]) }
        #expect(
            refused("SHROFF_HTTP_PROT") == "environment: SHROFF_HTTP_PROT: is no key; did you mean SHROFF_HTTP_PORT?")
        #expect(refused("SHROFF_HTP_PORT").contains("did you mean SHROFF_HTTP_PORT?"))
        #expect(refused("SHROFF_HTTP_SOMETHING_ELSE").contains("known: SHROFF_HTTP_ADDRESS, "))
        // What Kubernetes sets beside a service of our name, and what others may use.
        for name in [
            "SHROFF_PORT", "SHROFF_PORT_8080_TCP_ADDR", "SHROFF_SERVICE_HOST", "SHROFF_SHARED_DATA", "SHROFFS",
        ] {
            #expect(refused(name) == "", "\(name)")
        }
    }

    static let wrongValues: [(key: String, value: String, says: String)] = [
        ("http.port", "65536", "must be from 0 to 65535"), ("http.port", "-1", "must be from 0 to 65535"),
        ("http.port", "http", "must be a whole number"), ("http.loops", "257", "must be from 0 to 256"),
        ("http.maximum_connections", "0", "must be from 1 to 1000000"), ("http.idle_timeout", "5", "with its unit"),
        ("http.idle_timeout", "0s", "must be at least 1ms"), ("http.head_timeout", "25h", "must be at most 24h"),
        ("http.drain_timeout", "-1s", "with its unit"),
        ("http.payment_body_bytes", "1023", "must be from 1024 to 16777216"),
        ("http.batch_body_bytes", "268435457", "must be from 1024 to 268435456"),
        ("scoring.budget", "999us", "at least 1ms"),
        ("scoring.reserve", "50ms", "shorter than scoring.budget"),
        ("scoring.shed_above", "50ms", "shorter than scoring.budget"), ("scoring.shed_above", "0s", "at least 1ms"),
        ("scoring.shed_after", "later", "with its unit"), ("scoring.rules", "[]", "must be text"),
        ("log.sync", "sometimes", "must be one of always, interval, never"),
        ("log.sync_interval", "fast", "with its unit"),
        ("log.segment_bytes", "65535", "must be from 65536"), ("log.pending_bytes", "1", "must be from 65536"),
        ("log.compress", "yes", "must be true or false"), ("idempotency.retention", "999ms", "at least 1s"),
        ("idempotency.maximum_transactions", "0", "must be from 1"), ("aggregates.entities", "0", "must be from 1"),
        ("aggregates.events_per_entity", "99999999999", "must be from 1"),
        ("aggregates.allowed_lateness", "soon", "unit"),
    ]

    @Test(arguments: wrongValues)
    func `a value that can't be is refused with its place and what it may be`(key: String, value: String, says: String)
    {
        let (section, name) = (key.prefix { $0 != "." }, key.drop { $0 != "." }.dropFirst())
        let inFile = refusal("# a comment\n\(section):\n  \(name): \(value)\n")
        #expect(inFile.contains(says), "\(inFile)")
        #expect(inFile.contains(key), "\(inFile)")
        let isContradiction = says.hasPrefix("shorter")
        if !isContradiction { #expect(inFile.hasPrefix("etc/shroff.yaml:3: "), "\(inFile)") }
        guard value != "[]" else { return }
        let variable = ServiceConfiguration.variable(of: key)
        let inEnvironment = refusal("", [variable: value])
        #expect(inEnvironment.contains(says), "\(inEnvironment)")
        if !isContradiction {
            #expect(inEnvironment.hasPrefix("environment: \(variable): "), "\(inEnvironment)")
        }
    }

    @Test func `a file that is not there is named`() {
        do {
            _ = try ServiceConfiguration(file: "/nowhere/shroff.yaml", environment: [:])
            Issue.record("a file was read that is not there")
        } catch {
            #expect(error.description.contains("/nowhere/shroff.yaml"))
        }
    }
}
