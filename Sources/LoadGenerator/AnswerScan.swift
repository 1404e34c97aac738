// Counts what a JSON answer says about its decisions, by looking for a few members byte by byte instead of parsing.
// A quote inside a JSON string is escaped, so text that looks like such a member can't be mistaken for one. An answer
// with several decisions (a batch) counts each.

/// Counts over answers.
struct AnswerScan: Sendable, Equatable {
    static let sources: [StaticString] = ["model", "model_truncated", "rules", "default"]
    static let decisions: [StaticString] = ["approve", "challenge", "review", "decline"]

    /// By index in `sources` and `decisions`; what is none of them stands behind.
    private(set) var sourceCounts = [UInt64](repeating: 0, count: 5)
    private(set) var decisionCounts = [UInt64](repeating: 0, count: 5)
    private(set) var degraded: UInt64 = 0
    private(set) var unrecorded: UInt64 = 0

    mutating func count(_ body: Span<UInt8>) {
        let quote = UInt8(ascii: "\"")
        var at = 0
        while at < body.count {
            defer { at += 1 }
            guard body[at] == quote, at + 1 < body.count else { continue }
            switch body[at + 1] {
            case UInt8(ascii: "d"):
                if let value = Self.value(of: "\"decision\"", in: body, at: at) {
                    decisionCounts[Self.index(of: value, in: Self.decisions, body)] += 1
                } else if let value = Self.value(of: "\"decision_source\"", in: body, at: at) {
                    sourceCounts[Self.index(of: value, in: Self.sources, body)] += 1
                } else if let value = Self.value(of: "\"degraded\"", in: body, at: at) {
                    if Self.matches("true", in: body, at: value) { degraded += 1 }
                }
            case UInt8(ascii: "r"):
                if let value = Self.value(of: "\"recorded\"", in: body, at: at) {
                    if Self.matches("false", in: body, at: value) { unrecorded += 1 }
                }
            default: break
            }
        }
    }

    mutating func merge(_ other: AnswerScan) {
        for index in sourceCounts.indices { sourceCounts[index] += other.sourceCounts[index] }
        for index in decisionCounts.indices { decisionCounts[index] += other.decisionCounts[index] }
        degraded += other.degraded
        unrecorded += other.unrecorded
    }

    /// The counts that are not zero by their names.
    static func named(_ counts: [UInt64], _ names: [StaticString]) -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        for (index, count) in counts.enumerated() where count > 0 {
            result[index < names.count ? names[index].description : "other"] = count
        }
        return result
    }

    /// Where the value of a member begins, when its quoted key stands at `at`.
    private static func value(of key: StaticString, in body: Span<UInt8>, at: Int) -> Int? {
        guard matches(key, in: body, at: at) else { return nil }
        var next = skipSpace(in: body, from: at + key.utf8CodeUnitCount)
        guard next < body.count, body[next] == UInt8(ascii: ":") else { return nil }
        next = skipSpace(in: body, from: next + 1)
        return next < body.count ? next : nil
    }

    private static func index(of value: Int, in names: [StaticString], _ body: Span<UInt8>) -> Int {
        guard body[value] == UInt8(ascii: "\"") else { return names.count }
        for index in names.indices where matches(names[index], in: body, at: value + 1) {
            let end = value + 1 + names[index].utf8CodeUnitCount
            if end < body.count, body[end] == UInt8(ascii: "\"") { return index }
        }
        return names.count
    }

    private static func skipSpace(in body: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < body.count, body[at] == 0x20 || body[at] == 0x0A || body[at] == 0x0D || body[at] == 0x09 { at += 1 }
        return at
    }

    private static func matches(_ text: StaticString, in body: Span<UInt8>, at start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard start + count <= body.count else { return false }
        return text.withUTF8Buffer { wanted in
            for offset in 0..<count where body[start + offset] != wanted[offset] { return false }
            return true
        }
    }
}
