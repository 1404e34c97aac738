import Foundation
import Testing

@Suite struct UsageTests {
    @Test func `help and version go to standard output and are no failure`() throws {
        let fixture = try Fixture()
        for arguments in [["--help"], ["--version"], ["score", "--help"], ["help", "loadtest"]] {
            let run = try fixture.run(arguments)
            #expect(run.code == 0)
            #expect(!run.output.isEmpty)
            #expect(run.errors.isEmpty)
        }
    }

    @Test(arguments: [
        "frobnicate", "score", "score --frob x", "simulate --days many", "simulate --days 0",
        "simulate --start yesterday", "loadtest --url https://example.org", "loadtest --rate -1",
        "loadtest --percentile 101", "loadtest --seconds 0", "serve --port 65536",
        "log cat config --from 2 --to 1", "log verify nowhere", "score nowhere.ndjson", "score - -",
        "score --features - --decisions - -", "score --features f.csv.gz -", "model inspect nowhere",
        "model verify config", "config check --config nowhere.yaml",
    ])
    func `wrong usage exits 2, says why on standard error and prints no data`(arguments: String) throws {
        let run = try Fixture().run(arguments.split(separator: " ").map(String.init))
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(!run.errors.isEmpty)
        #expect(!run.errors.contains("Fatal error"))
    }

    @Test func `a reader that leaves ends the command quietly`() throws {
        let fixture = try Fixture()
        try fixture.simulate(days: 3)
        let command = """
            "$SHROFF" score payments.ndjson 2> errors | head -n 1 > first; echo ${PIPESTATUS[0]} > code
            """
        #expect(try fixture.shell(command) == 0)
        #expect(try fixture.read("first").last == UInt8(ascii: "\n"))
        #expect(String(decoding: try fixture.read("code"), as: UTF8.self) == "0\n")
        #expect(!String(decoding: try fixture.read("errors"), as: UTF8.self).contains("shroff:"))
    }

    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs a device that is always full"),
        arguments: ["simulate --days 1 --customers 100", "score payments.ndjson", "--help", "config check"])
    func `a full disk is an error with exit code 2`(arguments: String) throws {
        let fixture = try Fixture()
        try fixture.simulate()
        #expect(try fixture.shell("\"$SHROFF\" \(arguments) > /dev/full") == 2)
    }

    @Test func `equal seeds simulate equal bytes, other seeds others`() throws {
        let fixture = try Fixture()
        let first = try fixture.run(["simulate", "--days", "1", "--customers", "100", "--seed", "7"])
        let second = try fixture.run(["simulate", "--days", "1", "--customers", "100", "--seed", "7"])
        let third = try fixture.run(["simulate", "--days", "1", "--customers", "100", "--seed", "8"])
        #expect(first.code == 0)
        #expect(first.output == second.output)
        #expect(first.output != third.output)
        #expect(first.lines.allSatisfy { $0.hasPrefix(#"{"transaction_id":"#) })
    }
}
