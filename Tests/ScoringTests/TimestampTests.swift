// Instants against Foundation's calendar, and what is no instant.
import Foundation
import Testing

@testable import Scoring

private func parse(_ text: String) -> Int64? { Timestamp.nanoseconds(parsing: Array(text.utf8).span) }

@Suite struct TimestampTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `instants read and written as Foundation's ISO 8601 has them`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let formatter = ISO8601DateFormatter()
        for _ in 0..<2_000 {
            // From 1680 to 2260.
            let seconds = Int64.random(in: -9_151_000_000...9_151_000_000, using: &rng)
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(Timestamp.text(nanoseconds: seconds * 1_000_000_000) == expected)
            #expect(parse(expected) == seconds * 1_000_000_000, "\(expected)")
        }
    }

    @Test(arguments: [4] as [UInt64])
    func `offsets shift the instant as Foundation says`(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let formatter = ISO8601DateFormatter()
        for _ in 0..<1_000 {
            let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &rng)
            let minutes = Int.random(in: -14 * 60...14 * 60, using: &rng)
            formatter.timeZone = TimeZone(secondsFromGMT: minutes * 60)
            let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(parse(text) == seconds * 1_000_000_000, "\(text)")
        }
    }

    @Test(arguments: [5] as [UInt64])
    func `every nanosecond survives`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<5_000 {
            let nanoseconds = Int64.random(in: -9_151_000_000_000_000_000...9_151_000_000_000_000_000, using: &rng)
            #expect(parse(Timestamp.text(nanoseconds: nanoseconds)) == nanoseconds)
        }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789), ("1970-01-01T00:00:00.1234567899Z", 123_456_789),
        ("1970-01-01T00:00:00.000000001+00:00", 1), ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T01:30:00+01:30", 0), ("1969-12-31T12:00:00-12:00", 0),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("2017-01-01T00:59:60+01:00", 1_483_228_800_000_000_000), ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
    ])
    func `fractions, offsets and leap seconds count`(text: String, nanoseconds: Int64) {
        #expect(parse(text) == nanoseconds)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_000_000, "1970-01-01T00:00:00.001Z"), (1_000, "1970-01-01T00:00:00.000001Z"),
        (1, "1970-01-01T00:00:00.000000001Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (500_000_000, "1970-01-01T00:00:00.500Z"),
    ])
    func `an instant is written with the digits it needs`(nanoseconds: Int64, text: String) {
        #expect(Timestamp.text(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T10:15:00", "2026-11-23 10:15:00Z", "2026-11-23T10:15Z",
        "2026-11-23T10:15:00.Z",
        "2026-11-23T10:15:00,5Z", "2026-11-23T10:15:00+0100", "2026-11-23T10:15:00+01", "2026-11-23T10:15:00+24:00",
        "2026-11-23T10:15:00+01:60", "2026-11-23T10:15:00Zx", "2026-11-23T10:15:00Z ", " 2026-11-23T10:15:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:15:61Z", "2026-11-23T10:15:60Z",
        "2016-12-31T23:59:60+01:00", "2026-00-10T10:15:00Z", "2026-13-10T10:15:00Z", "2026-11-00T10:15:00Z",
        "2026-11-31T10:15:00Z", "2025-02-29T10:15:00Z", "1900-02-29T10:15:00Z", "1679-12-31T23:59:59Z",
        "2261-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "+026-11-23T10:15:00Z", "-026-11-23T10:15:00Z",
        "2026-1a-23T10:15:00Z",
        "2026-11-23T10:15:0:Z", "2026/11/23T10:15:00Z", "2026-11-23T10:15:00.5", "２０２６-11-23T10:15:00Z",
        "2026-11-23T10:15:00." + String(repeating: "1", count: 60) + "Z",
    ])
    func `what is no RFC 3339 date-time is refused`(text: String) { #expect(parse(text) == nil) }

    @Test func `the first and the last instant are read, and not those beyond`() {
        #expect(parse("1680-01-01T00:00:00Z") != nil && parse("2260-12-31T23:59:59.999999999Z") != nil)
        #expect(parse("1680-01-01T00:00:00+23:59") != nil && parse("2260-12-31T23:59:59-23:59") != nil)
    }

    @Test(arguments: [6] as [UInt64])
    func `no bytes make the parser fail`(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let reference = Array("2026-11-23T10:15:00.5+01:00".utf8)
        for _ in 0..<5_000 {
            var bytes = Array(reference.prefix(Int.random(in: 0...reference.count, using: &rng)))
            for _ in 0..<Int.random(in: 0...3, using: &rng) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &rng)] = UInt8.random(in: 0...255, using: &rng)
            }
            if let nanoseconds = Timestamp.nanoseconds(parsing: bytes.span) {
                #expect(parse(Timestamp.text(nanoseconds: nanoseconds)) == nanoseconds)
            }
        }
    }
}
