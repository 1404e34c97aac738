// Reads a state: chained pieces in, words out. A piece is checked before any word of it is given out, and nothing is
// reserved by a count that the bytes declare beyond the size of a piece. That all pieces are there is known at the end
// only: what was read counts once `finish` has passed.

import Platform

public struct StateDecoder {
    /// Fills the span as far as there are bytes, and says how far.
    public typealias Input = (inout MutableSpan<UInt8>) throws(PlatformError) -> Int

    private let input: Input
    /// The words of the current piece, and the next of them.
    private var words: [UInt8] = []
    private var place = 0
    private var section: StateSection?
    private var chain = [UInt8](repeating: 0, count: StateFormat.chainBytes)
    private var pieces: UInt64 = 0
    /// Bytes read so far.
    private var offset = 0

    /// - Parameter input: Gives the bytes in order.
    public init(input: @escaping Input) {
        self.input = input
    }

    /// Moves on to a section, which must come next.
    mutating func begin(_ section: StateSection) throws(StateError) {
        if let current = self.section, place < words.count {
            throw .malformed(current, reason: "\((words.count - place) / StateFormat.wordBytes) words too many")
        }
        try readPiece()
        guard self.section == section else {
            throw .malformed(section, reason: "\(self.section.map { "\($0)" } ?? "nothing") stands in their place")
        }
    }

    /// The next word of the section.
    mutating func word() throws(StateError) -> UInt64 {
        try needWords()
        let word = words.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
        place += StateFormat.wordBytes
        return word
    }

    /// Fills the whole span with the next words of the section.
    mutating func fill(_ span: inout MutableSpan<UInt64>) throws(StateError) {
        var done = 0
        while done < span.count {
            try needWords()
            let count = min(span.count - done, (words.count - place) / StateFormat.wordBytes)
            span.withUnsafeMutableBufferPointer { target in
                words.withUnsafeBytes { source in
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[(done * 8)...])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[place..<place + count * 8]))
                }
            }
            done += count
            place += count * StateFormat.wordBytes
        }
    }

    /// Bytes as `StateEncoder.put(bytes:)` wrote them.
    mutating func bytes(maximum: Int) throws(StateError) -> [UInt8] {
        let count = try word()
        guard count <= UInt64(maximum) else {
            throw .malformed(section ?? .header, reason: "\(count) bytes where \(maximum) may be")
        }
        var bytes: [UInt8] = []
        while bytes.count < Int(count) {
            var rest = try word()
            for _ in 0..<min(StateFormat.wordBytes, Int(count) - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
            }
        }
        return bytes
    }

    /// The state is complete, and nothing follows it.
    mutating func finish() throws(StateError) {
        let expected = pieces
        try begin(.end)
        guard try word() == expected, place == words.count else {
            throw .malformed(.end, reason: "it counts other pieces")
        }
        var byte: [UInt8] = [0]
        guard try read(into: &byte) == 0 else { throw .damaged(byte: offset - 1) }
    }

    /// Makes sure that the current piece has words left, going on to the section's next piece if need be.
    private mutating func needWords() throws(StateError) {
        guard place == words.count else { return }
        let current = section
        try readPiece()
        guard section == current else {
            throw .malformed(current ?? .header, reason: "words are missing")
        }
    }

    private mutating func readPiece() throws(StateError) {
        let start = offset
        var head = [UInt8](repeating: 0, count: StateFormat.headBytes)
        try readAll(into: &head)
        let word = head.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        let count = Int(word >> 32)
        guard (1...StateFormat.pieceWords).contains(count),
            let section = StateSection(rawValue: UInt32(truncatingIfNeeded: word))
        else {
            if start == 0 { throw .unknownFormat }
            throw .damaged(byte: start)
        }
        let wordBytes = count * StateFormat.wordBytes
        var piece: [UInt8] = []
        swap(&piece, &words)
        if piece.count != wordBytes { piece = [UInt8](repeating: 0, count: wordBytes) }
        try readAll(into: &piece)
        var found = [UInt8](repeating: 0, count: StateFormat.chainBytes)
        try readAll(into: &found)
        var hash = SHA256()
        hash.update(chain.span)
        hash.update(head.span)
        hash.update(piece.span)
        let digest = hash.finalize()
        guard (0..<StateFormat.chainBytes).allSatisfy({ digest[$0] == found[$0] }) else {
            throw .damaged(byte: start)
        }
        chain = found
        words = piece
        place = 0
        pieces += 1
        self.section = section
    }

    private mutating func readAll(into bytes: inout [UInt8]) throws(StateError) {
        guard try read(into: &bytes) == bytes.count else { throw .truncated(byte: offset) }
    }

    private mutating func read(into bytes: inout [UInt8]) throws(StateError) -> Int {
        do throws(PlatformError) {
            var span = bytes.mutableSpan
            let count = try input(&span)
            offset += count
            return count
        } catch {
            throw .platform(error)
        }
    }
}
