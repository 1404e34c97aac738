// Finds the decision of a transaction in the log, however long ago it was. Each full segment has an index of its own
// (data/index), made by a thread that runs when nobody else wants the core, and made again when it is lost; a segment
// without one, and the one that is written to, are looked through.
//
//   newest segment ── look through ──▶ found
//   older ones     ── index: hash ─▶ place ──▶ read the record ──▶ is it of this transaction?

import DecisionLog
import Dispatch
import Glibc
import Platform
import Scoring
import Synchronization

final class DecisionIndex: Sendable {
    private static let suffix = ".index"

    private let path: String
    private let log: DecisionLogWriter
    /// One search at a time: looking through a segment takes a core for a while.
    private let turn = Mutex(())
    private let queue = DispatchQueue(label: "shroff.index")
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        /// Indexes that were found sound, or were made, since the start.
        var checked: Set<UInt64> = []
    }

    init(dataDirectory: String, log: DecisionLogWriter) {
        path = dataDirectory + "/index"
        self.log = log
        keepUp()
    }

    private func path(of segment: UInt64) -> String {
        let digits = String(segment)
        return path + "/" + String(repeating: "0", count: max(0, 20 - digits.utf8.count)) + digits + Self.suffix
    }

    // MARK: Finding

    /// The line of the last record that decided a transaction; nil where the log has none. Reads the disk.
    func line(of transactionID: [UInt8]) throws(LogError) -> [UInt8]? {
        let found = turn.withLock { _ in Result { () throws(LogError) in try search(transactionID) } }
        return try found.get()
    }

    private func search(_ transactionID: [UInt8]) throws(LogError) -> [UInt8]? {
        let hash = IndexEntry.hash(of: transactionID.span)
        let segments = try log.segments()
        var isIndexMissing = false
        defer { if isIndexMissing { keepUp() } }
        for segment in segments.reversed() {
            let index = segment == segments.last ? nil : IndexFile(path(of: segment), segment: segment)
            let entries = index?.entries(of: hash)
            do throws(LogError) {
                if let line = try search(segment, entries, for: transactionID) { return line }
            } catch {
                // It has left meanwhile, and so have those before it.
                if case .platform(let problem) = error, problem.code == ENOENT { return nil }
                throw error
            }
            if entries == nil, segment != segments.last { isIndexMissing = true }
        }
        return nil
    }

    /// - Parameter entries: Of its index; nil: it has to be looked through.
    private func search(
        _ segment: UInt64, _ entries: [IndexEntry]?, for transactionID: [UInt8]
    ) throws(LogError) -> [UInt8]? {
        guard let entries else { return try lookThrough(segment, for: transactionID) }
        for entry in entries.reversed() {
            let line = try log.read(LogPosition(segment: segment, offset: entry.offset, length: entry.length))
            if Self.transactionID(of: line) == transactionID { return line }
        }
        return nil
    }

    private func lookThrough(_ segment: UInt64, for transactionID: [UInt8]) throws(LogError) -> [UInt8]? {
        var records = try log.records(ofSegment: segment)
        var found: [UInt8]?
        while try records.next() != nil {
            // Most lines don't have it anywhere, which takes no reading of JSON to see.
            guard Self.contains(records.line, transactionID) else { continue }
            if Self.transactionID(of: records.line) == transactionID { found = records.line }
        }
        return found
    }

    /// Whether the id stands in the line as it is, or has to be written otherwise in JSON.
    private static func contains(_ line: [UInt8], _ transactionID: [UInt8]) -> Bool {
        let isPlain = transactionID.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C && $0 != 0x2F }
        if !isPlain { return true }
        return line.withUnsafeBytes { line in
            transactionID.withUnsafeBytes { id in
                guard let first = id.first, var place = line.baseAddress, let wanted = id.baseAddress else {
                    return true
                }
                let end = place + line.count
                while end - place >= id.count, let found = memchr(place, Int32(first), end - place - id.count + 1) {
                    if memcmp(found, wanted, id.count) == 0 { return true }
                    place = UnsafeRawPointer(found) + 1
                }
                return false
            }
        }
    }

    /// Of a payment's record; nil where it is none.
    private static func transactionID(of line: [UInt8]) -> [UInt8]? {
        guard let parts = try? RecordReader.parts(of: line.span), parts.kind == .payment, let payment = parts.payment
        else { return nil }
        return StoredDecision.transactionID(ofPayment: line.span.extracting(payment))
    }

    // MARK: Keeping

    /// Makes the indexes that are missing, and removes those of segments that left, when nobody else wants the core.
    func keepUp() {
        queue.async { LowPriorityWork.run { self.makeMissing() } }
    }

    /// Returns when nothing of it is under way any more, which is soon.
    func stop() {
        state.withLock { $0.isStopped = true }
        queue.sync {}
    }

    /// Returns when what was begun is done.
    func waitUntilIdle() { queue.sync {} }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func makeMissing() {
        guard let segments = try? log.segments(), (try? makeDirectory(path, mode: 0o700)) != nil else { return }
        for name in (try? fileNames(in: path)) ?? [] {
            let segment = UInt64(name.prefix { $0 != "." })
            if segment.map({ !segments.contains($0) }) ?? true { unlink(path + "/" + name) }
        }
        for segment in segments.dropLast() {
            if isStopped { return }
            if state.withLock({ $0.checked.contains(segment) }), access(path(of: segment), F_OK) == 0 { continue }
            if IndexFile(path(of: segment), segment: segment)?.isSound == true || make(segment) {
                state.withLock { _ = $0.checked.insert(segment) }
            }
        }
    }

    /// An index that can't be made is missed by nobody but the clock.
    private func make(_ segment: UInt64) -> Bool {
        do {
            var records = try log.records(ofSegment: segment)
            var entries: [IndexEntry] = []
            while let position = try records.next() {
                if isStopped { return false }
                guard let id = Self.transactionID(of: records.line) else { continue }
                let hash = IndexEntry.hash(of: id.span)
                entries.append(IndexEntry(hash: hash, offset: position.offset, length: position.length))
            }
            try IndexFile.write(entries, segment: segment, to: path(of: segment))
            return true
        } catch {
            return false
        }
    }
}
