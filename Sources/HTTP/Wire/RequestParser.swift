// An incremental parser of HTTP/1.x requests as a state machine without I/O: bytes are appended to a store in any
// pieces, `advance` goes as far as they allow, and the outcome is the same however they were cut.
//
//   requestLine ─▶ fields ─▶ (head) ─┬─▶ fixedBody ───────────────────────────┬─▶ complete
//                                    ├─▶ chunkSize ⇄ chunkData ─▶ trailers ───┤
//                                    └────────────────────────────────────────┘
//
// It stops at the head's end, so that the caller can set the body's limit by it. Lines are judged once they are whole,
// or as soon as they pass a limit; a line's limits come before its grammar, so the cut makes no difference. A chunked
// body is decoded in place: its data moves down over the chunk lines, and ends up as one range behind the head.
// Offsets count from the request's first byte, which is the store's. Nothing is allocated after the field table.

struct RequestParser: ~Copyable, Sendable {
    enum Step: Equatable, Sendable {
        /// All bytes are used; the request goes on.
        case needsBytes
        /// The head is whole. `receiveBody` or `discardBody` must be called before the next `advance`.
        case head
        /// The body is over its limit (known at the head if it was declared). `discardBody` may be called, and then
        /// `advance` again.
        case bodyTooLarge
        /// The request is whole; `consumedBytes` of the store are its.
        case complete
        /// The connection must close after the answer. Further calls give the same step.
        case refused(Refusal)
    }

    enum Phase: UInt8, Sendable {
        case requestLine, fields, head, fixedBody, chunkSize, chunkData, chunkEnd, trailers, complete, refused
    }

    let limits: WireLimits
    private(set) var phase = Phase.requestLine
    var head = RequestHead()
    var fields: [FieldLine] = []
    /// Where the current line or piece of body begins.
    var position = 0
    /// Where the search for the current line's end goes on.
    private var scanned = 0
    /// End of the decoded body, which begins behind the head.
    private var bodyEnd = 0
    /// Bytes of the fixed body or of the chunk that are still to come.
    private var remaining = 0
    /// Bytes of body taken so far, kept or discarded.
    private var received = 0
    private var bodyLimit = 0
    private(set) var isDiscarding = false
    private var sawLeadingLine = false
    var chunkExtensionBytes = 0
    private var trailerStart = 0
    private var trailerCount = 0
    private var refusal = Refusal.malformedRequestLine

    init(limits: WireLimits = WireLimits()) {
        self.limits = limits
        fields.reserveCapacity(min(limits.fieldCount, 16))
    }

    /// Ready for the next request; the field table keeps its room.
    mutating func reset() {
        phase = .requestLine
        head = RequestHead()
        fields.removeAll(keepingCapacity: true)
        position = 0
        scanned = 0
        bodyEnd = 0
        remaining = 0
        received = 0
        bodyLimit = 0
        isDiscarding = false
        sawLeadingLine = false
        chunkExtensionBytes = 0
        trailerStart = 0
        trailerCount = 0
    }

    /// The decoded body; whole when the request is complete, empty when it was discarded.
    var body: Range<Int> { head.byteCount..<max(bodyEnd, head.byteCount) }

    /// Bytes of the store that belong to this request, once it is complete.
    var consumedBytes: Int { position }

    /// Whether the head is known, so that a time limit for the body applies and no longer that for the head.
    var isInBody: Bool { phase.rawValue > Phase.fields.rawValue && phase.rawValue < Phase.complete.rawValue }

    // MARK: The body's limit

    /// Keeps the body, up to `limit` bytes.
    mutating func receiveBody(limit: Int) {
        bodyLimit = limit
        leaveHead()
    }

    /// Reads the body, or the rest of it, and throws it away, up to `limit` bytes in all. What was kept is dropped.
    mutating func discardBody(limit: Int) {
        isDiscarding = true
        bodyLimit = limit
        leaveHead()
    }

    private mutating func leaveHead() {
        guard phase == .head else { return }
        switch head.framing {
        case .none, .length(0): phase = .complete
        case .length(let bytes):
            remaining = bytes
            phase = .fixedBody
        case .chunked: phase = .chunkSize
        }
    }

    // MARK: Advancing

    mutating func advance(_ store: inout ByteStore) -> Step {
        do throws(Refusal) {
            while true {
                switch phase {
                case .requestLine:
                    guard try skipLeadingLine(&store), let line = try nextLine(store) else { return .needsBytes }
                    try parseRequestLine(store.span, line)
                    phase = .fields
                case .fields:
                    guard let line = try nextLine(store) else { return .needsBytes }
                    if !line.isEmpty {
                        if fields.count >= limits.fieldCount { throw .tooManyFields }
                        try parseFieldLine(store.span, line)
                        break
                    }
                    try checkHead()
                    head.byteCount = position
                    bodyEnd = position
                    phase = .head
                    return .head
                case .head: return .head
                case .fixedBody:
                    if let step = try advanceFixedBody(&store) { return step }
                case .chunkSize:
                    if let step = try advanceChunkSize(&store) { return step }
                case .chunkData:
                    if let step = try advanceChunkData(&store) { return step }
                case .chunkEnd:
                    guard try skipChunkEnd(store) else { return needBytes(&store) }
                    phase = .chunkSize
                case .trailers:
                    guard let line = try nextTrailer(store) else { return needBytes(&store) }
                    if line.isEmpty { phase = .complete }
                case .complete: return .complete
                case .refused: return .refused(refusal)
                }
            }
        } catch {
            refusal = error
            phase = .refused
            return .refused(error)
        }
    }

    /// One empty line before a request is passed over (RFC 9112 section 2.2), and a first byte that no method begins
    /// with is refused at once: a TLS handshake on a plain port would otherwise wait for its line's end.
    private mutating func skipLeadingLine(_ store: inout ByteStore) throws(Refusal) -> Bool {
        guard store.count > 0 else { return false }
        if scanned > 0 { return true }
        if store[0] == UInt8(ascii: "\r") && !sawLeadingLine {
            guard store.count > 1 else { return false }
            if store[1] != UInt8(ascii: "\n") { throw .bareCarriageReturn }
            sawLeadingLine = true
            store.consume(2)
            guard store.count > 0 else { return false }
        }
        if store[0] == UInt8(ascii: "\n") { throw .bareLineFeed }
        if !isTokenByte(store[0]) { throw .malformedRequestLine }
        return true
    }

    /// The next line without its CRLF; nil when it is not whole yet. `position` is then behind it.
    private mutating func nextLine(_ store: borrowing ByteStore) throws(Refusal) -> Range<Int>? {
        let lineLimit: Int
        let tooLong: Refusal
        switch phase {
        case .requestLine: (lineLimit, tooLong) = (limits.requestLineBytes, .requestLineTooLong)
        case .trailers: (lineLimit, tooLong) = (limits.trailerBytes, .trailersTooLong)
        case .chunkSize: (lineLimit, tooLong) = (limits.chunkLineBytes, .chunkLineTooLong)
        default: (lineLimit, tooLong) = (limits.fieldLineBytes, .fieldLineTooLong)
        }
        var end = position + lineLimit
        var refusal = tooLong
        if phase == .requestLine || phase == .fields, limits.headBytes < end {
            (end, refusal) = (limits.headBytes, .headTooLong)
        } else if phase == .trailers, trailerStart + limits.trailerBytes < end {
            end = trailerStart + limits.trailerBytes
        }
        let searchable = min(store.count, end)
        guard let lineFeed = store.firstIndex(of: UInt8(ascii: "\n"), in: min(scanned, searchable)..<searchable) else {
            if store.count >= end { throw refusal }
            scanned = searchable
            return nil
        }
        if lineFeed == position || store[lineFeed - 1] != UInt8(ascii: "\r") { throw .bareLineFeed }
        let line = position..<(lineFeed - 1)
        position = lineFeed + 1
        scanned = position
        return line
    }

    // MARK: The body

    private mutating func advanceFixedBody(_ store: inout ByteStore) throws(Refusal) -> Step? {
        if !isDiscarding {
            if remaining > bodyLimit { return .bodyTooLarge }
            if store.count - position < remaining { return .needsBytes }
            bodyEnd = position + remaining
            position = bodyEnd
            phase = .complete
            return nil
        }
        if received + remaining > bodyLimit { throw .bodyBeyondDiscardLimit }
        let piece = min(remaining, store.count - position)
        store.remove(position..<(position + piece))
        remaining -= piece
        received += piece
        if remaining > 0 { return .needsBytes }
        phase = .complete
        return nil
    }

    private mutating func advanceChunkSize(_ store: inout ByteStore) throws(Refusal) -> Step? {
        guard let line = try nextLine(store) else { return needBytes(&store) }
        remaining = try parseChunkLine(store.span, line)
        if remaining > 0 {
            phase = .chunkData
        } else {
            phase = .trailers
            trailerStart = position
        }
        return nil
    }

    private mutating func advanceChunkData(_ store: inout ByteStore) throws(Refusal) -> Step? {
        if received + remaining > bodyLimit {
            if isDiscarding { throw .bodyBeyondDiscardLimit }
            return .bodyTooLarge
        }
        let piece = min(remaining, store.count - position)
        if isDiscarding {
            bodyEnd = head.byteCount
        } else {
            store.move(piece, from: position, to: bodyEnd)
            bodyEnd += piece
        }
        position += piece
        remaining -= piece
        received += piece
        if remaining > 0 { return needBytes(&store) }
        phase = .chunkEnd
        return nil
    }

    private mutating func skipChunkEnd(_ store: borrowing ByteStore) throws(Refusal) -> Bool {
        guard store.count > position else { return false }
        if store[position] != UInt8(ascii: "\r") { throw .unterminatedChunk }
        guard store.count > position + 1 else { return false }
        if store[position + 1] != UInt8(ascii: "\n") { throw .unterminatedChunk }
        position += 2
        scanned = position
        return true
    }

    /// Trailer fields are checked and dropped (RFC 9112 section 7.1.2 lets a recipient discard them).
    private mutating func nextTrailer(_ store: borrowing ByteStore) throws(Refusal) -> Range<Int>? {
        guard let line = try nextLine(store) else { return nil }
        if line.isEmpty { return line }
        trailerCount += 1
        if trailerCount > limits.trailerCount { throw .tooManyTrailers }
        let bytes = store.span
        let field = try checkedFieldLine(bytes, line)
        try checkTrailerName(bytes, field.name.range)
        return line
    }

    /// Closes the gap that chunk lines and data have left between the decoded body and the bytes not yet understood,
    /// so that a body of any number of chunks takes no more room than its data.
    private mutating func needBytes(_ store: inout ByteStore) -> Step {
        let gap = position - bodyEnd
        store.remove(bodyEnd..<position)
        position -= gap
        scanned -= gap
        trailerStart -= gap
        return .needsBytes
    }
}
