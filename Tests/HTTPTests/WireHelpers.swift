// Drives the real parser over a stream that is cut in pieces, the way a connection does, and copies what it finds into
// the same form as the plain twin.
@testable import HTTP

/// A small generator with a seed, so that a failure can be repeated (Steele, Lea and Flood, 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

struct StreamDriver {
    var limits = WireLimits()
    var bodyLimit = 1_000
    var discardLimit = 2_000

    /// Parses `bytes`, given piece by piece; `nextPiece` says how many bytes come next.
    func parse(_ bytes: [UInt8], nextPiece: () -> Int) -> ParsedStream {
        var parser = RequestParser(limits: limits)
        var store = ByteStore()
        var stream = ParsedStream()
        var given = 0
        while true {
            switch parser.advance(&store) {
            case .needsBytes:
                if given == bytes.count { return stream }
                let piece = min(max(1, nextPiece()), bytes.count - given)
                store.append(Array(bytes[given..<(given + piece)]))
                given += piece
            case .head: parser.receiveBody(limit: bodyLimit)
            case .bodyTooLarge: parser.discardBody(limit: discardLimit)
            case .complete:
                stream.requests.append(copy(parser, store))
                store.consume(parser.consumedBytes)
                parser.reset()
            case .refused(let refusal):
                stream.end = .refused(refusal)
                return stream
            }
        }
    }

    func parse(_ bytes: [UInt8], pieceBytes: Int = .max) -> ParsedStream { parse(bytes) { pieceBytes } }

    private func copy(_ parser: borrowing RequestParser, _ store: borrowing ByteStore) -> ParsedRequest {
        let head = parser.head
        let request = Request(
            bytes: store.span, fields: parser.fields.span, head: head, body: parser.body, firstByte: 0, mailbox: nil,
            address: ConnectionAddress())
        var parsed = ParsedRequest()
        parsed.method = text(array(request.methodName))
        parsed.path = text(array(request.path))
        parsed.query = text(array(request.query))
        parsed.authority = text(array(request.authority))
        for field in parser.fields {
            let name = text(array(store.span.extracting(field.name.range))).lowercased()
            parsed.fields.append(name + "=" + text(array(store.span.extracting(field.value.range))))
        }
        parsed.body = parser.isDiscarding ? [] : array(request.body)
        parsed.wasDiscarded = parser.isDiscarding
        parsed.isServerWide = request.isServerWide
        parsed.keepsAlive = head.keepsAlive
        parsed.expectsContinue = head.expectsContinue
        return parsed
    }
}

func array(_ span: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in span.indices { bytes.append(span[index]) }
    return bytes
}
