// What stands at the front of a snapshot: of which histories it is a state, and behind which record of the log. It is read
// before anything else, so that a snapshot that can't be used costs nothing.

import Platform

public struct SnapshotHeader: Sendable, Equatable {
    /// The last input that is in the state.
    public var sequence: UInt64
    /// Where the record of that input stands, and its chain: 64 hexadecimal digits.
    public var reference: RecordReference
    public var chain: [UInt8]
    /// The wall clock when it was taken, in nanoseconds since 1970; for people.
    public var takenAtNanoseconds: Int64
    /// `ScoringPlan.stateIdentity`.
    public var identity: SHA256Digest
    /// The digests of the last configuration record, as it has them.
    public var configuration: [UInt8]

    static let maximumConfigurationBytes = 65_536

    public init(
        sequence: UInt64, reference: RecordReference, chain: [UInt8], takenAtNanoseconds: Int64,
        identity: SHA256Digest, configuration: [UInt8]
    ) {
        self.sequence = sequence
        self.reference = reference
        self.chain = chain
        self.takenAtNanoseconds = takenAtNanoseconds
        self.identity = identity
        self.configuration = configuration
    }

    func write(to encoder: inout StateEncoder) throws(PlatformError) {
        try encoder.begin(.header)
        try encoder.put(StateFormat.magic)
        try encoder.put(StateFormat.version)
        try encoder.put(sequence)
        try encoder.put(reference.segment)
        try encoder.put(reference.offset)
        try encoder.put(UInt64(reference.length))
        try encoder.put(bytes: chain)
        try encoder.put(UInt64(bitPattern: takenAtNanoseconds))
        try encoder.put(bytes: Array(identity.hexadecimal.utf8))
        try encoder.put(bytes: configuration)
    }

    /// Reads the header of a state.
    public init(from decoder: inout StateDecoder) throws(StateError) {
        try decoder.begin(.header)
        guard try decoder.word() == StateFormat.magic else { throw .unknownFormat }
        let version = try decoder.word()
        guard version == StateFormat.version else { throw .otherVersion(version) }
        sequence = try decoder.word()
        let segment = try decoder.word()
        let offset = try decoder.word()
        guard let length = UInt32(exactly: try decoder.word()) else {
            throw .malformed(.header, reason: "the length of a record")
        }
        reference = RecordReference(segment: segment, offset: offset, length: length)
        chain = try decoder.bytes(maximum: SHA256Digest.byteCount * 2)
        takenAtNanoseconds = Int64(bitPattern: try decoder.word())
        let digits = try decoder.bytes(maximum: SHA256Digest.byteCount * 2)
        guard let identity = SHA256Digest(hexadecimal: String(decoding: digits, as: UTF8.self)) else {
            throw .malformed(.header, reason: "the digest of the histories")
        }
        self.identity = identity
        configuration = try decoder.bytes(maximum: Self.maximumConfigurationBytes)
    }
}

extension ScoringPlan {
    /// A digest of all that gives a state's words their meaning: what is kept for which entities, how it is computed, also
    /// what past features are computed from, and within which limits. Equal digests, and only they, let a state be read back; everything that is planned is in the
    /// plan's own description, so what is added to it is in here by itself.
    public func stateIdentity(limits: CoreLimits) -> SHA256Digest {
        var lines = ["limits \(limits)", "plan \(historyPlan)"]
        if let governor = policy.governor { lines.append("governor \(governor)") }
        lines += entities.map { "entity \($0)" }
        lines += columns.map { "column \($0)" }
        lines += histories.map { "history \($0.entity) \($0.read) \(identity(of: $0))" }
        return SHA256.hash(lines.joined(separator: "\n"))
    }
}
