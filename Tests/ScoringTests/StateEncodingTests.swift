// How a state is written down: words in pieces, and the table of submissions.
import Aggregates
import Platform
import Testing
@testable import Scoring

@Suite struct StateEncodingTests {
    @Test(arguments: [1, StateFormat.pieceWords - 1, StateFormat.pieceWords, StateFormat.pieceWords + 1, 100_000])
    func `words come back whatever the pieces they went in and out by`(count: Int) throws {
        var rng = SplitMix64(seed: UInt64(count))
        let words = (0..<count).map { _ in rng.next() }
        let bytes = StateBytes()
        var encoder = bytes.encoder
        try encoder.begin(.submissions)
        var place = 0
        while place < count {
            let size = min(Int.random(in: 0...50_000, using: &rng), count - place)
            if size == 1 { try encoder.put(words[place]) }
            if size > 1 { try encoder.put(words.span.extracting(place..<place + size)) }
            place += size
        }
        try encoder.put(bytes: Array("nine char".utf8))
        try encoder.finish()
        var decoder = bytes.decoder
        try decoder.begin(.submissions)
        var found: [UInt64] = []
        while found.count < count {
            var part = [UInt64](repeating: 0, count: min(Int.random(in: 1...40_000, using: &rng), count - found.count))
            var span = part.mutableSpan
            try decoder.fill(&span)
            found += part
        }
        #expect(found == words)
        #expect(try decoder.bytes(maximum: 9) == Array("nine char".utf8))
        try decoder.finish()
        var again = bytes.decoder
        try again.begin(.submissions)
        var all = [UInt64](repeating: 0, count: count + 4)
        var refusal: StateError?
        do throws(StateError) {
            var span = all.mutableSpan
            try again.fill(&span)
        } catch {
            refusal = error
        }
        #expect(refusal != nil)
    }

    @Test func `submissions that were replaced or forgotten come back as they were`() throws {
        let limits = SubmissionLimits(retentionNanoseconds: 1_000, maximumTransactions: 6_000)
        var table = SubmissionTable(limits: limits)
        var rng = SplitMix64(seed: 3)
        func insert(_ number: Int, into table: inout SubmissionTable) {
            let key = stableHash(UInt64(number % 9_000))
            let reference = number % 5 == 0 ? nil : RecordReference(segment: 1, offset: UInt64(number), length: 9)
            table.insert(
                key,
                Submission(
                    sequence: UInt64(number), reference: reference, bodyDigest: UInt64(number),
                    acceptedAtNanoseconds: Int64(number / 20)))
        }
        for number in 0..<13_000 { insert(Int.random(in: 0...number, using: &rng), into: &table) }
        let bytes = StateBytes()
        var encoder = bytes.encoder
        try encoder.begin(.submissions)
        try table.write(to: &encoder)
        try encoder.finish()
        var decoder = bytes.decoder
        try decoder.begin(.submissions)
        var other = try SubmissionTable(limits: limits, from: &decoder)
        try decoder.finish()
        for number in 13_000..<20_000 {
            #expect(other.count == table.count && other.forgottenEarly == table.forgottenEarly)
            let key = stableHash(UInt64(number % 9_000))
            #expect(other.find(key, at: 600) == table.find(key, at: 600))
            insert(number, into: &table)
            insert(number, into: &other)
        }
    }
}
