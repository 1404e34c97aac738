// Which payments a label or an outcome may be about: kept only where a history asks for labels or outcomes.
//
//   TransactionTable   transaction ─▶ time, sequence, entities     of the latest payments; the oldest leave first
//   PendingFeedback    transaction ─▶ what was told of it          before its payment came; for some days
//
//   chunks: [ hash, time, sequence, key of each labelled kind | … 4,096 of these ]        hash ─▶ number by shards
//
// A chunk keeps the keys that were asked for when it was begun, and which of them today's are: another plan's keys cost a few
// words a chunk, not a word a payment.

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
    /// Entries that one insertion may forget, so that no payment pays for a million others.
    private static let forgottenPerInsertion = 4

    private struct Chunk: Sendable {
        var words: [UInt64] = []
        /// Words of an entry.
        let stride: Int
        /// For each key that is asked for where it stands in an entry; nil: these payments have none of it.
        var offsets: [Int?]

        init(keys: Int) {
            stride = keysOffset + keys
            offsets = (0..<keys).map { keysOffset + $0 }
            words.reserveCapacity(chunkEntries * stride)
        }

        /// Whether its entries have the keys that are asked for, and no others, in their order.
        var isCurrent: Bool {
            offsets.count == stride - keysOffset && offsets.indices.allSatisfy { offsets[$0] == keysOffset + $0 }
        }

        /// The same entries with the keys that are asked for, in their order.
        var rewritten: Chunk {
            var chunk = Chunk(keys: offsets.count)
            for start in Swift.stride(from: 0, to: words.count, by: stride) {
                chunk.words.append(contentsOf: words[start..<(start + keysOffset)])
                for offset in offsets { chunk.words.append(offset.map { words[start + $0] } ?? 0) }
            }
            return chunk
        }
    }

    private let limit: Int
    /// How many keys a payment brings.
    private var keys: Int
    private var shards: [SubmissionTable.Shard]
    private var chunks: [Chunk] = []
    /// The number of the oldest entry that is kept, and the one that the next will get.
    private var first: UInt64 = 0
    private var next: UInt64 = 0
    private(set) var count = 0
    private(set) var forgotten = 0

    /// - Parameter keys: How many keys a payment brings.
    init(limit: Int, keys: Int) {
        precondition(limit > 0)
        self.limit = limit
        self.keys = keys
        shards = [SubmissionTable.Shard](repeating: SubmissionTable.Shard(), count: 1 << Self.shardBits)
    }

    /// Keeps other keys from now on.
    ///
    /// - Parameter sources: For each of them which of those before it is; nil: earlier payments have none of it.
    /// - Complexity: O(keys × payments / 4,096 + 4,096) where anything changes, else O(keys).
    mutating func rearrange(_ sources: [Int?]) {
        guard sources != (0..<keys).map({ Optional($0) }) else { return }
        keys = sources.count
        for i in chunks.indices {
            let offsets = chunks[i].offsets
            chunks[i].offsets = sources.map { $0.flatMap { offsets[$0] } }
        }
        // The payments to come go on in the last one.
        if let last = chunks.indices.last { chunks[last] = chunks[last].rewritten }
    }

    struct Place {
        fileprivate let chunk: Int
        fileprivate let offset: Int
    }

    func find(_ hash: UInt64) -> Place? {
        guard let number = shards[shard(of: hash)].number(of: hash) else { return nil }
        return place(of: number)
    }

    func timeMicroseconds(at place: Place) -> Int64 { Int64(bitPattern: chunks[place.chunk].words[place.offset + 1]) }

    func sequence(at place: Place) -> UInt64 { chunks[place.chunk].words[place.offset + 2] }

    /// 0 where the payment has none.
    func key(_ number: Int, at place: Place) -> UInt64 {
        chunks[place.chunk].offsets[number].map { chunks[place.chunk].words[place.offset + $0] } ?? 0
    }

    /// Remembers a payment; an earlier one of the same transaction is no longer found.
    ///
    /// - Parameters:
    ///   - keys: Of all kinds of entities.
    ///   - labelled: Which of them are kept here.
    mutating func insert(
        _ hash: UInt64, timeMicroseconds: Int64, sequence: UInt64, keys: [UInt64], labelled: [Int]
    ) {
        for _ in 0..<Self.forgottenPerInsertion where next - first >= UInt64(limit) { forgetOldest() }
        if shards[shard(of: hash)].insert(hash, number: next) { count += 1 }
        if next % UInt64(Self.chunkEntries) == 0 { chunks.append(Chunk(keys: self.keys)) }
        let last = chunks.count - 1
        chunks[last].words.append(hash)
        chunks[last].words.append(UInt64(bitPattern: timeMicroseconds))
        chunks[last].words.append(sequence)
        for entity in labelled { chunks[last].words.append(keys[entity]) }
        next += 1
    }

    private mutating func forgetOldest() {
        let oldest = place(of: first)
        let hash = chunks[oldest.chunk].words[oldest.offset]
        // One that was replaced since is not the one that its hash leads to.
        if shards[shard(of: hash)].remove(hash, number: first) {
            count -= 1
            forgotten += 1
        }
        first += 1
        if first % UInt64(Self.chunkEntries) == 0 { chunks.removeFirst() }
    }

    private func shard(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> UInt64(64 - Self.shardBits)) }

    private func place(of number: UInt64) -> Place {
        let entries = UInt64(Self.chunkEntries)
        let chunk = Int(number / entries - first / entries)
        return Place(chunk: chunk, offset: Int(number % entries) * chunks[chunk].stride)
    }
}

/// Labels and outcomes that came before their payment.
struct PendingFeedback: Sendable {
    struct Told: Sendable, Equatable {
        let knowledge: Aggregates.Knowledge
        let knownAtMicroseconds: Int64
        fileprivate let serial: UInt64
    }

    struct Queued: Sendable {
        /// 0 where it has found its payment.
        fileprivate var hash: UInt64
        fileprivate let serial: UInt64
        fileprivate let receivedAtNanoseconds: Int64
    }

    private let limit: Int
    private let retentionNanoseconds: Int64
    private var byTransaction: [UInt64: [Told]] = [:]
    /// Entries of the queue that may have found their payment, beside as many as wait.
    private static let spareEntries = 1_024

    /// In the order in which they came, from `head` on; some of them have found their payment.
    private(set) var queue: [Queued] = []
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
        for one in told { queue[place(of: one.serial)].hash = 0 }
        count -= told.count
        while head < queue.count, queue[head].hash == 0 { head += 1 }
        if queue.count - head > 2 * count + Self.spareEntries {
            queue = queue[head...].filter { $0.hash != 0 }
            head = 0
        }
        dropFront()
        return told
    }

    /// Where one that waits stands: their serial numbers rise.
    private func place(of serial: UInt64) -> Int {
        var (low, high) = (head, queue.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].serial < serial { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Gives the memory before `head` back, now and then.
    private mutating func dropFront() {
        guard head >= Self.spareEntries, head * 2 >= queue.count else { return }
        queue.removeFirst(head)
        head = 0
    }

    /// Drops what has waited too long.
    mutating func expire(at now: Int64) {
        while head < queue.count, now - retentionNanoseconds >= queue[head].receivedAtNanoseconds { dropOldest() }
    }

    private mutating func dropOldest() {
        guard head < queue.count else { return }
        let oldest = queue[head]
        head += 1
        dropFront()
        guard oldest.hash != 0 else { return }
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
        for chunk in chunks {
            let words = chunk.isCurrent ? chunk.words : chunk.rewritten.words
            try encoder.put(words.span)
        }
    }

    /// Reads back what `write` wrote; the shards are made anew.
    init(limit: Int, keys: Int, from decoder: inout StateDecoder) throws(StateError) {
        self.init(limit: limit, keys: keys)
        let (first, next) = (try decoder.word(), try decoder.word())
        guard first <= next, next < .max / 2, let forgotten = Int(exactly: try decoder.word()) else {
            throw .malformed(.feedback, reason: "transactions \(first) to \(next)")
        }
        var number = first / UInt64(Self.chunkEntries) * UInt64(Self.chunkEntries)
        var entry = [UInt64](repeating: 0, count: Self.keysOffset + keys)
        while number < next {
            var span = entry.mutableSpan
            try decoder.fill(&span)
            guard entry[0] != 0 else { throw .malformed(.feedback, reason: "a transaction without a hash") }
            if number % UInt64(Self.chunkEntries) == 0 { chunks.append(Chunk(keys: keys)) }
            chunks[chunks.count - 1].words.append(contentsOf: entry)
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
        for queued in queue[head...] where queued.hash != 0 {
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
            guard words[0] != 0, words[1] <= serial, words[1] > queue.last?.serial ?? 0 else {
                throw .malformed(.feedback, reason: "a serial number out of order, or no transaction")
            }
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
