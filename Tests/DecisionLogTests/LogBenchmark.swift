// LogBenchmark.swift: what an append and a commit cost. A test runs it small; SHROFF_BENCHMARK=1 runs it large and
// prints:  SHROFF_BENCHMARK=1 swift test -c release -Xswiftc -enable-testing --filter LogBenchmark
import Glibc
import Testing

@testable import DecisionLog

struct LogFigures {
    var records: UInt64 = 0
    var appendNanoseconds: [UInt64] = []
    var commitNanoseconds: [UInt64] = []
}

/// Appends `records` records of 1.5 KB a round and commits them together, then as many with a commit each.
func measureLog(
    records: Int, rounds: Int, directory: String, sync: LogOptions.Sync
) throws(LogError) -> LogFigures {
    let (writer, _, _) = try reopen(directory, options: LogOptions(sync: sync))
    let bytes = body(1, padding: 1_400)
    var figures = LogFigures()
    for _ in 0..<rounds {
        let start = Clock.monotonicNanoseconds()
        for _ in 0..<records {
            figures.records += 1
            _ = writer.append(sequence: figures.records, body: bytes.span)
        }
        figures.appendNanoseconds.append((Clock.monotonicNanoseconds() - start) / UInt64(records))
        _ = writer.commit(through: figures.records)
        for _ in 0..<records {
            figures.records += 1
            _ = writer.append(sequence: figures.records, body: bytes.span)
            let start = Clock.monotonicNanoseconds()
            _ = writer.commit(through: figures.records)
            figures.commitNanoseconds.append(Clock.monotonicNanoseconds() - start)
        }
    }
    writer.close()
    figures.appendNanoseconds.sort()
    figures.commitNanoseconds.sort()
    return figures
}

@Suite(.serialized) struct LogBenchmark {
    @Test(
        .enabled(if: getenv("SHROFF_BENCHMARK") != nil, "set SHROFF_BENCHMARK to measure"),
        arguments: [LogOptions.Sync.never, .interval(milliseconds: 100), .always])
    func `append and commit of a 1.5 KB record`(sync: LogOptions.Sync) throws {
        let folder = LogTestFolder()
        let rounds = sync == .always ? 4 : 50
        let figures = try measureLog(
            records: sync == .always ? 200 : 2_000, rounds: rounds, directory: folder.log, sync: sync)
        let commits = figures.commitNanoseconds
        let middle = figures.appendNanoseconds[figures.appendNanoseconds.count / 2]
        let start = Clock.monotonicNanoseconds()
        let found = verifyLog(directory: folder.log)
        let verify = (Clock.monotonicNanoseconds() - start) / found.records
        print(
            "\(sync): append p50 \(middle) ns; commit of one p50 \(commits[commits.count / 2]) ns, "
                + "p99 \(commits[commits.count * 99 / 100]) ns, max \(commits[commits.count - 1]) ns; "
                + "verify \(verify) ns a record; \(found.records) records, sound \(found.isSound)")
    }
}
