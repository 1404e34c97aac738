// Files.swift: whole files. Reading takes one into memory up to a limit; writing is by a temporary file in the same
// folder, flushed and renamed, so that a reader (or a machine that lost power) sees the old content or the new.
import Glibc

/// Bytes that `readFile` takes at most unless told otherwise.
public let defaultFileLimitBytes = 1 << 30

/// Reads a whole file, as it stands (a .gz stays compressed).
public func readFile(_ path: String) throws(PlatformError) -> [UInt8] {
    try readFile(path, maximumBytes: defaultFileLimitBytes)
}

/// Reads a whole file of at most `maximumBytes` bytes, as it stands.
public func readFile(_ path: String, maximumBytes: Int) throws(PlatformError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlatformError(operation: "open", path: path, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    var bytes: [UInt8] = []
    if fstat(descriptor, &status) == 0, status.st_size > 0 {
        bytes.reserveCapacity(min(Int(status.st_size), maximumBytes))
    }
    var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
    while true {
        let count = try readBlock(descriptor, path: path, into: &block)
        if count == 0 { return bytes }
        guard bytes.count + count <= maximumBytes else {
            throw PlatformError(operation: "read", path: path, reason: "it is longer than \(maximumBytes) bytes")
        }
        bytes.append(contentsOf: block[..<count])
    }
}

/// Puts `bytes` at `path`, all or nothing: a temporary file beside it, flushed to the disk, then renamed over it.
public func writeFileAtomically(
    _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
) throws(PlatformError) {
    let temporary = temporaryPath(beside: path)
    do throws(PlatformError) {
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw PlatformError(operation: "create", path: temporary, code: errno) }
        defer { close(descriptor) }
        try writeAll(descriptor, bytes.span, path: temporary)
        guard fsync(descriptor) == 0 else { throw PlatformError(operation: "flush", path: temporary, code: errno) }
        try moveIntoPlace(temporary, path)
    } catch {
        unlink(temporary)
        throw error
    }
}

/// Makes a folder, and those above it that are not there. One that is there is left as it is.
public func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(PlatformError) {
    var status = stat()
    if stat(path, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw PlatformError(operation: "make the folder", path: path, code: ENOTDIR)
        }
        return
    }
    let parent = parentDirectory(of: path)
    if parent != path && parent != "." { try makeDirectory(parent, mode: mode) }
    guard mkdir(path, mode_t(mode)) == 0 || errno == EEXIST else {
        throw PlatformError(operation: "make the folder", path: path, code: errno)
    }
    try flushDirectory(parent)
}

/// Flushes a folder, so that names made, changed or removed in it outlive a loss of power.
public func flushDirectory(_ path: String) throws(PlatformError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PlatformError(operation: "open", path: path, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw PlatformError(operation: "flush", path: path, code: errno) }
}

/// The names in a folder, sorted, without "." and "..".
public func fileNames(in path: String) throws(PlatformError) -> [String] {
    guard let stream = opendir(path) else { throw PlatformError(operation: "list", path: path, code: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            guard errno == 0 else { throw PlatformError(operation: "list", path: path, code: errno) }
            return names.sorted()
        }
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
}

/// The folder that holds `path`.
public func parentDirectory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A hidden name in the folder of `path`, used by this process only.
func temporaryPath(beside path: String) -> String {
    let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
    var suffix: [UInt8] = []
    SHA256.hash(randomBytes(16).span).appendHexadecimal(to: &suffix, digestBytes: 6)
    return parentDirectory(of: path) + "/." + name + "." + String(decoding: suffix, as: UTF8.self) + ".tmp"
}

/// Renames a flushed temporary file to its place and flushes the folder.
func moveIntoPlace(_ temporary: String, _ path: String) throws(PlatformError) {
    guard rename(temporary, path) == 0 else {
        throw PlatformError(operation: "rename \(temporary) to", path: path, code: errno)
    }
    try flushDirectory(parentDirectory(of: path))
}

/// Writes all of `bytes` at the descriptor's place.
func writeAll(_ descriptor: Int32, _ bytes: Span<UInt8>, path: String) throws(PlatformError) {
    var done = 0
    while done < bytes.count {
        let (count, code) = bytes.withUnsafeBufferPointer { buffer -> (Int, Int32) in
            let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[done...])
            let count = write(descriptor, rest.baseAddress, rest.count)
            return (count, errno)
        }
        if count < 0 {
            if code == EINTR { continue }
            throw PlatformError(operation: "write", path: path, code: code)
        }
        done += count
    }
}

/// Reads once, at most `block.count` bytes, into the start of `block`; 0 at the end.
func readBlock(_ descriptor: Int32, path: String, into block: inout [UInt8]) throws(PlatformError) -> Int {
    while true {
        let (count, code) = block.withUnsafeMutableBytes { buffer -> (Int, Int32) in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return (count, errno)
        }
        if count >= 0 { return count }
        if code != EINTR { throw PlatformError(operation: "read", path: path, code: code) }
    }
}
