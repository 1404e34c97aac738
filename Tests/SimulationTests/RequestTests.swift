import JSON
import Testing

@testable import Simulation

@Suite struct RequestTests {
    @Test func `every body is a JSON object with the fields that a payment needs`() throws {
        var seen: Set<String> = []
        for body in try Fixture.bodies(Self.rich, count: 5_000) {
            guard case .object(let members) = try JSONValue(parsing: body.span) else {
                Issue.record("no object")
                return
            }
            let keys = members.map(\.key)
            for required in ["transaction_id", "event_time", "amount", "currency", "merchant", "card"] {
                #expect(keys.contains(required))
            }
            #expect(Set(keys).count == keys.count)
            Self.collect(members, prefix: "", into: &seen)
        }
        #expect(Self.expectedFields.subtracting(seen).isEmpty)
    }

    @Test func `nothing looks like a card number, and checks are letters`() throws {
        for body in try Fixture.bodies(Self.rich, count: 5_000) {
            #expect(!hasCardNumber(body), "\(String(decoding: body, as: UTF8.self))")
        }
        // The test's own eyes work.
        #expect(hasCardNumber(Array("{\"a\":\"4111111111111111\"}".utf8)))
        #expect(hasCardNumber(Array("{\"a\":\"4111 1111 1111 1111\"}".utf8)))
        #expect(!hasCardNumber(Array("{\"a\":\"4111111111111112\"}".utf8)))
    }

    @Test func `an event time is written as RFC 3339`() throws {
        func text(_ nanoseconds: Int64) -> String {
            var buffer = TextBuffer()
            buffer.append(instant: nanoseconds)
            return buffer.string
        }
        #expect(text(0) == "1970-01-01T00:00:00.000Z")
        #expect(text(1_780_272_000_000_000_000) == "2026-06-01T00:00:00.000Z")
        #expect(text(1_709_210_096_001_000_000) == "2024-02-29T12:34:56.001Z")
        #expect(text(1_709_251_199_999_999_000) == "2024-02-29T23:59:59.999999Z")
        #expect(text(1_709_251_200_000_000_001) == "2024-03-01T00:00:00.000000001Z")
        #expect(text(7_258_118_399_000_000_000) == "2199-12-31T23:59:59.000Z")
    }

    @Test func `dates agree with counting the days one by one`() {
        var (year, month, day): (Int64, Int64, Int64) = (1970, 1, 1)
        for days in 0..<Int64(366 * 240) {
            let date = CivilDate(daysSince1970: days)
            if date.year != year || date.month != month || date.day != day {
                Issue.record("day \(days) is \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length: Int64 = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
            day += 1
            if day > length { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test func `a card keeps its expiry date until it is renewed, and has never expired`() {
        let card = CardFacts(key: 77, country: 0)
        let first = card.expiryMonthIndex(atMonthIndex: 24_317)
        #expect(first > 24_317 && first <= 24_317 + 48)
        for month in Int64(24_317)..<first { #expect(card.expiryMonthIndex(atMonthIndex: month) == first) }
        #expect(card.expiryMonthIndex(atMonthIndex: first) == first + 48)
    }

    /// Much fraud, so that its fields show in few payments.
    private static var rich: SimulationConfiguration {
        var configuration = SimulationConfiguration()
        configuration.fraudShare = 0.1
        return configuration
    }

    private static func collect(_ members: [JSONMember], prefix: String, into seen: inout Set<String>) {
        for member in members {
            if case .object(let inner) = member.value, member.key != "metadata" {
                collect(inner, prefix: prefix + member.key + ".", into: &seen)
            } else {
                seen.insert(prefix + member.key)
            }
        }
    }

    /// The whole schema but `deadline_ms`, which is the caller's wish and no fact of a payment.
    private static let expectedFields: Set<String> = [
        "transaction_id", "event_time", "amount", "currency", "stage", "type", "channel", "card.fingerprint",
        "card.bin", "card.last4", "card.brand", "card.funding", "card.country", "card.exp_month", "card.exp_year",
        "card.token_type", "merchant.id", "merchant.mcc", "merchant.country", "merchant.terminal_id", "customer.id",
        "customer.email_hash", "customer.email_domain", "customer.phone_country", "customer.created_at", "device.id",
        "device.ip", "device.user_agent", "device.session_id", "device.time_on_page_ms", "billing.country",
        "billing.postal_code_hash", "shipping.country", "shipping.address_hash", "verification.avs",
        "verification.cvc", "verification.three_ds.version", "verification.three_ds.status",
        "verification.three_ds.eci", "verification.three_ds.liability_shift", "initiator", "credential_on_file",
        "recurring", "authorization.status", "authorization.response_code", "metadata",
    ]
}

/// 13 to 19 digits, bare or with single spaces or hyphens between them, whose Luhn sum is right, and which do not stand
/// in a token of 32 hexadecimal digits or more. A simple check of the test's own.
private func hasCardNumber(_ body: [UInt8]) -> Bool {
    func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte >= 0x61 && byte <= 0x66) }
    var i = 0
    while i < body.count {
        guard isHexadecimal(body[i]) else {
            i += 1
            continue
        }
        var end = i
        while end < body.count, isHexadecimal(body[end]) { end += 1 }
        if end - i >= 32 {
            i = end
            continue
        }
        guard isDigit(body[i]) else {
            i += 1
            continue
        }
        var digits: [Int] = []
        var position = i
        while position < body.count {
            if isDigit(body[position]) {
                digits.append(Int(body[position] - 0x30))
            } else if body[position] != 0x20, body[position] != 0x2D {
                break
            }
            position += 1
        }
        if (13...19).contains(digits.count) {
            var sum = 0
            for (place, digit) in digits.reversed().enumerated() {
                let doubled = digit * 2
                sum += place % 2 == 0 ? digit : doubled > 9 ? doubled - 9 : doubled
            }
            if sum % 10 == 0 { return true }
        }
        i = position + 1
    }
    return false
}
