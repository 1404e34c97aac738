// A YAML document read strictly: every key is asked for by name, what nobody asked for is refused with a suggestion,
// and every value knows its file, line and path.

import Yams

public struct ConfigurationNode {
    public let file: String
    public let path: String
    let node: Node

    /// Parses one YAML document; an empty one is an empty mapping.
    public init(yaml text: String, file: String) throws(ConfigurationError) {
        self.file = file
        path = ""
        do {
            node = try Yams.compose(yaml: text) ?? .mapping(Node.Mapping([]))
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            throw ConfigurationError(
                file: file, line: context.mark.line,
                message: "\(keys.sorted().joined(separator: ", ")) stands twice in one mapping")
        } catch let error as YamlError {
            throw ConfigurationError(file: file, line: Self.line(of: error), message: "\(error)")
        } catch {
            throw ConfigurationError(file: file, message: "\(error)")
        }
    }

    /// A single value from elsewhere than a file, such as an environment variable.
    public init(value: String, origin: String, path: String) {
        file = origin
        self.path = path
        node = Node(value)
    }

    private init(file: String, path: String, node: Node) {
        self.file = file
        self.path = path
        self.node = node
    }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 0
        }
    }

    public var line: Int { node.mark?.line ?? 0 }

    public func error(_ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, path: path, message: message)
    }

    /// The members of a mapping, in the order of the file; a key that stands twice is refused.
    public func members() throws(ConfigurationError) -> [(key: String, value: ConfigurationNode)] {
        guard let mapping = node.mapping else { throw error("must be a mapping of keys to values") }
        var members: [(key: String, value: ConfigurationNode)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw error("keys must be text") }
            let child = ConfigurationNode(file: file, path: path.isEmpty ? name : "\(path).\(name)", node: value)
            if members.contains(where: { $0.key == name }) { throw child.error("stands twice") }
            members.append((name, child))
        }
        return members
    }

    /// The members of a mapping that may hold only the known keys.
    public func fields(known: [String]) throws(ConfigurationError) -> [String: ConfigurationNode] {
        var fields: [String: ConfigurationNode] = [:]
        for (key, value) in try members() {
            guard known.contains(key) else {
                let hint = nearest(to: key, among: known).map { "; did you mean \($0)?" } ?? "."
                throw value.error("is no key here\(hint) Known keys: \(known.joined(separator: ", "))")
            }
            fields[key] = value
        }
        return fields
    }

    public func elements() throws(ConfigurationError) -> [ConfigurationNode] {
        guard let sequence = node.sequence else { throw error("must be a list") }
        return sequence.enumerated().map { index, value in
            ConfigurationNode(file: file, path: "\(path)[\(index)]", node: value)
        }
    }

    public var isMapping: Bool { node.mapping != nil }

    public var isNull: Bool {
        node.scalar.map { $0.string.isEmpty || $0.string == "null" || $0.string == "~" } ?? false
    }

    /// The word for what is not to happen.
    public var isNever: Bool { node.scalar?.string == "never" }

    /// Text behind `|`, which begins on the next line and keeps its lines.
    var isLiteralBlock: Bool { node.scalar?.style == .literal }

    public func string() throws(ConfigurationError) -> String {
        guard let scalar = node.scalar, !scalar.string.isEmpty else { throw error("must be text") }
        return scalar.string
    }

    public func boolean() throws(ConfigurationError) -> Bool {
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default: throw error("must be true or false")
        }
    }

    public func integer(in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        guard let text = node.scalar?.string, let value = Int(text.replacing("_", with: "")) else {
            throw error("must be a whole number")
        }
        guard range.contains(value) else {
            throw error("must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public func number() throws(ConfigurationError) -> Double {
        guard let text = node.scalar?.string, let value = Double(text), value.isFinite else {
            throw error("must be a number")
        }
        return value
    }

    /// A length of time such as `50ms`, `10s`, `5m`, `24h` or `30d`, in nanoseconds.
    public func durationNanoseconds(atLeast minimum: Int64 = 0) throws(ConfigurationError) -> Int64 {
        let text = try string()
        guard let value = DurationText.nanoseconds(parsing: text) else {
            throw error("must be a length of time with its unit, such as 50ms, 10s, 5m, 24h or 30d")
        }
        guard value >= minimum else { throw error("must be at least \(DurationText.text(nanoseconds: minimum))") }
        return value
    }

    public func choice<Choice: RawRepresentable & CaseIterable>(
        of type: Choice.Type
    ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
        let text = try string()
        guard let value = Choice(rawValue: text) else {
            throw error("must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }
}

/// Lengths of time as configuration and histories write them: a whole number and a unit.
public enum DurationText {
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("us", 1_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    public static func nanoseconds(parsing text: String) -> Int64? {
        for unit in units where text.hasSuffix(unit.suffix) {
            let digits = text.dropLast(unit.suffix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { continue }
            guard let count = Int64(digits) else { return nil }
            let (value, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
            return overflow ? nil : value
        }
        return nil
    }

    /// The shortest form: the greatest unit that divides it.
    public static func text(nanoseconds: Int64) -> String {
        for unit in units.sorted(by: { $0.nanoseconds > $1.nanoseconds }) where nanoseconds % unit.nanoseconds == 0 {
            return "\(nanoseconds / unit.nanoseconds)\(unit.suffix)"
        }
        return "\(nanoseconds)ns"
    }
}

/// The candidate that a misspelt word most likely means, or nil: at most a third of its letters wrong, missing, too many,
/// or swapped with their neighbour.
func nearest(to word: String, among candidates: [String]) -> String? {
    func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var rows = [Array(0...b.count)]
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
    let letters = Array(word.utf8)
    let ranked = candidates.map { ($0, distance(letters, Array($0.utf8))) }.min { $0.1 < $1.1 }
    guard let (candidate, wrong) = ranked, wrong <= max(1, letters.count / 3) else { return nil }
    return candidate
}
