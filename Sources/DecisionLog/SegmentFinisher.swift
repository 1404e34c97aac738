// SegmentFinisher.swift: what becomes of a full segment, in the background: it is flushed, compressed into a file beside
// it that appears whole, and then removed. A reader finds the plain file or the compressed one at every instant.
import Dispatch
import Glibc
import Platform
import Synchronization

/// Flushes and compresses full segments, one after another.
final class SegmentFinisher: Sendable {
    struct Failures: Sendable, Equatable {
        var flushes: UInt64 = 0
        var compression: String?
    }

    /// The fastest: it shares the cores with the payments, and must keep up with them.
    static let compressionLevel: Int32 = 1

    private let folder: LogFolder
    private let compresses: Bool
    private let operations: FileOperations
    /// Held until the last segment is done, so that no other process finds the folder in the middle of it.
    private let lock: FolderLock
    private let queue = DispatchQueue(label: "decision-log.segments", qos: .utility)
    private let state = Mutex(Failures())

    init(folder: LogFolder, options: LogOptions, operations: FileOperations, lock: FolderLock) {
        self.folder = folder
        compresses = options.compressFullSegments
        self.operations = operations
        self.lock = lock
    }

    var failures: Failures { state.withLock { $0 } }

    /// Takes a full segment that is still open.
    func finish(_ file: SegmentFile) {
        queue.async {
            if self.operations.flush(file.descriptor) < 0 { self.state.withLock { $0.flushes += 1 } }
            if self.compresses { LowPriorityWork.run { self.compress(file.first) } }
        }
    }

    /// Takes a full segment left by an earlier run.
    func finish(first: UInt64) {
        guard compresses else { return }
        queue.async { LowPriorityWork.run { self.compress(first) } }
    }

    private func compress(_ first: UInt64) {
        let plain = folder.plainPath(first)
        do throws(PlatformError) {
            try Gzip.compress(file: plain, to: folder.compressedPath(first), level: Self.compressionLevel)
            guard unlink(plain) == 0 else { throw PlatformError(operation: "remove", path: plain, code: errno) }
            state.withLock { $0.compression = nil }
        } catch {
            state.withLock { $0.compression = error.description }
        }
    }

    /// Returns when everything given so far is done.
    func waitUntilIdle() {
        queue.sync {}
    }
}
