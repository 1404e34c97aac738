// LogOptions.swift: what a log is told (options), what it answers (positions, results) and what it says of itself
// (health). Plain values, safe to pass between threads.

/// How a decision log behaves.
public struct LogOptions: Sendable, Equatable {
    /// When records are flushed from the kernel to the disk.
    public enum Sync: Sendable, Equatable {
        /// Before `commit` answers; one flush serves all callers that wait. Survives loss of power.
        case always
        /// Every so many milliseconds in the background. Survives a killed process; power may take the last interval.
        case interval(milliseconds: Int)
        /// When the kernel likes. Survives a killed process.
        case never
    }

    /// A segment takes no further record that would make it longer than this; one record alone may.
    public var segmentBytes: Int
    /// When records are flushed.
    public var sync: Sync
    /// Bytes of records kept in memory while the disk refuses them; records past it are dropped and counted.
    public var pendingBytesLimit: Int
    /// Whether a full segment becomes a .ndjson.gz in the background.
    public var compressFullSegments: Bool
    /// The least time between two attempts at a disk that refuses.
    public var retryMilliseconds: Int

    public init(
        segmentBytes: Int = 64 << 20, sync: Sync = .interval(milliseconds: 1_000), pendingBytesLimit: Int = 64 << 20,
        compressFullSegments: Bool = true, retryMilliseconds: Int = 100
    ) {
        self.segmentBytes = segmentBytes
        self.sync = sync
        self.pendingBytesLimit = pendingBytesLimit
        self.compressFullSegments = compressFullSegments
        self.retryMilliseconds = retryMilliseconds
    }
}

/// Where a record lies: `offset` counts uncompressed bytes, so that it holds when the segment is compressed.
public struct LogPosition: Sendable, Hashable {
    /// The sequence number of the segment's first record, which is the segment's name.
    public var segment: UInt64
    /// Where the record's line begins.
    public var offset: UInt64
    /// Bytes of the line, without its newline.
    public var length: UInt32

    public init(segment: UInt64, offset: UInt64, length: UInt32) {
        self.segment = segment
        self.offset = offset
        self.length = length
    }
}

/// What became of a record that was given to the log.
public enum AppendResult: Sendable, Equatable {
    /// It stands in line; `commit` says when the kernel has it.
    case appended(LogPosition)
    /// The disk has refused for so long that the memory for waiting records is full. A gap record will say so.
    case dropped
}

/// What the log says of itself, for readiness and metrics.
public struct LogHealth: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case recording
        /// Since when (nanoseconds since 1970, for people), and why.
        case failing(sinceNanoseconds: Int64, reason: String)
    }

    public var state: State
    /// Bytes of records that the kernel does not have yet.
    public var pendingBytes: Int
    /// Records dropped since the log was opened.
    public var droppedRecords: UInt64
    /// The last sequence number that was recorded; 0 when there is none.
    public var recordedThrough: UInt64
    /// The last sequence number that was appended, recorded or not; 0 when there is none.
    public var appendedThrough: UInt64
    /// Flushes that failed since the log was opened.
    public var syncFailures: UInt64
    /// Why a full segment could not be compressed; it stays as it is, readable, and is tried again at the next start.
    public var compressionProblem: String?

    public var isRecording: Bool { state == .recording }
}
