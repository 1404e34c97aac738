// An index of one full segment: where the record of each transaction lies in it, by a hash of the transaction's id.
//
//   "SHRFIDX1" | segment | entries | check      then, by hash and place:  hash | offset | length     words of 8 bytes
//
// A file that is not whole is as good as none: it is made again from the segment.

import Glibc
import Platform

struct IndexEntry: Sendable, Comparable {
    let hash: UInt64
    /// Of the record's line, in uncompressed bytes.
    let offset: UInt64
    let length: UInt32

    static func < (a: IndexEntry, b: IndexEntry) -> Bool { (a.hash, a.offset) < (b.hash, b.offset) }

    /// What stands for a transaction's id.
    static func hash(of transactionID: Span<UInt8>) -> UInt64 { SHA256.hash(transactionID).prefix64 }
}

struct IndexFile: ~Copyable {
    private static let magic: UInt64 = 0x3158_4449_4652_4853  // SHRFIDX1, its first byte the lowest
    private static let headerWords = 4
    private static let entryWords = 3

    private let descriptor: Int32
    private let count: Int

    /// Opens the index of a segment; nil where there is none, or its header and size are not those of one.
    init?(_ path: String, segment: UInt64) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0,
            let header = Self.words(descriptor, from: 0, count: Self.headerWords), header[0] == Self.magic,
            header[1] == segment, let count = Int(exactly: header[2]), count < Int(status.st_size),
            Int(status.st_size) == 8 * (Self.headerWords + count * Self.entryWords)
        else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.count = count
    }

    deinit { close(descriptor) }

    /// The entries of a hash, in the order of their records; nil where the file can't be read.
    func entries(of hash: UInt64) -> [IndexEntry]? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            guard let entry = entry(middle) else { return nil }
            if entry.hash < hash { low = middle + 1 } else { high = middle }
        }
        var found: [IndexEntry] = []
        while low < count {
            guard let entry = entry(low) else { return nil }
            guard entry.hash == hash else { break }
            found.append(entry)
            low += 1
        }
        return found
    }

    /// Whether every byte is as it was written.
    var isSound: Bool {
        guard let header = Self.words(descriptor, from: 0, count: Self.headerWords),
            let entries = Self.words(descriptor, from: Self.headerWords, count: count * Self.entryWords)
        else { return false }
        return header[3] == Self.check(entries)
    }

    private func entry(_ number: Int) -> IndexEntry? {
        let start = Self.headerWords + number * Self.entryWords
        guard let words = Self.words(descriptor, from: start, count: Self.entryWords) else { return nil }
        return IndexEntry(hash: words[0], offset: words[1], length: UInt32(truncatingIfNeeded: words[2]))
    }

    private static func words(_ descriptor: Int32, from start: Int, count: Int) -> [UInt64]? {
        var words = [UInt64](repeating: 0, count: count)
        let isRead = words.withUnsafeMutableBytes { bytes in
            pread(descriptor, bytes.baseAddress, bytes.count, off_t(start * 8)) == bytes.count
        }
        return isRead ? words.map(UInt64.init(littleEndian:)) : nil
    }

    /// Writes the index of a segment, all or nothing.
    static func write(_ entries: [IndexEntry], segment: UInt64, to path: String) throws(PlatformError) {
        var words: [UInt64] = []
        words.reserveCapacity(entries.count * entryWords)
        for entry in entries.sorted() { words += [entry.hash, entry.offset, UInt64(entry.length)] }
        let file = try NewFile(path, mode: 0o600)
        let head = bytes([magic, segment, UInt64(entries.count), check(words)])
        try file.write(head.span)
        let body = bytes(words)
        try file.write(body.span)
        try file.commit()
    }

    private static func check(_ words: [UInt64]) -> UInt64 {
        let bytes = bytes(words)
        return SHA256.hash(bytes.span).prefix64
    }

    private static func bytes(_ words: [UInt64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 8)
        for word in words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }
}
