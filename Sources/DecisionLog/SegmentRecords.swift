// SegmentRecords.swift: the lines of one segment with their places, for who looks for something in the log. Their form is
// checked, their chain is not: that is what reading the whole log is for.
import Glibc
import Platform

extension DecisionLogWriter {
    /// The segments that there are, oldest first, each by its first record. The last one may still grow.
    public func segments() throws(LogError) -> [UInt64] {
        let begin = try folder.retained()?.first ?? 0
        return try folder.segments().map(\.first).filter { $0 >= begin }
    }

    /// The records of a segment.
    public func records(ofSegment first: UInt64) throws(LogError) -> SegmentRecords {
        do throws(PlatformError) {
            return try SegmentRecords(folder, first)
        } catch {
            throw .platform(error)
        }
    }
}

/// Reads one segment from its first record on.
public struct SegmentRecords {
    /// The line that `next` gave last, without its newline.
    public private(set) var line: [UInt8] = []
    private let first: UInt64
    private let lines: LineReader

    init(_ folder: LogFolder, _ first: UInt64) throws(PlatformError) {
        self.first = first
        let limit = LogFormat.maximumLineBytes
        do throws(PlatformError) {
            lines = try LineReader(path: folder.plainPath(first), maximumLineBytes: limit)
        } catch {
            guard error.code == ENOENT else { throw error }
            lines = try LineReader(path: folder.compressedPath(first), maximumLineBytes: limit)
        }
    }

    /// Where the next record lies; nil at the end, and where what follows is no whole record.
    public mutating func next() throws(LogError) -> LogPosition? {
        do throws(PlatformError) {
            guard try lines.next(into: &line), lines.lineWasTerminated else { return nil }
        } catch {
            throw .platform(error)
        }
        var problem = ""
        guard ParsedLine(line.span, problem: &problem) != nil else { return nil }
        return LogPosition(segment: first, offset: lines.lineOffset, length: UInt32(line.count))
    }
}
