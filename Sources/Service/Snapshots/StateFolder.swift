// data/state: snapshots of the core, each named by the last sequence number in it.
//
//   00000000000000512345.snapshot     .00000000000000512345.snapshot.0f3c….tmp   one that was not finished

import Glibc
import Platform

struct StateFolder: Sendable {
    /// The newest, and the one before it should that one be damaged.
    static let kept = 2
    /// For their owner's eyes only, like the identity key: pseudonyms and what their payments added up to.
    static let fileMode: UInt32 = 0o600
    private static let nameDigits = 20
    private static let suffix = ".snapshot"

    let path: String

    init(dataDirectory: String) { path = dataDirectory + "/state" }

    func path(of sequence: UInt64) -> String {
        let digits = String(sequence)
        return path + "/" + String(repeating: "0", count: Self.nameDigits - digits.utf8.count) + digits + Self.suffix
    }

    /// The snapshots that are there, newest first; none where there is no folder.
    func sequences() throws(PlatformError) -> [UInt64] {
        do throws(PlatformError) {
            return try fileNames(in: path).compactMap(Self.sequence).sorted(by: >)
        } catch {
            if error.code == ENOENT { return [] }
            throw error
        }
    }

    private static func sequence(of name: String) -> UInt64? {
        guard name.hasSuffix(suffix), name.utf8.count == nameDigits + suffix.utf8.count else { return nil }
        return UInt64(name.dropLast(suffix.utf8.count))
    }

    /// Removes what a killed run did not finish.
    func removeLeftovers() {
        for name in (try? fileNames(in: path)) ?? [] where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            unlink(path + "/" + name)
        }
    }

    /// Removes all but the newest, and those of sequence numbers that the log has not come to.
    func removeOlder(than newest: UInt64) throws(PlatformError) {
        for sequence in try sequences().filter({ $0 > newest }) { try remove(path(of: sequence)) }
        for sequence in try sequences().dropFirst(Self.kept) { try remove(path(of: sequence)) }
    }

    /// Removes snapshots by their paths, but for the one that was written anew meanwhile.
    func remove(_ paths: [String], butNot newest: UInt64) throws(PlatformError) {
        for path in paths where path.hasSuffix(Self.suffix) && path != self.path(of: newest) { try remove(path) }
    }

    private func remove(_ path: String) throws(PlatformError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw PlatformError(operation: "remove", path: path, code: errno)
        }
    }
}
