// StallTests.swift: a disk that answers nothing for a while. Who has a deadline goes on without it, is told the truth, and
// finds the record in the log when the disk comes back.
import Dispatch
import Glibc
import Platform
import Testing
import Waiting

@testable import DecisionLog

@Suite struct StallTests {
    let folder = LogTestFolder()
    let disk = FailingDisk()

    private func open(_ sync: LogOptions.Sync) throws(LogError) -> DecisionLogWriter {
        try reopen(folder.log, options: .test(sync: sync), operations: disk.operations).writer
    }

    private func soon(_ milliseconds: UInt64) -> UInt64 { Clock.monotonicNanoseconds() + milliseconds * 1_000_000 }

    @Test func `with sync always no caller with a deadline waits for a stalled disk`() throws {
        let writer = try open(.always)
        #expect(writer.record(1))
        disk.set { $0.isStalled = true }
        // Each of these comes back although the disk does not: that is the test.
        for sequence in 2...UInt64(20) {
            writer.append(sequence)
            #expect(!writer.commit(through: sequence, by: soon(sequence % 2 == 0 ? 1 : 600_000)))
        }
        #expect(!writer.commit(through: 2, by: 0), "a deadline that is over")
        #expect(writer.commit(through: 1, by: 0), "what is recorded is recorded, whatever the time")
        guard case .failing(_, let reason) = writer.health.state else { Issue.record("healthy"); return }
        #expect(reason.contains("the disk has not answered for"))
        #expect(writer.health.recordedThrough == 1 && writer.health.appendedThrough == 20)
        disk.set { $0.isStalled = false }
        #expect(writer.commit(through: 20), "who has time waits, and what was refused is recorded after all")
        #expect(writer.health.isRecording && writer.commit(through: 2, by: 0))
        #expect(writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 20 && found.gaps == 0)
    }

    @Test(arguments: [LogOptions.Sync.interval(milliseconds: 3_600_000), .never])
    func `without it only the caller who writes waits, and the others go on`(sync: LogOptions.Sync) throws {
        let writer = try open(sync)
        #expect(writer.record(1))
        disk.set { $0.isStalled = true }
        let writes = disk.behaviour.withLock { $0.writes }
        writer.append(2)
        let group = DispatchGroup()
        DispatchQueue(label: "writes").async(group: group) { _ = writer.commit(through: 2, by: 0) }
        #expect(eventually { disk.behaviour.withLock { $0.writes } > writes })
        for sequence in 3...UInt64(20) {
            writer.append(sequence)
            #expect(!writer.commit(through: sequence, by: soon(600_000)))
        }
        #expect(!writer.health.isRecording)
        disk.set { $0.isStalled = false }
        group.wait()
        #expect(writer.commit(through: 20, by: soon(600_000)) && writer.health.isRecording && writer.close())
        #expect(verifyLog(directory: folder.log).records == 20)
    }

    @Test func `a slow disk that answers in time is waited for, by all who wait at once`() throws {
        let writer = try open(.always)
        disk.set { $0.writeMicroseconds = 2_000 }
        let isTrue = onThreads(4) { index in
            (0..<10).allSatisfy { _ in
                let sequence = writer.appendNext()
                // A busy machine may take longer than the disk: whoever is told no asks again.
                return eventually { writer.commit(through: sequence, by: Clock.monotonicNanoseconds() + 1_000_000_000) }
            }
        }
        #expect(isTrue && writer.close())
        #expect(verifyLog(directory: folder.log).records == 40)
    }

    @Test func `a flush that fails while nobody waits any more is not believed either`() throws {
        let writer = try reopen(
            folder.log, options: .test(sync: .always, retryMilliseconds: 5), operations: disk.operations
        ).writer
        #expect(writer.record(1))
        disk.set {
            $0.isStalled = true
            $0.failingFlushes = 1
        }
        writer.append(2)
        #expect(!writer.commit(through: 2, by: 0))
        disk.set { $0.isStalled = false }
        #expect(eventually { writer.health.recordedThrough == 2 })
        #expect(writer.health.syncFailures == 1 && writer.close())
        let found = verifyLog(directory: folder.log)
        #expect(found.isSound && found.records == 2 && found.segments == 2, "the record went into a new segment")
    }
}

extension DecisionLogWriter {
    /// Appends whatever comes next.
    fileprivate func appendNext() -> UInt64 {
        let bytes = body(1)
        return monitor.withLock { state in
            let sequence = state.pending.nextSequence
            _ = state.pending.append(sequence: sequence, body: bytes.span)
            return sequence
        }
    }
}
