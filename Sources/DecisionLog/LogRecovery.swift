// LogRecovery.swift: opening a log for writing. The folder is locked, every record is read back and checked, what a write
// cut short or a loss of power left at the end is set aside, and the writer goes on behind the last record. Damage anywhere
// else stops the start with an error that names it.
import Glibc
import Platform

/// The end of the log that a crash left unfinished, as it was found and set aside.
public struct TornTail: Sendable, Equatable {
    public var damage: LogDamage
    /// The file that now holds those bytes.
    public var keptAs: String
    public var bytes: Int
    /// Segments behind it that were set aside whole, as a loss of power may leave them; where they are now.
    public var laterSegments: [String] = []
}

/// What opening a log found.
public struct RecoveryReport: Sendable, Equatable {
    public var records: UInt64 = 0
    public var gaps: UInt64 = 0
    public var segments = 0
    /// The sequence number of the mark behind which reading began; 0 when it began with the first record.
    public var startedAfter: UInt64 = 0
    /// The last sequence number in the log, 0 when it is empty; `append` goes on with the next.
    public var lastSequence: UInt64 = 0
    public var lastChain = ""
    public var torn: TornTail?
    public var remains: [LogRemains] = []
}

extension DecisionLogWriter {
    /// Locks the folder (made when it is not there), reads records back in order, sets a torn last record aside, and
    /// returns a writer that goes on behind it.
    ///
    /// - Parameters:
    ///   - start: Asked when the folder is locked: the mark behind which reading begins, nil for the first record.
    ///   - onRecord: Given each record in order, gap records too. What it throws stops the opening.
    public static func open(
        directory: String, options: LogOptions, startingAfter start: (LogProbe) -> LogMark? = { _ in nil },
        onRecord: (LogRecord) throws -> Void
    ) throws(LogError) -> (DecisionLogWriter, RecoveryReport) {
        try open(
            directory: directory, options: options, operations: .system, startingAfter: start, onRecord: onRecord)
    }

    package static func open(
        directory: String, options: LogOptions, operations: FileOperations,
        startingAfter start: (LogProbe) -> LogMark? = { _ in nil }, onRecord: (LogRecord) throws -> Void
    ) throws(LogError) -> (DecisionLogWriter, RecoveryReport) {
        let folder = LogFolder(path: directory)
        try folder.make(operations)
        let lock = try FolderLock(folder)
        try folder.removeLeftovers(operations)
        let synced = SyncMark.read(in: folder)
        let syncMark = SyncMark(folder, operations, after: synced)
        let afterLossOfPower = synced.flatMap { $0.boot == syncMark.boot ? nil : $0 }
        var report = RecoveryReport()
        var reader: LogReader
        if let mark = start(LogProbe(directory: directory, synced: afterLossOfPower)) {
            reader = try LogReader(directory: directory, after: mark)
            report.startedAfter = mark.sequence
        } else {
            reader = try LogReader(directory: directory)
        }
        report.torn = try readBack(&reader, &report, afterLossOfPower, operations, onRecord)
        let segments = report.torn == nil ? reader.segments : try folder.segments()
        report.segments = reader.segmentsRead
        report.lastSequence = reader.nextSequence - 1
        report.lastChain = reader.lastChain
        report.remains = reader.remains

        let finisher = SegmentFinisher(
            folder: folder, options: options, operations: operations, syncMark: syncMark, lock: lock)
        let file = try folder.openLast(segments.last, sync: options.sync, operations: operations)
        let length = file == nil ? 0 : reader.soundBytes
        if try folder.flush(segments, behind: synced, sync: options.sync, operations) {
            syncMark.advance(to: segments.last?.first ?? 0, segments.last?.isCompressed == true ? .max : length)
        }
        for segment in segments.dropLast() where !segment.isCompressed { finisher.finish(first: segment.first) }
        var state = WriterState(
            pending: PendingRecords(
                options: options, nextSequence: reader.nextSequence, chain: reader.chain, lastLine: reader.lastLine,
                segment: file?.first ?? reader.nextSequence, segmentLength: length))
        state.file = file
        state.fileLength = length
        let writer = DecisionLogWriter(
            folder: folder, options: options, operations: operations, lock: lock, finisher: finisher,
            syncMark: syncMark, state: state)
        return (writer, report)
    }

    private static func readBack(
        _ reader: inout LogReader, _ report: inout RecoveryReport, _ afterLossOfPower: SyncedPlace?,
        _ operations: FileOperations, _ onRecord: (LogRecord) throws -> Void
    ) throws(LogError) -> TornTail? {
        do throws(LogError) {
            while let record = try reader.next() {
                do {
                    try onRecord(record)
                } catch {
                    throw .refused(sequence: record.sequence, reason: "\(error)")
                }
                report.records += 1
                if record.isGap { report.gaps += 1 }
            }
            return nil
        } catch {
            guard case .damaged(let damage) = error,
                damage.isTornTail || afterLossOfPower?.explains(damage, in: reader.folder, reader.segments) == true
            else { throw error }
            return try reader.folder.setAside(reader.segments, damage, operations)
        }
    }
}

extension LogFolder {
    /// Makes the folder when it is not there, and marks it with the format's version.
    fileprivate func make(_ operations: FileOperations) throws(LogError) {
        do throws(PlatformError) {
            try makeDirectory(path)
        } catch {
            throw .platform(error)
        }
        try checkFormat()
        do throws(PlatformError) {
            try writeFormat(operations)
        } catch {
            throw .platform(error)
        }
    }

    /// Removes what a run that was killed left behind: temporary files, segments that were to leave, and the compressed twin of a segment whose plain
    /// file is still there (it will be compressed again).
    fileprivate func removeLeftovers(_ operations: FileOperations) throws(LogError) {
        let names = try names()
        for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            _ = operations.remove(path + "/" + name)
        }
        if let retained = try retained() { try removeSegments(before: retained.first, operations) }
        for segment in try segments() where !segment.isCompressed {
            let compressed = compressedPath(segment.first)
            if names.contains(where: { path + "/" + $0 == compressed }) { _ = operations.remove(compressed) }
        }
    }

    /// Sets aside what lies from the damage on: segments behind it, which go on from records that are gone, get other names,
    /// and the torn end of its own is copied into a file of its own, then cut off.
    fileprivate func setAside(
        _ segments: [LogSegment], _ damage: LogDamage, _ operations: FileOperations
    ) throws(LogError) -> TornTail {
        let torn = segments.first { !$0.isCompressed && plainPath($0.first) == damage.path }
        var tail = TornTail(damage: damage, keptAs: "", bytes: 0)
        // What has a name has at least one record of its own, unless it is the torn one.
        for segment in segments where segment.first > torn?.first ?? damage.sequence {
            let kept = tornPath(segment.first) + (segment.isCompressed ? ".gz" : "")
            let code = operations.rename(segmentPath(segment), kept)
            guard code >= 0 else {
                throw .platform(PlatformError(operation: "set aside", path: segmentPath(segment), code: -code))
            }
            tail.laterSegments.append(kept)
        }
        if !tail.laterSegments.isEmpty {
            let code = operations.flushFolder(path)
            guard code >= 0 else { throw .platform(PlatformError(operation: "flush", path: path, code: -code)) }
        }
        if let torn {
            (tail.keptAs, tail.bytes) = try cut(torn, damage, operations)
        } else {
            tail.keptAs = tail.laterSegments.first ?? ""
        }
        return tail
    }

    private func cut(
        _ segment: LogSegment, _ damage: LogDamage, _ operations: FileOperations
    ) throws(LogError) -> (keptAs: String, bytes: Int) {
        let path = plainPath(segment.first)
        let kept = tornPath(segment.first)
        do throws(PlatformError) {
            let descriptor = operations.reopen(path)
            guard descriptor >= 0 else { throw PlatformError(operation: "open", path: path, code: -descriptor) }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw PlatformError(operation: "examine", path: path, code: errno)
            }
            var torn = [UInt8](repeating: 0, count: Int(status.st_size) - Int(damage.offset))
            var done = 0
            while done < torn.count {
                let place = off_t(damage.offset) + off_t(done)
                let count = torn.withUnsafeMutableBytes { bytes in
                    pread(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, place)
                }
                guard count > 0 || (count < 0 && errno == EINTR) else {
                    throw PlatformError(operation: "read", path: path, code: count == 0 ? EIO : errno)
                }
                done += max(0, count)
            }
            try operations.putFile(kept, torn)
            var code = operations.truncate(descriptor, damage.offset)
            if code >= 0 { code = operations.flush(descriptor) }
            guard code >= 0 else { throw PlatformError(operation: "cut", path: path, code: -code) }
            return (kept, torn.count)
        } catch {
            throw .platform(error)
        }
    }

    /// Opens the last segment to go on in it, and flushes it: records that were read back count as recorded, and may so
    /// far be in the kernel's memory only. Nil when there is none, or it was compressed.
    fileprivate func openLast(
        _ segment: LogSegment?, sync: LogOptions.Sync, operations: FileOperations
    ) throws(LogError) -> SegmentFile? {
        guard let segment, !segment.isCompressed else { return nil }
        let path = plainPath(segment.first)
        let descriptor = operations.reopen(path)
        guard descriptor >= 0 else { throw .platform(PlatformError(operation: "open", path: path, code: -descriptor)) }
        let file = SegmentFile(descriptor: descriptor, first: segment.first)
        if sync != .never {
            let code = operations.flush(descriptor)
            if code < 0 { throw .platform(PlatformError(operation: "flush", path: path, code: -code)) }
        }
        return file
    }

    /// Flushes what an earlier run may have left in the kernel's memory: plain segments from the mark on, and names. Unless
    /// nothing is ever flushed it is written once more before: where a flush failed and the run was killed before it could
    /// give the segment up, the kernel takes for written what the disk does not have.
    ///
    /// - Returns: Whether all of it is on the disk for certain.
    /// - Throws: Where a flush fails: what goes on behind it would not be on the disk whatever later flushes say.
    fileprivate func flush(
        _ segments: [LogSegment], behind synced: SyncedPlace?, sync: LogOptions.Sync, _ operations: FileOperations
    ) throws(LogError) -> Bool {
        var isRewritten = true
        for segment in segments where !segment.isCompressed && segment.first >= synced?.segment ?? 0 {
            let descriptor = operations.reopen(plainPath(segment.first))
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            if sync != .never, let synced {
                let start = segment.first == synced.segment ? synced.offset : 0
                isRewritten = rewrite(descriptor, from: start, operations) && isRewritten
            }
            let code = operations.flush(descriptor)
            if code < 0 && sync == .never { return false }
            if code < 0 {
                throw .platform(PlatformError(operation: "flush", path: plainPath(segment.first), code: -code))
            }
        }
        return operations.flushFolder(path) >= 0 && isRewritten
    }

    /// Writes a file's bytes over themselves.
    private func rewrite(_ descriptor: Int32, from start: UInt64, _ operations: FileOperations) -> Bool {
        var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
        var offset = start
        while offset < UInt64(Int64.max) {
            let got = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            if got <= 0 { return got == 0 }
            let count = block.withUnsafeBytes { bytes in
                operations.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<got]), offset)
            }
            if count > 0 { offset += UInt64(count) } else if count != -Int(EINTR) { return false }
        }
        return true
    }

    /// Reads one line by its place: from the plain segment, or else from the compressed one, inflating up to it.
    func readLine(at position: LogPosition) throws(LogError) -> [UInt8] {
        let plain = plainPath(position.segment)
        do throws(PlatformError) {
            let count = Int(position.length) + 1
            var bytes: [UInt8]
            let descriptor = Glibc.open(plain, O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 {
                defer { close(descriptor) }
                bytes = [UInt8](repeating: 0, count: count)
                let got = bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress, count, off_t(position.offset))
                }
                guard got >= 0 else { throw PlatformError(operation: "read", path: plain, code: errno) }
                bytes.removeLast(count - got)
            } else if errno == ENOENT {
                bytes = try inflate(compressedPath(position.segment), from: position.offset, count: count)
            } else {
                throw PlatformError(operation: "open", path: plain, code: errno)
            }
            if bytes.popLast() == UInt8(ascii: "\n"), bytes.count == count - 1,
                LogFormat.equal(bytes.span, at: 0, LogFormat.lineStart),
                LogFormat.equal(bytes.span, at: bytes.count - LogFormat.lineEnd.count, LogFormat.lineEnd)
            {
                return bytes
            }
        } catch {
            throw .platform(error)
        }
        throw .noRecord(position, path: plain)
    }

    private func inflate(_ path: String, from offset: UInt64, count: Int) throws(PlatformError) -> [UInt8] {
        let source = try ByteSource(path: path)
        var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
        var bytes: [UInt8] = []
        var begin: UInt64 = 0
        while bytes.count < count {
            let got = try source.read(into: &block)
            if got == 0 { break }
            let end = begin + UInt64(got)
            if end > offset {
                let from = Int(max(offset, begin) - begin)
                bytes.append(contentsOf: block[from..<min(got, from + count - bytes.count)])
            }
            begin = end
        }
        return bytes
    }
}
