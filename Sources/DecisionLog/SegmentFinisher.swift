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
        /// Segments whose flush is still to come.
        var unflushed = 0
    }

    /// The fastest: it shares the cores with the payments, and must keep up with them.
    static let compressionLevel: Int32 = 1

    private let folder: LogFolder
    private let compresses: Bool
    private let operations: FileOperations
    /// Moved on by each full segment where nobody else flushes; nil otherwise.
    private let syncMark: SyncMark?
    /// Held until the last segment is done, so that no other process finds the folder in the middle of it.
    private let lock: FolderLock
    private let queue = DispatchQueue(label: "decision-log.segments", qos: .utility)
    private let state = Mutex(Failures())

    init(folder: LogFolder, options: LogOptions, operations: FileOperations, syncMark: SyncMark, lock: FolderLock) {
        self.syncMark = options.sync == .never ? syncMark : nil
        self.folder = folder
        compresses = options.compressFullSegments
        self.operations = operations
        self.lock = lock
    }

    var failures: Failures { state.withLock { $0 } }

    private func later(_ work: @escaping @Sendable () -> Void) {
        if let later = operations.later { later(work) } else { queue.async(execute: work) }
    }

    /// Takes a full segment that is still open.
    func finish(_ file: SegmentFile) {
        state.withLock { $0.unflushed += 1 }
        later {
            let isFlushed = self.operations.flush(file.descriptor) >= 0
            self.state.withLock { state in
                state.unflushed -= 1
                if !isFlushed { state.flushes += 1 }
            }
            if isFlushed { self.mark(file) }
            if self.compresses { self.runBackstage { self.compress(file.first) } }
        }
    }

    /// Takes a full segment left by an earlier run.
    func finish(first: UInt64) {
        guard compresses else { return }
        later { self.runBackstage { self.compress(first) } }
    }

    /// On a thread that stands back, unless someone else says when.
    private func runBackstage(_ work: @escaping @Sendable () -> Void) {
        if operations.later == nil { LowPriorityWork.run(work) } else { work() }
    }

    private func mark(_ file: SegmentFile) {
        let length = lseek(file.descriptor, 0, SEEK_END)
        guard let syncMark, length >= 0, operations.flushFolder(folder.path) >= 0 else { return }
        syncMark.advance(to: file.first, UInt64(length))
    }

    private func compress(_ first: UInt64) {
        let plain = folder.plainPath(first)
        do throws(PlatformError) {
            try operations.compress(plain, folder.compressedPath(first), Self.compressionLevel)
            let code = operations.remove(plain)
            guard code >= 0 else { throw PlatformError(operation: "remove", path: plain, code: -code) }
            state.withLock { $0.compression = nil }
        } catch {
            state.withLock { $0.compression = error.description }
        }
    }

    /// Returns when everything given so far is done.
    func waitUntilIdle() {
        queue.sync {}
    }

    /// Does something while no segment is compressed.
    func alone<Result>(_ work: () -> Result) -> Result {
        queue.sync(execute: work)
    }
}
