// Where records went whose segment was given up after they had been told their place: a flush that the disk refused leaves the
// segment as far as it is sound, and what was to follow there goes into one of its own.

/// The moves of a log since it was opened. A place that is to outlive the process is resolved before it is kept.
public struct LogRelocations: Sendable {
    private struct Relocation: Sendable {
        let segment: UInt64
        let offset: UInt64
        let target: UInt64
    }

    private var relocations: [Relocation] = []

    /// - Parameter limit: Past it the oldest is forgotten.
    mutating func append(segment: UInt64, behind offset: UInt64, target: UInt64, limit: Int) {
        if relocations.count == limit { relocations.removeFirst() }
        relocations.append(Relocation(segment: segment, offset: offset, target: target))
    }

    /// Where a record lies that was appended at `position`.
    ///
    /// - Complexity: O(moves); most often there is none.
    public func resolve(_ position: LogPosition) -> LogPosition {
        var position = position
        for relocation in relocations
        where relocation.segment == position.segment && position.offset >= relocation.offset {
            position.segment = relocation.target
            position.offset -= relocation.offset
        }
        return position
    }
}
