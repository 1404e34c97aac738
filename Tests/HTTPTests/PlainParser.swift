// The plain twin of the request parser: it reads one whole array from the front, copies what it finds, and takes the
// rules one after another as RFC 9112 tells them. Slow, and simple enough to be believed.
@testable import HTTP

/// What a parser made of the bytes of one request.
struct ParsedRequest: Equatable, Sendable {
    var method = ""
    var path = ""
    var query = ""
    var authority = ""
    var fields: [String] = []
    var body: [UInt8] = []
    var wasDiscarded = false
    var isServerWide = false
    var keepsAlive = false
    var expectsContinue = false
}

/// What a parser made of a stream: whole requests, and how it ended.
struct ParsedStream: Equatable, Sendable {
    enum End: Equatable, Sendable {
        /// The stream ends between two requests or inside one.
        case needsBytes
        case refused(Refusal)
    }
    var requests: [ParsedRequest] = []
    var end = End.needsBytes

    /// Whether a server closes the connection somewhere in this stream.
    var endsConnection: Bool { end != .needsBytes || requests.contains { !$0.keepsAlive } }
}

struct PlainParser {
    private struct Incomplete: Error {}

    let bytes: [UInt8]
    var limits = WireLimits()
    var bodyLimit = 1_000
    var discardLimit = 2_000
    private var position = 0
    private var requestStart = 0
    private var hasTransferEncoding = false
    private var contentLength: Int?

    init(_ bytes: [UInt8], limits: WireLimits = WireLimits(), bodyLimit: Int, discardLimit: Int) {
        self.bytes = bytes
        self.limits = limits
        self.bodyLimit = bodyLimit
        self.discardLimit = discardLimit
    }

    mutating func parse() -> ParsedStream {
        var stream = ParsedStream()
        do {
            while true { stream.requests.append(try request()) }
        } catch let refusal as Refusal {
            stream.end = .refused(refusal)
        } catch {
            stream.end = .needsBytes
        }
        return stream
    }

    private mutating func request() throws -> ParsedRequest {
        hasTransferEncoding = false
        contentLength = nil
        var parsed = ParsedRequest()
        if position < bytes.count, bytes[position] == 13 {
            guard position + 1 < bytes.count else { throw Incomplete() }
            if bytes[position + 1] != 10 { throw Refusal.bareCarriageReturn }
            position += 2
        }
        guard position < bytes.count else { throw Incomplete() }
        if bytes[position] == 10 { throw Refusal.bareLineFeed }
        if !isToken([bytes[position]]) { throw Refusal.malformedRequestLine }
        requestStart = position
        let minor = try requestLine(&parsed)
        var names: [String] = []
        while true {
            let line = try headLine(limits.fieldLineBytes, .fieldLineTooLong)
            if line.isEmpty { break }
            if names.count == limits.fieldCount { throw Refusal.tooManyFields }
            let (name, value) = try field(line)
            names.append(name)
            parsed.fields.append(name + "=" + text(value))
            try decide(name, value, names, minor, &parsed)
        }
        if hasTransferEncoding && minor == 0 { throw Refusal.transferEncodingInHTTP10 }
        if hasTransferEncoding && contentLength != nil { throw Refusal.contentLengthWithTransferEncoding }
        if minor == 1 && !names.contains("host") { throw Refusal.missingHost }
        if parsed.method == "TRACE" && (hasTransferEncoding || contentLength ?? 0 > 0) { throw Refusal.contentInTrace }
        let options = names.indices.filter { names[$0] == "connection" }
            .flatMap { parsed.fields[$0].dropFirst(11).split(separator: ",") }
            .map { String($0).lowercased().trimmingBlanks() }
        parsed.keepsAlive = !options.contains("close") && (minor == 1 || options.contains("keep-alive"))
        try body(&parsed)
        return parsed
    }

    private mutating func requestLine(_ parsed: inout ParsedRequest) throws -> Int {
        let line = try headLine(limits.requestLineBytes, .requestLineTooLong)
        if text(line) == "PRI * HTTP/2.0" { throw Refusal.http2Preface }
        let parts = line.split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        guard !parts[0].isEmpty, isToken(parts[0]), parts.count == 3 else { throw Refusal.malformedRequestLine }
        let version = text(parts[2])
        guard version.utf8.count == 8, version.hasPrefix("HTTP/"), parts[2][6] == 46,
            (48...57).contains(parts[2][5]), (48...57).contains(parts[2][7])
        else { throw Refusal.malformedVersion }
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw Refusal.unsupportedVersion }
        parsed.method = text(parts[0])
        if parsed.method == "CONNECT" { throw Refusal.connectNotSupported }
        try target(parts[1], &parsed)
        return version == "HTTP/1.1" ? 1 : 0
    }

    private func target(_ target: [UInt8], _ parsed: inout ParsedRequest) throws {
        var rest = target
        if target == [42], parsed.method == "OPTIONS" {
            parsed.path = "*"
            parsed.isServerWide = true
            return
        }
        if target.first != 47 {
            let lower = text(target).lowercased()
            guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else {
                throw Refusal.malformedTarget
            }
            let authority = target.dropFirst(scheme.utf8.count).prefix { $0 != 47 && $0 != 63 }
            guard PlainURI.isAuthority(text(Array(authority))) else { throw Refusal.malformedTarget }
            parsed.authority = text(Array(authority))
            rest = Array(target.dropFirst(scheme.utf8.count + authority.count))
        }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%".utf8)
        guard rest.allSatisfy(allowed.contains), PlainURI.hasWholeEscapes(rest) else { throw Refusal.malformedTarget }
        if PlainURI.hidesControl(rest) { throw Refusal.encodedControlCharacter }
        let halves = rest.split(separator: 63, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        let segments = text(PlainURI.decoded(halves[0])).split(separator: "/")
        if segments.contains(".") || segments.contains("..") { throw Refusal.dotSegment }
        parsed.isServerWide = parsed.method == "OPTIONS" && rest.isEmpty
        parsed.path = halves[0].isEmpty ? "/" : text(halves[0])
        parsed.query = halves.count == 2 ? text(halves[1]) : ""
    }

    private func field(_ line: [UInt8]) throws -> (String, [UInt8]) {
        let name = Array(line.prefix { isToken([$0]) })
        if name.count == line.count { throw Refusal.missingColon }
        let next = line[name.count]
        if next == 32 || next == 9 { throw name.isEmpty ? Refusal.obsoleteFolding : .whitespaceBeforeColon }
        if next != 58 || name.isEmpty { throw Refusal.malformedFieldName }
        var value = Array(line[(name.count + 1)...])
        while let last = value.last, last == 32 || last == 9 { value.removeLast() }
        while let first = value.first, first == 32 || first == 9 { value.removeFirst() }
        for byte in value where (byte < 32 && byte != 9) || byte == 127 {
            throw byte == 13 ? Refusal.bareCarriageReturn : Refusal.controlCharacter
        }
        return (text(name).lowercased(), value)
    }

    private mutating func decide(
        _ name: String, _ value: [UInt8], _ names: [String], _ minor: Int, _ parsed: inout ParsedRequest
    ) throws {
        let isRepeated = names.dropLast().contains(name)
        switch name {
        case "host":
            if isRepeated { throw Refusal.repeatedHost }
            if !value.isEmpty && !PlainURI.isAuthority(text(value)) { throw Refusal.malformedHost }
            if parsed.authority.isEmpty { parsed.authority = text(value) }
        case "expect" where minor == 1:
            if isRepeated || text(value).lowercased() != "100-continue" { throw Refusal.unknownExpectation }
            parsed.expectsContinue = true
        case "connection":
            let options = text(value).components(separatedBy: ",").map { $0.trimmingBlanks() }
            // As text of Latin-1 a character is a byte.
            let bytes = options.flatMap { $0.unicodeScalars.map { UInt8($0.value) } }
            if !isToken(bytes) { throw Refusal.malformedConnection }
        case "content-length":
            if isRepeated { throw Refusal.repeatedContentLength }
            guard !value.isEmpty, value.allSatisfy({ (48...57).contains($0) }) else {
                throw Refusal.malformedContentLength
            }
            guard let length = Int(text(value)), length <= 1 << 56 else { throw Refusal.contentLengthOverflow }
            contentLength = length
        case "transfer-encoding":
            if isRepeated { throw Refusal.repeatedTransferEncoding }
            hasTransferEncoding = true
            if text(value).lowercased() == "chunked" { return }
            let codings = text(value).lowercased().components(separatedBy: ",").map { $0.trimmingBlanks() }
            for (index, coding) in codings.enumerated() {
                if coding.isEmpty || !isToken(Array(coding.utf8)) { throw Refusal.malformedTransferEncoding }
                if index > 0, codings[index - 1] == "chunked" { throw Refusal.chunkedNotFinal }
            }
            throw codings.last == "chunked" ? Refusal.unknownTransferCoding : .chunkedNotFinal
        default: break
        }
    }

    // MARK: The body

    private mutating func body(_ parsed: inout ParsedRequest) throws {
        if let contentLength {
            parsed.wasDiscarded = contentLength > bodyLimit
            if parsed.wasDiscarded && contentLength > discardLimit { throw Refusal.bodyBeyondDiscardLimit }
            guard bytes.count - position >= contentLength else { throw Incomplete() }
            if !parsed.wasDiscarded { parsed.body = Array(bytes[position..<(position + contentLength)]) }
            position += contentLength
        } else if hasTransferEncoding {
            try chunks(&parsed)
        }
    }

    private mutating func chunks(_ parsed: inout ParsedRequest) throws {
        var total = 0
        var extensionBytes = 0
        while true {
            let line = try nextLine(until: position + limits.chunkLineBytes, .chunkLineTooLong)
            let digits = line.prefix { "0123456789abcdefABCDEF".utf8.contains($0) }
            if digits.isEmpty { throw Refusal.malformedChunkSize }
            if digits.count > 16 { throw Refusal.chunkSizeOverflow }
            let significant = text(Array(digits.drop { $0 == 48 }))
            guard let size = UInt64("0" + significant, radix: 16), size <= 1 << 56 else {
                throw Refusal.chunkSizeOverflow
            }
            let rest = Array(line[digits.count...])
            if let first = rest.first, ![32, 9, 59].contains(first) { throw Refusal.malformedChunkSize }
            extensionBytes += rest.count
            if extensionBytes > limits.chunkExtensionBytes { throw Refusal.chunkExtensionsTooLong }
            try checkExtensions(rest)
            if size == 0 { break }
            total += Int(size)
            if total > bodyLimit { parsed.wasDiscarded = true }
            if parsed.wasDiscarded && total > discardLimit { throw Refusal.bodyBeyondDiscardLimit }
            guard bytes.count - position >= Int(size) else { throw Incomplete() }
            parsed.body += bytes[position..<(position + Int(size))]
            position += Int(size)
            for expected in [13, 10] as [UInt8] {
                guard position < bytes.count else { throw Incomplete() }
                if bytes[position] != expected { throw Refusal.unterminatedChunk }
                position += 1
            }
        }
        if parsed.wasDiscarded { parsed.body = [] }
        let end = position + limits.trailerBytes
        var count = 0
        while true {
            let line = try nextLine(until: end, .trailersTooLong)
            if line.isEmpty { return }
            count += 1
            if count > limits.trailerCount { throw Refusal.tooManyTrailers }
            let (name, _) = try field(line)
            if Self.forbiddenTrailers.contains(name) { throw Refusal.forbiddenTrailer }
        }
    }

    static let forbiddenTrailers: Set<String> = [
        "content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive", "upgrade", "host", "expect",
        "authorization", "proxy-authorization", "cookie", "content-encoding", "content-type", "content-range",
    ]

    /// A state a byte: what may come next in *( BWS ";" BWS name [ BWS "=" BWS value ] ).
    private func checkExtensions(_ rest: [UInt8]) throws {
        enum State { case end, beforeName, name, afterName, beforeValue, value, quoted, escaped, afterQuoted }
        var state = State.end
        for byte in rest {
            let isBlank = byte == 32 || byte == 9
            let isToken = isToken([byte])
            switch (state, byte) {
            case (.end, 59), (.name, 59), (.afterName, 59), (.value, 59), (.afterQuoted, 59): state = .beforeName
            case (.end, _) where isBlank, (.beforeName, _) where isBlank, (.beforeValue, _) where isBlank,
                (.afterName, _) where isBlank:
                break
            case (.beforeName, _) where isToken, (.name, _) where isToken: state = .name
            case (.name, _) where isBlank: state = .afterName
            case (.name, 61), (.afterName, 61): state = .beforeValue
            case (.beforeValue, 34): state = .quoted
            case (.beforeValue, _) where isToken, (.value, _) where isToken: state = .value
            case (.value, _) where isBlank, (.afterQuoted, _) where isBlank: state = .end
            case (.quoted, 34): state = .afterQuoted
            case (.quoted, 92): state = .escaped
            case (.quoted, _) where byte >= 32 && byte != 127 || byte == 9: break
            case (.escaped, _) where byte >= 32 && byte != 127 || byte == 9: state = .quoted
            default: throw Refusal.malformedChunkExtension
            }
        }
        switch state {
        case .name, .value, .afterQuoted: return
        case .end where rest.isEmpty: return
        default: throw Refusal.malformedChunkExtension
        }
    }

    // MARK: Lines and characters

    private mutating func headLine(_ limit: Int, _ refusal: Refusal) throws -> [UInt8] {
        let headEnd = requestStart + limits.headBytes
        if headEnd < position + limit { return try nextLine(until: headEnd, .headTooLong) }
        return try nextLine(until: position + limit, refusal)
    }

    private mutating func nextLine(until end: Int, _ refusal: Refusal) throws -> [UInt8] {
        guard let lineFeed = bytes[position..<min(end, bytes.count)].firstIndex(of: 10) else {
            if bytes.count >= end { throw refusal }
            throw Incomplete()
        }
        let line = bytes[position..<lineFeed]
        if line.last != 13 { throw Refusal.bareLineFeed }
        position = lineFeed + 1
        return Array(line.dropLast())
    }

    private func isToken(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
    }
}

/// Bytes as text, one character a byte, so that any bytes compare.
func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

extension String {
    func trimmingBlanks() -> String {
        var slice = self[...]
        while let first = slice.first, first == " " || first == "\t" { slice.removeFirst() }
        while let last = slice.last, last == " " || last == "\t" { slice.removeLast() }
        return String(slice)
    }

    func components(separatedBy separator: Character) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
