// What is different between a record and the same record made anew: by member, each with both values.

import JSON

/// One member of a record that is not what it was.
public struct RecordDifference: Sendable, Equatable, CustomStringConvertible {
    public let sequence: UInt64
    /// Where in the record, such as `features.card_count_1h` or `decision.reasons[0].value`.
    public let field: String
    /// As JSON; nil where it is not there.
    public let recorded: String?
    public let replayed: String?

    public var description: String {
        "record \(sequence): \(field): recorded \(recorded ?? "nothing"), replayed \(replayed ?? "nothing")"
    }

    /// Compares the members of two records. Numbers are equal when their bits are.
    ///
    /// - Parameters:
    ///   - recorded: The members, without the braces around them.
    ///   - limit: Differences that are looked for.
    static func find(
        _ sequence: UInt64, recorded: Span<UInt8>, replayed: [UInt8], limit: Int = 1_000
    ) -> [RecordDifference] {
        var bytes = [UInt8(ascii: "{")]
        recorded.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        var comparison = Comparison(sequence: sequence, limit: limit)
        let new = [UInt8(ascii: "{")] + replayed + [UInt8(ascii: "}")]
        bytes.append(UInt8(ascii: "}"))
        do throws(JSONError) {
            comparison.compare(try JSONValue(parsing: bytes.span), try JSONValue(parsing: new.span), at: "")
        } catch {
            comparison.note("", "no document: \(error)", nil)
        }
        return comparison.found
    }
}

private struct Comparison {
    let sequence: UInt64
    let limit: Int
    var found: [RecordDifference] = []

    mutating func note(_ field: String, _ recorded: String?, _ replayed: String?) {
        guard found.count < limit else { return }
        let name = field.isEmpty ? "the record" : field
        found.append(RecordDifference(sequence: sequence, field: name, recorded: recorded, replayed: replayed))
    }

    mutating func compare(_ a: JSONValue?, _ b: JSONValue?, at field: String) {
        switch (a, b) {
        case (.object(let a), .object(let b)): compare(a, b, at: field)
        case (.array(let a), .array(let b)):
            for i in 0..<max(a.count, b.count) {
                compare(i < a.count ? a[i] : nil, i < b.count ? b[i] : nil, at: "\(field)[\(i)]")
            }
        default:
            let (a, b) = (Self.text(a), Self.text(b))
            if a != b { note(field, a, b) }
        }
    }

    private mutating func compare(_ a: [JSONMember], _ b: [JSONMember], at field: String) {
        let prefix = field.isEmpty ? "" : field + "."
        let count = found.count
        for member in a { compare(member.value, b.first { $0.key == member.key }?.value, at: prefix + member.key) }
        for member in b where !a.contains(where: { $0.key == member.key }) {
            compare(nil, member.value, at: prefix + member.key)
        }
        if found.count == count, a.map(\.key) != b.map(\.key) {
            note(prefix + "order", a.map(\.key).joined(separator: " "), b.map(\.key).joined(separator: " "))
        }
    }

    /// Shortest digits, so that equal texts are equal bits.
    private static func text(_ value: JSONValue?) -> String? {
        guard let value else { return nil }
        var json = JSONWriter()
        json.value(value)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
