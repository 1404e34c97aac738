// Which files decided from a configuration record on: those that are kept under the name that it says, or those that the
// caller has given. Either must be what the record's digests say, or nothing is replayed by them.

import DecisionLog
import Platform
import Scoring

/// Why a log can't be replayed from a record on.
public enum ReplayError: Error, Sendable, CustomStringConvertible {
    /// The record does not name files that are kept, and none were given.
    case noConfiguration(sequence: UInt64, kept: String?)
    case otherConfiguration(sequence: UInt64, file: String, differs: [String])
    case configuration(sequence: UInt64, ConfigurationError)
    case model(sequence: UInt64, BundleError)
    case unreadable(sequence: UInt64, PlatformError)
    case identityKey(sequence: UInt64, path: String)
    case reload(sequence: UInt64, ReloadError)
    /// The first record of a log is no start, and there is no snapshot to begin with.
    case noBeginning(firstSequence: UInt64, refused: [RefusedSnapshot])
    /// A process began with other histories, of records that are gone by now.
    case noHistory(sequence: UInt64)
    case record(sequence: UInt64, RecordError)
    case log(LogError)

    public var description: String {
        switch self {
        case .noConfiguration(let sequence, let kept):
            """
            record \(sequence): the configuration that decided from there on was not kept\
            \(kept.map { " any longer: config/\($0) is missing from the data folder" } ?? ", or an earlier version wrote the log"); \
            name the shroff.yaml that was in service with --config\(Self.orBefore(sequence))
            """
        case .otherConfiguration(let sequence, let file, let differs):
            """
            record \(sequence): \(file) is not the configuration that decided from there on: other \
            \(differs.joined(separator: ", ")); name the one that was in service with --config\
            \(Self.orBefore(sequence))
            """
        case .configuration(let sequence, let error): "record \(sequence): \(error)"
        case .model(let sequence, let error): "record \(sequence): the model of its configuration: \(error)"
        case .unreadable(let sequence, let error): "record \(sequence): its configuration: \(error)"
        case .identityKey(let sequence, let path):
            """
            record \(sequence): its rules name people, whose identifiers were hashed with a key that is not at \(path); \
            name its place with --identity-key
            """
        case .reload(let sequence, let error): "record \(sequence): \(error)"
        case .noBeginning(let first, let refused):
            """
            the log begins with record \(first), and what was known before it is gone: there is no snapshot of this \
            log to begin with\(refused.map { "\n  \($0.path): \($0.reason)" }.joined())
            """
        case .noHistory(let sequence):
            """
            record \(sequence): a process began there with other histories, made of records that are gone; replay what \
            is before it with --to \(sequence - 1)
            """
        case .record(let sequence, let error): "the log's record \(sequence) \(error)"
        case .log(let error): error.description
        }
    }
}

extension ReplayError {
    private static func orBefore(_ sequence: UInt64) -> String {
        sequence > 1 ? ", or replay what is before it with --to \(sequence - 1)" : ""
    }
}

struct ReplayConfigurations {
    private let kept: KeptConfigurations
    private let given: ServiceConfiguration?
    private let keyPath: String

    init(dataDirectory: String, given: ServiceConfiguration?, identityKeyPath: String?) {
        kept = KeptConfigurations(dataDirectory: dataDirectory)
        self.given = given
        keyPath = identityKeyPath ?? dataDirectory + "/identity.key"
    }

    /// - Parameter sequence: Of the record.
    func assembly(
        for record: ConfigurationRecord, sequence: UInt64
    ) throws(ReplayError) -> (assembly: Assembly, limits: CoreLimits) {
        var found: AssemblySources?
        do throws(PlatformError) {
            if let name = record.kept { found = try kept.sources(of: name) }
        } catch {
            throw .unreadable(sequence: sequence, error)
        }
        guard let sources = found ?? given.map({ AssemblySources($0) }) else {
            throw .noConfiguration(sequence: sequence, kept: record.kept)
        }
        let origin = found == nil ? given?.file ?? "" : kept.path + "/" + (record.kept ?? "")
        let assembly = try assembly(sources, record, sequence)
        let differs = record.differences(from: assembly.plan, assembly.model)
        guard differs.isEmpty else {
            throw .otherConfiguration(sequence: sequence, file: origin, differs: differs)
        }
        return (assembly, record.limits ?? given?.core ?? CoreLimits())
    }

    private func assembly(
        _ sources: AssemblySources, _ record: ConfigurationRecord, _ sequence: UInt64
    ) throws(ReplayError) -> Assembly {
        var sources = sources
        // One that was refused then, or is not named, did not decide.
        if record.model == nil { sources.model = nil }
        let key = IdentityKey.existing(path: keyPath)
        let assembly: Assembly
        do throws(ConfigurationError) {
            assembly = try Assembly(sources, key.map { Pseudonymizer(key: $0) })
        } catch {
            throw .configuration(sequence: sequence, error)
        }
        if assembly.plan.usesIdentityKey, key == nil { throw .identityKey(sequence: sequence, path: keyPath) }
        if let problem = assembly.modelProblem { throw .model(sequence: sequence, problem) }
        return assembly
    }
}
