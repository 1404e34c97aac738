// A payment that is written and read again is the same payment, whatever it says; and its digest tells it from others.
import JSON
import Testing

@testable import Scoring

/// Random requests of the whole schema.
struct RandomRequest {
    var rng: SplitMix64

    mutating func next() -> RequestText {
        var members: [(String, String)] = []
        for definition in PaymentSchema.definitions {
            let isNeeded = definition.isRequired || definition.field == .cardFingerprint
            guard isNeeded || Bool.random(using: &rng) else { continue }
            members.append((definition.name, value(definition.kind)))
        }
        members.shuffle(using: &rng)
        return RequestText(members)
    }

    private mutating func value(_ kind: PaymentFieldKind) -> String {
        switch kind {
        case .text(let maximum), .identifier(let maximum): return text(maximumBytes: maximum)
        case .internetAddress:
            return ["\"10.1.2.3\"", "\"::1\"", "\"2001:db8:0:0::17\""].randomElement(using: &rng) ?? ""
        case .digits(let lengths):
            let count = Int.random(in: lengths, using: &rng)
            return "\"" + (0..<count).map { _ in "\(Int.random(in: 0...9, using: &rng))" }.joined() + "\""
        case .integer(let range):
            return String(
                [range.lowerBound, range.upperBound, .random(in: range, using: &rng)].randomElement(using: &rng) ?? 0)
        case .boolean: return "\(Bool.random(using: &rng))"
        case .timestamp:
            let nanoseconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &rng) * 1_000_000_000
            return "\"\(Timestamp.text(nanoseconds: nanoseconds + Int64.random(in: 0...999_999_999, using: &rng)))\""
        case .currency: return ["\"EUR\"", "\"JPY\"", "\"BHD\"", "\"CLF\""].randomElement(using: &rng) ?? ""
        case .country: return ["\"DE\"", "\"US\"", "\"XK\""].randomElement(using: &rng) ?? ""
        case .choice(let words): return "\"\(words.randomElement(using: &rng) ?? "")\""
        case .metadata:
            let keys = (0..<Int.random(in: 0...16, using: &rng)).map {
                "\"\($0)" + String(text(maximumBytes: 40).dropFirst())
            }
            return "{" + keys.map { "\($0): \(scalar())" }.shuffled(using: &rng).joined(separator: " , ") + "}"
        }
    }

    private mutating func scalar() -> String {
        switch Int.random(in: 0...4, using: &rng) {
        case 0: text(maximumBytes: 60)
        case 1: "\(Int64.random(in: -1_000...1_000, using: &rng))"
        case 2: "\(Double.random(in: -10...10, using: &rng))"
        case 3: "true"
        default: "null"
        }
    }

    /// A JSON string of letters that need escapes, of one to four bytes each, and of escapes themselves.
    private mutating func text(maximumBytes: Int) -> String {
        let pieces: [(json: String, bytes: Int)] = [
            ("a", 1), ("Z", 1), ("_", 1), (" ", 1), (#"\""#, 1), (#"\\"#, 1), (#"\/"#, 1), (#"\n"#, 1), (#"\u0001"#, 1),
            (#"\u007f"#, 1), ("é", 2), (#"\u00e9"#, 2), ("€", 3), (#"\ud83d\ude00"#, 4), ("😀", 4), ("7", 1),
        ]
        var text = "b"
        var bytes = 1
        let wanted = Int.random(in: 1...min(maximumBytes, 40), using: &rng)
        while let piece = pieces.randomElement(using: &rng), bytes + piece.bytes <= wanted {
            text += piece.json
            bytes += piece.bytes
        }
        return "\"\(text)\""
    }
}

@Suite struct PaymentRoundTripTests {
    @Test(arguments: [1, 2, 0xF00D] as [UInt64])
    func `a payment that is written and read again says the same`(seed: UInt64) throws {
        var random = RandomRequest(rng: SplitMix64(seed: seed))
        for _ in 0..<300 {
            let request = random.next().text
            let payment = try read(request)
            let written = json(payment)
            let again = try read(written, origin: .record)
            #expect(contents(again) == contents(payment), "\(request)")
            #expect(json(again) == written)
            var scratch: [UInt8] = []
            #expect(again.digest(scratch: &scratch) == payment.digest(scratch: &scratch))
        }
    }

    @Test(arguments: [3, 4] as [UInt64])
    func `a pseudonymous payment survives its record`(seed: UInt64) throws {
        var random = RandomRequest(rng: SplitMix64(seed: seed))
        let pseudonymizer = Pseudonymizer(key: Array("key".utf8))
        for _ in 0..<100 {
            var payment = try read(random.next().text)
            let before = contents(payment)
            pseudonymizer.apply(to: &payment)
            for field in PaymentSchema.identifierFields where payment.has(field) {
                #expect(payment.string(field)?.utf8.count == 32)
                #expect(payment.string(field) != before[field.name])
            }
            #expect(contents(try read(json(payment), origin: .record)) == contents(payment))
        }
    }

    @Test func `equal identifiers get equal pseudonyms under one key and others under another`() throws {
        func pseudonyms(_ key: String) throws -> [String: String] {
            var payment = try read(RequestText.full.text)
            Pseudonymizer(key: Array(key.utf8)).apply(to: &payment)
            return contents(payment)
        }
        #expect(try pseudonyms("a") == pseudonyms("a"))
        #expect(try pseudonyms("a")["card.fingerprint"] != pseudonyms("b")["card.fingerprint"])
        #expect(try pseudonyms("a")["merchant.id"] == "m_1")
        #expect(try pseudonyms("a")["device.ip"]?.utf8.count == 32)
    }

    private func digest(_ text: String) throws -> String {
        var scratch: [UInt8] = []
        return try read(text).digest(scratch: &scratch).hexadecimal
    }

    @Test(arguments: [5, 6] as [UInt64])
    func `the digest does not depend on the order of members or on white space`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var random = RandomRequest(rng: SplitMix64(seed: seed))
        for _ in 0..<50 {
            var request = random.next()
            let expected = try digest(request.text)
            request.members.shuffle(using: &rng)
            #expect(try digest(request.text(space: " \n\t\r")) == expected, "\(request.text)")
        }
        let metadata = [#"{"a":1,"b":"x"}"#, #"{ "b":"\u0078", "a":1 }"#].map {
            RequestText.minimal.setting("metadata", $0)
        }
        #expect(try digest(metadata[0].text) == digest(metadata[1].text))
    }

    @Test(arguments: PaymentField.allCases)
    func `the digest differs for every field that is changed or left out`(field: PaymentField) throws {
        let other: String =
            switch field.kind {
            case .text, .identifier: #""other""#
            case .internetAddress: #""10.0.0.9""#
            case .digits(let lengths): "\"" + String(repeating: "7", count: lengths.lowerBound) + "\""
            case .integer(let range): "\(range.lowerBound + 3)"
            case .boolean: RequestText.full.members.first { $0.path == field.name }?.json == "true" ? "false" : "true"
            case .timestamp: #""2001-01-01T00:00:00Z""#
            case .currency: #""USD""#
            case .country: #""SE""#
            case .choice(let words): "\"\(words[1] == "merchant" ? "merchant" : words[1])\""
            case .metadata: #"{"basket":4}"#
            }
        let value = field == .verificationCVC || field == .threeDSECI ? #""N""# : other
        let reference = try digest(RequestText.full.text)
        #expect(try digest(RequestText.full.setting(field.name, value).text) != reference)
        if !PaymentSchema.required.contains(field) {
            #expect(try digest(RequestText.full.removing(field.name).text) != reference)
        }
    }

    @Test func `the digest tells apart texts that run together alike`() throws {
        let a = RequestText.minimal.setting("type", #""ab""#).setting("channel", #""c""#)
        let b = RequestText.minimal.setting("type", #""a""#).setting("channel", #""bc""#)
        #expect(try digest(a.text) != digest(b.text))
    }
}
