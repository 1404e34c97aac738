// The parser against the table, against its plain twin, and at each of its limits.
import Testing

@testable import HTTP

extension WireCase: CustomTestStringConvertible {
    var testDescription: String { "\(section): \(name)" }
}

@Suite struct WireTests {
    private func summary(_ stream: ParsedStream) -> WireCase.Outcome {
        let requests = stream.requests.map { request in
            request.method + " " + request.path + (request.body.isEmpty ? "" : " " + text(request.body))
        }
        switch stream.end {
        case .refused(let refusal): return .refused(refusal, after: requests)
        case .needsBytes: return requests.isEmpty ? .incomplete() : .requests(requests)
        }
    }

    /// `.incomplete(after:)` and `.requests` both end in want of bytes.
    private func normal(_ outcome: WireCase.Outcome) -> WireCase.Outcome {
        if case .incomplete(let after) = outcome, !after.isEmpty { return .requests(after) }
        return outcome
    }

    @Test func `the table has at least 170 cases, each with a name and a section`() {
        #expect(WireCase.all.count >= 170)
        #expect(Set(WireCase.all.map { $0.section + $0.name }).count == WireCase.all.count)
    }

    @Test(arguments: WireCase.all)
    func `a case of the grammar has its outcome, whole, byte by byte and in threes`(wireCase: WireCase) {
        let driver = StreamDriver()
        for pieceBytes in [Int.max, 1, 3] {
            let stream = driver.parse(wireCase.bytes, pieceBytes: pieceBytes)
            #expect(summary(stream) == normal(wireCase.outcome), "in pieces of \(pieceBytes)")
        }
        var twin = PlainParser(wireCase.bytes, bodyLimit: driver.bodyLimit, discardLimit: driver.discardLimit)
        #expect(summary(twin.parse()) == normal(wireCase.outcome), "by the plain twin")
    }

    @Test(arguments: WireCase.all)
    func `a case says whether its connection persists`(wireCase: WireCase) {
        let stream = StreamDriver().parse(wireCase.bytes)
        #expect(stream.endsConnection == wireCase.closes)
    }

    @Test(arguments: WireCase.all)
    func `a case of the grammar can be cut in two anywhere`(wireCase: WireCase) {
        let whole = StreamDriver().parse(wireCase.bytes)
        for cut in 1..<max(2, wireCase.bytes.count) {
            #expect(StreamDriver().parse(wireCase.bytes, pieceBytes: cut) == whole, "cut at \(cut)")
        }
    }

    @Test(arguments: [1, 2, 3, 0xC0FFEE] as [UInt64])
    func `random streams are read alike by the parser and its plain twin`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var limits = WireLimits()
        limits.requestLineBytes = 60
        limits.fieldLineBytes = 50
        limits.headBytes = 200
        limits.fieldCount = 5
        limits.chunkLineBytes = 24
        limits.chunkExtensionBytes = 30
        limits.trailerBytes = 40
        limits.trailerCount = 2
        let driver = StreamDriver(limits: limits, bodyLimit: 12, discardLimit: 24)
        var refusals = Set<Refusal>()
        var accepted = 0
        for round in 0..<StreamRounds.count(1_500) {
            let bytes = StreamMaker.make(using: &random)
            var twin = PlainParser(bytes, limits: limits, bodyLimit: 12, discardLimit: 24)
            let expected = twin.parse()
            let largest = Int.random(in: 1...40, using: &random)
            let stream = driver.parse(bytes) { Int.random(in: 1...largest, using: &random) }
            #expect(stream == expected, "seed \(seed), round \(round): \(text(bytes).debugDescription)")
            if stream != expected { return }
            accepted += stream.requests.count
            if case .refused(let refusal) = stream.end { refusals.insert(refusal) }
        }
        // The streams must reach the grammar's corners, or the comparison proves little.
        #expect(accepted > 500)
        #expect(refusals.count > 25, "\(Refusal.allCases.filter { !refusals.contains($0) })")
    }

    @Test func `a discarded body leaves its connection in step`() {
        let big = String(repeating: "x", count: 1_500)
        let wire =
            "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1500\r\n\r\n" + big
            + "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "258\r\n" + big.prefix(600) + "\r\n258\r\n" + big.prefix(600) + "\r\n0\r\n\r\n"
            + "GET /c HTTP/1.1\r\nHost: h\r\n\r\n"
        for pieceBytes in [Int.max, 1, 7, 1_000] {
            let stream = StreamDriver().parse(Array(wire.utf8), pieceBytes: pieceBytes)
            #expect(stream.requests.map(\.path) == ["/a", "/b", "/c"])
            #expect(stream.requests.map(\.wasDiscarded) == [true, true, false])
            #expect(stream.requests.map(\.body.count) == [0, 0, 0])
            #expect(stream.end == .needsBytes)
        }
    }

    @Test func `a body of ten thousand small chunks takes no more room than its data and one read`() {
        var parser = RequestParser()
        var store = ByteStore()
        store.append("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(parser.advance(&store) == .head)
        parser.receiveBody(limit: 100_000)
        for _ in 0..<10_000 {
            store.append("0003\r\nabc\r\n" as StaticString)
            #expect(parser.advance(&store) == .needsBytes)
        }
        let capacity = store.capacity
        #expect(capacity < 100_000)
        store.append("0\r\n\r\n")
        #expect(parser.advance(&store) == .complete)
        #expect(parser.body.count == 30_000)
        #expect(text(array(store.span.extracting(parser.body).extracting(29_994..<30_000))) == "abcabc")
    }

    @Test(arguments: PlainParser.forbiddenTrailers.sorted())
    func `a field that belongs in the head is refused as a trailer, and one of a longer name is not`(name: String) {
        for (field, end) in [(name, .refused(.forbiddenTrailer)), (name + "x", .needsBytes)]
            as [(String, ParsedStream.End)]
        {
            let wire = WireCase.chunked("0\r\n\(field): a\r\n\r\n")
            #expect(StreamDriver().parse(Array(wire.utf8)).end == end, "\(field)")
        }
    }

    @Test func `every refusal has a client or server error for a status, and a sentence for its detail`() {
        for refusal in Refusal.allCases {
            #expect([400, 413, 414, 417, 431, 501, 505].contains(refusal.status))
            #expect(refusal.detail.utf8CodeUnitCount > 20)
            #expect(reasonPhrase(refusal.status).description != "Status")
        }
    }
}

/// Limits, each at its value and one past it.
@Suite struct WireLimitTests {
    private func outcome(
        _ wire: String, _ change: (inout WireLimits) -> Void, bodyLimit: Int = 10, discardLimit: Int = 20
    ) -> ParsedStream.End? {
        var limits = WireLimits()
        change(&limits)
        let driver = StreamDriver(limits: limits, bodyLimit: bodyLimit, discardLimit: discardLimit)
        let whole = driver.parse(Array(wire.utf8))
        #expect(driver.parse(Array(wire.utf8), pieceBytes: 1) == whole)
        return whole.requests.isEmpty ? whole.end : nil
    }

    private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    private let chunkedHead = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `the request line's limit counts its CRLF`() {
        #expect(outcome(get) { $0.requestLineBytes = 16 } == nil)
        #expect(outcome(get) { $0.requestLineBytes = 15 } == .refused(.requestLineTooLong))
    }

    @Test func `a field line's limit counts its CRLF`() {
        #expect(outcome(get) { $0.fieldLineBytes = 9 } == nil)
        #expect(outcome(get) { $0.fieldLineBytes = 8 } == .refused(.fieldLineTooLong))
    }

    @Test func `the head's limit counts everything up to its empty line`() {
        #expect(outcome(get) { $0.headBytes = 27 } == nil)
        #expect(outcome(get) { $0.headBytes = 26 } == .refused(.headTooLong))
    }

    @Test func `the limit on fields is a count of lines`() {
        let wire = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nA: 2\r\n\r\n"
        #expect(outcome(wire) { $0.fieldCount = 3 } == nil)
        #expect(outcome(wire) { $0.fieldCount = 2 } == .refused(.tooManyFields))
    }

    @Test func `a chunk line's limit counts its CRLF`() {
        let wire = chunkedHead + "1;abc\r\nx\r\n0\r\n\r\n"
        #expect(outcome(wire) { $0.chunkLineBytes = 7 } == nil)
        #expect(outcome(wire) { $0.chunkLineBytes = 6 } == .refused(.chunkLineTooLong))
    }

    @Test func `the limit on chunk extensions is for all chunks of a body together`() {
        let wire = chunkedHead + "1;abc\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n"
        #expect(outcome(wire) { $0.chunkExtensionBytes = 8 } == nil)
        #expect(outcome(wire) { $0.chunkExtensionBytes = 7 } == .refused(.chunkExtensionsTooLong))
    }

    @Test func `the limits on trailers count lines, and bytes with the final CRLF`() {
        let wire = chunkedHead + "0\r\nA: 1\r\nB: 2\r\n\r\n"
        #expect(outcome(wire) { $0.trailerBytes = 14 } == nil)
        #expect(outcome(wire) { $0.trailerBytes = 13 } == .refused(.trailersTooLong))
        #expect(outcome(wire) { $0.trailerCount = 2 } == nil)
        #expect(outcome(wire) { $0.trailerCount = 1 } == .refused(.tooManyTrailers))
    }

    @Test(arguments: [(10, false), (11, true)])
    func `a body at its limit is kept, one past it is discarded`(bytes: Int, isDiscarded: Bool) {
        let body = String(repeating: "x", count: bytes)
        let fixed = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(bytes)\r\n\r\n" + body
        let chunked = chunkedHead + String(bytes, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n"
        for wire in [fixed, chunked] {
            let stream = StreamDriver(bodyLimit: 10, discardLimit: 20).parse(Array(wire.utf8))
            #expect(stream.requests.map(\.wasDiscarded) == [isDiscarded])
        }
    }

    @Test func `a body at the discard limit passes by, one past it is refused`() {
        for (bytes, expected) in [(20, nil), (21, .refused(.bodyBeyondDiscardLimit))] as [(Int, ParsedStream.End?)] {
            let body = String(repeating: "x", count: bytes)
            #expect(
                outcome("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(bytes)\r\n\r\n" + body, { _ in }) == expected)
            #expect(
                outcome(chunkedHead + String(bytes, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n", { _ in }) == expected)
        }
    }
}
