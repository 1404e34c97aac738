// Coded bodies: what goes in comes out, and what is cut, bent, too large or too dense does not.
import AllocationCounter
import Glibc
import Testing

@testable import HTTP

@Suite struct BodyDecoderTests {
    @Test(arguments: [0, 1, 2, 100, 600, 16_383, 16_384, 16_385, 70_000])
    func `what is compressed comes out as it went in, here and in the plain twin`(bytes: Int) {
        for level in [1, 6, 9] {
            let body = jsonBody(bytes: bytes, seed: UInt64(level))
            let coded = gzip(body, level: level)
            #expect(PlainInflate.gunzip(coded) == body)
            #expect(decode(coded) == .success(body))
            #expect(decode(PlainInflate.zlibFrame(ofMember: coded, content: body), .deflate) == .success(body))
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `bytes without a pattern survive too`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<20 {
            let count = Int.random(in: 0...5_000, using: &random)
            let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let coded = gzip(body)
            #expect(PlainInflate.gunzip(coded) == body)
            #expect(decode(coded) == .success(body))
        }
    }

    @Test func `a body that is not coded is copied, up to the limit`() {
        let limits = InflateLimits(maximumBytes: 10)
        #expect(decode(jsonBody(bytes: 10), .identity, limits) == .success(jsonBody(bytes: 10)))
        #expect(decode(jsonBody(bytes: 11), .identity, limits) == .failure(.tooLarge(limitBytes: 10)))
        #expect(decode([], .identity, InflateLimits(maximumBytes: 0)) == .success([]))
    }

    static let hasGzip = !output(of: "command -v gzip").isEmpty

    @Test(.enabled(if: hasGzip, "there is no gzip command"))
    func `the gzip command reads what is written here, and the other way round`() {
        let path = "/tmp/shroff-content-\(getpid()).gz"
        defer { unlink(path) }
        let body = jsonBody(bytes: 100_000)
        write(gzip(body), to: path)
        #expect(Self.output(of: "gzip -dc < \(path)") == body)
        write(body, to: path)
        for level in ["-1", "-6", "-9"] {
            #expect(decode(Self.output(of: "gzip \(level) -c < \(path)")) == .success(body))
        }
        // With a name in the header, and twice over.
        #expect(decode(Self.output(of: "gzip -c \(path)")) == .success(body))
        #expect(decode(Self.output(of: "gzip -c \(path); gzip -c \(path)")) == .success(body + body))
    }

    private func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    private static func output(of command: String) -> [UInt8] {
        guard let pipe = popen(command, "r") else { return [] }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&block, 1, block.count, pipe)
            if count == 0 { return bytes }
            bytes += block[..<count]
        }
    }

    // MARK: Limits

    @Test(arguments: [1_000, 16_384, 50_000])
    func `what comes out may be as large as the limit, and no larger`(limit: Int) {
        let limits = InflateLimits(maximumBytes: limit)
        let body = jsonBody(bytes: limit)
        let larger = jsonBody(bytes: limit + 1)
        #expect(decode(gzip(body), .gzip, limits) == .success(body))
        #expect(decode(zlib(body), .deflate, limits) == .success(body))
        #expect(decode(gzip(larger), .gzip, limits) == .failure(.tooLarge(limitBytes: limit)))
        #expect(decode(zlib(larger), .deflate, limits) == .failure(.tooLarge(limitBytes: limit)))
    }

    @Test func `the ratio may be as high as the limit above the floor, and no higher`() {
        let body = [UInt8](repeating: 48, count: 40_000)
        let coded = gzip(body, level: 9)
        var limits = InflateLimits(maximumBytes: 1_000_000)
        limits.ratioFloorBytes = 100
        limits.maximumRatio = (body.count + coded.count - 1) / coded.count
        #expect(decode(coded, .gzip, limits) == .success(body))
        limits.maximumRatio -= 1
        #expect(decode(coded, .gzip, limits) == .failure(.ratioTooHigh(maximumRatio: limits.maximumRatio)))
        limits.ratioFloorBytes = body.count
        #expect(decode(coded, .gzip, limits) == .success(body))
        limits.ratioFloorBytes = body.count - 1
        #expect(decode(coded, .gzip, limits) == .failure(.ratioTooHigh(maximumRatio: limits.maximumRatio)))
        // The product of size and ratio may not overflow.
        limits.maximumRatio = .max
        #expect(decode(coded, .gzip, limits) == .success(body))
    }

    @Test func `of a bomb no more than the bound is ever made`() {
        let bomb = gzip([UInt8](repeating: 0, count: 10_000_000), level: 9)
        #expect(bomb.count < 11_000)
        let cases: [(limit: Int, bound: Int, error: ContentError)] = [
            (65_536, 65_536, .tooLarge(limitBytes: 65_536)),
            (20_000_000, bomb.count * 100, .ratioTooHigh(maximumRatio: 100)),
            (0, 0, .tooLarge(limitBytes: 0)),
        ]
        for example in cases {
            var decoder = BodyDecoder()
            var bytes: [UInt8] = []
            #expect(throws: example.error) {
                try decoder.decode(bomb.span, .gzip, InflateLimits(maximumBytes: example.limit), into: &bytes)
            }
            #expect(bytes.isEmpty)
            // An array's storage is rounded up to what malloc gives, a page at most.
            #expect(bytes.capacity <= example.bound + 4_128, "\(example.limit)")
        }
    }

    @Test func `many small members are one body to the limits`() {
        let member = gzip(Array("0123456789".utf8))
        let body = Array(repeatElement(member, count: 100).joined())
        #expect(decode(body, .gzip, InflateLimits(maximumBytes: 1_000)) == .success(Array("0123456789".utf8) * 100))
        #expect(decode(body, .gzip, InflateLimits(maximumBytes: 999)) == .failure(.tooLarge(limitBytes: 999)))
        let nothing = Array(repeatElement(gzip([]), count: 10_000).joined())
        #expect(decode(nothing, .gzip, InflateLimits(maximumBytes: 0)) == .success([]))
    }

    @Test(.enabled(if: AllocationCounter.isOn, "allocations are not counted here"))
    func `after the first of their size, bodies and answers are coded without an allocation`() {
        var decoder = BodyDecoder()
        var encoder = GzipEncoder(level: 1)
        var bytes: [UInt8] = []
        var coded: [UInt8] = []
        let limits = InflateLimits(maximumBytes: 40_000)
        func run(_ body: [UInt8], _ zlibCoded: [UInt8]) -> Int {
            AllocationCounter.allocations {
                encoder.encode(body.span, into: &coded)
                try? decoder.decode(coded.span, .gzip, limits, into: &bytes)
                try? decoder.decode(zlibCoded.span, .deflate, limits, into: &bytes)
            }
        }
        var random = SplitMix64(seed: 1)
        let noise = (0..<40_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(run(noise, zlib(noise)) > 0)
        for index in 0..<100 {
            let body = jsonBody(bytes: 600 + index * 370, seed: UInt64(index))
            #expect(run(body, zlib(body)) == 0, "\(body.count)")
            #expect(bytes == body)
        }
    }

    // MARK: Damage

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `a body cut at any byte is refused, and says where`(coding: ContentCoding) {
        let body = jsonBody(bytes: 700)
        let coded = coding == .gzip ? gzip(body) : zlib(body)
        for count in 0..<coded.count {
            #expect(decode(Array(coded[..<count]), coding) == .failure(.truncated(offset: count)), "\(count)")
        }
    }

    @Test func `two members cut anywhere but between them are refused`() {
        let first = gzip(jsonBody(bytes: 100))
        let coded = first + gzip(jsonBody(bytes: 200))
        for count in 0..<coded.count {
            let expected: Result<[UInt8], ContentError> =
                count == first.count ? .success(jsonBody(bytes: 100)) : .failure(.truncated(offset: count))
            #expect(decode(Array(coded[..<count])) == expected, "\(count)")
        }
    }

    @Test(arguments: [ContentCoding.gzip, .deflate])
    func `with any one bit turned, nothing wrong comes out`(coding: ContentCoding) {
        let body = jsonBody(bytes: 400)
        let coded = coding == .gzip ? gzip(body) : zlib(body)
        var refused = 0
        for bit in 0..<(coded.count * 8) {
            var bent = coded
            bent[bit / 8] ^= 1 << UInt8(bit % 8)
            let result = decode(bent, coding)
            if case .success(let bytes) = result { #expect(bytes == body, "bit \(bit)") } else { refused += 1 }
        }
        // Only the time, the system and the hints of a header may say anything.
        #expect(refused >= coded.count * 8 - 60)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `of bodies bent at random nothing wrong comes out`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for round in 0..<400 {
            let body = jsonBody(bytes: Int.random(in: 0...40_000, using: &random), seed: seed)
            let coding = Bool.random(using: &random) ? ContentCoding.gzip : .deflate
            var bent = coding == .gzip ? gzip(body) : zlib(body)
            let isTwice = coding == .gzip && Int.random(in: 0..<4, using: &random) == 0
            if isTwice { bent += bent }
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bent.isEmpty {
                let place = Int.random(in: 0..<bent.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bent[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bent.remove(at: place)
                case 2: bent.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: bent.removeSubrange(place...)
                }
            }
            guard case .success(let bytes) = decode(bent, coding) else { continue }
            // Cut between two members, the first is a body of its own.
            #expect(bytes == body || (isTwice && bytes == body + body), "seed \(seed), round \(round)")
        }
    }

    @Test func `each kind of damage has its name and its place`() {
        let body = jsonBody(bytes: 300)
        let coded = gzip(body)
        let end = coded.count
        var wrongSum = coded
        wrongSum[end - 8] ^= 1
        var wrongLength = coded
        wrongLength[end - 1] ^= 1
        var wrongAdler = zlib(body)
        wrongAdler[wrongAdler.count - 1] ^= 1
        #expect(decode(wrongSum) == .failure(.wrongChecksum(offset: end - 4)))
        #expect(decode(wrongLength) == .failure(.wrongChecksum(offset: end)))
        #expect(decode(wrongAdler, .deflate) == .failure(.wrongChecksum(offset: wrongAdler.count)))
        #expect(decode(coded + [0]) == .failure(.trailingBytes(offset: end)))
        #expect(decode(coded + Array("{}".utf8)) == .failure(.trailingBytes(offset: end)))
        #expect(decode(coded + [0x1F, 0x8C]) == .failure(.trailingBytes(offset: end)))
        #expect(decode(coded + [0x1F]) == .failure(.truncated(offset: end + 1)))
        #expect(decode(coded + [0x1F, 0x8B]) == .failure(.truncated(offset: end + 2)))
        let deflated = zlib(body)
        #expect(decode(deflated + deflated, .deflate) == .failure(.trailingBytes(offset: deflated.count)))
        // Not what the field says: a name's other format, raw deflate, a dictionary, the body as it is.
        let raw = Array(coded[10..<(end - 8)])
        for (bytes, coding) in [(deflated, .gzip), (coded, .deflate), (raw, .deflate), (body, .gzip), (body, .deflate)]
            as [([UInt8], ContentCoding)]
        {
            guard case .failure(.damaged(let reason, let offset)) = decode(bytes, coding) else {
                Issue.record("\(coding) was taken")
                continue
            }
            #expect(reason.hasPrefix("incorrect header check") || reason.hasPrefix("unknown compression"))
            #expect(offset <= 2)
        }
        #expect(
            decode([0x78, 0x20, 0, 0, 0, 1] + raw, .deflate)
                == .failure(.damaged(reason: "a preset dictionary", offset: 6)))
    }

    @Test func `each error has its status, its code and a sentence`() {
        let cases: [(ContentError, Int, String)] = [
            (.unsupportedCoding, 415, "unsupported_content_coding"),
            (.severalCodings, 415, "unsupported_content_coding"),
            (.tooLarge(limitBytes: 7), 413, "body_too_large"),
            (.ratioTooHigh(maximumRatio: 7), 413, "compression_ratio_too_high"),
            (.damaged(reason: "x", offset: 7), 400, "malformed_content_coding"),
            (.wrongChecksum(offset: 7), 400, "malformed_content_coding"),
            (.truncated(offset: 7), 400, "malformed_content_coding"),
            (.trailingBytes(offset: 7), 400, "malformed_content_coding"),
        ]
        for (error, status, code) in cases {
            let response = Response()
            response.become(error)
            let json = text(response.body)
            #expect(response.status == status)
            #expect(json.contains("\"status\":\(status),\"code\":\"\(code)\""))
            #expect(json.contains(error.detail) && error.detail.hasSuffix("."))
            #expect(status == 415 || error.detail.contains("7"))
            let fields = text(response.content.fieldLines)
            #expect(fields == (status == 415 ? "Accept-Encoding: gzip, deflate\r\n" : ""))
        }
    }
}

private func * (bytes: [UInt8], times: Int) -> [UInt8] { Array(repeatElement(bytes, count: times).joined()) }
