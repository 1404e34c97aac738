// PowerLossTests.swift: what a loss of power leaves is told from rot by how far the log is known to have been flushed, and
// in which run of the machine.
import Glibc
import Platform
import Testing

@testable import DecisionLog

@Suite struct PowerLossTests {
    let folder = LogTestFolder()

    /// Twelve records in segments of three, the first seven of them known to be on the disk; then the run is killed.
    private func makeKilled() throws {
        let line = LogFormat.lineBytes(sequence: 1, bodyBytes: body(1).count) + 1
        let options = LogOptions.test(segmentBytes: 3 * line + 30, sync: .interval(milliseconds: 3_600_000))
        let (writer, _, _) = try reopen(folder.path + "/first", options: options, operations: inBoot("a"))
        for sequence in 1...UInt64(12) {
            #expect(writer.record(sequence))
            if sequence == 7 {
                writer.finisher.waitUntilIdle()
                writer.sync()
            }
        }
        mkdir(folder.log, 0o755)
        for name in try fileNames(in: folder.path + "/first") where name != ".lock" {
            try put(folder.log + "/" + name, readFile(folder.path + "/first/" + name))
        }
        writer.close()
    }

    private func inBoot(_ name: String) -> FileOperations {
        var operations = FileOperations.system
        operations.bootName = { name }
        return operations
    }

    private func path(_ first: UInt64) -> String { LogFolder(path: folder.log).plainPath(first) }

    private func flip(_ first: UInt64, line: Int) throws {
        var bytes = try readFile(path(first))
        bytes[bytes.count / 3 * (line - 1) + 20] ^= 1
        try put(path(first), bytes)
    }

    private func lastAfterOpening(in boot: String) throws -> (last: UInt64, torn: TornTail?) {
        let (writer, report, records) = try reopen(folder.log, operations: inBoot(boot))
        #expect(records.map(\.sequence) == Array(1..<report.lastSequence + 1))
        #expect(writer.record(report.lastSequence + 1) && writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.lastSequence == report.lastSequence + 1)
        return (report.lastSequence, report.torn)
    }

    @Test func `behind the flushed part, all from the damage on is set aside after another boot`() throws {
        try makeKilled()
        try flip(7, line: 2)
        let (last, torn) = try lastAfterOpening(in: "b")
        #expect(last == 7 && torn?.damage.sequence == 8 && torn?.damage.isTornTail == false)
        #expect(torn?.keptAs.hasSuffix("00000000000000000007.torn-1") == true)
        #expect(torn?.laterSegments == [folder.log + "/00000000000000000010.torn-1"])
        #expect(try readFile(folder.log + "/00000000000000000010.torn-1").count > 0, "nothing is thrown away")
    }

    @Test func `in the same run of the machine the same damage is rot, and stops the opening`() throws {
        try makeKilled()
        try flip(7, line: 2)
        #expect(throws: LogError.self) { _ = try lastAfterOpening(in: "a") }
        #expect(try fileNames(in: folder.log).filter { $0.contains("torn") }.isEmpty)
    }

    @Test(arguments: [1, 4, 7] as [UInt64])
    func `before it damage is rot, whatever happened to the machine`(first: UInt64) throws {
        try makeKilled()
        try flip(first, line: 1)
        #expect(throws: LogError.self) { _ = try lastAfterOpening(in: "b") }
    }

    @Test func `a name that was not flushed may be gone, and a name that was may not`() throws {
        try makeKilled()
        #expect(unlink(path(4)) == 0)
        #expect(throws: LogError.self) { _ = try lastAfterOpening(in: "b") }
        try makeKilledAnew()
        #expect(unlink(path(10)) == 0)
        #expect(try lastAfterOpening(in: "b").last == 9, "nothing behind it is there: nobody can tell")
    }

    private func makeKilledAnew() throws {
        LogTestFolder.remove(folder.log)
        LogTestFolder.remove(folder.path + "/first")
        try makeKilled()
    }

    @Test func `a log without the mark, as older versions wrote it, opens, is strict, and has one from then on`() throws
    {
        try makeKilled()
        #expect(unlink(folder.log + "/synced") == 0)
        #expect(try lastAfterOpening(in: "b").last == 12)
        #expect(SyncMark.read(in: LogFolder(path: folder.log))?.boot == "b")
        #expect(unlink(folder.log + "/synced") == 0)
        try flip(7, line: 2)
        #expect(throws: LogError.self) { _ = try lastAfterOpening(in: "c") }
    }

    @Test func `of the mark's two lines the newer counts, and one that is cut short leaves the other`() throws {
        mkdir(folder.log, 0o755)
        let logFolder = LogFolder(path: folder.log)
        let mark = SyncMark(logFolder, inBoot("a"), after: nil)
        for offset in 1...UInt64(5) { mark.advance(to: 7, offset) }
        mark.advance(to: 7, 3)  // never back
        let bytes = try readFile(logFolder.syncedPath)
        #expect(bytes.count == 2 * SyncedPlace.lineBytes)
        #expect(SyncMark.read(in: logFolder)?.offset == 5)
        for length in 0...bytes.count {
            try put(logFolder.syncedPath, Array(bytes[..<length]))
            let offset = SyncMark.read(in: logFolder)?.offset
            #expect(offset == (length < SyncedPlace.lineBytes ? nil : 5))
        }
        for place in 0..<bytes.count {
            var changed = bytes
            changed[place] ^= 1
            try put(logFolder.syncedPath, changed)
            #expect(SyncMark.read(in: logFolder)?.offset == (place < SyncedPlace.lineBytes ? 4 : 5))
        }
    }

    @Test func `a mark of a place behind the flushed part is not gone on from after another boot`() throws {
        try makeKilled()
        let marks = try marks()
        let synced = SyncMark.read(in: LogFolder(path: folder.log))
        #expect(LogProbe(directory: folder.log).problem(with: marks[11]) == nil)
        #expect(LogProbe(directory: folder.log, synced: synced).problem(with: marks[6]) == nil)
        #expect(LogProbe(directory: folder.log, synced: synced).problem(with: marks[11]) != nil)
    }

    /// The mark of each record.
    private func marks() throws -> [LogMark] {
        var reader = try LogReader(directory: folder.log)
        var marks: [LogMark] = []
        while let record = try reader.next() {
            marks.append(LogMark(sequence: record.sequence, position: record.position, chain: reader.chain))
        }
        return marks
    }
}
