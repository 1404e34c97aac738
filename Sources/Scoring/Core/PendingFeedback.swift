// What was told of payments before they came: it waits for them for some days, and what has found its payment leaves.

import Aggregates
import Platform

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
    /// By the low bits of the hash, so that neither growing nor the first change behind a copy moves all of them.
    private var byTransaction: [[UInt64: [Told]]]
    /// Entries of the queue that may have found their payment, beside as many as wait.
    private static let spareEntries = 1_024

    /// In the order in which they came, in chunks, from `head` of the first on; some of them have found their payment.
    private(set) var queue: [[Queued]] = []
    private var head = 0
    private var serial: UInt64 = 0
    private(set) var count = 0
    /// Dropped because their payment did not come in time, or because there were too many.
    private(set) var dropped = 0

    init(limits: FeedbackLimits) {
        precondition(limits.maximumPending > 0 && limits.pendingRetentionNanoseconds > 0, "\(limits)")
        limit = limits.maximumPending
        retentionNanoseconds = limits.pendingRetentionNanoseconds
        byTransaction = Array(repeating: [:], count: Self.shardCount)
    }

    var isEmpty: Bool { count == 0 }

    private static let shardCount = 128
    private static let chunkEntries = 1_024

    private func shard(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (Self.shardCount - 1) }

    /// The one that has waited longest, unless all have left.
    private var oldest: Queued? {
        guard let chunk = queue.first, head < chunk.count else { return nil }
        return chunk[head]
    }

    private mutating func enqueue(_ queued: Queued) {
        if queue.last.map({ $0.count == Self.chunkEntries }) ?? true { queue.append([]) }
        queue[queue.count - 1].append(queued)
    }

    mutating func add(
        _ hash: UInt64, _ knowledge: Aggregates.Knowledge, knownAtMicroseconds: Int64,
        receivedAtNanoseconds: Int64
    ) {
        expire(at: receivedAtNanoseconds)
        while count >= limit { dropOldest() }
        serial += 1
        byTransaction[shard(of: hash)][hash, default: []].append(
            Told(knowledge: knowledge, knownAtMicroseconds: knownAtMicroseconds, serial: serial))
        enqueue(Queued(hash: hash, serial: serial, receivedAtNanoseconds: receivedAtNanoseconds))
        count += 1
    }

    /// What was told of a transaction, in the order in which it was told; nothing of it waits any longer.
    mutating func take(_ hash: UInt64) -> [Told] {
        guard count > 0, let told = byTransaction[shard(of: hash)].removeValue(forKey: hash) else { return [] }
        for one in told { markFound(one.serial) }
        count -= told.count
        while let oldest, oldest.hash == 0 { dropFirst() }
        if queue.count * Self.chunkEntries - head > 2 * count + Self.spareEntries + Self.chunkEntries {
            let waiting = queue.joined().dropFirst(head).filter { $0.hash != 0 }
            queue = []
            head = 0
            for queued in waiting { enqueue(queued) }
        }
        return told
    }

    /// Marks one that waited: serial numbers rise from chunk to chunk, and within them.
    private mutating func markFound(_ serial: UInt64) {
        let chunk = Self.countBefore(queue.count) { queue[$0][0].serial <= serial } - 1
        let place = Self.countBefore(queue[chunk].count) { queue[chunk][$0].serial < serial }
        queue[chunk][place].hash = 0
    }

    /// How many of the numbers from 0 on meet a condition that holds up to one of them.
    private static func countBefore(_ count: Int, _ holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func dropFirst() {
        head += 1
        guard head == Self.chunkEntries else { return }
        queue.removeFirst()
        head = 0
    }

    /// Drops what has waited too long.
    mutating func expire(at now: Int64) {
        while let oldest, now - retentionNanoseconds >= oldest.receivedAtNanoseconds { dropOldest() }
    }

    private mutating func dropOldest() {
        guard let oldest else { return }
        dropFirst()
        guard oldest.hash != 0 else { return }
        let shard = shard(of: oldest.hash)
        byTransaction[shard][oldest.hash]?.removeFirst()
        if byTransaction[shard][oldest.hash]?.isEmpty == true { byTransaction[shard][oldest.hash] = nil }
        count -= 1
        dropped += 1
    }
}

// MARK: As words, to be kept and read back

extension PendingFeedback {
    private static let entryWords = 5
    /// An outcome's code is this much above its raw value, a label's is its raw value.
    private static let outcomeCode: UInt64 = 8

    /// serial, dropped, count | for each that waits: hash, serial, received, knowledge, known; in order of arrival
    func write(to encoder: inout StateEncoder) throws(PlatformError) {
        try encoder.put(serial)
        try encoder.put(UInt64(dropped))
        try encoder.put(UInt64(count))
        for queued in queue.joined().dropFirst(head) where queued.hash != 0 {
            let waiting = byTransaction[shard(of: queued.hash)][queued.hash]
            guard let told = waiting?.first(where: { $0.serial == queued.serial }) else { continue }
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
            guard words[0] != 0, words[1] <= serial, words[1] > queue.last?.last?.serial ?? 0 else {
                throw .malformed(.feedback, reason: "a serial number out of order, or no transaction")
            }
            let told = Told(
                knowledge: try Self.knowledge(words[3]), knownAtMicroseconds: Int64(bitPattern: words[4]),
                serial: words[1])
            byTransaction[shard(of: words[0])][words[0], default: []].append(told)
            enqueue(Queued(hash: words[0], serial: words[1], receivedAtNanoseconds: Int64(bitPattern: words[2])))
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
