// What is wrong with a text, where, and what to do about it: the only error of this target.

/// A place in an expression's text.
public struct SourcePosition: Sendable, Hashable {
    /// Bytes from the start of the text.
    public var offset: Int
    /// From 1.
    public var line: Int
    /// Code points from the start of the line, from 1.
    public var column: Int

    public init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }

    public static let start = SourcePosition(offset: 0, line: 1, column: 1)

    /// The place of a byte in a text, such as that of a failure.
    public init(of offset: Int, in text: String) {
        self = .start
        for scalar in text.unicodeScalars {
            guard self.offset < offset else { return }
            self.offset += UTF8.width(scalar)
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
    }
}

/// The text of one node or token.
public struct SourceRange: Sendable, Hashable {
    public var start: SourcePosition
    /// Just past the last character.
    public var end: SourcePosition

    public init(start: SourcePosition, end: SourcePosition) {
        self.start = start
        self.end = end
    }

    func joined(with other: SourceRange) -> SourceRange { SourceRange(start: start, end: other.end) }
}

/// Why a text is refused.
public struct ExpressionError: Error, Sendable, Equatable {
    public var message: String
    /// From 1.
    public var line: Int
    /// In code points, from 1.
    public var column: Int
    /// Code points to underline, at least 1; a range that ends on a later line is cut at the end of its first line.
    public var length: Int
    /// Bytes from the start of the text.
    public var offset: Int

    public init(_ message: String, at range: SourceRange) {
        self.message = message
        line = range.start.line
        column = range.start.column
        offset = range.start.offset
        length = range.end.line == line ? max(1, range.end.column - column) : 1
    }

    /// An error at a node, for resolvers that find an argument wrong.
    public init(_ message: String, at expression: Expression) {
        self.init(message, at: expression.range)
    }

    /// The message with its place, the line of the text and a caret under the place.
    ///
    ///     line 1, column 1: unknown name 'amuont'; did you mean 'amount'?
    ///       amuont > 5
    ///       ^~~~~~
    public func rendered(source: String) -> String {
        var current = 1
        var text = String.UnicodeScalarView()
        for scalar in source.unicodeScalars {
            if scalar == "\n" {
                current += 1
                if current > line { break }
            } else if current == line, scalar != "\r" {
                text.append(scalar)
            }
        }
        // Tabs stay tabs in the line of the caret, so that it stands below its character on any terminal.
        var caret = String(String.UnicodeScalarView(text.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }))
        caret += "^"
        caret += String(repeating: "~", count: max(0, min(length, text.count - column + 1) - 1))
        return "\(description)\n  \(String(text))\n  \(caret)"
    }
}

extension ExpressionError: CustomStringConvertible {
    public var description: String { "line \(line), column \(column): \(message)" }
}

/// The name that a mistyped one was probably meant to be.
enum Suggestion {
    /// "; did you mean 'amount'?", or nothing when no candidate is near.
    static func suffix(for name: String, among candidates: some Sequence<String>) -> String {
        let wanted = Array(name.utf8.prefix(maximumBytes + 1))
        guard wanted.count <= maximumBytes else { return "" }
        let limit = wanted.count <= 2 ? 1 : min(3, 1 + wanted.count / 4)
        var best: (distance: Int, name: String)?
        for candidate in candidates where candidate != name && candidate.utf8.count <= maximumBytes {
            let distance = distance(wanted, Array(candidate.utf8))
            guard distance <= limit else { continue }
            if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
            best = (distance, candidate)
        }
        return best.map { "; did you mean '\($0.name)'?" } ?? ""
    }

    static let maximumBytes = 64

    /// Insertions, deletions, replacements and swaps of neighbours that make one of the other.
    ///
    /// Source: Damerau, Commun. ACM 7(3), 1964, doi:10.1145/363958.363994 (restricted: no part is edited twice).
    static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for i in first.indices {
            var row = [i + 1]
            for j in second.indices {
                var cost = min(last[j] + (first[i] == second[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[second.count]
    }
}
