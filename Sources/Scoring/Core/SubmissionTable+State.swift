// The submissions as words, to be kept and read back: entries in order of arrival, from the front of the oldest chunk on.
// The tables of keys are made anew; an entry that was replaced is overtaken there by the later one, as it was before.
//
//   first, next, forgotten early | for each entry: key, sequence, segment, offset, length, digest, time

import Platform

extension SubmissionTable {
    private static let entryWords = 7
    /// Stands for the length of a record that there is none of; a record has at most 32 bits of it.
    private static let noRecord: UInt64 = 1 << 32
    /// So many entries are read at once.
    private static let entriesAtOnce: UInt64 = 512

    /// - Parameter place: Where a record lies by now.
    func write(
        to encoder: inout StateEncoder, place: (RecordReference) -> RecordReference = { $0 }
    ) throws(PlatformError) {
        try encoder.put(first)
        try encoder.put(next)
        try encoder.put(UInt64(forgottenEarly))
        var words: [UInt64] = []
        for chunk in chunks {
            words.removeAll(keepingCapacity: true)
            for entry in chunk {
                let submission = entry.submission
                let reference = submission.reference.map(place)
                words.append(entry.key)
                words.append(submission.sequence)
                words.append(reference?.segment ?? 0)
                words.append(reference?.offset ?? 0)
                words.append(reference.map { UInt64($0.length) } ?? Self.noRecord)
                words.append(submission.bodyDigest)
                words.append(UInt64(bitPattern: submission.acceptedAtNanoseconds))
            }
            try encoder.put(words.span)
        }
    }

    /// Reads back what `write` wrote.
    init(limits: SubmissionLimits, from decoder: inout StateDecoder) throws(StateError) {
        self.init(limits: limits)
        let (first, next) = (try decoder.word(), try decoder.word())
        guard first <= next, next < .max / 2, let forgotten = Int(exactly: try decoder.word()) else {
            throw .malformed(.submissions, reason: "entries \(first) to \(next)")
        }
        var number = first / UInt64(Self.chunkEntries) * UInt64(Self.chunkEntries)
        var words = [UInt64](repeating: 0, count: Self.entryWords * Int(Self.entriesAtOnce))
        var keys: [UInt64] = []
        while number < next {
            let count = Int(min(next - number, Self.entriesAtOnce))
            if words.count > count * Self.entryWords { words.removeLast(words.count - count * Self.entryWords) }
            var span = words.mutableSpan
            try decoder.fill(&span)
            for place in 0..<count {
                let entry = try Self.entry(words.span.extracting(droppingFirst: place * Self.entryWords))
                if number % UInt64(Self.chunkEntries) == 0 {
                    var chunk: [Entry] = []
                    chunk.reserveCapacity(Self.chunkEntries)
                    chunks.append(chunk)
                }
                chunks[chunks.count - 1].append(entry)
                if number >= first { keys.append(entry.key) }
                number += 1
            }
        }
        restore(keys, first: first, next: next, forgottenEarly: forgotten)
    }

    private static func entry(_ words: Span<UInt64>) throws(StateError) -> Entry {
        guard words[0] != 0, words[4] <= noRecord else {
            throw .malformed(.submissions, reason: "an entry without a key, or with an endless record")
        }
        let reference =
            words[4] == noRecord
            ? nil : RecordReference(segment: words[2], offset: words[3], length: UInt32(truncatingIfNeeded: words[4]))
        return Entry(
            key: words[0],
            submission: Submission(
                sequence: words[1], reference: reference, bodyDigest: words[5],
                acceptedAtNanoseconds: Int64(bitPattern: words[6])))
    }
}
