// FileOperations.swift: the calls by which the log changes its segments, as values: a test puts a disk in their place
// that is full, stalls, writes short or fails to flush.
import Glibc
import Platform

/// Each answers 0 or more when done, and the negated error number when refused.
struct FileOperations: Sendable {
    /// Makes a new file and returns its descriptor; refuses when the name is taken.
    var create: @Sendable (_ path: String) -> Int32
    /// Writes at an offset and returns how many bytes went.
    var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ offset: UInt64) -> Int
    /// Cuts a file.
    var truncate: @Sendable (_ descriptor: Int32, _ length: UInt64) -> Int32
    /// Flushes a file's bytes to the disk.
    var flush: @Sendable (_ descriptor: Int32) -> Int32
    /// Flushes a folder's names to the disk.
    var flushFolder: @Sendable (_ path: String) -> Int32

    /// The kernel's own.
    static let system = FileOperations(
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
