// LogFolder.swift: the names in a log's folder, and the lock on it.
//
//   00000000000000000001.ndjson.gz   a full segment, compressed       .lock    held by the one writer
//   00000000000000512345.ndjson      the segment that is written to   format   the version of the form
//   00000000000000512345.torn-1      what a crash left at its end, set aside
//   synced                           how far the log is on the disk (SyncMark.swift)
//   retained                         where it begins, when its front was removed (LogRetention.swift)
import CLinux
import Glibc
import Platform

/// One segment of a log: a file, or its compressed form.
struct LogSegment: Equatable {
    var first: UInt64
    var isCompressed: Bool
}

/// The folder of a log.
struct LogFolder: Sendable {
    let path: String

    static let nameDigits = 20

    func plainPath(_ first: UInt64) -> String { "\(path)/\(Self.digits(first)).ndjson" }
    func compressedPath(_ first: UInt64) -> String { plainPath(first) + ".gz" }
    var formatPath: String { path + "/format" }
    var lockPath: String { path + "/.lock" }
    var syncedPath: String { path + "/synced" }

    func segmentPath(_ segment: LogSegment) -> String {
        segment.isCompressed ? compressedPath(segment.first) : plainPath(segment.first)
    }

    /// A free name for what is set aside of a segment.
    func tornPath(_ first: UInt64) -> String {
        var number = 1
        while true {
            let candidate = "\(path)/\(Self.digits(first)).torn-\(number)"
            if access(candidate, F_OK) != 0 { return candidate }
            number += 1
        }
    }

    static func digits(_ value: UInt64) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, nameDigits - digits.utf8.count)) + digits
    }

    /// The segments in order. Where a segment is there in both forms (a crash between compressing it and removing the
    /// plain file), the plain one counts.
    func segments() throws(LogError) -> [LogSegment] {
        var found: [UInt64: LogSegment] = [:]
        for name in try names() {
            guard let (first, rest) = Self.segmentName(name) else { continue }
            switch rest {
            case ".ndjson": found[first] = LogSegment(first: first, isCompressed: false)
            case ".ndjson.gz":
                if found[first] == nil { found[first] = LogSegment(first: first, isCompressed: true) }
            default:
                if rest.hasPrefix(".torn-") { continue }
                throw .unknownFormat(path: path + "/" + name, found: "a segment that ends in \"\(rest)\"")
            }
        }
        return found.values.sorted { $0.first < $1.first }
    }

    static func segmentName(_ name: String) -> (first: UInt64, rest: Substring)? {
        let digits = name.utf8.prefix(nameDigits)
        guard digits.count == nameDigits, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let first = UInt64(String(name.prefix(nameDigits)))
        else { return nil }
        return (first, name.dropFirst(nameDigits))
    }

    func names() throws(LogError) -> [String] {
        do throws(PlatformError) {
            return try fileNames(in: path)
        } catch {
            throw .platform(error)
        }
    }

    /// Refuses a folder that a later version wrote. A folder without the mark is of version 1.
    func checkFormat() throws(LogError) {
        guard access(formatPath, F_OK) == 0 else { return }
        let text: String
        do throws(PlatformError) {
            text = String(decoding: try readFile(formatPath, maximumBytes: 4_096), as: UTF8.self)
        } catch {
            throw .platform(error)
        }
        let line = text.prefix { $0 != "\n" }
        guard line == Self.formatText else {
            throw .unknownFormat(path: formatPath, found: "\"\(line)\", not \"\(Self.formatText)\"")
        }
    }

    /// Marks a folder with this version, when it has no mark.
    func writeFormat(_ operations: FileOperations) throws(PlatformError) {
        guard access(formatPath, F_OK) != 0 else { return }
        try operations.putFile(formatPath, Array((Self.formatText + "\n").utf8))
    }

    private static let formatText = "shroff decision log \(LogFormat.version)"
}

/// The lock on a folder: held as long as this lives and `release` was not called.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock or says who has it. The file holds the process's number, for people; the lock is the kernel's.
    init(_ folder: LogFolder) throws(LogError) {
        let descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .platform(PlatformError(operation: "open", path: folder.lockPath, code: errno))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw .platform(PlatformError(operation: "lock", path: folder.lockPath, code: code))
            }
            let holder = (try? readFile(folder.lockPath, maximumBytes: 64)) ?? []
            throw .inUse(
                directory: folder.path,
                holder: String(decoding: holder.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { pwrite(descriptor, text, text.count, 0) }
        self.descriptor = descriptor
    }

    /// Gives the folder to whoever comes next.
    func release() {
        flock(descriptor, LOCK_UN)
    }

    deinit {
        close(descriptor)
    }
}
