// FaultTests.swift: a disk that is full, read-only, slow, writes short or fails to flush. Scoring goes on, answers are
// honest, recording resumes by itself, and the log that is left is sound.
import Dispatch
import Glibc
import Platform
import Testing
import Waiting

@testable import DecisionLog

@Suite struct FaultTests {
    let folder = LogTestFolder()
    let disk = FailingDisk()

    private func open(_ options: LogOptions = .test()) throws(LogError) -> DecisionLogWriter {
        try reopen(folder.log, options: options, operations: disk.operations).writer
    }

    @Test func `short writes are continued exactly`() throws {
        let writer = try open()
        disk.set { $0.writeAtMost = 7 }
        for sequence in 1...UInt64(20) { #expect(writer.record(sequence)) }
        #expect(writer.close())
        #expect(verifyLog(directory: folder.log).records == 20)
    }

    @Test(arguments: [ENOSPC, EIO, EROFS, EDQUOT], [0, EIO])
    func `while writes are refused commits say so, and all is recorded when they are not`(
        code: Int32, truncateError: Int32
    ) throws {
        let writer = try open()
        #expect(writer.record(1))
        disk.set {
            $0.writeError = code
            $0.truncateError = truncateError
        }
        var positions: [LogPosition?] = []
        for sequence in 2...UInt64(10) {
            positions.append(writer.append(sequence))
            #expect(!writer.commit(through: sequence))
        }
        guard case .failing(let since, let reason) = writer.health.state else { Issue.record("healthy"); return }
        #expect(since > 0 && reason.contains(PlatformError.text(of: code)))
        #expect(writer.health.recordedThrough == 1 && writer.health.pendingBytes > 0)
        #expect(try writer.read(#require(positions[3])).isEmpty == false, "what waits can be read")
        disk.set { $0.writeError = 0 }
        #expect(eventually { writer.health.isRecording }, "nobody has to ask")
        #expect(writer.health.recordedThrough == 10 && writer.health.pendingBytes == 0)
        #expect(writer.commit(through: 10) && writer.record(11))
        #expect(writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 11 && found.gaps == 0)
    }

    @Test(arguments: 0...40)
    func `a disk that is full in the middle of a write leaves no half record behind`(free: Int) throws {
        let writer = try open()
        #expect(writer.record(1))
        let size = try readFile(folder.log + "/00000000000000000001.ndjson").count
        disk.set { $0.freeBytes = free * 8 }
        writer.append(2)
        writer.append(3)
        if !writer.commit(through: 3) {
            #expect(try readFile(folder.log + "/00000000000000000001.ndjson").count == size)
            #expect(verifyLog(directory: folder.log).records == 1)
        }
        disk.set { $0.freeBytes = .max }
        #expect(eventually { writer.health.recordedThrough == 3 })
        writer.close()
        #expect(verifyLog(directory: folder.log).records == 3)
    }

    @Test func `a refusing disk is tried once per interval, not once per caller`() throws {
        let writer = try open(.test(retryMilliseconds: 10_000))
        disk.set { $0.writeError = ENOSPC }
        for sequence in 1...UInt64(50) { #expect(!writer.record(sequence)) }
        #expect(disk.behaviour.withLock { $0.writes } == 1)
        disk.set { $0.writeError = 0 }
        #expect(writer.close(), "the last attempt is made by close")
        #expect(verifyLog(directory: folder.log).records == 50)
    }

    @Test func `past the limit records are dropped, counted, and the gap is written down`() throws {
        let line = LogFormat.lineBytes(sequence: 10, bodyBytes: body(10).count) + 1
        let writer = try open(.test(pendingBytesLimit: 4 * line))
        for sequence in 1...UInt64(9) { #expect(writer.record(sequence)) }
        disk.set { $0.writeError = ENOSPC }
        var kept: [UInt64] = []
        for sequence in 10...UInt64(20) where writer.append(sequence) != nil {
            #expect(!writer.commit(through: sequence))
            kept.append(sequence)
        }
        #expect(kept == [10, 11, 12, 13], "four fit exactly, the fifth does not")
        #expect(writer.health.droppedRecords == 7 && writer.health.pendingBytes == 4 * line)
        #expect(!writer.commit(through: 20))
        disk.set { $0.writeError = 0 }
        #expect(eventually { writer.health.recordedThrough == 20 }, "the gap is recorded without another record")
        #expect(!writer.commit(through: 14) && !writer.commit(through: 20), "what was dropped is never called recorded")
        #expect(writer.commit(through: 13))
        #expect(writer.record(21) && writer.commit(through: 21))
        #expect(writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 15 && found.gaps == 1 && found.droppedRecords == 7)
        #expect(found.lastSequence == 21)
        let (again, report, records) = try reopen(folder.log)
        #expect(report.gaps == 1 && report.lastSequence == 21)
        #expect(records[13].sequence == 14 && records[13].gapThrough == 20 && records[14].sequence == 21)
        again.close()
    }

    @Test func `a record longer than any line may be is dropped and leaves a gap`() throws {
        let writer = try open(.test(segmentBytes: 1 << 26, pendingBytesLimit: 1 << 26))
        let overhead = LogFormat.lineBytes(sequence: 1, bodyBytes: body(1, padding: 0).count)
        #expect(writer.record(1, padding: LogFormat.maximumLineBytes - overhead))
        #expect(!writer.record(2, padding: LogFormat.maximumLineBytes - overhead + 1))
        #expect(writer.record(3))
        #expect(writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.droppedRecords == 1 && found.lastSequence == 3)
    }

    @Test(arguments: [0, EIO])
    func `a flush that failed is not believed later: its records go into a new segment`(truncateError: Int32) throws {
        let writer = try open(.test(sync: .always, retryMilliseconds: 5))
        #expect(writer.record(1))
        disk.set {
            $0.failingFlushes = 1
            $0.truncateError = truncateError
        }
        let second = try #require(writer.append(2))
        #expect(!writer.commit(through: 2))
        let third = try #require(writer.append(3))
        #expect(!writer.health.isRecording && writer.health.syncFailures == 1)
        #expect(eventually { writer.health.isRecording && writer.health.recordedThrough == 3 })
        let fourth = try #require(writer.append(4))
        #expect(fourth.segment == 2 && writer.commit(through: 4))
        for (sequence, position) in [(2, second), (3, third), (4, fourth)] {
            let line = try String(decoding: writer.read(position), as: UTF8.self)
            #expect(line.hasPrefix("{\"seq\":\(sequence),"), "a position holds although its record moved")
        }
        let relocations = writer.relocations
        writer.close()
        let later = LogFolder(path: folder.log)
        for (sequence, position) in [(2, second), (3, third), (4, fourth)] {
            let line = try String(decoding: later.readLine(at: relocations.resolve(position)), as: UTF8.self)
            #expect(line.hasPrefix("{\"seq\":\(sequence),"), "where it moved to holds for who opens the log later")
        }
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 4 && found.segments == 2)
        #expect(found.remains.isEmpty == (truncateError == 0), "what could not be cut off is listed")
        let (again, report, records) = try reopen(folder.log)
        #expect(records.map(\.sequence) == [1, 2, 3, 4] && report.remains == found.remains && report.torn == nil)
        again.close()
    }

    @Test func `a first flush that fails, of the file or of the folder, begins the segment anew`() throws {
        let writer = try open(.test(sync: .always, retryMilliseconds: 5))
        disk.set {
            $0.failingFlushes = 2
            $0.failingFolderFlushes = 2
        }
        #expect(!writer.record(1))
        #expect(eventually { writer.health.recordedThrough == 1 })
        #expect(writer.health.syncFailures == 4 && writer.record(2))
        #expect(writer.close())
        #expect(try folder.segmentNames() == ["00000000000000000001.ndjson"])
        #expect(verifyLog(directory: folder.log).records == 2)
    }

    @Test func `a background flush that fails begins a new segment, although nothing waits`() throws {
        let writer = try open(.test(sync: .interval(milliseconds: 2), retryMilliseconds: 20))
        disk.set { $0.failingFlushes = 1 }
        #expect(writer.record(1))
        #expect(eventually { !writer.health.isRecording })
        #expect(eventually { writer.health.isRecording })
        #expect(writer.health.syncFailures == 1)
        #expect(try folder.segmentNames().count == 2)
        #expect(writer.record(2) && writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 2 && found.segments == 2)
    }

    @Test func `with sync always no commit is true before its flush, and one flush serves many`() throws {
        let writer = try open(.test(sync: .always))
        let before = disk.behaviour.withLock { $0.flushes }
        for sequence in 1...UInt64(100) { writer.append(sequence) }
        for sequence in 1...UInt64(100) { #expect(writer.commit(through: sequence)) }
        #expect(disk.behaviour.withLock { $0.flushes } == before + 1)
        writer.close()
    }

    @Test func `a segment that cannot be made is made later`() throws {
        let writer = try open(.test(segmentBytes: 300))
        #expect(writer.record(1))
        disk.set { $0.createError = EMFILE }
        writer.append(2)
        writer.append(3)
        #expect(!writer.commit(through: 3))
        disk.set { $0.createError = 0 }
        #expect(eventually { writer.health.recordedThrough == 3 })
        #expect(writer.close())
        #expect(verifyLog(directory: folder.log).isSound)
    }

    @Test func `a stalled disk stops neither appends nor health`() throws {
        let writer = try open()
        disk.set { $0.isStalled = true }
        writer.append(1)
        let group = DispatchGroup()
        DispatchQueue(label: "caller").async(group: group) { _ = writer.commit(through: 1) }
        #expect(eventually { disk.behaviour.withLock { $0.writes } == 1 })
        for sequence in 2...UInt64(100) { #expect(writer.append(sequence) != nil) }
        #expect(writer.health.recordedThrough == 0 && writer.health.appendedThrough == 100)
        #expect(eventually { !writer.health.isRecording }, "the stall shows")
        disk.set { $0.isStalled = false }
        group.wait()
        #expect(writer.commit(through: 1) && writer.health.isRecording && writer.close())
        #expect(verifyLog(directory: folder.log).records == 100)
    }
}
