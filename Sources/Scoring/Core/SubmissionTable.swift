// Which transactions were decided lately: so that a repeated submission gets the same answer and counts once.
//
//   chunks: [ entry 0, entry 1, … entry 4095 | entry 4096, … ]      in order of arrival; the oldest chunk leaves whole
//   shards: key ─▶ number of its entry                              1,024 small open-addressing tables
//
// The table of keys is cut into many small ones, so that growing moves a few thousand places and never a million at
// once. Keys are hashes already and are not hashed again.

/// Where the edge put a record; the core only keeps it.
public struct RecordReference: Sendable, Hashable {
    public let segment: UInt64
    public let offset: UInt64
    public let length: UInt32

    public init(segment: UInt64, offset: UInt64, length: UInt32) {
        self.segment = segment
        self.offset = offset
        self.length = length
    }
}

public struct SubmissionLimits: Sendable, Equatable {
    /// How long a transaction id is remembered.
    public var retentionNanoseconds: Int64
    /// Past it the oldest are forgotten early, and counted.
    public var maximumTransactions: Int

    public init(retentionNanoseconds: Int64 = 86_400_000_000_000, maximumTransactions: Int = 5_000_000) {
        self.retentionNanoseconds = retentionNanoseconds
        self.maximumTransactions = maximumTransactions
    }
}

/// One remembered submission.
public struct Submission: Sendable, Equatable {
    public let sequence: UInt64
    public internal(set) var reference: RecordReference?
    /// The first eight bytes of the digest of what the payment said.
    let bodyDigest: UInt64
    let acceptedAtNanoseconds: Int64
}

struct SubmissionTable: Sendable {
    private static let shardBits = 10
    /// Entries that one insertion may forget, so that no payment pays for a million others.
    private static let forgottenPerInsertion = 4
    static let chunkEntries = 4_096

    struct Entry: Sendable {
        let key: UInt64
        var submission: Submission
    }

    private let limits: SubmissionLimits
    private var shards: [Shard]
    var chunks: [[Entry]] = []
    /// The number of the oldest entry that is kept, and the one that the next will get.
    private(set) var first: UInt64 = 0
    private(set) var next: UInt64 = 0
    private(set) var count = 0
    /// Forgotten before their time, because there were too many.
    private(set) var forgottenEarly = 0

    init(limits: SubmissionLimits) {
        precondition(limits.maximumTransactions > 0 && limits.retentionNanoseconds > 0, "\(limits)")
        self.limits = limits
        shards = [Shard](repeating: Shard(), count: 1 << Self.shardBits)
    }

    /// The submission under this key, if it is not too old at `now`.
    ///
    /// - Precondition: The key is not 0; a stable hash never is.
    func find(_ key: UInt64, at now: Int64) -> Submission? {
        guard let number = shards[shard(of: key)].number(of: key) else { return nil }
        let (chunk, place) = place(of: number)
        let submission = chunks[chunk][place].submission
        return isExpired(submission.acceptedAtNanoseconds, at: now) ? nil : submission
    }

    /// Remembers a submission; one that is there under the same key is replaced.
    mutating func insert(_ key: UInt64, _ submission: Submission) {
        forget(at: submission.acceptedAtNanoseconds)
        if shards[shard(of: key)].insert(key, number: next) { count += 1 }
        if next % UInt64(Self.chunkEntries) == 0 {
            var chunk: [Entry] = []
            chunk.reserveCapacity(Self.chunkEntries)
            chunks.append(chunk)
        }
        chunks[chunks.count - 1].append(Entry(key: key, submission: submission))
        next += 1
    }

    /// Tells where the record of a remembered submission was put.
    mutating func setReference(_ reference: RecordReference, for key: UInt64) {
        guard next > first else { return }
        var (chunk, place) = place(of: next - 1)  // most often it is the newest
        if chunks[chunk][place].key != key {
            guard let number = shards[shard(of: key)].number(of: key) else { return }
            (chunk, place) = self.place(of: number)
        }
        chunks[chunk][place].submission.reference = reference
    }

    /// Lets the keys lead to the entries that were read back, which are numbered from `first` on.
    mutating func restore(_ keys: [UInt64], first: UInt64, next: UInt64, forgottenEarly: Int) {
        (shards, count) = Shard.tables(of: keys, from: first, bits: Self.shardBits)
        self.first = first
        self.next = next
        self.forgottenEarly = forgottenEarly
    }

    private func shard(of key: UInt64) -> Int { Int(truncatingIfNeeded: key >> UInt64(64 - Self.shardBits)) }

    private func place(of number: UInt64) -> (chunk: Int, place: Int) {
        let chunkEntries = UInt64(Self.chunkEntries)
        return (Int(number / chunkEntries - first / chunkEntries), Int(number % chunkEntries))
    }

    private func isExpired(_ acceptedAt: Int64, at now: Int64) -> Bool {
        now - acceptedAt >= limits.retentionNanoseconds
    }

    private mutating func forget(at now: Int64) {
        for _ in 0..<Self.forgottenPerInsertion where first < next {
            let oldest = chunks[0][place(of: first).place]
            let isTooMany = count >= limits.maximumTransactions
            guard isTooMany || isExpired(oldest.submission.acceptedAtNanoseconds, at: now) else { return }
            // An entry that was replaced since is not the one that its key leads to.
            if shards[shard(of: oldest.key)].remove(oldest.key, number: first) {
                count -= 1
                if isTooMany { forgottenEarly += 1 }
            }
            first += 1
            if first % UInt64(Self.chunkEntries) == 0 { chunks.removeFirst() }
        }
    }
}

extension SubmissionTable {
    /// Open addressing with linear probing; a removal moves what stands behind it, so that nothing is left to clean up.
    struct Shard: Sendable {
        private static let leastPlaces = 4
        /// 0 is empty.
        private var keys: [UInt64] = []
        private var numbers: [UInt64] = []
        private var count = 0

        func number(of key: UInt64) -> UInt64? {
            guard let place = place(of: key), keys[place] == key else { return nil }
            return numbers[place]
        }

        /// - Returns: False where the key was there and leads to the new number now.
        mutating func insert(_ key: UInt64, number: UInt64) -> Bool {
            if (count + 1) * 4 > keys.count * 3 { grow() }
            guard let place = place(of: key) else { preconditionFailure("a full table") }
            let isNew = keys[place] != key
            if isNew { count += 1 }
            keys[place] = key
            numbers[place] = number
            return isNew
        }

        /// Removes the key where it leads to this number.
        mutating func remove(_ key: UInt64, number: UInt64) -> Bool {
            guard var hole = place(of: key), keys[hole] == key, numbers[hole] == number else { return false }
            count -= 1
            let mask = keys.count - 1
            var place = hole
            while true {
                place = (place + 1) & mask
                if keys[place] == 0 { break }
                // What stands here may move into the hole unless its own place lies behind the hole.
                let distance = (place - home(of: keys[place])) & mask
                guard distance >= (place - hole) & mask else { continue }
                keys[hole] = keys[place]
                numbers[hole] = numbers[place]
                hole = place
            }
            keys[hole] = 0
            return true
        }

        private func home(of key: UInt64) -> Int { Int(truncatingIfNeeded: key) & (keys.count - 1) }

        /// Where the key stands, or else the empty place where it would; nil in a table without places.
        private func place(of key: UInt64) -> Int? {
            guard !keys.isEmpty else { return nil }
            var place = home(of: key)
            while keys[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
            return place
        }

        /// The tables of all keys, each made at once and in its last size: keys in order of arrival would wait for the
        /// memory of a table each.
        ///
        /// - Returns: The tables by a key's first `bits`, and how many keys there are; of equal ones the last counts.
        static func tables(of keys: [UInt64], from first: UInt64, bits: Int) -> (shards: [Shard], count: Int) {
            func shard(of key: UInt64) -> Int { Int(truncatingIfNeeded: key >> UInt64(64 - bits)) }
            var shards = [Shard](repeating: Shard(), count: 1 << bits)
            var starts = [Int](repeating: 0, count: shards.count + 1)
            for key in keys { starts[shard(of: key) + 1] += 1 }
            for place in shards.indices { starts[place + 1] += starts[place] }
            var order = [Int](repeating: 0, count: keys.count)
            var ends = starts
            for place in keys.indices {
                let shard = shard(of: keys[place])
                order[ends[shard]] = place
                ends[shard] += 1
            }
            var count = 0
            for number in shards.indices {
                let members = starts[number]..<starts[number + 1]
                shards[number].reserve(members.count)
                for place in order[members] where shards[number].insert(keys[place], number: first + UInt64(place)) {
                    count += 1
                }
            }
            return (shards, count)
        }

        /// Takes the size that so many keys need.
        private mutating func reserve(_ keys: Int) {
            var places = self.keys.count
            while keys * 4 > places * 3 { places = max(Self.leastPlaces, places * 2) }
            if places > self.keys.count { grow(to: places) }
        }

        private mutating func grow() { grow(to: max(Self.leastPlaces, keys.count * 2)) }

        private mutating func grow(to places: Int) {
            let (oldKeys, oldNumbers) = (keys, numbers)
            keys = [UInt64](repeating: 0, count: places)
            numbers = [UInt64](repeating: 0, count: places)
            for i in oldKeys.indices where oldKeys[i] != 0 {
                guard let place = place(of: oldKeys[i]) else { continue }
                keys[place] = oldKeys[i]
                numbers[place] = oldNumbers[i]
            }
        }
    }
}
