// What a mutation does to a document: to its bytes, to the numbers, words and lines of its text, to its structure.

/// Numbers that mean trouble, as a text spells them.
private let troublesome = [
    "0", "-0", "-1", "1", "2", "3", "0.5", "1e39", "-1e39", "1e309", "1e-46", "NaN", "Infinity", "-Infinity", "inf",
    "nan",
    "127", "128", "255", "256", "32768", "65535", "65536", "1048577", "16777215", "16777216", "2147483647",
    "2147483648",
    "-2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "99999999999999999999", "1e-999999999", "1e999999999", "0x10", "1.", ".5", "00", "+1", "1e", "true", "null", "\"\"",
    "[]",
]

/// Bytes that mean something to a format.
private let tokens: [[UInt8]] =
    [
        "{", "}", "[", "]", ",", ":", "\"", "-", "\\u", "\u{FF}", "\\", "\n", "\r\n", " ", "=", "\t", "\0", "N", "[#",
        "[$", "{#",
        "{$", "[$T#", "[$[#", "[$d#L", "L", "i", "U", "d", "D", "H", "S", "C", "Z", "T", "F", "end of trees\n",
        "Tree=0\n",
    ].map { Array($0.utf8) } + [
        [UInt8](repeating: UInt8(ascii: "["), count: 40), [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        [0x4C, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x4C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        [0x4C, 0, 0, 0, 0, 0x40, 0, 0, 0], [0x6C, 0x7F, 0xFF, 0xFF, 0xFF], [0x69, 0x7F], [0x69, 0x80], [0x55, 0xFF],
    ]

extension [UInt8] {
    private func random(using rng: inout SplitMix64) -> Int { Int.random(in: 0..<Swift.max(count, 1), using: &rng) }

    /// One change that knows nothing of any format.
    mutating func mutateBytes(using rng: inout SplitMix64) {
        let at = random(using: &rng)
        guard at < count else { return self = [UInt8.random(in: 0...255, using: &rng)] }
        switch Int.random(in: 0..<8, using: &rng) {
        case 0: self[at] = UInt8.random(in: 0...255, using: &rng)
        case 1: self[at] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
        case 2: remove(at: at)
        case 3: insert(contentsOf: tokens.randomElement(using: &rng)!, at: at)
        case 4:
            let token = tokens.randomElement(using: &rng)!
            replaceSubrange(at..<Swift.min(at + token.count, count), with: token)
        case 5:
            let from = random(using: &rng)
            let piece = Array(self[from..<Swift.min(from + Int.random(in: 1...40, using: &rng), count)])
            insert(contentsOf: piece, at: at)
        case 6: removeSubrange(at..<Swift.min(at + Int.random(in: 1...40, using: &rng), count))
        default: removeLast(count - at)
        }
    }

    /// One change to numbers, words or lines.
    mutating func mutateText(using rng: inout SplitMix64) {
        let at = random(using: &rng)
        guard at < count else { return }
        switch Int.random(in: 0..<5, using: &rng) {
        case 0: replaceToken(near: at, using: &rng) { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
        case 1: replaceToken(near: at, using: &rng) { !" ,=:\n[]{}\"".utf8.contains($0) }
        case 2: changeList(near: at, separators: Array(" ,".utf8), using: &rng)
        case 3: changeList(near: at, separators: [UInt8(ascii: "\n")], using: &rng)
        default:
            // A digit for a digit: the text stays what it is, the tree does not stay a tree.
            guard let digit = self[at...].firstIndex(where: { $0 >= 48 && $0 < 58 }) else { return }
            self[digit] = UInt8.random(in: 48..<58, using: &rng)
        }
    }

    /// A run of bytes of one kind gives way to a troublesome number.
    private mutating func replaceToken(near at: Int, using rng: inout SplitMix64, _ belongs: (UInt8) -> Bool) {
        guard let start = self[at...].firstIndex(where: belongs) else { return }
        let end = self[start...].firstIndex { !belongs($0) } ?? count
        replaceSubrange(start..<end, with: troublesome.randomElement(using: &rng)!.utf8)
    }

    /// What stands between two separators is dropped, doubled or put elsewhere.
    private mutating func changeList(near at: Int, separators: [UInt8], using rng: inout SplitMix64) {
        guard let start = self[at...].firstIndex(where: separators.contains) else { return }
        let end = self[(start + 1)...].firstIndex(where: separators.contains) ?? count
        let piece = Array(self[start..<end])
        switch Int.random(in: 0..<3, using: &rng) {
        case 0: removeSubrange(start..<end)
        case 1: insert(contentsOf: piece, at: end)
        default:
            let to = self[random(using: &rng)...].firstIndex(where: separators.contains) ?? count
            insert(contentsOf: piece, at: to)
        }
    }
}

extension DocumentValue {
    /// One change to the structure, somewhere in it.
    mutating func mutate(using rng: inout SplitMix64) {
        switch self {
        case .array(var values) where !values.isEmpty && Int.random(in: 0..<8, using: &rng) > 0:
            let at = Int.random(in: 0..<values.count, using: &rng)
            switch Int.random(in: 0..<10, using: &rng) {
            case 0: values.remove(at: at)
            case 1: values.insert(values[at], at: at)
            case 2: values.swapAt(at, Int.random(in: 0..<values.count, using: &rng))
            case 3: values.removeLast(values.count - at)
            default: values[at].mutate(using: &rng)
            }
            self = .array(values)
        case .object(var members) where !members.isEmpty && Int.random(in: 0..<8, using: &rng) > 0:
            let at = Int.random(in: 0..<members.count, using: &rng)
            switch Int.random(in: 0..<16, using: &rng) {
            case 0: members.remove(at: at)
            case 1: members.insert(members[at], at: Int.random(in: 0...members.count, using: &rng))
            case 2: members[at].key = members.randomElement(using: &rng)!.key
            case 3: members[at].key += ["", "x", "\u{0}", "é"].randomElement(using: &rng)!
            case 4: members[at].value = members.randomElement(using: &rng)!.value
            default: members[at].value.mutate(using: &rng)
            }
            self = .object(members)
        case .number where Int.random(in: 0..<4, using: &rng) > 0:
            self = .number(troublesome.randomElement(using: &rng)!)
        case .string where Int.random(in: 0..<4, using: &rng) > 0:
            self = .string(troublesome.randomElement(using: &rng)!)
        default:
            self = Self.foreign(using: &rng)
        }
    }

    private static func foreign(using rng: inout SplitMix64) -> DocumentValue {
        switch Int.random(in: 0..<9, using: &rng) {
        case 0: .null
        case 1: .bool(Bool.random(using: &rng))
        case 2: .number(troublesome.randomElement(using: &rng)!)
        case 3: .string(["", "0", "-1", "é", "gbtree", "dart", "multi:softmax"].randomElement(using: &rng)!)
        case 4: .array([])
        case 5: .object([])
        case 6: .array((0..<Int.random(in: 1...300, using: &rng)).map { .number("\($0)") })
        case 7: .array([.object([Member(key: "a", value: .array([.null]))])])
        default: (0..<Int.random(in: 1...40, using: &rng)).reduce(.number("1")) { value, _ in .array([value]) }
        }
    }
}

extension FuzzSeed {
    /// A mutant: one to three changes, of the kinds that suit the format.
    func mutant(using rng: inout SplitMix64) -> [UInt8] {
        let changes = Int.random(in: 1...3, using: &rng)
        let isStructural = Int.random(in: 0..<5, using: &rng) < 3
        var bytes = documents.randomElement(using: &rng)!
        switch form {
        case .json(var value) where isStructural:
            for _ in 0..<changes { value.mutate(using: &rng) }
            return value.json
        case .ubjson(var value) where isStructural:
            for _ in 0..<changes { value.mutate(using: &rng) }
            return UBJSONWriter.write(value, UBJSONStyle.allCases.randomElement(using: &rng)!)
        case .text where isStructural, .json where Bool.random(using: &rng):
            for _ in 0..<changes { bytes.mutateText(using: &rng) }
        default:
            for _ in 0..<changes { bytes.mutateBytes(using: &rng) }
        }
        return bytes
    }
}
