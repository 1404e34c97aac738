// Writes a state: words in, chained pieces out. Where the bytes go is the caller's.

import Platform

public struct StateEncoder {
    public typealias Output = (Span<UInt8>) throws(PlatformError) -> Void

    private let output: Output
    /// The piece that is being filled: its first word, then words.
    private var piece: [UInt8] = []
    private var chain = [UInt8](repeating: 0, count: StateFormat.chainBytes)
    private var section = StateSection.header
    private var pieces: UInt64 = 0

    /// - Parameter output: Takes the bytes in order.
    public init(output: @escaping Output) {
        self.output = output
        piece.reserveCapacity(
            StateFormat.headBytes + StateFormat.pieceWords * StateFormat.wordBytes + StateFormat.chainBytes)
        startPiece()
    }

    /// What follows belongs to this section, which comes behind the one before and gets at least one word.
    mutating func begin(_ section: StateSection) throws(PlatformError) {
        try endPiece()
        self.section = section
    }

    mutating func put(_ word: UInt64) throws(PlatformError) {
        withUnsafeBytes(of: word) { piece.append(contentsOf: $0) }
        if words == StateFormat.pieceWords { try endPiece() }
    }

    mutating func put(_ words: Span<UInt64>) throws(PlatformError) {
        var done = 0
        while done < words.count {
            let count = min(words.count - done, StateFormat.pieceWords - self.words)
            words.extracting(done..<done + count).withUnsafeBytes { piece.append(contentsOf: $0) }
            done += count
            if self.words == StateFormat.pieceWords { try endPiece() }
        }
    }

    /// Bytes by eight a word, behind their count.
    mutating func put(bytes: [UInt8]) throws(PlatformError) {
        try put(UInt64(bytes.count))
        var start = 0
        while start < bytes.count {
            var word: UInt64 = 0
            for byte in bytes[start..<min(start + StateFormat.wordBytes, bytes.count)].reversed() {
                word = word << 8 | UInt64(byte)
            }
            try put(word)
            start += StateFormat.wordBytes
        }
    }

    /// Closes the state; nothing follows.
    mutating func finish() throws(PlatformError) {
        try begin(.end)
        try put(pieces)
        try endPiece()
    }

    private var words: Int { (piece.count - StateFormat.headBytes) / StateFormat.wordBytes }

    private mutating func startPiece() {
        piece.removeAll(keepingCapacity: true)
        for _ in 0..<StateFormat.headBytes { piece.append(0) }
    }

    private mutating func endPiece() throws(PlatformError) {
        guard words > 0 else { return }
        let head = UInt64(section.rawValue) | UInt64(words) << 32
        piece.withUnsafeMutableBytes { $0.storeBytes(of: head, as: UInt64.self) }
        chain = StateFormat.chain(after: chain, of: piece.span)
        piece.append(contentsOf: chain)
        try output(piece.span)
        pieces += 1
        startPiece()
    }
}

extension StateFormat {
    static func chain(after chain: [UInt8], of piece: Span<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(chain.span)
        hash.update(piece)
        let digest = hash.finalize()
        return (0..<chainBytes).map { digest[$0] }
    }
}
