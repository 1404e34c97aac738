// SyncMark.swift: how far the log is known to be on the disk. A machine that loses power may leave any page that was not
// flushed behind, or not, and names of files too: records that are whole can follow ones that are gone. At the next start
// that looks like rot in the middle, which must stop the start, so the log writes down how far it was flushed:
//
//   synced: <serial> <segment> <byte> <the machine's run> <check>    two lines of fixed places, written over in turn and
//                                                                  flushed: one that was cut short leaves the other
// Damage before that place is rot. Damage behind it, found by a later run of the machine, is what the loss of power left:
// everything from there on is set aside. A killed process loses nothing of the kernel's, so in the same run it is rot.
import Glibc
import Platform
import Synchronization

/// Every byte of the log before this place was flushed, in this run of the machine or before.
struct SyncedPlace: Sendable, Equatable {
    /// As `FileOperations.bootName` says.
    var boot: String
    var segment: UInt64
    /// In uncompressed bytes.
    var offset: UInt64

    /// Of two lines the one with the greater number is meant.
    var serial: UInt64 = 0

    /// A disk's sector, which is written whole or not; each line has one of its own.
    static let lineBytes = 512
    private static let checkDigits = 16

    private var members: String {
        ([serial, segment, offset].map(LogFolder.digits) + [boot]).joined(separator: " ") + " "
    }

    /// The line, of `lineBytes`.
    var line: [UInt8] {
        var bytes = Array(members.utf8)
        SHA256.hash(bytes.span).appendHexadecimal(to: &bytes, digestBytes: Self.checkDigits / 2)
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: max(0, Self.lineBytes - 1 - bytes.count))
        return bytes + [UInt8(ascii: "\n")]
    }

    init(boot: String, segment: UInt64, offset: UInt64) {
        self.boot = boot
        self.segment = segment
        self.offset = offset
    }

    /// Nil where the bytes are not a line as `line` makes it.
    init?(_ bytes: ArraySlice<UInt8>) {
        let parts = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .prefix(4).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 4, let serial = UInt64(parts[0]), let segment = UInt64(parts[1]),
            let offset = UInt64(parts[2])
        else { return nil }
        self.init(boot: parts[3], segment: segment, offset: offset)
        self.serial = serial
        guard bytes.elementsEqual(line) else { return nil }
    }

    func isBefore(_ segment: UInt64, _ offset: UInt64) -> Bool { (self.segment, self.offset) < (segment, offset) }

    /// Whether damage is what a loss of power leaves, and not rot: it lies behind this place.
    func explains(_ damage: LogDamage, in folder: LogFolder, _ segments: [LogSegment]) -> Bool {
        switch damage.kind {
        case .repeatedRecords, .unreadable: return false
        case .missingRecords(let next): return next > segment
        case .malformed, .unexpectedSequence, .chainBroken, .unterminated:
            guard let damaged = segments.first(where: { !$0.isCompressed && folder.plainPath($0.first) == damage.path })
            else { return false }
            return (segment, offset) <= (damaged.first, damage.offset)
        }
    }
}

/// Writes the place down. One that can't be written is not: the mark then says less than it could.
final class SyncMark: Sendable {
    /// With `sync: always` the mark follows the flushes at this interval, so that it costs next to nothing.
    static let intervalMilliseconds = 1_000

    private struct State {
        var file: SegmentFile?
        var written: SyncedPlace?
        var serial: UInt64
    }

    let boot: String
    private let folder: LogFolder
    private let operations: FileOperations
    private let state: Mutex<State>

    /// - Parameter earlier: What was read before.
    init(_ folder: LogFolder, _ operations: FileOperations, after earlier: SyncedPlace?) {
        state = Mutex(State(serial: earlier?.serial ?? 0))
        self.folder = folder
        self.operations = operations
        boot = operations.bootName()
    }

    /// What an earlier run wrote down; nil where there is nothing, or it can't be read.
    static func read(in folder: LogFolder) -> SyncedPlace? {
        guard let bytes = try? readFile(folder.syncedPath, maximumBytes: 4_096) else { return nil }
        let places = [0, SyncedPlace.lineBytes].compactMap { start in
            start < bytes.count ? SyncedPlace(bytes[start...].prefix(SyncedPlace.lineBytes)) : nil
        }
        return places.max { $0.serial < $1.serial }
    }

    /// Everything before the place is on the disk, and so are the names of the segments up to it.
    func advance(to segment: UInt64, _ offset: UInt64) {
        state.withLock { state in
            var place = SyncedPlace(boot: boot, segment: segment, offset: offset)
            if let written = state.written, !written.isBefore(segment, offset) { return }
            place.serial = state.serial + 1
            let line = place.line
            if state.file == nil { state.file = openFile() }
            guard state.file.map({ write(line, as: place.serial, to: $0) }) ?? putFile(line) else { return }
            state.serial = place.serial
            state.written = place
        }
    }

    private func openFile() -> SegmentFile? {
        let descriptor = operations.reopen(folder.syncedPath)
        return descriptor >= 0 ? SegmentFile(descriptor: descriptor, first: 0) : nil
    }

    /// Makes the file when it is not there, with its first line.
    private func putFile(_ line: [UInt8]) -> Bool {
        guard access(folder.syncedPath, F_OK) != 0 else { return false }
        return (try? operations.putFile(folder.syncedPath, line)) != nil
    }

    /// Writes over the older of the two lines.
    private func write(_ line: [UInt8], as serial: UInt64, to file: SegmentFile) -> Bool {
        let start = (serial - 1) % 2 * UInt64(SyncedPlace.lineBytes)
        let count = line.withUnsafeBytes { operations.write(file.descriptor, $0, start) }
        return count == line.count && operations.flush(file.descriptor) >= 0
    }
}
