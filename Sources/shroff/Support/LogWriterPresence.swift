// Whether somebody writes a log now. The kernel's list of locks says it without a lock being taken, which could keep a
// service from starting just then:
//
//   3: FLOCK  ADVISORY  WRITE 4711 08:01:1835045 0 EOF        process, device:device:inode

import Glibc
import Platform

private let lockFileName = ".lock"
private let lockListPath = "/proc/locks"
private let lockListLimitBytes = 16 << 20

/// Whether a process holds the log folder's lock. False where the system does not tell.
func isBeingWritten(logFolder: String) -> Bool {
    var status = stat()
    guard stat(logFolder + "/" + lockFileName, &status) == 0,
        let list = try? readFile(lockListPath, maximumBytes: lockListLimitBytes)
    else { return false }
    return isLocked(inode: UInt64(status.st_ino), in: String(decoding: list, as: UTF8.self))
}

/// Devices are left out: layered file systems name another one in the list than in a file's status.
func isLocked(inode: UInt64, in list: String) -> Bool {
    list.split(separator: "\n").contains { line in
        let words = line.split(separator: " ")
        guard words.count >= 6, words[1] == "FLOCK", words[3] == "WRITE" else { return false }
        return words[5].split(separator: ":").last == "\(inode)"
    }
}
