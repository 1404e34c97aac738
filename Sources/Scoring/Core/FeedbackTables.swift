// Which payments a label or an outcome may be about: kept only where a history asks for labels or outcomes.
//
//   TransactionTable   transaction ─▶ time, sequence, entities     of the latest payments; the oldest leave first
//   PendingFeedback    transaction ─▶ what was told of it          before its payment came; for some days
//
//   chunks: [ hash, time, sequence, key of each labelled kind | … 4,096 of these ]        hash ─▶ number by shards

import Aggregates
import Platform

public struct FeedbackLimits: Sendable, Equatable {
    /// Payments that a label or an outcome can still be about. Past it the oldest are forgotten, and counted.
    public var maximumTransactions: Int
    /// Labels and outcomes that wait for their payment. Past it the oldest are dropped, and counted.
    public var maximumPending: Int
    /// How long one waits, by the time at which it was received.
    public var pendingRetentionNanoseconds: Int64

    public init(
        maximumTransactions: Int = 2_000_000, maximumPending: Int = 100_000,
        pendingRetentionNanoseconds: Int64 = 7 * 86_400_000_000_000
    ) {
        self.maximumTransactions = maximumTransactions
        self.maximumPending = maximumPending
        self.pendingRetentionNanoseconds = pendingRetentionNanoseconds
    }
}

/// What the core knows of labels and outcomes.
public struct FeedbackStatistics: Sendable, Equatable {
    /// Payments that a label or an outcome can be about.
    public var transactions = 0
    /// Those that were forgotten for want of room.
    public var transactionsForgotten = 0
    /// Labels and outcomes that reached a history that keeps their payment.
    public var labelsKnown = 0
    public var outcomesKnown = 0
    /// Those whose payment no history keeps any more.
    public var tooLate = 0
    /// Those that wait for their payment now, and those that waited in vain.
    public var pending = 0
    public var unknownTransactions = 0

    public init() {}
}

struct TransactionTable: Sendable {
    private static let shardBits = 10
    private static let chunkEntries = 4_096
    /// Words of an entry before its keys.
    private static let keysOffset = 3

    private let limit: Int
    private var stride: Int
    private var shards: [SubmissionTable.Shard]
    private var chunks: [[UInt64]] = []
    /// The number of the oldest entry that is kept, and the one that the next will get.
    private var first: UInt64 = 0
    private var next: UInt64 = 0
    private(set) var count = 0
    private(set) var forgotten = 0

    /// - Parameter keys: How many keys a payment brings.
    init(limit: Int, keys: Int) {
        precondition(limit > 0)
        self.limit = limit
        stride = Self.keysOffset + keys
        shards = [SubmissionTable.Shard](repeating: SubmissionTable.Shard(), count: 1 << Self.shardBits)
    }

    /// Keeps other keys from now on.
    ///
    /// - Parameter sources: For each of them which of those before it is; nil: earlier payments have none of it.
    /// - Complexity: O(payments) where anything changes, else O(keys).
    mutating func rearrange(_ sources: [Int?]) {
        let keys = stride - Self.keysOffset
        guard sources != (0..<keys).map({ Optional($0) }) else { return }
        for i in chunks.indices {
            let old = chunks[i]
            var chunk: [UInt64] = []
            chunk.reserveCapacity(Self.chunkEntries * (Self.keysOffset + sources.count))
            for start in Swift.stride(from: 0, to: old.count, by: stride) {
                chunk.append(contentsOf: old[start..<(start + Self.keysOffset)])
                for source in sources { chunk.append(source.map { old[start + Self.keysOffset + $0] } ?? 0) }
            }
            chunks[i] = chunk
        }
        stride = Self.keysOffset + sources.count
    }

    struct Place {
        fileprivate let chunk: Int
        fileprivate let offset: Int
    }

    func find(_ hash: UInt64) -> Place? {
        guard let number = shards[shard(of: hash)].number(of: hash) else { return nil }
        return place(of: number)
    }

    func timeMicroseconds(at place: Place) -> Int64 { Int64(bitPattern: chunks[place.chunk][place.offset + 1]) }

    func sequence(at place: Place) -> UInt64 { chunks[place.chunk][place.offset + 2] }

    func key(_ number: Int, at place: Place) -> UInt64 {
        chunks[place.chunk][place.offset + Self.keysOffset + number]
    }

    /// Remembers a payment; an earlier one of the same transaction is no longer found.
    ///
    /// - Parameters:
    ///   - keys: Of all kinds of entities.
    ///   - labelled: Which of them are kept here.
    mutating func insert(
        _ hash: UInt64, timeMicroseconds: Int64, sequence: UInt64, keys: [UInt64], labelled: [Int]
    ) {
        if count >= limit { forgetOldest() }
        if shards[shard(of: hash)].insert(hash, number: next) { count += 1 }
        if next % UInt64(Self.chunkEntries) == 0 {
            var chunk: [UInt64] = []
            chunk.reserveCapacity(Self.chunkEntries * stride)
            chunks.append(chunk)
        }
        let last = chunks.count - 1
        chunks[last].append(hash)
        chunks[last].append(UInt64(bitPattern: timeMicroseconds))
        chunks[last].append(sequence)
        for entity in labelled { chunks[last].append(keys[entity]) }
        next += 1
    }

    private mutating func forgetOldest() {
        while first < next {
            let oldest = place(of: first)
            let hash = chunks[oldest.chunk][oldest.offset]
            let wasFound = shards[shard(of: hash)].remove(hash, number: first)
            first += 1
            if first % UInt64(Self.chunkEntries) == 0 { chunks.removeFirst() }
            // One that was replaced since is not the one that its hash leads to.
            guard wasFound else { continue }
            count -= 1
            forgotten += 1
            return
        }
    }

    private func shard(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> UInt64(64 - Self.shardBits)) }

    private func place(of number: UInt64) -> Place {
        let entries = UInt64(Self.chunkEntries)
        return Place(chunk: Int(number / entries - first / entries), offset: Int(number % entries) * stride)
    }
}

/// Labels and outcomes that came before their payment.
struct PendingFeedback: Sendable {
    struct Told: Sendable, Equatable {
        let knowledge: Aggregates.Knowledge
        let knownAtMicroseconds: Int64
        fileprivate let serial: UInt64
    }

    private struct Queued: Sendable {
        let hash: UInt64
        let serial: UInt64
        let receivedAtNanoseconds: Int64
    }

    private let limit: Int
    private let retentionNanoseconds: Int64
    private var byTransaction: [UInt64: [Told]] = [:]
    /// In the order in which they came, from `head` on; some of them have found their payment.
    private var queue: [Queued] = []
    private var head = 0
    private var serial: UInt64 = 0
    private(set) var count = 0
    /// Dropped because their payment did not come in time, or because there were too many.
    private(set) var dropped = 0

    init(limits: FeedbackLimits) {
        precondition(limits.maximumPending > 0 && limits.pendingRetentionNanoseconds > 0, "\(limits)")
        limit = limits.maximumPending
        retentionNanoseconds = limits.pendingRetentionNanoseconds
    }

    var isEmpty: Bool { count == 0 }

    mutating func add(
        _ hash: UInt64, _ knowledge: Aggregates.Knowledge, knownAtMicroseconds: Int64,
        receivedAtNanoseconds: Int64
    ) {
        expire(at: receivedAtNanoseconds)
        while count >= limit { dropOldest() }
        serial += 1
        byTransaction[hash, default: []].append(
            Told(knowledge: knowledge, knownAtMicroseconds: knownAtMicroseconds, serial: serial))
        queue.append(Queued(hash: hash, serial: serial, receivedAtNanoseconds: receivedAtNanoseconds))
        count += 1
    }

    /// What was told of a transaction, in the order in which it was told; nothing of it waits any longer.
    mutating func take(_ hash: UInt64) -> [Told] {
        guard let told = byTransaction.removeValue(forKey: hash) else { return [] }
        count -= told.count
        if count == 0 {
            queue.removeAll()
            head = 0
        }
        return told
    }

    /// Drops what has waited too long.
    mutating func expire(at now: Int64) {
        while head < queue.count, now - retentionNanoseconds >= queue[head].receivedAtNanoseconds { dropOldest() }
    }

    private mutating func dropOldest() {
        guard head < queue.count else { return }
        let oldest = queue[head]
        head += 1
        if head >= 1_024, head * 2 >= queue.count {
            queue.removeFirst(head)
            head = 0
        }
        guard byTransaction[oldest.hash]?.first?.serial == oldest.serial else { return }
        byTransaction[oldest.hash]?.removeFirst()
        if byTransaction[oldest.hash]?.isEmpty == true { byTransaction[oldest.hash] = nil }
        count -= 1
        dropped += 1
    }
}

// MARK: The tables as words, to be kept and read back

extension TransactionTable {
    /// first, next, forgotten | entries from the front of the oldest chunk on
    func write(to encoder: inout StateEncoder) throws(PlatformError) {
        try encoder.put(first)
        try encoder.put(next)
        try encoder.put(UInt64(forgotten))
        for chunk in chunks { try encoder.put(chunk.span) }
    }

    /// Reads back what `write` wrote; the shards are made anew.
    init(limit: Int, keys: Int, from decoder: inout StateDecoder) throws(StateError) {
        self.init(limit: limit, keys: keys)
        let (first, next) = (try decoder.word(), try decoder.word())
        guard first <= next, next < .max / 2, let forgotten = Int(exactly: try decoder.word()) else {
            throw .malformed(.feedback, reason: "transactions \(first) to \(next)")
        }
        var number = first / UInt64(Self.chunkEntries) * UInt64(Self.chunkEntries)
        var entry = [UInt64](repeating: 0, count: stride)
        while number < next {
            var span = entry.mutableSpan
            try decoder.fill(&span)
            guard entry[0] != 0 else { throw .malformed(.feedback, reason: "a transaction without a hash") }
            if number % UInt64(Self.chunkEntries) == 0 {
                var chunk: [UInt64] = []
                chunk.reserveCapacity(Self.chunkEntries * stride)
                chunks.append(chunk)
            }
            chunks[chunks.count - 1].append(contentsOf: entry)
            if number >= first, shards[shard(of: entry[0])].insert(entry[0], number: number) { count += 1 }
            number += 1
        }
        self.first = first
        self.next = next
        self.forgotten = forgotten
    }
}

extension PendingFeedback {
    private static let entryWords = 5
    /// An outcome's code is this much above its raw value, a label's is its raw value.
    private static let outcomeCode: UInt64 = 8

    /// serial, dropped, count | for each that waits: hash, serial, received, knowledge, known; in order of arrival
    func write(to encoder: inout StateEncoder) throws(PlatformError) {
        try encoder.put(serial)
        try encoder.put(UInt64(dropped))
        try encoder.put(UInt64(count))
        for queued in queue[head...] {
            guard let told = byTransaction[queued.hash]?.first(where: { $0.serial == queued.serial }) else { continue }
            let code: UInt64 =
                switch told.knowledge {
                case .label(let label): UInt64(label.rawValue)
                case .outcome(let outcome): Self.outcomeCode + UInt64(outcome.rawValue)
                }
            let words = [
                queued.hash, queued.serial, UInt64(bitPattern: queued.receivedAtNanoseconds), code,
                UInt64(bitPattern: told.knownAtMicroseconds),
            ]
            try encoder.put(words.span)
        }
    }

    /// Reads back what `write` wrote; what has found its payment since it came is left out, for nothing asks for it.
    init(limits: FeedbackLimits, from decoder: inout StateDecoder) throws(StateError) {
        self.init(limits: limits)
        let (serial, dropped, waiting) = (try decoder.word(), try decoder.word(), try decoder.word())
        guard waiting <= UInt64(limit), let dropped = Int(exactly: dropped) else {
            throw .malformed(.feedback, reason: "\(waiting) that wait")
        }
        var words = [UInt64](repeating: 0, count: Self.entryWords)
        for _ in 0..<Int(waiting) {
            var span = words.mutableSpan
            try decoder.fill(&span)
            guard words[1] <= serial else { throw .malformed(.feedback, reason: "a serial number to come") }
            let told = Told(
                knowledge: try Self.knowledge(words[3]), knownAtMicroseconds: Int64(bitPattern: words[4]),
                serial: words[1])
            byTransaction[words[0], default: []].append(told)
            queue.append(
                Queued(
                    hash: words[0], serial: words[1], receivedAtNanoseconds: Int64(bitPattern: words[2])))
        }
        self.serial = serial
        self.dropped = dropped
        count = Int(waiting)
    }

    private static func knowledge(_ code: UInt64) throws(StateError) -> Aggregates.Knowledge {
        if code < outcomeCode, let label = LabelState(rawValue: UInt8(code)) { return .label(label) }
        if code >= outcomeCode, code < 2 * outcomeCode, let outcome = OutcomeState(rawValue: UInt8(code - outcomeCode))
        {
            return .outcome(outcome)
        }
        throw .malformed(.feedback, reason: "knowledge \(code)")
    }
}
