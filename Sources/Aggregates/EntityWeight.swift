// What single entities weigh: for benchmarks, since it looks at every entity.

extension Aggregates {
    /// What half of the entities weigh at most, in bytes: their record, link and chunk of events, and an equal share of
    /// what else their kind holds: index, revisions, and room for others. 0 without entities.
    ///
    /// - Complexity: O(entities log entities).
    public var medianEntityBytes: Int {
        var weights: [Int] = []
        for table in tables { table.addWeights(to: &weights) }
        weights.sort()
        return weights.isEmpty ? 0 : weights[(weights.count - 1) / 2]
    }
}

extension EntityTable {
    fileprivate func addWeights(to weights: inout [Int]) {
        let first = weights.count
        var own = 0
        for entity in 0..<records.count {
            let capacity = Bounds(packed: records[entity, Layout.bounds]).capacity
            let chunk = EventArena.words(capacity: capacity, layout: layout)
            let bytes = (layout.recordWords + 1 + chunk) * MemoryLayout<UInt64>.stride
            weights.append(bytes)
            own += bytes
        }
        let share = max(0, statistics.bytes - own) / max(1, records.count)
        for place in first..<weights.count { weights[place] += share }
    }
}
