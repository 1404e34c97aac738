// The front of a log leaves: what is left reads as it read before, and nothing that was lost looks like what left.
import Glibc
import Platform
import Testing

@testable import DecisionLog

@Suite struct RetentionTests {
    private static let options = LogOptions.test(segmentBytes: 2_000, compressFullSegments: true)
    private static let count: UInt64 = 200

    private func retention(bytes: UInt64? = nil, age: Int64? = nil, leastAge: Int64 = -1) -> LogRetention {
        var retention = LogRetention()
        (retention.bytes, retention.ageNanoseconds, retention.leastAgeNanoseconds) = (bytes, age, leastAge)
        return retention
    }

    private func facts(_ sizes: [UInt64], ages: [Int64]) -> [LogRetention.Facts] {
        sizes.indices.map {
            LogRetention.Facts(first: UInt64($0 * 10 + 1), bytes: sizes[$0], ageNanoseconds: ages[$0])
        }
    }

    private var now: Int64 { Clock.nanosecondsSince1970() }

    private func bytes(of path: String) throws -> UInt64 {
        try LogFolder(path: path).facts(LogFolder(path: path).segments(), at: now).reduce(0) { $0 + $1.bytes }
    }

    // MARK: Which leave

    @Test func `the oldest leave while they are too old, or too much, and never the newest`() {
        let segments = facts([100, 100, 100, 100], ages: [40, 30, 20, 10])
        func leaving(_ retention: LogRetention, neededFrom needed: UInt64 = .max) -> Int {
            retention.leaving(segments, neededFrom: needed)
        }
        #expect(leaving(retention()) == 0)
        #expect(leaving(retention(age: 40)) == 0 && leaving(retention(age: 39)) == 1)
        #expect(leaving(retention(age: 0)) == 3)
        #expect(leaving(retention(bytes: 400)) == 0 && leaving(retention(bytes: 399)) == 1)
        #expect(leaving(retention(bytes: 0)) == 3)
        #expect(leaving(retention(bytes: 250, age: 39)) == 2)
        // One that a start needs stays, and so do all behind it.
        #expect(leaving(retention(bytes: 0), neededFrom: 11) == 1 && leaving(retention(bytes: 0), neededFrom: 12) == 2)
        #expect(leaving(retention(bytes: 0), neededFrom: 0) == 0)
        // Whatever they are answered from stays.
        #expect(leaving(retention(bytes: 0, leastAge: 30)) == 1 && leaving(retention(bytes: 0, leastAge: 29)) == 2)
    }

    @Test func `one that is young stands before older ones, which then stay`() {
        let segments = facts([1, 1, 1], ages: [5, 50, 50])
        #expect(retention(age: 10).leaving(segments, neededFrom: .max) == 0)
    }

    // MARK: What is left

    @Test func `what is left verifies, goes on, and has the chain of the whole`() throws {
        let folder = LogTestFolder()
        try writeLog(folder.log, count: Self.count, options: Self.options)
        let whole = folder.path + "/whole"
        try folder.copy(to: whole)
        let (writer, _, _) = try reopen(folder.log, options: Self.options)
        let before = try bytes(of: folder.log)
        let removal = try writer.remove(by: retention(bytes: before / 2), neededFrom: .max, at: now)
        let first = try #require(removal.firstSequence)
        #expect(removal.removedSegments > 2 && first > 1 && !removal.isOverBudget)
        #expect(removal.keptBytes <= before / 2)
        #expect(try removal.keptBytes == bytes(of: folder.log))
        #expect(writer.record(Self.count + 1) && writer.close())

        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.firstSequence == first && found.lastSequence == Self.count + 1)
        let (other, _, _) = try reopen(whole, options: Self.options)
        #expect(other.record(Self.count + 1) && other.close())
        #expect(found.lastChain == verifyLog(directory: whole).lastChain)

        let (again, report, records) = try reopen(folder.log, options: Self.options)
        #expect(report.lastSequence == Self.count + 1 && records.first?.sequence == first && report.torn == nil)
        // Once more, from there.
        let next = try again.remove(by: retention(bytes: 0), neededFrom: .max, at: now)
        #expect(next.firstSequence ?? 0 > first && next.removedSegments > 0 && again.close())
        #expect(verifyLog(directory: folder.log).isSound)
    }

    @Test func `nothing leaves that nobody asked to, and too much is told`() throws {
        let folder = LogTestFolder()
        try writeLog(folder.log, count: Self.count, options: Self.options)
        let (writer, _, _) = try reopen(folder.log, options: Self.options)
        let names = try folder.segmentNames()
        let none = try writer.remove(by: retention(), neededFrom: .max, at: now)
        #expect(none.removedSegments == 0 && none.firstSequence == 1 && !none.isOverBudget)
        let needed = try writer.remove(by: retention(bytes: 10), neededFrom: 1, at: now)
        #expect(needed.removedSegments == 0 && needed.isOverBudget)
        let young = try writer.remove(
            by: retention(bytes: 10, leastAge: 3_600_000_000_000), neededFrom: .max, at: now)
        #expect(young.removedSegments == 0 && young.isOverBudget)
        #expect(try folder.segmentNames() == names && access(folder.log + "/retained", F_OK) != 0)
        writer.close()
    }

    @Test func `a removal cut short at any file is no damage, and the next start goes on with it`() throws {
        let folder = LogTestFolder()
        try writeLog(folder.log, count: Self.count, options: Self.options)
        let whole = folder.path + "/whole"
        try folder.copy(to: whole)
        let (writer, _, _) = try reopen(folder.log, options: Self.options)
        let removal = try writer.remove(by: retention(bytes: 0), neededFrom: .max, at: now)
        writer.close()
        let first = try #require(removal.firstSequence)
        let names = try fileNames(in: whole).filter { $0.contains(".ndjson") }
        for left in [names.prefix(1), names.prefix(3), names.dropFirst(2).prefix(2)] {
            for name in left { try put(folder.log + "/" + name, readFile(whole + "/" + name)) }
            let found = verifyLog(directory: folder.log)
            #expect(found.isSound && found.firstSequence == first)
            let (again, _, records) = try reopen(folder.log, options: Self.options)
            #expect(records.first?.sequence == first && again.close())
            #expect(try folder.segmentNames().allSatisfy { $0 >= LogFolder.digits(first) })
        }
    }

    @Test func `what was lost is not taken for what left`() throws {
        let folder = LogTestFolder()
        try writeLog(folder.log, count: Self.count, options: Self.options)
        let (writer, _, _) = try reopen(folder.log, options: Self.options)
        let half = try bytes(of: folder.log) / 2
        let first = try #require(try writer.remove(by: retention(bytes: half), neededFrom: .max, at: now).firstSequence)
        writer.close()
        let marked = try readFile(folder.log + "/retained")

        unlink(folder.log + "/retained")
        #expect(verifyLog(directory: folder.log).damage?.kind == .missingRecords(nextSegmentBeginsWith: first))
        for place in [0, 25, marked.count - 3] {
            var changed = marked
            changed[place] ^= 1
            try put(folder.log + "/retained", changed)
            guard case .unknownFormat = verifyLog(directory: folder.log).problem else {
                Issue.record("a change at byte \(place) is not noticed")
                continue
            }
        }
        // Of another log: the chain does not lead on.
        try put(folder.log + "/retained", RetainedMark(first: first, chain: LogFormat.firstChain).line)
        #expect(verifyLog(directory: folder.log).damage?.kind == .chainBroken)
        try put(folder.log + "/retained", marked)
        #expect(verifyLog(directory: folder.log).isSound)
        let segment = try #require(try folder.segmentNames().first)
        unlink(folder.log + "/" + segment)
        guard case .missingRecords = verifyLog(directory: folder.log).damage?.kind else {
            Issue.record("the first segment that is kept is gone, and nobody says so")
            return
        }
    }

    @Test func `a mark that the disk refuses leaves everything as it is`() throws {
        let folder = LogTestFolder()
        try writeLog(folder.log, count: Self.count, options: Self.options)
        var operations = FileOperations.system
        operations.putFile = { (path, bytes) throws(PlatformError) in
            if path.hasSuffix("/retained") { throw PlatformError(operation: "write", path: path, code: ENOSPC) }
            try writeFileAtomically(path, bytes)
        }
        let (writer, _, _) = try reopen(folder.log, options: Self.options, operations: operations)
        let names = try folder.segmentNames()
        #expect(throws: LogError.self) { try writer.remove(by: retention(bytes: 0), neededFrom: .max, at: now) }
        #expect(try folder.segmentNames() == names && writer.record(Self.count + 1) && writer.close())
        #expect(verifyLog(directory: folder.log).isSound)
    }
}
