// FileOperations.swift: the calls by which the log changes its folder, as values: a test puts a disk in their place that
// is full, stalls, writes short, fails to flush, or loses power.
import Glibc
import Platform

/// Each answers 0 or more when done, and the negated error number when refused.
package struct FileOperations: Sendable {
    /// Makes a new file and returns its descriptor; refuses when the name is taken.
    package var create: @Sendable (_ path: String) -> Int32
    /// Writes at an offset and returns how many bytes went.
    package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: UInt64) -> Int
    /// Cuts a file.
    package var truncate: @Sendable (_ descriptor: Int32, _ length: UInt64) -> Int32
    /// Flushes a file's bytes to the disk.
    package var flush: @Sendable (_ descriptor: Int32) -> Int32
    /// Flushes a folder's names to the disk.
    package var flushFolder: @Sendable (_ path: String) -> Int32
    /// Opens a file that is there, to be written to.
    var reopen: @Sendable (_ path: String) -> Int32 = { path in
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : -errno
    }
    /// Gives a file another name.
    var rename: @Sendable (_ path: String, _ to: String) -> Int32 = { path, to in
        Glibc.rename(path, to) == 0 ? 0 : -errno
    }
    /// Removes a name.
    var remove: @Sendable (_ path: String) -> Int32 = { path in unlink(path) == 0 ? 0 : -errno }
    /// Puts a small file in its place, whole and flushed or not at all.
    var putFile: @Sendable (_ path: String, _ bytes: [UInt8]) throws(PlatformError) -> Void = {
        (path, bytes) throws(PlatformError) in try writeFileAtomically(path, bytes)
    }
    /// Compresses a file into another, which appears whole and flushed or not at all.
    var compress: @Sendable (_ path: String, _ to: String, _ level: Int32) throws(PlatformError) -> Void = {
        (path, to, level) throws(PlatformError) in try Gzip.compress(file: path, to: to, level: level)
    }
    /// A name of this run of the machine; another one after a loss of power. Empty where the system tells none.
    var bootName: @Sendable () -> String = {
        let text = try? readFile("/proc/sys/kernel/random/boot_id", maximumBytes: 64)
        return String(decoding: (text ?? []).prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
    /// Runs what can wait, one piece after another; nil for a queue of the log's own.
    var later: (@Sendable (_ work: @escaping @Sendable () -> Void) -> Void)?

    /// The kernel's own.
    package static let system = FileOperations(
        create: { path in
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            return descriptor >= 0 ? descriptor : -errno
        },
        write: { descriptor, bytes, offset in
            let count = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            return count >= 0 ? count : -Int(errno)
        },
        truncate: { descriptor, length in
            ftruncate(descriptor, off_t(length)) == 0 ? 0 : -errno
        },
        flush: { descriptor in
            fdatasync(descriptor) == 0 ? 0 : -errno
        },
        flushFolder: { path in
            do throws(PlatformError) {
                try flushDirectory(path)
                return 0
            } catch {
                return -(error.code ?? EIO)
            }
        }
    )
}

/// An open segment. The descriptor lives as long as anyone who flushes it.
final class SegmentFile: Sendable {
    let descriptor: Int32
    /// The segment's name.
    let first: UInt64

    init(descriptor: Int32, first: UInt64) {
        self.descriptor = descriptor
        self.first = first
    }

    deinit {
        close(descriptor)
    }
}

enum Clock {
    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func nanosecondsSince1970() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
