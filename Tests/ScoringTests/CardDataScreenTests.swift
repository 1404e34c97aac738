// What looks like a card number, a track or a verification code is found in every form, and what only has such digits
// by chance is let pass.
import Testing

@testable import Scoring

private func finding(_ text: String) -> CardDataScreen.Finding? { CardDataScreen.finding(in: Array(text.utf8).span) }

private func finding(number: String) -> CardDataScreen.Finding? {
    CardDataScreen.finding(inNumber: Array(number.utf8).span)
}

/// The card schemes' own test numbers, 13 to 19 digits.
private let cardNumbers = [
    "4222222222222", "30569309025904", "38520000023237", "378282246310005", "371449635398431", "4111111111111111",
    "4242424242424242", "5555555555554444", "2223003122003222", "6011111111111117", "3530111333300000",
    "6200000000000005", "6799990100000000019", "8171999927660000", "9792030394440796",
]

private func grouped(_ digits: String, _ groups: [Int], by separator: String) -> String {
    var rest = Substring(digits)
    var parts: [Substring] = []
    for group in groups {
        parts.append(rest.prefix(group))
        rest = rest.dropFirst(group)
    }
    if !rest.isEmpty { parts.append(rest) }
    return parts.joined(separator: separator)
}

@Suite struct CardDataScreenTests {
    @Test(arguments: cardNumbers)
    func `a card number is found bare, and wherever it stands in a text`(number: String) {
        for text in [
            number, " \(number)", "\(number)\n", "card \(number), please", "x\(number)y", "pan=\(number)&cvc=",
            "\"\(number)\"",
            "(\(number))", "ordre n°\(number)é", "\(number).", "a-\(number)-b", "Mozilla/5.0 (\(number)) Safari/537.36",
        ] {
            #expect(finding(text) == .cardNumber, "\(text)")
        }
    }

    @Test(arguments: [" ", "-", ".", "\t", "\u{A0}", "\u{2007}", "\u{202F}", "\u{2010}", "\u{2011}", "\u{2013}"])
    func `a card number is found in groups`(separator: String) {
        for (number, groups) in [
            ("4111111111111111", [4, 4, 4, 4]), ("378282246310005", [4, 6, 5]), ("30569309025904", [4, 6, 4]),
            ("6799990100000000019", [4, 4, 4, 4, 3]), ("4222222222222", [4, 3, 3, 3]), ("4222222222222", [4, 4, 4, 1]),
            ("4111111111111111", [6, 6, 4]), ("4111111111111111", [2, 2, 2, 2, 2, 2, 2, 2]),
            ("4111111111111111", Array(repeating: 1, count: 16)), ("371449635398431", [5, 5, 5]),
        ] {
            let text = grouped(number, groups, by: separator)
            #expect(finding(text) == .cardNumber, "\(text)")
            #expect(finding("Karte \(text) 12/26") == .cardNumber, "\(text)")
        }
    }

    @Test func `a card number is found though other groups stand beside it`() {
        for text in [
            "4111 1111 1111 1111 123", "4111 1111 1111 1111 12 26", "12 4111 1111 1111 1111", "777 4111 1111 1111 1111",
            "378282246310005 1234", "4111-1111-1111-1111-0000", "order 12345 4111 1111 1111 1111 x",
        ] {
            #expect(finding(text) == .cardNumber, "\(text)")
        }
    }

    @Test func `a wrong check digit, twelve digits and twenty digits are let pass`() {
        for text in [
            "4111111111111112", "4111 1111 1111 1112", "378282246310006", "411111111111", "000000000000",
            "41111111111111111111", "4111 1111 1111", "12345678901234567890", "",
        ] {
            #expect(finding(text) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        "%B4111111111111111^DOE/JOHN^2512101000000000000000?", "B4111111111111112^DOE/JANE^2701",
        ";4111111111111111=25121010000000000000?", "5105105105105101=2712101", "4111111111111111D25121010000000000000F",
        "36070500001020d2512101", "x;6799990100000000019=3001?",
    ])
    func `a track is found, and its number need not be right`(text: String) { #expect(finding(text) == .track) }

    @Test func `a verification code is found by the name of its member`() {
        for name in [
            "cvc", "CVV", "cvv2", "card_cvc", "cardCvc", "card.cvc", "cardcvv", "cvvCode", "cvc_number", "cvv-value",
            "csc",
            "cid", "card_cid", "CAV2", "securityCode", "card security code", "customer_supplied_card_security_code",
            "verification_value", "card_code",
        ] {
            #expect(isCode(name, "123") && isCode(name, "1234"), "\(name)")
            #expect(
                !isCode(name, "12") && !isCode(name, "12345") && !isCode(name, "M") && !isCode(name, "12a"), "\(name)")
        }
        for name in [
            "cvc_result", "cvcCheck", "acid", "placid", "discord", "postcode", "code", "", "amount", "account_number",
            "cvv_response_reason", "basket", "é", "zip_code",
        ] {
            #expect(!isCode(name, "123"), "\(name)")
        }
    }

    private func isCode(_ name: String, _ value: String) -> Bool {
        CardDataScreen.isVerificationCode(name: Array(name.utf8).span, value: Array(value.utf8).span)
    }

    @Test func `a verification code is found behind its name within a text`() {
        for text in ["CVC: 123", "cvv 1234 ok", "cvv2=123", "the CVC2: 999", "security code 123", "\"cvv\":\"123\""] {
            #expect(finding(text) == .verificationCode, "\(text)")
        }
        for text in ["cvc: 12", "cvc ok 123", "recvc 123", "cvc: 12345", "Safari/537.36", "code 123", "cvc-123x"] {
            #expect(finding(text) == nil, "\(text)")
        }
    }

    @Test func `JSON numbers are looked at with their exponent carried out, and fractions are let pass`() {
        for number in [
            "4111111111111111", "-4111111111111111", "4111111111111111.5", "4.111111111111111e15",
            "4.111111111111111E+15",
            "41111111111111110e-1", "378282246310005",
        ] {
            #expect(finding(number: number) == .cardNumber, "\(number)")
        }
        for number in [
            "0.4111111111111111", "4.111111111111111", "4111111111111112", "411111111111", "4e99999999", "0", "-1.5e3",
            "0.8473625172635476", "1764230400123", "5e-300",
        ] {
            #expect(finding(number: number) == nil, "\(number)")
        }
    }

    // MARK: - What must pass

    private func share(_ count: Int, _ make: (inout SplitMix64) -> String) -> Int {
        var rng = SplitMix64(seed: 20_261_123)
        return (0..<count).count { _ in finding(make(&rng)) != nil }
    }

    private func random(_ alphabet: String, _ count: Int, _ rng: inout SplitMix64) -> String {
        let letters = Array(alphabet)
        return String((0..<count).map { _ in letters[Int.random(in: letters.indices, using: &rng)] })
    }

    private func uuid(_ alphabet: String, _ rng: inout SplitMix64) -> String {
        grouped(random(alphabet, 32, &rng), [8, 4, 4, 4], by: "-")
    }

    @Test(arguments: ["0123456789abcdef", "0123456789ABCDEF", "0123456789"])
    func `UUIDs pass, even of decimal digits alone`(alphabet: String) {
        #expect(share(10_000) { uuid(alphabet, &$0) } == 0)
        #expect(share(1_000) { "id-\(uuid(alphabet, &$0))-e" } == 0)
    }

    @Test func `digests that begin like a chip's track pass, and the track in its padding does not`() {
        let digest = "176815040042300d680232405631496f6cba1d5311ddc7db16f45be0b57b012a"
        #expect(finding(digest) == nil && finding("dev_777428255414652d0111009215e3aa22") == nil)
        #expect(finding("176815040042300d6802324056314") == .track)
        #expect(finding("176815040042300d6802324056314ff") == .track)
        #expect(finding("176815040042300d6802324056314ffa") == nil)
    }

    @Test func `digests, object ids, ULIDs and base64 pass`() {
        #expect(share(10_000) { random("0123456789abcdef", 64, &$0) } == 0)
        #expect(share(10_000) { random("0123456789abcdef", 32, &$0) } == 0)
        #expect(share(10_000) { random("0123456789abcdef", 24, &$0) } == 0)
        #expect(share(10_000) { "sha256:" + random("0123456789ABCDEF", 64, &$0) } == 0)
        #expect(share(10_000) { "01" + random("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24, &$0) } <= 1)
        let base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        #expect(share(10_000) { random(base64, 43, &$0) + "=" } == 0)
    }

    private func digits(_ count: Int, _ rng: inout SplitMix64) -> String { random("0123456789", count, &rng) }

    @Test func `instants pass in every usual form`() {
        let found = share(10_000) { rng in
            let seconds = Int.random(in: 1_000_000_000...1_999_999_999, using: &rng)
            let fraction = Int.random(in: 0..<1_000_000_000, using: &rng)
            let text = Timestamp.text(nanoseconds: Int64(seconds) * 1_000_000_000 + Int64(fraction))
            let compact = String(text.prefix(19).filter(\.isNumber))
            var forms = [text, compact, "\(seconds)", text.replacing("T", with: " ")]
            forms.append(compact + digits(3, &rng))
            for count in [3, 6, 9] { forms.append("\(seconds)" + digits(count, &rng)) }
            forms.append(String(text.prefix(19)).replacing("T", with: "-").replacing(":", with: "-"))
            return forms.joined(separator: "|")
        }
        #expect(found == 0)
    }

    @Test func `telephone numbers, padded counters, decimal numbers and addresses pass`() {
        let forms: [(inout SplitMix64) -> String] = [
            { "+49" + digits(Int.random(in: 8...13, using: &$0), &$0) },
            { "+1 (212) 555-" + digits(4, &$0) },
            { "+44 7" + digits(3, &$0) + " " + digits(6, &$0) },
            { "0049 " + digits(3, &$0) + " " + digits(7, &$0) },
            { "000000" + digits(10, &$0) },
            { "\(Double.random(in: 0...1, using: &$0))" },
            { "\(Double.random(in: -180...180, using: &$0)),\(Double.random(in: -90...90, using: &$0))" },
            { rng in (0..<4).map { _ in "\(Int.random(in: 0...255, using: &rng))" }.joined(separator: ".") },
        ]
        for (number, form) in forms.enumerated() { #expect(share(10_000, form) == 0, "form \(number)") }
    }

    @Test func `one number in ten that is no exception has a right sum, no more`() {
        let found = share(10_000) { "\(Int.random(in: 4_000_000_000_000_000...4_999_999_999_999_999, using: &$0))" }
        #expect((900...1_100).contains(found), "\(found)")
    }

    // MARK: - In a payment

    private static let number = "4111111111111111"

    @Test(arguments: [
        ("transaction_id", #""4111 1111 1111 1111""#, "/transaction_id card_data"),
        ("card.fingerprint", #""fp_4111111111111111""#, "/card/fingerprint card_data"),
        ("customer.id", #""\u0034111111111111111""#, "/customer/id card_data"),
        ("device.user_agent", #""Mozilla 4111-1111-1111-1111""#, "/device/user_agent card_data"),
        ("merchant.id", #""378282246310005""#, "/merchant/id card_data"),
        ("currency", #""4111111111111111""#, "/currency card_data"),
        ("device.ip", #""4111111111111111""#, "/device/ip card_data"),
        ("event_time", #""4111111111111111""#, "/event_time card_data"),
        ("card.last4", #""4111111111111111""#, "/card/last4 card_data"),
        ("verification.cvc", #""123""#, "/verification/cvc card_data"),
        ("verification.cvc", #""1234""#, "/verification/cvc card_data"),
        ("metadata", #"{"a":"4111111111111111"}"#, "/metadata/a card_data"),
        ("metadata", #"{"a":4111111111111111}"#, "/metadata/a card_data"),
        ("metadata", #"{"4111111111111111":"a"}"#, "/metadata card_data"),
        ("metadata", #"{"cvv":"123"}"#, "/metadata/cvv card_data"),
        ("metadata", #"{"cvv":123}"#, "/metadata/cvv card_data"),
        ("metadata", #"{"track":"%B4111111111111111^DOE/J^2512"}"#, "/metadata/track card_data"),
        ("4111111111111111", "1", " unknown"), ("card.4111111111111111", "1", "/card unknown"),
        ("channel", #""cvc: 123""#, "/channel card_data"),
    ])
    func `card data is refused in every field and never echoed`(path: String, json: String, expected: String) {
        let text = RequestText.minimal.setting(path, json).text
        #expect(refusals(text) == [expected])
        #expect(!"\(String(describing: problem(text)))".contains("1111"))
        #expect(!"\(String(describing: problem(text)))".contains("378282"))
    }

    @Test func `card data past the metadata limit is refused too`() {
        let members = (0..<20).map { "\"k\($0)\":\($0 == 18 ? Self.number : "1")" }.joined(separator: ",")
        let refused = refusals(RequestText.minimal.setting("metadata", "{\(members)}").text)
        #expect(refused == ["/metadata/k18 card_data", "/metadata too_many"])
    }
}
