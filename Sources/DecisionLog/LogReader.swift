// LogReader.swift: reads a folder's records in order, and believes nothing: each line's form, sequence number and chain
// are checked before the record is given out. The first that is not right is an error that names it; nothing is skipped.
// A segment ends where the next one begins. Lines behind that are the remains of a flush that the disk refused (their
// records stand again at the start of the next segment); they are listed, not read.
import Platform

/// One record as it was read, and where from.
public struct LogRecord: Sendable, Equatable {
    public var sequence: UInt64
    /// The whole line, without its newline.
    public var line: [UInt8]
    /// The members between the sequence and the chain, as they were given to `append`.
    public var bodyRange: Range<Int>
    public var position: LogPosition
    /// For a gap record: the last sequence number that was dropped, the first being `sequence`.
    public var gapThrough: UInt64?

    public var isGap: Bool { gapThrough != nil }
}

/// Lines behind the end of a segment, left by a flush that the disk refused.
public struct LogRemains: Sendable, Equatable {
    public var path: String
    public var offset: UInt64
}

/// Reads the records of a folder in order, from its first, or behind a mark.
public struct LogReader {
    /// The sequence number that comes next.
    public private(set) var nextSequence: UInt64 = 1
    /// Remains found so far.
    public private(set) var remains: [LogRemains] = []
    /// Segments that were begun.
    public private(set) var segmentsRead = 0

    let folder: LogFolder
    let segments: [LogSegment]
    /// The chain of the last record, and where its line lies; nil before the first.
    private(set) var chain = LogFormat.firstChain
    private(set) var lastLine: LogPosition?
    /// The uncompressed bytes of the current segment that were read and found right.
    private(set) var soundBytes: UInt64 = 0
    private var index = 0
    private var lines: LineReader?
    private var line: [UInt8] = []

    /// Looks at the folder: which segments there are is settled here.
    public init(directory: String) throws(LogError) {
        folder = LogFolder(path: directory)
        try folder.checkFormat()
        let retained = try folder.retained()
        segments = try folder.segments().filter { $0.first >= retained?.first ?? 0 }
        if let retained {
            nextSequence = retained.first
            chain = retained.chain
        }
    }

    /// Begins behind a marked record, which must stand where the mark says, with the chain that it says. What lies before
    /// it is not looked at.
    ///
    /// - Throws: `LogError.notMarked` where this is not the log of the mark, or it is shorter by now.
    public init(directory: String, after mark: LogMark) throws(LogError) {
        try self.init(directory: directory)
        guard let marked = segments.firstIndex(where: { $0.first == mark.position.segment }) else {
            throw .notMarked(sequence: mark.sequence, path: folder.plainPath(mark.position.segment))
        }
        index = marked
        nextSequence = mark.position.segment
        let lines = try current()
        guard try isMarked(mark, lines) else { throw .notMarked(sequence: mark.sequence, path: lines.path) }
        nextSequence = mark.sequence + 1
        chain = mark.chain
        lastLine = mark.position
        soundBytes = mark.position.offset + UInt64(line.count) + 1
    }

    private mutating func isMarked(_ mark: LogMark, _ lines: LineReader) throws(LogError) -> Bool {
        do throws(PlatformError) {
            guard try lines.skip(to: mark.position.offset) else { return false }
        } catch {
            throw damage(.unreadable(error.description), path: lines.path, line: 0, offset: 0, torn: false)
        }
        var problem = ""
        guard try readLine(lines), lines.lineWasTerminated, line.count == Int(mark.position.length),
            mark.sequence < .max, let parsed = ParsedLine(line.span, problem: &problem)
        else { return false }
        return (parsed.gapThrough ?? parsed.sequence) == mark.sequence && Array(line[parsed.chain]) == mark.chain
    }

    /// The chain of the last record, 64 hexadecimal digits; zeros before the first.
    public var lastChain: String { String(decoding: chain, as: UTF8.self) }

    /// The first sequence number in the folder; nil where there is no segment. Above 1 the beginning of the log is gone.
    public var firstSequence: UInt64? { segments.first?.first }

    /// The next record, or nil at the end of the log.
    public mutating func next() throws(LogError) -> LogRecord? {
        while true {
            guard index < segments.count else { return nil }
            let lines = try current()
            guard try readLine(lines) else {
                endSegment()
                continue
            }
            if index + 1 < segments.count, segments[index + 1].first == nextSequence {
                remains.append(LogRemains(path: lines.path, offset: lines.lineOffset))
                endSegment()
                continue
            }
            let parsed = try checkLine(lines)
            let position = LogPosition(
                segment: segments[index].first, offset: lines.lineOffset, length: UInt32(line.count))
            lastLine = position
            soundBytes = lines.lineOffset + UInt64(line.count) + 1
            nextSequence = (parsed.gapThrough ?? parsed.sequence) + 1
            return LogRecord(
                sequence: parsed.sequence, line: line, bodyRange: parsed.body, position: position,
                gapThrough: parsed.gapThrough)
        }
    }

    private mutating func endSegment() {
        index += 1
        lines = nil
    }

    /// The reader of the current segment, opened when it is new.
    private mutating func current() throws(LogError) -> LineReader {
        if let lines { return lines }
        let segment = segments[index]
        guard segment.first == nextSequence else {
            let kind: LogDamage.Kind =
                segment.first > nextSequence
                ? .missingRecords(nextSegmentBeginsWith: segment.first)
                : .repeatedRecords(nextSegmentBeginsWith: segment.first)
            throw damage(kind, path: folder.path, line: 0, offset: 0, torn: false)
        }
        do throws(PlatformError) {
            let lines = try open(segment)
            self.lines = lines
            segmentsRead += 1
            soundBytes = 0
            return lines
        } catch {
            let path = folder.segmentPath(segment)
            if let first = try folder.retained()?.first, segment.first < first { throw .removed(path: path) }
            throw damage(.unreadable(error.description), path: path, line: 0, offset: 0, torn: false)
        }
    }

    /// A plain segment may have been compressed since the folder was looked at.
    private func open(_ segment: LogSegment) throws(PlatformError) -> LineReader {
        let limit = LogFormat.maximumLineBytes
        do throws(PlatformError) {
            return try LineReader(path: folder.segmentPath(segment), maximumLineBytes: limit)
        } catch {
            guard !segment.isCompressed,
                let compressed = try? LineReader(path: folder.compressedPath(segment.first), maximumLineBytes: limit)
            else { throw error }
            return compressed
        }
    }

    private mutating func readLine(_ lines: LineReader) throws(LogError) -> Bool {
        do throws(PlatformError) {
            return try lines.next(into: &line)
        } catch {
            throw damage(
                .unreadable(error.description), path: lines.path, line: lines.lineNumber + 1, offset: lines.lineOffset,
                torn: false)
        }
    }

    private mutating func checkLine(_ lines: LineReader) throws(LogError) -> ParsedLine {
        var problem = ""
        let kind: LogDamage.Kind
        if !lines.lineWasTerminated {
            kind = .unterminated
        } else if let parsed = ParsedLine(line.span, problem: &problem) {
            if parsed.sequence == nextSequence {
                let digest = LogFormat.digest(after: chain, of: line.span.extracting(parsed.covered))
                if digest.equals(hexadecimal: line.span.extracting(parsed.chain)) {
                    chain.removeAll(keepingCapacity: true)
                    digest.appendHexadecimal(to: &chain)
                    return parsed
                }
                kind = .chainBroken
            } else {
                kind = .unexpectedSequence(parsed.sequence)
            }
        } else {
            kind = .malformed(problem)
        }
        let (number, offset) = (lines.lineNumber, lines.lineOffset)
        var torn = false
        if index == segments.count - 1 && !segments[index].isCompressed {
            torn = (try? lines.next(into: &line)) == false
        }
        throw damage(kind, path: lines.path, line: number, offset: offset, torn: torn)
    }

    /// What is wrong, as an error. After it the reader is at its end: what follows damage cannot be believed unasked.
    private mutating func damage(
        _ kind: LogDamage.Kind, path: String, line: Int, offset: UInt64, torn: Bool
    ) -> LogError {
        index = segments.count
        return .damaged(
            LogDamage(
                path: path, line: line, offset: offset, sequence: nextSequence, kind: kind, isTornTail: torn))
    }
}
