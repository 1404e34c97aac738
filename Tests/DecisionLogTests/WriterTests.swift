// WriterTests.swift: records go in, come out by position and in order, over rotation, compression and restarts.
import Glibc
import Platform
import Synchronization
import Testing

@testable import DecisionLog

/// Hands out sequence numbers, each with what is done with it, in one order.
private final class SequenceSource: Sendable {
    private let last = Mutex(UInt64(0))

    func next<Result: Sendable>(_ use: (UInt64) -> Result) -> Result {
        last.withLock { last in
            last += 1
            return use(last)
        }
    }
}

@Suite struct WriterTests {
    let folder = LogTestFolder()

    @Test func `the format is as it is documented, to the byte`() throws {
        let (writer, report, _) = try reopen(folder.log)
        #expect(report.lastSequence == 0 && report.lastChain == String(repeating: "0", count: 64))
        let bodies = [#""kind":"payment","amount":5"#, #""kind":"label""#]
        for (index, text) in bodies.enumerated() {
            _ = writer.append(sequence: UInt64(index + 1), body: Array(text.utf8).span)
        }
        #expect(writer.commit(through: 2))
        var chain = String(repeating: "0", count: 64)
        var expected = ""
        for (index, text) in bodies.enumerated() {
            let start = "{\"seq\":\(index + 1),\(text)"
            chain = SHA256.hash(chain + start).hexadecimal
            expected += start + ",\"chain\":\"\(chain)\"}\n"
        }
        let bytes = try readFile(folder.log + "/00000000000000000001.ndjson")
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
        #expect(writer.close())
        #expect(verifyLog(directory: folder.log).lastChain == chain)
    }

    @Test func `a log goes on where it was closed, with one chain`() throws {
        for start in stride(from: UInt64(1), through: 41, by: 10) {
            let (writer, report, records) = try reopen(folder.log)
            #expect(report.lastSequence == start - 1 && records.count == Int(start - 1))
            #expect(records.map(\.sequence) == Array(1..<start))
            for sequence in start..<(start + 10) { #expect(writer.record(sequence)) }
            #expect(writer.close())
        }
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 50 && found.firstSequence == 1 && found.lastSequence == 50)
        #expect(found.segments == 1 && found.gaps == 0)
        let (writer, _, records) = try reopen(folder.log)
        for record in records { #expect(Array(record.line[record.bodyRange]) == body(record.sequence)) }
        writer.close()
    }

    @Test func `a record is read by its position while it waits, when written, when compressed, and after a restart`()
        throws
    {
        let options = LogOptions.test(segmentBytes: 1_000, compressFullSegments: true)
        let (writer, _, _) = try reopen(folder.log, options: options)
        var positions: [LogPosition] = []
        for sequence in 1...UInt64(60) {
            positions.append(try #require(writer.append(sequence, padding: Int(sequence))))
            #expect(try holds(writer.read(positions[Int(sequence) - 1]), sequence), "it waits")
            if sequence % 7 == 0 { #expect(writer.commit(through: sequence)) }
        }
        #expect(writer.commit(through: 60))
        for (index, position) in positions.enumerated() {
            #expect(try holds(writer.read(position), UInt64(index + 1)), "it is written")
        }
        writer.finisher.waitUntilIdle()
        let names = try folder.segmentNames()
        #expect(names.count > 5 && names.dropLast().allSatisfy { $0.hasSuffix(".gz") })
        #expect(names.last?.hasSuffix(".ndjson") == true)
        for (index, position) in positions.enumerated() {
            #expect(try holds(writer.read(position), UInt64(index + 1)), "it is compressed")
        }
        #expect(writer.close())
        let (again, report, records) = try reopen(folder.log, options: options)
        #expect(report.records == 60 && records.map(\.position) == positions)
        #expect(try holds(again.read(positions[0]), 1))
        again.close()
        #expect(verifyLog(directory: folder.log).records == 60)
    }

    private func holds(_ line: [UInt8], _ sequence: UInt64) -> Bool {
        String(decoding: line, as: UTF8.self).hasPrefix("{\"seq\":\(sequence),\"kind\":\"payment\",\"n\":\(sequence),")
    }

    @Test func `a position that is none is refused`() throws {
        let (writer, _, _) = try reopen(folder.log)
        let position = try #require(writer.append(1))
        #expect(writer.commit(through: 1))
        for (offset, length) in [(1, 0), (0, -1), (0, 1), (1_000_000, 0)] {
            let wrong = LogPosition(
                segment: 1, offset: position.offset + UInt64(offset), length: UInt32(Int(position.length) + length))
            #expect(throws: LogError.noRecord(wrong, path: folder.log + "/00000000000000000001.ndjson")) {
                try writer.read(wrong)
            }
        }
        #expect(throws: LogError.self) { try writer.read(LogPosition(segment: 9, offset: 0, length: 9)) }
        writer.close()
    }

    @Test func `a segment takes records up to its limit and not one byte more`() throws {
        let line = LogFormat.lineBytes(sequence: 1, bodyBytes: body(1).count) + 1
        for (limit, segments) in [(3 * line, 3), (3 * line - 1, 4), (1, 8)] {
            let path = folder.path + "/\(limit)"
            try writeLog(path, count: 8, options: .test(segmentBytes: limit))
            #expect(verifyLog(directory: path).segments == segments)
            #expect(verifyLog(directory: path).records == 8)
        }
    }

    @Test func `a second writer of a folder is refused by name, until the first is closed`() throws {
        let (writer, _, _) = try reopen(folder.log)
        #expect(throws: LogError.inUse(directory: folder.log, holder: "\(getpid())")) { _ = try reopen(folder.log) }
        #expect(LogError.inUse(directory: folder.log, holder: "7").description.contains(folder.log))
        writer.close()
        try reopen(folder.log).writer.close()
        #expect(writer.append(1) == nil, "a closed log takes nothing")
        #expect(!writer.commit(through: 1))
        #expect(!writer.close())
    }

    @Test(arguments: [LogOptions.Sync.never, .interval(milliseconds: 1), .always])
    func `appends and commits from many threads keep one order, and each commit is true to its word`(
        sync: LogOptions.Sync
    ) throws {
        let options = LogOptions.test(segmentBytes: 20_000, sync: sync, compressFullSegments: true)
        let (writer, _, _) = try reopen(folder.log, options: options)
        let last = SequenceSource()
        let path = folder.log
        let isTrue = onThreads(4) { _ in
            (0..<100).allSatisfy { _ in
                let (sequence, position) = last.next { ($0, writer.append($0)) }
                guard writer.commit(through: sequence), let position else { return false }
                return (try? LogFolder(path: path).readLine(at: position)) != nil
            }
        }
        #expect(isTrue)
        #expect(writer.health.isRecording && writer.health.recordedThrough == 400)
        #expect(writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 400)
    }

    @Test func `callers that wait while one writes go out in one write`() throws {
        let disk = FailingDisk()
        let (writer, _, _) = try reopen(folder.log, operations: disk.operations)
        disk.set { $0.writeMicroseconds = 30_000 }
        for sequence in 1...UInt64(9) { writer.append(sequence) }
        #expect(onThreads(9) { writer.commit(through: UInt64($0 + 1)) })
        #expect(disk.behaviour.withLock { $0.writes } == 1)
        writer.close()
    }

    @Test func `a commit of nothing, of what is recorded and of what was never appended`() throws {
        let (writer, _, _) = try reopen(folder.log)
        #expect(writer.commit(through: 0))
        #expect(!writer.commit(through: 1))
        writer.append(1)
        #expect(writer.commit(through: 1) && writer.commit(through: 1))
        #expect(!writer.commit(through: 2))
        writer.close()
    }

    @Test func `what is in line is recorded by close`() throws {
        let (writer, _, _) = try reopen(folder.log)
        for sequence in 1...UInt64(5) { writer.append(sequence) }
        #expect(writer.close())
        #expect(verifyLog(directory: folder.log).records == 5)
    }

    @Test func `a small run of the benchmark does its work`() throws {
        let figures = try measureLog(records: 50, rounds: 2, directory: folder.log, sync: .never)
        #expect(figures.records == 200 && verifyLog(directory: folder.log).records == 200)
    }
}
