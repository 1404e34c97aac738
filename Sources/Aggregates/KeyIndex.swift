// Which entity has a key: open addressing with linear probing in 256 shards, chosen by the top bits of the mixed key.
// A slot holds 32 further bits of the mixed key and the entity's number plus one; 0 is empty. A shard doubles by
// itself at three quarters full, so that no growth moves more than a 256th of the entities, and the entities themselves
// are read only where the bits agree. Any key is possible, 0 too.

struct KeyIndex: Sendable {
    static let shardCount = 256
    static let smallestShard = 16

    private var shards: [[UInt64]]
    private var counts: [Int]
    private(set) var bytes = 0

    init() {
        shards = Array(repeating: [], count: Self.shardCount)
        counts = Array(repeating: 0, count: Self.shardCount)
    }

    /// A key's shard and its bits within it.
    struct Place {
        let shard: Int
        let bits: UInt64

        @inline(__always)
        init(_ key: UInt64) {
            let word = mixed(key)
            shard = Int(truncatingIfNeeded: word >> 56)
            bits = (word >> 24) & 0xFFFF_FFFF
        }
    }

    /// The entity at the place for which `matches` holds.
    @inline(__always)
    func find(_ place: Place, where matches: (Int) -> Bool) -> Int? {
        let mask = shards[place.shard].count - 1
        guard mask >= 0 else { return nil }
        var position = Int(truncatingIfNeeded: place.bits) & mask
        while true {
            let slot = shards[place.shard][position]
            if slot == 0 { return nil }
            if slot >> 32 == place.bits {
                let entity = lowHalf(slot) - 1
                if matches(entity) { return entity }
            }
            position = (position + 1) & mask
        }
    }

    mutating func insert(_ place: Place, entity: Int) {
        let capacity = shards[place.shard].count
        if (counts[place.shard] + 1) * 4 > capacity * 3 {
            grow(place.shard)
        }
        counts[place.shard] += 1
        Self.insert(place.bits << 32 | UInt64(entity + 1), into: &shards[place.shard])
    }

    /// Takes an entity out and closes the gap, so that probing never meets graves.
    mutating func remove(_ place: Place, entity: Int) {
        let slot = place.bits << 32 | UInt64(entity + 1)
        counts[place.shard] -= 1
        Self.remove(slot, from: &shards[place.shard])
    }

    private static func insert(_ slot: UInt64, into slots: inout [UInt64]) {
        let mask = slots.count - 1
        var position = highHalf(slot) & mask
        while slots[position] != 0 {
            position = (position + 1) & mask
        }
        slots[position] = slot
    }

    private static func remove(_ slot: UInt64, from slots: inout [UInt64]) {
        let mask = slots.count - 1
        var gap = highHalf(slot) & mask
        while slots[gap] != slot {
            precondition(slots[gap] != 0, "an entity that leaves has a slot")
            gap = (gap + 1) & mask
        }
        var position = (gap + 1) & mask
        while slots[position] != 0 {
            // A slot may move back to the gap unless its home lies after the gap.
            let home = highHalf(slots[position]) & mask
            if (position - home) & mask >= (position - gap) & mask {
                slots[gap] = slots[position]
                gap = position
            }
            position = (position + 1) & mask
        }
        slots[gap] = 0
    }

    private mutating func grow(_ shard: Int) {
        let old = shards[shard]
        var new = [UInt64](repeating: 0, count: max(Self.smallestShard, old.count * 2))
        for slot in old where slot != 0 {
            Self.insert(slot, into: &new)
        }
        bytes += (new.count - old.count) * MemoryLayout<UInt64>.stride
        shards[shard] = new
    }
}
