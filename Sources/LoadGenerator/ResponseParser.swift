// Reads HTTP/1.1 answers out of the pieces that a socket delivers, without I/O: status line, headers, and a body that
// is delimited by Content-Length, by chunks, or by the end of the connection. Interim answers (1xx) are passed over.
// The first bytes of the body are kept for the scan of the decision; the rest is counted only.

/// Why what came back is not an HTTP answer.
enum ResponseError: Error, Equatable {
    case statusLine
    case header
    case contentLength
    case chunkSize
    case headTooLarge(limitBytes: Int)
    case bodyTooLarge(limitBytes: UInt64)
}

struct ResponseParser: Sendable {
    enum Limits {
        static let headBytes = 65_536
        static let bodyBytes: UInt64 = 1 << 30
        /// What is kept of a body.
        static let keptBodyBytes = 1 << 20
    }

    private enum State: Equatable {
        case statusLine, headers, fixedBody, chunkSize, chunkBody, chunkEnd, trailers, untilClose, complete
    }

    private let isHead: Bool
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var remaining: UInt64 = 0
    /// Bytes of the body so far, those that are not kept among them.
    private(set) var bodyBytes: UInt64 = 0
    private var contentLength: UInt64?
    private var isChunked = false

    private(set) var status = 0
    /// The connection may carry another request after this answer.
    private(set) var keepsAlive = true
    private(set) var body: [UInt8] = []

    /// - Parameter method: Answers to HEAD have no body, whatever their headers say.
    init(method: String = "POST") {
        isHead = method == "HEAD"
        line.reserveCapacity(256)
    }

    /// Prepares for the next answer; buffers keep their capacity.
    mutating func reset() {
        startHead()
        body.removeAll(keepingCapacity: true)
    }

    /// Takes bytes and returns how many belong to this answer when it is complete, nil when it goes on.
    mutating func feed(_ bytes: Span<UInt8>) throws(ResponseError) -> Int? {
        var at = 0
        while state != .complete {
            guard at < bytes.count else { return nil }
            switch state {
            case .fixedBody, .chunkBody, .untilClose: at = try takeBody(bytes, from: at)
            default:
                guard let next = try takeLine(bytes, from: at) else { return nil }
                at = next
                try finishLine()
            }
        }
        return at
    }

    /// The connection ended. True if that completes the answer.
    mutating func end() -> Bool {
        if state == .untilClose { state = .complete }
        return state == .complete
    }

    private mutating func startHead() {
        state = .statusLine
        line.removeAll(keepingCapacity: true)
        headBytes = 0
        bodyBytes = 0
        contentLength = nil
        isChunked = false
        keepsAlive = true
    }

    /// Appends to `line` up to a newline; the offset behind it, or nil when the bytes ran out before.
    private mutating func takeLine(_ bytes: Span<UInt8>, from start: Int) throws(ResponseError) -> Int? {
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            headBytes += 1
            if headBytes > Limits.headBytes { throw .headTooLarge(limitBytes: Limits.headBytes) }
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return at
            }
            line.append(byte)
        }
        return nil
    }

    private mutating func finishLine() throws(ResponseError) {
        switch state {
        case .statusLine: try readStatusLine()
        case .headers: if line.isEmpty { try endHead() } else { try readHeader() }
        case .chunkSize: try readChunkSize()
        case .chunkEnd:
            if !line.isEmpty { throw .chunkSize }
            headBytes = 0
            state = .chunkSize
        case .trailers: if line.isEmpty { state = .complete }
        case .fixedBody, .chunkBody, .untilClose, .complete: break
        }
        line.removeAll(keepingCapacity: true)
    }

    private mutating func readStatusLine() throws(ResponseError) {
        // HTTP/1.x NNN reason
        guard line.count >= 12, line.starts(with: "HTTP/1.".utf8), line[8] == UInt8(ascii: " "),
            line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw .statusLine }
        status = 0
        for digit in line[9..<12] {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .statusLine }
            status = status * 10 + Int(digit - UInt8(ascii: "0"))
        }
        guard status >= 100, status < 600 else { throw .statusLine }
        if line[7] == UInt8(ascii: "0") { keepsAlive = false }
        state = .headers
    }

    private mutating func readHeader() throws(ResponseError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { throw .header }
        if nameEquals("content-length", colon) {
            let value = try decimal(after: colon)
            if let known = contentLength, known != value { throw .contentLength }
            contentLength = value
        } else if nameEquals("transfer-encoding", colon) {
            isChunked = valueContains("chunked", after: colon)
        } else if nameEquals("connection", colon) {
            if valueContains("close", after: colon) {
                keepsAlive = false
            } else if valueContains("keep-alive", after: colon) {
                keepsAlive = true
            }
        }
    }

    private mutating func endHead() throws(ResponseError) {
        if status < 200 && status != 101 {
            startHead()
        } else if isHead || status == 204 || status == 304 || status == 101 {
            keepsAlive = keepsAlive && status != 101
            state = .complete
        } else if isChunked {
            headBytes = 0
            state = .chunkSize
        } else if let length = contentLength {
            if length > Limits.bodyBytes { throw .bodyTooLarge(limitBytes: Limits.bodyBytes) }
            remaining = length
            state = length == 0 ? .complete : .fixedBody
        } else {
            keepsAlive = false
            state = .untilClose
        }
    }

    private mutating func readChunkSize() throws(ResponseError) {
        var size: UInt64 = 0
        var digits = 0
        for byte in line {
            guard let digit = Self.hexadecimalValue(byte) else {
                if byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { break }
                throw .chunkSize
            }
            digits += 1
            if digits > 15 { throw .chunkSize }
            size = size << 4 | digit
        }
        if digits == 0 { throw .chunkSize }
        headBytes = 0
        if bodyBytes + size > Limits.bodyBytes { throw .bodyTooLarge(limitBytes: Limits.bodyBytes) }
        remaining = size
        state = size == 0 ? .trailers : .chunkBody
    }

    private mutating func takeBody(_ bytes: Span<UInt8>, from start: Int) throws(ResponseError) -> Int {
        var count = bytes.count - start
        if state != .untilClose {
            count = Int(min(UInt64(count), remaining))
            remaining -= UInt64(count)
        }
        bodyBytes += UInt64(count)
        if bodyBytes > Limits.bodyBytes { throw .bodyTooLarge(limitBytes: Limits.bodyBytes) }
        let kept = min(count, Limits.keptBodyBytes - body.count)
        for at in start..<start + kept { body.append(bytes[at]) }
        if remaining == 0 {
            if state == .fixedBody { state = .complete }
            if state == .chunkBody { state = .chunkEnd }
        }
        return start + count
    }

    private func nameEquals(_ lowercased: StaticString, _ colon: Int) -> Bool {
        guard lowercased.utf8CodeUnitCount == colon else { return false }
        return matches(lowercased, at: 0)
    }

    private func valueContains(_ lowercased: StaticString, after colon: Int) -> Bool {
        let count = lowercased.utf8CodeUnitCount
        guard line.count - colon > count else { return false }
        return (colon + 1...line.count - count).contains { matches(lowercased, at: $0) }
    }

    private func matches(_ lowercased: StaticString, at start: Int) -> Bool {
        lowercased.withUTF8Buffer { wanted in
            for offset in wanted.indices {
                let byte = line[start + offset]
                let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                if (isUpper ? byte | 0x20 : byte) != wanted[offset] { return false }
            }
            return true
        }
    }

    private func decimal(after colon: Int) throws(ResponseError) -> UInt64 {
        var value: UInt64 = 0
        var digits = 0
        for byte in line[(colon + 1)...] {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { continue }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), digits < 18 else { throw .contentLength }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            digits += 1
        }
        if digits == 0 { throw .contentLength }
        return value
    }

    private static func hexadecimalValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
