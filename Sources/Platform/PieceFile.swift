// PieceFile.swift: files too large for memory, written and read in pieces. A new file appears whole and flushed, or not at
// all; what is written goes to the disk as it comes, so that a large file never leaves the kernel with so much to write
// that others, who write little, have to wait for it.
import Glibc

/// A new file that takes its place at `commit`.
public final class NewFile {
    /// Bytes after which what was written is flushed.
    static let stepBytes = 32 << 20

    public let path: String
    public private(set) var byteCount = 0
    private let temporary: String
    private var descriptor: Int32

    /// Makes a temporary file beside `path`.
    public init(_ path: String, mode: UInt32 = 0o644) throws(PlatformError) {
        self.path = path
        temporary = temporaryPath(beside: path)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw PlatformError(operation: "create", path: temporary, code: errno) }
    }

    /// Removes what was not committed.
    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    public func write(_ bytes: Span<UInt8>) throws(PlatformError) {
        precondition(descriptor >= 0, "the file has its place already")
        try writeAll(descriptor, bytes, path: temporary)
        let step = byteCount / Self.stepBytes
        byteCount += bytes.count
        guard byteCount / Self.stepBytes > step else { return }
        guard fdatasync(descriptor) == 0 else { throw PlatformError(operation: "flush", path: temporary, code: errno) }
    }

    /// Flushes the file and gives it its place.
    public func commit() throws(PlatformError) {
        guard fsync(descriptor) == 0 else { throw PlatformError(operation: "flush", path: temporary, code: errno) }
        try moveIntoPlace(temporary, path)
        close(descriptor)
        descriptor = -1
    }
}

/// A file that is read from start to end.
public final class OldFile {
    public let path: String
    private let descriptor: Int32

    public init(_ path: String) throws(PlatformError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PlatformError(operation: "open", path: path, code: errno) }
    }

    deinit { close(descriptor) }

    /// Reads on until `bytes` is full or the file is at its end.
    ///
    /// - Returns: How many bytes were read.
    public func read(into bytes: inout MutableSpan<UInt8>) throws(PlatformError) -> Int {
        var done = 0
        while done < bytes.count {
            let (count, code) = bytes.withUnsafeMutableBufferPointer { buffer -> (Int, Int32) in
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[done...])
                let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
                return (count, errno)
            }
            if count == 0 { break }
            if count < 0 {
                if code == EINTR { continue }
                throw PlatformError(operation: "read", path: path, code: code)
            }
            done += count
        }
        return done
    }
}
