import Foundation
import Testing

@Suite struct LogTests {
    private let fixture: Fixture
    private let segment = "state/log/00000000000000000001.ndjson"

    init() throws {
        fixture = try Fixture()
        try fixture.simulate()
        let run = try fixture.run(["score", "--state", "state", "--decisions", "decisions.ndjson", "payments.ndjson"])
        try #require(run.code == 0, "\(run.errors)")
    }

    @Test func `cat prints records by kind and number`() throws {
        let all = try fixture.run(["log", "cat", "state"])
        #expect(all.code == 0)
        #expect(all.output == (try fixture.read(segment)))
        #expect(try fixture.run(["log", "cat", "state/log"]).output == all.output)
        let some = try fixture.run(["log", "cat", "state", "--from", "3", "--to", "5"])
        #expect(some.lines == Array(all.lines[2...4]))
        let configurations = try fixture.run(["log", "cat", "state", "--kind", "config"])
        #expect(configurations.lines == [all.lines[0]])
        let payments = try fixture.run(["log", "cat", "state", "--kind", "payment"])
        #expect(payments.lines == Array(all.lines[1...]))
        #expect(try fixture.run(["log", "cat", "state", "--kind", "label"]).output.isEmpty)
        #expect(try fixture.run(["log", "cat", "state", "--kind", "nonsense"]).code == 2)
    }

    @Test(arguments: [1, 2, 100])
    func `a flipped byte is found and its record named`(sequence: Int) throws {
        var bytes = try fixture.read(segment)
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let start = lines[sequence - 1].startIndex
        bytes[start + 60] ^= 1
        try Data(bytes).write(to: fixture.url(segment))
        let run = try fixture.run(["log", "verify", "state"])
        #expect(run.code == 1)
        #expect(run.text.contains("DAMAGED at record \(sequence)\n"))
        #expect(run.errors.contains("line \(sequence), byte \(start), record \(sequence): "))
        let cat = try fixture.run(["log", "cat", "state"])
        #expect(cat.code == 1)
        #expect(cat.lines.count == sequence - 1)
        #expect(try fixture.run(["score", "--state", "state", "payments.ndjson"]).code == 1)
    }

    @Test func `an unfinished last line is damage only when nobody writes`() throws {
        try fixture.write("config/shroff.yaml", Fixture.scoring + "http: { port: 0 }\n")
        let service = try Service(fixture, data: "state")
        defer { service.end() }
        var bytes = try fixture.read(segment)
        bytes.append(contentsOf: #"{"seq":"#.utf8)
        let handle = try FileHandle(forWritingTo: fixture.url(segment))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes.suffix(7)))
        try handle.close()
        let live = try fixture.run(["log", "verify", "state"])
        #expect(live.code == 0, "\(live.text)")
        #expect(live.text.contains("still being written"))
        #expect(try fixture.run(["log", "cat", "state"]).code == 0)
        #expect(try fixture.run(["score", "--state", "state", "payments.ndjson"]).errors.contains("is in use"))
        #expect(service.stop() == 0)
        let dead = try fixture.run(["log", "verify", "state"])
        #expect(dead.code == 1)
        #expect(dead.errors.contains("set aside at the next start"))
    }

    @Test func `an empty log is sound, and what is no log is wrong input`() throws {
        try FileManager.default.createDirectory(at: fixture.url("empty/log"), withIntermediateDirectories: true)
        #expect(try fixture.run(["log", "verify", "empty"]).code == 0)
        #expect(try fixture.run(["log", "verify", "payments.ndjson"]).code == 2)
    }
}
