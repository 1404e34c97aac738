// LogFixture.swift: what the tests of the log share: a folder that goes away, records to write, the disk that fails.
import Dispatch
import Glibc
import Platform
import Synchronization

@testable import DecisionLog

/// A folder for a log, removed with everything in it when the test is over.
final class LogTestFolder: Sendable {
    let path: String
    var log: String { path + "/log" }

    init() {
        var template = Array("/tmp/shroff-log-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nowhere"
    }

    deinit { Self.remove(path) }

    static func remove(_ path: String) {
        for name in (try? fileNames(in: path)) ?? [] {
            let inner = path + "/" + name
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }

    /// The log's files as they are now, in another folder: what a crash at this instant would leave.
    func copy(to other: String) throws {
        while true {
            LogTestFolder.remove(other)
            mkdir(other, 0o755)
            let names = try fileNames(in: log)
            var isWhole = true
            for name in names where name != ".lock" {
                if let bytes = try? readFile(log + "/" + name) {
                    try put(other + "/" + name, bytes)
                } else {
                    isWhole = false  // it was compressed meanwhile: this was no single instant
                }
            }
            if try isWhole && fileNames(in: log) == names { return }
        }
    }

    func segmentNames() throws -> [String] {
        try fileNames(in: log).filter { $0.contains(".ndjson") }
    }
}

/// Puts bytes into a file without waiting for the disk.
func put(_ path: String, _ bytes: [UInt8]) throws(PlatformError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
        throw PlatformError(operation: "write", path: path, code: errno)
    }
}

/// The body of a record: a member that tells it, and some bytes.
func body(_ sequence: UInt64, padding: Int = 20) -> [UInt8] {
    Array(#""kind":"payment","n":\#(sequence),"pad":""#.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: padding)
        + Array("\"".utf8)
}

extension LogOptions {
    /// Small, and nothing in the background unless a test asks for it.
    static func test(
        segmentBytes: Int = 1 << 20, sync: Sync = .never, pendingBytesLimit: Int = 1 << 20,
        compressFullSegments: Bool = false, retryMilliseconds: Int = 1
    ) -> LogOptions {
        LogOptions(
            segmentBytes: segmentBytes, sync: sync, pendingBytesLimit: pendingBytesLimit,
            compressFullSegments: compressFullSegments, retryMilliseconds: retryMilliseconds)
    }
}

extension DecisionLogWriter {
    @discardableResult
    func append(_ sequence: UInt64, padding: Int = 20) -> LogPosition? {
        let bytes = body(sequence, padding: padding)
        if case .appended(let position) = append(sequence: sequence, body: bytes.span) { return position }
        return nil
    }

    /// Appends and commits; false when not recorded.
    @discardableResult
    func record(_ sequence: UInt64, padding: Int = 20) -> Bool {
        append(sequence, padding: padding) != nil && commit(through: sequence)
    }
}

/// Opens a log and gives back what it read.
func reopen(
    _ path: String, options: LogOptions = .test(), operations: FileOperations = .system
) throws(LogError) -> (writer: DecisionLogWriter, report: RecoveryReport, records: [LogRecord]) {
    var records: [LogRecord] = []
    let (writer, report) = try DecisionLogWriter.open(directory: path, options: options, operations: operations) {
        records.append($0)
    }
    return (writer, report, records)
}

/// Writes records 1 to `count` into a fresh log and closes it.
func writeLog(_ path: String, count: UInt64, options: LogOptions = .test(), padding: Int = 20) throws {
    let (writer, _, _) = try reopen(path, options: options)
    for sequence in 1...count { writer.append(sequence, padding: padding) }
    guard writer.commit(through: count), writer.close() else {
        throw PlatformError(operation: "write", path: path, reason: "the log refused")
    }
}

/// A disk that does what a test tells it to, over the real one.
final class FailingDisk: Sendable {
    struct Behaviour: Sendable {
        /// Bytes that may yet be written before it is full.
        var freeBytes = Int.max
        /// The error of every write.
        var writeError: Int32 = 0
        /// The most that one write takes.
        var writeAtMost = Int.max
        var createError: Int32 = 0
        var truncateError: Int32 = 0
        /// Flushes to come that fail with EIO.
        var failingFlushes = 0
        var failingFolderFlushes = 0
        /// Microseconds that each write takes.
        var writeMicroseconds: UInt32 = 0
        /// Writes wait as long as this is set.
        var isStalled = false
        var writes = 0
        var flushes = 0
    }

    let behaviour = Mutex(Behaviour())

    func set(_ change: (inout Behaviour) -> Void) { behaviour.withLock { change(&$0) } }

    var operations: FileOperations {
        FileOperations(
            create: { path in
                let code = self.behaviour.withLock { $0.createError }
                return code != 0 ? -code : FileOperations.system.create(path)
            },
            write: { descriptor, bytes, offset in self.write(descriptor, bytes, offset) },
            truncate: { descriptor, length in
                let code = self.behaviour.withLock { $0.truncateError }
                return code != 0 ? -code : FileOperations.system.truncate(descriptor, length)
            },
            flush: { descriptor in
                let fails = self.behaviour.withLock { state in
                    state.flushes += 1
                    if state.failingFlushes > 0 {
                        state.failingFlushes -= 1
                        return true
                    }
                    return false
                }
                return fails ? -EIO : FileOperations.system.flush(descriptor)
            },
            flushFolder: { path in
                let fails = self.behaviour.withLock { state in
                    if state.failingFolderFlushes > 0 {
                        state.failingFolderFlushes -= 1
                        return true
                    }
                    return false
                }
                return fails ? -EIO : FileOperations.system.flushFolder(path)
            }
        )
    }

    private func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: UInt64) -> Int {
        let (code, allowed, delay) = behaviour.withLock { state -> (Int32, Int, UInt32) in
            state.writes += 1
            if state.writeError != 0 { return (state.writeError, 0, state.writeMicroseconds) }
            let allowed = min(bytes.count, state.writeAtMost, state.freeBytes)
            if state.freeBytes != .max { state.freeBytes -= allowed }
            return (allowed == 0 ? ENOSPC : 0, allowed, state.writeMicroseconds)
        }
        if delay > 0 { usleep(delay) }
        while behaviour.withLock({ $0.isStalled }) { usleep(1_000) }
        if code != 0 { return -Int(code) }
        return FileOperations.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<allowed]), offset)
    }
}

/// Runs `body` on as many threads of its own as asked for, and returns when all are done; true when each said so.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Bool) -> Bool {
    let tally = ThreadTally()
    let group = DispatchGroup()
    for index in 0..<count {
        DispatchQueue(label: "thread \(index)").async(group: group) {
            if !body(index) { tally.failures.add(1, ordering: .relaxed) }
        }
    }
    group.wait()
    return tally.failures.load(ordering: .relaxed) == 0
}

private final class ThreadTally: Sendable {
    let failures = Atomic<Int>(0)
}
