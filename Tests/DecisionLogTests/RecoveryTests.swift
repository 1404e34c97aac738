// RecoveryTests.swift: what a crash or rot leaves: torn ends are set aside, damage anywhere else is named and stops.
import Glibc
import Platform
import Testing

@testable import DecisionLog

@Suite struct RecoveryTests {
    let folder = LogTestFolder()
    var segment: String { folder.log + "/00000000000000000001.ndjson" }

    @Test func `cut at any byte of the last record, the log opens without it and keeps what was cut`() throws {
        try writeLog(folder.log, count: 5)
        let bytes = try readFile(segment)
        let start = bytes.dropLast().lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        for length in start..<bytes.count {
            let path = folder.path + "/cut-\(length)"
            try makeDirectory(path)
            try put(path + "/00000000000000000001.ndjson", Array(bytes[..<length]))
            let (writer, report, records) = try reopen(path)
            #expect(records.count == 4 && report.lastSequence == 4)
            if length == start {
                #expect(report.torn == nil)
            } else {
                let torn = try #require(report.torn)
                #expect(torn.keptAs == path + "/00000000000000000001.torn-1")
                #expect(try readFile(torn.keptAs) == Array(bytes[start..<length]))
                #expect(torn.damage.sequence == 5 && torn.damage.line == 5 && torn.damage.offset == UInt64(start))
                #expect(torn.damage.kind == .unterminated)
            }
            #expect(writer.record(5))
            #expect(writer.close())
            #expect(try readFile(path + "/00000000000000000001.ndjson") == bytes, "the record is as it would have been")
        }
    }

    @Test func `a flipped bit anywhere but in the last record is found, named, and stops the opening`() throws {
        try writeLog(folder.log, count: 6)
        let bytes = try readFile(segment)
        let starts = [0] + bytes.indices.filter { bytes[$0] == 0x0a }.map { $0 + 1 }
        for index in 0..<(starts[5] - 1) {
            var damaged = bytes
            damaged[index] ^= UInt8(1 << (index % 7))
            try put(segment, damaged)
            let record = starts.lastIndex { $0 <= index }.map { $0 + 1 } ?? 0
            let damage = try #require(verifyLog(directory: folder.log).damage)
            #expect(damage.path == segment && damage.line == record && damage.sequence == UInt64(record))
            #expect(damage.offset == UInt64(starts[record - 1]) && !damage.isTornTail)
            #expect(throws: LogError.damaged(damage)) { _ = try reopen(folder.log) }
            #expect(try readFile(segment) == damaged, "nothing is changed")
        }
        var joined = bytes
        joined[starts[5] - 1] = UInt8(ascii: " ")  // without the line break before it, the last line is 5 and 6 in one
        try put(segment, joined)
        #expect(verifyLog(directory: folder.log).damage?.sequence == 5)
    }

    @Test func `a flipped bit in the last record is found, and that record set aside`() throws {
        try writeLog(folder.log, count: 3)
        let bytes = try readFile(segment)
        let start = try #require(bytes.dropLast().lastIndex(of: 0x0a)) + 1
        for index in start..<bytes.count {
            var damaged = bytes
            damaged[index] ^= 0x80  // makes no new line break
            try put(segment, damaged)
            let damage = try #require(verifyLog(directory: folder.log).damage)
            #expect(damage.isTornTail && damage.sequence == 3)
            #expect(damage.description.contains("set aside"))
            let (writer, report, records) = try reopen(folder.log)
            #expect(records.count == 2 && report.torn?.damage == damage)
            writer.close()
        }
    }

    @Test func `a copy of the folder taken at any time opens with everything that was acknowledged`() throws {
        let options = LogOptions.test(segmentBytes: 2_000, compressFullSegments: true)
        let (writer, _, _) = try reopen(folder.log, options: options)
        for sequence in 1...UInt64(80) {
            #expect(writer.record(sequence))
            if sequence % 3 == 0 {
                let path = folder.path + "/copy-\(sequence)"
                try folder.copy(to: path)
                let (copy, report, records) = try reopen(path, options: options)
                #expect(records.count >= Int(sequence) && report.torn == nil)
                #expect(copy.record(report.lastSequence + 1))
                copy.close()
                #expect(verifyLog(directory: path).isSound)
            }
        }
        writer.close()
    }

    @Test func `a crash between compressing a segment and removing it loses nothing`() throws {
        try writeLog(folder.log, count: 30, options: .test(segmentBytes: 1_000))
        let names = try folder.segmentNames()
        try Gzip.compress(file: folder.log + "/" + names[0], to: folder.log + "/" + names[0] + ".gz")
        try put(folder.log + "/" + names[1] + ".gz", [0x1f, 0x8b])
        try put(folder.log + "/.x.tmp", [1])
        #expect(verifyLog(directory: folder.log).records == 30)
        let options = LogOptions.test(segmentBytes: 1_000, compressFullSegments: true)
        let (writer, report, _) = try reopen(folder.log, options: options)
        #expect(report.records == 30)
        writer.close()
        let after = try fileNames(in: folder.log)
        #expect(after.filter { $0.hasSuffix(".ndjson.gz") }.count == names.count - 1)
        #expect(after.filter { $0.hasSuffix(".ndjson") } == [names[names.count - 1]])
        #expect(!after.contains(".x.tmp"))
        #expect(verifyLog(directory: folder.log).records == 30)
    }

    @Test func `a missing segment, a segment of another log and rot in a compressed one are named`() throws {
        let options = LogOptions.test(segmentBytes: 1_000, compressFullSegments: true)
        let other = folder.path + "/other"
        try writeLog(folder.log, count: 40, options: options)
        try writeLog(other, count: 40, options: options, padding: 19)
        let names = try folder.segmentNames()
        let first = try #require(UInt64(names[1].prefix(20)))
        let next = try #require(UInt64(names[2].prefix(20)))
        let path = folder.log + "/" + names[1]
        let bytes = try readFile(path)

        unlink(path)
        var damage = try #require(verifyLog(directory: folder.log).damage)
        #expect(damage.kind == .missingRecords(nextSegmentBeginsWith: next) && damage.sequence == first)
        #expect(damage.path == folder.log && !damage.isTornTail)
        #expect(throws: LogError.damaged(damage)) { _ = try reopen(folder.log, options: options) }

        var foreign: [UInt8] = []
        var lines = 0
        let reader = try LineReader(path: other + "/" + names[1])
        var line: [UInt8] = []
        while try reader.next(into: &line) {
            foreign += line + [0x0a]
            lines += 1
        }
        try put(path, foreign)  // the form is told by the bytes, not by the name
        damage = try #require(verifyLog(directory: folder.log).damage)
        #expect(damage.kind == .chainBroken && damage.sequence == first && damage.line == 1 && damage.path == path)

        for index in stride(from: 12, to: bytes.count, by: 5) {
            var rotten = bytes
            rotten[index] ^= 4
            try put(path, rotten)
            damage = try #require(verifyLog(directory: folder.log).damage)
            #expect(damage.path == path && damage.sequence >= first && damage.sequence <= next)
        }
        try put(path, Array(bytes.dropLast(3)))
        damage = try #require(verifyLog(directory: folder.log).damage)
        #expect(damage.path == path)
        try put(path, bytes)
        #expect(verifyLog(directory: folder.log).records == 40)
    }

    @Test func `a first segment that is missing is missed`() throws {
        try writeLog(folder.log, count: 30, options: .test(segmentBytes: 1_000))
        unlink(segment)
        let damage = try #require(verifyLog(directory: folder.log).damage)
        #expect(damage.sequence == 1)
        guard case .missingRecords = damage.kind else { Issue.record("\(damage)"); return }
    }

    @Test func `a repeated, a left out and a swapped record are found`() throws {
        try writeLog(folder.log, count: 5)
        let lines = try readFile(segment).split(separator: 0x0a).map { Array($0) + [0x0a] }
        let cases: [(lines: [[UInt8]], sequence: UInt64, found: UInt64)] = [
            ([lines[0], lines[1], lines[1], lines[2]], 3, 2), ([lines[0], lines[2], lines[3], lines[4]], 2, 3),
            ([lines[0], lines[2], lines[1], lines[3]], 2, 3),
        ]
        for (lines, sequence, found) in cases {
            try put(segment, lines.flatMap(\.self))
            let damage = try #require(verifyLog(directory: folder.log).damage)
            #expect(damage.kind == .unexpectedSequence(found) && damage.sequence == sequence)
        }
    }

    @Test func `a folder of a later version is refused by name`() throws {
        try writeLog(folder.log, count: 1)
        let format = folder.log + "/format"
        try put(format, Array("shroff decision log 2\n".utf8))
        let expected = LogError.unknownFormat(
            path: format, found: #""shroff decision log 2", not "shroff decision log 1""#)
        #expect(throws: expected) { _ = try reopen(folder.log) }
        #expect(verifyLog(directory: folder.log).problem == expected)
        unlink(format)
        try reopen(folder.log).writer.close()
        try put(folder.log + "/00000000000000000002.ndjson.zst", [1])
        #expect(throws: LogError.self) { _ = try reopen(folder.log) }
        #expect(verifyLog(directory: folder.log).problem?.description.contains(".ndjson.zst") == true)
    }

    @Test func `a reader that refuses a record stops the opening and the folder is free again`() throws {
        try writeLog(folder.log, count: 3)
        struct No: Error {}
        #expect(throws: LogError.refused(sequence: 2, reason: "No()")) {
            _ = try DecisionLogWriter.open(directory: folder.log, options: .test()) {
                if $0.sequence == 2 { throw No() }
            }
        }
        try reopen(folder.log).writer.close()
    }

    @Test func `an empty last segment is gone on in`() throws {
        try writeLog(folder.log, count: 3)
        try put(folder.log + "/00000000000000000004.ndjson", [])
        let (writer, report, _) = try reopen(folder.log)
        #expect(report.records == 3 && writer.record(4))
        writer.close()
        #expect(try readFile(folder.log + "/00000000000000000004.ndjson").count > 10)
        #expect(verifyLog(directory: folder.log).records == 4)
    }

    @Test func `a folder that cannot be made or read is an error that names it`() throws {
        try put(folder.path + "/file", [])
        #expect(throws: LogError.self) { _ = try reopen(folder.path + "/file") }
        #expect(verifyLog(directory: folder.path + "/none").problem?.description.contains("/none") == true)
    }
}
