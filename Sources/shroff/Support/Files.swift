// Small questions about files, and whole files that may be gzipped.

import Glibc
import Platform

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Says at once what reading would say later, when outputs have been begun.
func checkReadable(_ path: String) throws(PlatformError) {
    guard access(path, R_OK) == 0 else { throw PlatformError(operation: "open", path: path, code: errno) }
}

/// Reads a whole file, plain or gzipped, or standard input for `-`.
func readInput(_ path: String, maximumBytes: Int) throws(PlatformError) -> [UInt8] {
    let source = try ByteSource(path: path)
    var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
    var bytes: [UInt8] = []
    while true {
        let count = try source.read(into: &block)
        if count == 0 { return bytes }
        guard bytes.count + count <= maximumBytes else {
            throw PlatformError(operation: "read", path: path, reason: "it is longer than \(maximumBytes) bytes")
        }
        bytes.append(contentsOf: block[..<count])
    }
}
