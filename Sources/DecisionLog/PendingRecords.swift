// PendingRecords.swift: the records that the kernel does not have yet, in memory, and every decision about them that
// needs no disk: where a record will lie, when a segment is full, what is dropped when memory is, and where records go
// whose segment was given up. The records of one segment that wait together are a batch, and go out in one write:
//
//   appended ─▶ [ batch: segment 1, byte 900… ][ batch: segment 57, byte 0… ] ◀─ filling
//                 └ in flight: one thread writes it
import Platform

/// Lines that wait for one write into one segment.
///
/// `@unchecked Sendable`: changed only under the writer's lock, and not at all while in flight.
final class Batch: @unchecked Sendable {
    var bytes: [UInt8] = []
    var segment: UInt64 = 0
    /// Where the batch begins in the segment.
    var offset: UInt64 = 0
    var first: UInt64 = 0
    var last: UInt64 = 0
}

/// The queue of batches and the state of the chain.
struct PendingRecords {
    /// Memory of a written batch is kept for the next one up to this.
    static let spareBytesLimit = 8 << 20
    /// Segments given up after a failed flush that positions are still followed from.
    static let relocationLimit = 1_024

    let segmentBytes: UInt64
    let bytesLimit: Int

    /// The sequence number that `append` expects.
    private(set) var nextSequence: UInt64
    private(set) var recordedThrough: UInt64
    private(set) var pendingBytes = 0
    private(set) var droppedRecords: UInt64 = 0
    private(set) var isInFlight = false

    private var chain: [UInt8]
    /// The last line that was appended or read back.
    private var lastLine: LogPosition?
    private var segment: UInt64
    private var segmentLength: UInt64
    private var batches: [Batch] = []
    private var spare: Batch?
    /// Records dropped and not yet written down as a gap.
    private var openGap: ClosedRange<UInt64>?
    /// The last gap that was written down.
    private var lastGap: ClosedRange<UInt64>?
    private(set) var relocations = LogRelocations()

    /// Goes on behind a log that ends before `nextSequence` with `chain`, in a segment of `segmentLength` bytes.
    init(
        options: LogOptions, nextSequence: UInt64, chain: [UInt8], lastLine: LogPosition?, segment: UInt64,
        segmentLength: UInt64
    ) {
        segmentBytes = UInt64(max(1, options.segmentBytes))
        bytesLimit = max(1, options.pendingBytesLimit)
        self.nextSequence = nextSequence
        recordedThrough = nextSequence - 1
        self.chain = chain
        self.lastLine = lastLine
        self.segment = segment
        self.segmentLength = segmentLength
    }

    /// Whether nothing waits and nothing is unsaid.
    var isEmpty: Bool { batches.isEmpty && openGap == nil }

    /// The sequence number of the first line that is not recorded, or would come next.
    var firstUnrecorded: UInt64 { batches.first?.first ?? openGap?.lowerBound ?? nextSequence }

    /// Whether a record was dropped (as far as the last two gaps tell).
    func isDropped(_ sequence: UInt64) -> Bool {
        openGap?.contains(sequence) == true || lastGap?.contains(sequence) == true
    }

    /// Puts a record in line, or drops it when there is no room.
    mutating func append(sequence: UInt64, body: Span<UInt8>) -> AppendResult {
        precondition(sequence == nextSequence, "record \(sequence) was given where \(nextSequence) comes next")
        precondition(!body.isEmpty, "record \(sequence) has no members")
        nextSequence += 1
        let length = LogFormat.lineBytes(sequence: sequence, bodyBytes: body.count)
        if openGap != nil && pendingBytes <= bytesLimit / 2 { closeGap() }
        if openGap != nil || pendingBytes + length + 1 > bytesLimit || length > LogFormat.maximumLineBytes {
            openGap = (openGap?.lowerBound ?? sequence)...sequence
            droppedRecords += 1
            return .dropped
        }
        return .appended(add(sequence: sequence, through: sequence, body: body, length: length))
    }

    /// Writes down what was dropped, so that the log goes on without a hole.
    private mutating func closeGap() {
        guard let gap = openGap else { return }
        var body = LogFormat.gapStart
        LogFormat.appendDecimal(gap.upperBound, to: &body)
        let length = LogFormat.lineBytes(sequence: gap.lowerBound, bodyBytes: body.count)
        _ = add(sequence: gap.lowerBound, through: gap.upperBound, body: body.span, length: length)
        openGap = nil
        lastGap = gap
    }

    private mutating func add(sequence: UInt64, through: UInt64, body: Span<UInt8>, length: Int) -> LogPosition {
        let lineBytes = UInt64(length + 1)
        if segmentLength > 0 && segmentLength + lineBytes > segmentBytes { segmentLength = 0 }
        if segmentLength == 0 { segment = sequence }
        let batch = fillingBatch(sequence: sequence)
        LogFormat.append(sequence: sequence, body: body, chain: &chain, to: &batch.bytes)
        batch.last = through
        let position = LogPosition(segment: segment, offset: segmentLength, length: UInt32(length))
        lastLine = position
        segmentLength += lineBytes
        pendingBytes += length + 1
        return position
    }

    /// The batch that the next line joins: the last one, unless it is in flight or of another segment.
    private mutating func fillingBatch(sequence: UInt64) -> Batch {
        if let last = batches.last, last.segment == segment, !(isInFlight && batches.count == 1) { return last }
        let batch = spare ?? Batch()
        spare = nil
        batch.segment = segment
        batch.offset = segmentLength
        batch.first = sequence
        batches.append(batch)
        return batch
    }

    /// Takes the oldest batch into flight, or nil when all is recorded. An open gap is closed when nothing else waits.
    mutating func beginFlight() -> Batch? {
        precondition(!isInFlight, "two threads write")
        if batches.isEmpty { closeGap() }
        guard let first = batches.first else { return nil }
        isInFlight = true
        return first
    }

    /// The batch in flight is recorded.
    mutating func endFlight() {
        isInFlight = false
        let batch = batches.removeFirst()
        pendingBytes -= batch.bytes.count
        recordedThrough = batch.last
        if batch.bytes.capacity <= Self.spareBytesLimit {
            batch.bytes.removeAll(keepingCapacity: true)
            spare = batch
        }
    }

    /// The batch in flight stays in line.
    mutating func abortFlight() {
        isInFlight = false
    }

    /// A segment is given up behind `offset`: what was to follow there goes into a segment of its own.
    mutating func giveUp(segment old: UInt64, behind offset: UInt64) {
        precondition(!isInFlight, "a segment is given up between writes")
        guard offset > 0 else { return }  // nothing stands in it: it is made again under the same name
        let target = firstUnrecorded
        var moved = false
        for batch in batches where batch.segment == old {
            batch.segment = target
            batch.offset -= offset
            moved = true
        }
        if moved { relocations.append(segment: old, behind: offset, target: target, limit: Self.relocationLimit) }
        if segment == old {
            segment = target
            segmentLength -= offset
        }
    }

    /// The last record, if it is one: nil in an empty log, and while records are dropped.
    var mark: LogMark? {
        guard openGap == nil, let lastLine else { return nil }
        return LogMark(sequence: nextSequence - 1, position: resolve(lastLine), chain: chain)
    }

    /// Where a record lies that was appended at `position`.
    func resolve(_ position: LogPosition) -> LogPosition { relocations.resolve(position) }

    /// The line at a (resolved) position, when it is still in memory.
    func line(at position: LogPosition) -> [UInt8]? {
        for batch in batches where batch.segment == position.segment && position.offset >= batch.offset {
            let start = Int(position.offset - batch.offset)
            let end = start + Int(position.length)
            if end < batch.bytes.count { return Array(batch.bytes[start..<end]) }
        }
        return nil
    }
}
