// LogRetention.swift: what leaves the front of the log, and how it is told from what was lost. Whole segments leave, the
// oldest first, never the newest, none that a start still needs. Before they go the log writes down where it begins from
// then on, and with which chain, so that its reading begins there as surely as it began with record 1:
//
//   retained: <first record that is kept> <the chain of the record before it> <check>
//
// Segments before that record are leftovers of a removal that was cut short; a segment that is missing behind it is damage.
import Glibc
import Platform

/// How much of the log is kept.
public struct LogRetention: Sendable, Equatable {
    /// A segment leaves when its last record is older; nil: age is no reason.
    public var ageNanoseconds: Int64?
    /// Segments leave while the log's files are larger than this together; nil: size is no reason.
    public var bytes: UInt64?
    /// None leaves while it is not older than this: repeated submissions are answered from it.
    public var leastAgeNanoseconds: Int64 = 0

    public init() {}

    /// Whether anything ever leaves.
    public var removes: Bool { ageNanoseconds != nil || bytes != nil }

    /// A segment as its file is.
    struct Facts: Sendable {
        let first: UInt64
        let bytes: UInt64
        /// Since its file was last written to, which is not before its last record.
        let ageNanoseconds: Int64
    }

    /// How many segments leave from the front.
    ///
    /// - Parameter needed: The first record of the oldest segment that a start needs.
    func leaving(_ segments: [Facts], neededFrom needed: UInt64) -> Int {
        var total = segments.reduce(0) { $0 + $1.bytes }
        var count = 0
        while count + 1 < segments.count, segments[count].first < needed {
            let segment = segments[count]
            let isTooOld = ageNanoseconds.map { segment.ageNanoseconds > $0 } ?? false
            let isTooMuch = bytes.map { total > $0 } ?? false
            guard isTooOld || isTooMuch, segment.ageNanoseconds > leastAgeNanoseconds else { break }
            total -= segment.bytes
            count += 1
        }
        return count
    }
}

/// What a removal did.
public struct LogRemoval: Sendable, Equatable {
    public var removedSegments = 0
    /// Of all segments that are left.
    public var keptBytes: UInt64 = 0
    /// The first record that is left; nil in an empty log.
    public var firstSequence: UInt64?
    /// The log is larger than it should be, and nothing more of it may leave yet.
    public var isOverBudget = false
}

/// Where the log begins when its front was removed.
struct RetainedMark: Equatable {
    let first: UInt64
    let chain: [UInt8]

    private static let checkDigits = 16

    init(first: UInt64, chain: [UInt8]) {
        self.first = first
        self.chain = chain
    }

    private var members: [UInt8] { Array("\(LogFolder.digits(first)) ".utf8) + chain + [UInt8(ascii: " ")] }

    var line: [UInt8] {
        var bytes = members
        SHA256.hash(bytes.span).appendHexadecimal(to: &bytes, digestBytes: Self.checkDigits / 2)
        return bytes + [UInt8(ascii: "\n")]
    }

    /// Nil where the bytes are not a line as `line` makes it.
    init?(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, let first = UInt64(String(decoding: parts[0], as: UTF8.self)), first > 1 else {
            return nil
        }
        self.init(first: first, chain: Array(parts[1]))
        guard chain.count == LogFormat.chainDigits, bytes == line else { return nil }
    }
}

extension LogFolder {
    var retainedPath: String { path + "/retained" }

    /// nil where nothing was ever removed.
    func retained() throws(LogError) -> RetainedMark? {
        guard access(retainedPath, F_OK) == 0 else { return nil }
        do throws(PlatformError) {
            let bytes = try readFile(retainedPath, maximumBytes: 4_096)
            if let mark = RetainedMark(bytes) { return mark }
        } catch {
            throw .platform(error)
        }
        throw .unknownFormat(path: retainedPath, found: "no mark of where the log begins, or a damaged one")
    }

    func facts(_ segments: [LogSegment], at now: Int64) throws(LogError) -> [LogRetention.Facts] {
        var facts: [LogRetention.Facts] = []
        for segment in segments {
            var status = stat()
            guard stat(segmentPath(segment), &status) == 0 else {
                throw .platform(PlatformError(operation: "examine", path: segmentPath(segment), code: errno))
            }
            let written = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            facts.append(
                LogRetention.Facts(
                    first: segment.first, bytes: UInt64(status.st_size), ageNanoseconds: max(0, now - written)))
        }
        return facts
    }

    /// The chain of the last record of a segment, whose successor is known.
    func lastChain(of segment: LogSegment, before next: UInt64) throws(LogError) -> [UInt8] {
        var line: [UInt8] = []
        do throws(PlatformError) {
            let lines = try LineReader(path: segmentPath(segment), maximumLineBytes: LogFormat.maximumLineBytes)
            while try lines.next(into: &line) {
                var problem = ""
                guard let parsed = ParsedLine(line.span, problem: &problem) else { break }
                if (parsed.gapThrough ?? parsed.sequence) &+ 1 == next { return Array(line[parsed.chain]) }
            }
        } catch {
            throw .platform(error)
        }
        throw .noRecord(LogPosition(segment: segment.first, offset: 0, length: 0), path: segmentPath(segment))
    }

    /// Removes the files of segments before a record, also what was set aside of them.
    func removeSegments(before first: UInt64, _ operations: FileOperations) throws(LogError) {
        for name in try names() {
            guard let (segment, _) = Self.segmentName(name), segment < first else { continue }
            let code = operations.remove(path + "/" + name)
            guard code >= 0 || -code == ENOENT else {
                throw .platform(PlatformError(operation: "remove", path: path + "/" + name, code: -code))
            }
        }
    }
}

extension DecisionLogWriter {
    /// Removes what is kept longer than it should be. Blocks for the reading of one segment, and while one is compressed.
    ///
    /// - Parameters:
    ///   - needed: The segment with the record behind which the oldest start that is to be possible begins to read.
    ///   - now: In nanoseconds since 1970.
    public func remove(
        by retention: LogRetention, neededFrom needed: UInt64, at now: Int64
    ) throws(LogError) -> LogRemoval {
        try finisher.alone { () -> Result<LogRemoval, LogError> in
            Result { () throws(LogError) in try self.removeFront(by: retention, neededFrom: needed, at: now) }
        }.get()
    }

    private func removeFront(
        by retention: LogRetention, neededFrom needed: UInt64, at now: Int64
    ) throws(LogError) -> LogRemoval {
        let begin = try folder.retained()?.first ?? 1
        let segments = try folder.segments().filter { $0.first >= begin }
        let facts = try folder.facts(segments, at: now)
        var removal = LogRemoval()
        removal.removedSegments = retention.leaving(facts, neededFrom: needed)
        removal.keptBytes = facts.dropFirst(removal.removedSegments).reduce(0) { $0 + $1.bytes }
        removal.isOverBudget = retention.bytes.map { removal.keptBytes > $0 } ?? false
        removal.firstSequence = segments.dropFirst(removal.removedSegments).first?.first
        if removal.removedSegments > 0 {
            let last = segments[removal.removedSegments - 1]
            let first = segments[removal.removedSegments].first
            let mark = RetainedMark(first: first, chain: try folder.lastChain(of: last, before: first))
            do throws(PlatformError) {
                try operations.putFile(folder.retainedPath, mark.line)
            } catch {
                throw .platform(error)
            }
        }
        // Also what an earlier removal could not.
        if let first = removal.firstSequence { try folder.removeSegments(before: first, operations) }
        return removal
    }
}
