// Reading from the middle: behind a mark the same records come as in a reading from the front, whatever form the segments
// have; a mark of another log, or of a part that is gone, is refused.
import Glibc
import Platform
import Testing
import Waiting

@testable import DecisionLog

@Suite struct MarkTests {
    /// A log of small segments, and the mark of every record.
    private func makeLog(_ folder: LogTestFolder, count: UInt64, compress: Bool = false) throws -> [LogMark] {
        let options = LogOptions.test(segmentBytes: 900, compressFullSegments: compress)
        let (writer, _, _) = try reopen(folder.log, options: options)
        #expect(writer.mark == nil)
        var marks: [LogMark] = []
        for sequence in 1...count {
            let position = writer.append(sequence, padding: Int(sequence % 7) * 20)
            let mark = try #require(writer.mark)
            #expect(mark.sequence == sequence && mark.position == position)
            marks.append(mark)
            #expect(writer.settle(mark) == mark)
        }
        #expect(writer.close())
        return marks
    }

    private func read(_ directory: String, after mark: LogMark?) throws(LogError) -> [LogRecord] {
        var reader = try LogReader(directory: directory)
        if let mark { reader = try LogReader(directory: directory, after: mark) }
        var records: [LogRecord] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    @Test(arguments: [false, true])
    func `behind every mark come the records that follow it`(compress: Bool) throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 40, compress: compress)
        #expect(try folder.segmentNames().contains { $0.hasSuffix(".gz") } == compress)
        let all = try read(folder.log, after: nil)
        #expect(try folder.segmentNames().count > 5)
        for (number, mark) in marks.enumerated() {
            #expect(LogProbe(directory: folder.log).problem(with: mark) == nil)
            #expect(try read(folder.log, after: mark) == Array(all[(number + 1)...]))
        }
    }

    @Test(arguments: [false, true])
    func `opened behind a mark, the log goes on as it would have`(compress: Bool) throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 20, compress: compress)
        let options = LogOptions.test(segmentBytes: 900, compressFullSegments: compress)
        var sequence: UInt64 = 20
        for mark in [marks[3], marks[11], marks[18], marks[19]] {
            var read: [UInt64] = []
            let (writer, report) = try DecisionLogWriter.open(
                directory: folder.log, options: options, startingAfter: { _ in mark },
                onRecord: { read.append($0.sequence) })
            #expect(read == Array(mark.sequence + 1..<sequence + 1))
            #expect(report.startedAfter == mark.sequence && report.lastSequence == sequence)
            #expect(writer.mark?.sequence == sequence)
            for _ in 0..<3 {
                sequence += 1
                #expect(writer.record(sequence))
            }
            #expect(writer.close())
            let found = verifyLog(directory: folder.log)
            #expect(found.isSound && found.lastSequence == sequence && found.lastChain.utf8.count == 64)
        }
    }

    @Test func `a start that finds nothing behind the mark has the mark itself again`() throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 7)
        let (writer, report) = try DecisionLogWriter.open(
            directory: folder.log, options: .test(), startingAfter: { _ in marks[6] },
            onRecord: { _ in Issue.record("a record behind the last") })
        #expect(report.records == 0 && report.lastSequence == 7)
        #expect(writer.mark == marks[6])
        #expect(writer.settle(marks[6]) == marks[6])
    }

    @Test func `a mark that is not of this log is refused`() throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 30)
        let good = marks[20]
        var wrong: [LogMark] = []
        for change in 0..<7 {
            var mark = good
            switch change {
            case 0: mark.sequence += 1
            case 1: mark.chain[10] ^= 1
            case 2: mark.position.offset += 1
            case 3: mark.position.length -= 1
            case 4: mark.position.segment += 1
            case 5: mark.position.offset = .max
            default: mark.sequence = .max
            }
            wrong.append(mark)
        }
        for mark in wrong {
            guard case .notMarked = LogProbe(directory: folder.log).problem(with: mark) else {
                Issue.record("taken: \(mark)")
                continue
            }
            #expect(throws: LogError.self) { try LogReader(directory: folder.log, after: mark) }
        }
        // The log is cut in front of the record, then the segment goes.
        let path = folder.log + "/" + LogFolder(path: "").plainPath(good.position.segment).dropFirst()
        #expect(truncate(path, off_t(good.position.offset) + off_t(good.position.length)) == 0)
        #expect(LogProbe(directory: folder.log).problem(with: good) != nil)
        #expect(unlink(path) == 0)
        #expect(LogProbe(directory: folder.log).problem(with: good) != nil)
        #expect(LogProbe(directory: folder.log).problem(with: marks[0]) == nil)
    }

    @Test func `damage behind a mark is named as from the front, and damage before it is not met`() throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 30)
        let victim = marks[15]
        let path = LogFolder(path: folder.log).plainPath(victim.position.segment)
        var bytes = try readFile(path)
        bytes[Int(victim.position.offset) + 40] ^= 1
        try put(path, bytes)
        func damage(after mark: LogMark?) -> LogError? {
            do throws(LogError) {
                _ = try read(folder.log, after: mark)
                return nil
            } catch {
                return error
            }
        }
        let expected = try #require(damage(after: nil))
        for number in 0..<15 { #expect(damage(after: marks[number]) == expected, "mark \(number)") }
        for number in 15..<30 { #expect(damage(after: marks[number]) == nil, "mark \(number)") }
    }

    @Test func `a torn end behind the mark is set aside`() throws {
        let folder = LogTestFolder()
        let marks = try makeLog(folder, count: 9)
        let path = LogFolder(path: folder.log).plainPath(marks[8].position.segment)
        try put(path, readFile(path) + Array(#"{"seq":10,"ki"#.utf8))
        let (writer, report) = try DecisionLogWriter.open(
            directory: folder.log, options: .test(segmentBytes: 900), startingAfter: { _ in marks[8] },
            onRecord: { _ in })
        #expect(report.torn?.bytes == 13)
        #expect(writer.record(10) && writer.close())
        #expect(verifyLog(directory: folder.log).isSound)
    }

    // MARK: Marks of a writer

    @Test func `while records are dropped there is no mark, and behind the gap there is one again`() throws {
        let folder = LogTestFolder()
        let disk = FailingDisk()
        let (writer, _, _) = try reopen(
            folder.log, options: .test(pendingBytesLimit: 1_000), operations: disk.operations)
        #expect(writer.record(1))
        disk.set { $0.writeError = ENOSPC }
        var sequence: UInt64 = 1
        repeat { sequence += 1 } while writer.append(sequence, padding: 100) != nil
        #expect(writer.mark == nil)
        #expect(!writer.commit(through: 2))
        disk.set { $0.writeError = 0 }
        #expect(eventually { writer.health.isRecording && writer.health.pendingBytes == 0 })
        let mark = try #require(writer.mark)  // of the gap record, which nothing else followed
        #expect(mark.sequence == sequence)
        #expect(writer.append(sequence + 1) != nil)
        #expect(writer.settle(mark) == mark)
        #expect(writer.close())
        #expect(try read(folder.log, after: mark).map(\.sequence) == [sequence + 1])
    }

    @Test func `a mark in a segment that was given up follows its record into the next one`() throws {
        let folder = LogTestFolder()
        let disk = FailingDisk()
        let (writer, _, _) = try reopen(
            folder.log, options: .test(sync: .always), operations: disk.operations)
        for sequence in 1...3 as ClosedRange<UInt64> { #expect(writer.record(sequence)) }
        disk.set { $0.failingFlushes = 1 }
        writer.append(4)
        let mark = try #require(writer.mark)
        #expect(mark.position.segment == 1)
        #expect(!writer.commit(through: 4))
        #expect(eventually { writer.health.recordedThrough == 4 })
        let settled = try #require(writer.settle(mark))
        #expect(settled.position.segment == 4 && settled.position.offset == 0)
        #expect(writer.mark == settled)
        #expect(writer.close())
        #expect(LogProbe(directory: folder.log).problem(with: settled) == nil)
        #expect(LogProbe(directory: folder.log).problem(with: mark) != nil)
    }

    @Test func `a record that the disk does not take is not settled`() throws {
        let folder = LogTestFolder()
        let disk = FailingDisk()
        let (writer, _, _) = try reopen(
            folder.log, options: .test(retryMilliseconds: 60_000), operations: disk.operations)
        disk.set { $0.writeError = ENOSPC }
        writer.append(1)
        let mark = try #require(writer.mark)
        #expect(writer.settle(mark) == nil)
    }
}
