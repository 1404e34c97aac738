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

// MARK: As words, to be kept and read back

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
        var hashes: [UInt64] = []
        while number < next {
            var span = entry.mutableSpan
            try decoder.fill(&span)
            guard entry[0] != 0 else { throw .malformed(.feedback, reason: "a transaction without a hash") }
            if number % UInt64(Self.chunkEntries) == 0 { chunks.append(Chunk(keys: keys)) }
            chunks[chunks.count - 1].words.append(contentsOf: entry)
            if number >= first { hashes.append(entry[0]) }
            number += 1
        }
        (shards, count) = SubmissionTable.Shard.tables(of: hashes, from: first, bits: Self.shardBits)
        self.first = first
        self.next = next
        self.forgotten = forgotten
    }
}
