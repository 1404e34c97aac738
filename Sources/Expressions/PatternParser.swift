// RE2's syntax, read into a tree. Groups capture nothing here, because a match is only yes or no; so lazy and greedy
// repetition are the same.

struct PatternParser {
    /// How deeply groups may stand within each other.
    static let maximumNesting = 100
    /// The largest count of a repetition, as in RE2.
    static let maximumCount = 1_000

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotIsAll = false
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var flags = Flags()
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try alternation()
        guard place == scalars.count else { throw PatternError("a ')' has no '('") }
        return node
    }

    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        place += 1
        return true
    }

    private mutating func take(text: String) -> Bool {
        let wanted = text.unicodeScalars
        guard scalars[place...].starts(with: wanted) else { return false }
        place += wanted.count
        return true
    }

    // MARK: Structure

    private mutating func alternation() throws(PatternError) -> PatternNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if take(text: "\\Q") {
                while place < scalars.count, !take(text: "\\E") {
                    nodes.append(.scalar(single(scalars[place])))
                    place += 1
                }
                if let last = nodes.popLast() { nodes.append(try repeated(last)) }
                continue
            }
            guard let node = try atom() else { continue }
            nodes.append(try repeated(node))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
        guard let (least, most) = try counts() else { return node }
        _ = take("?")
        let start = place
        if try counts() != nil {
            place = start
            throw PatternError("a repetition is repeated; write a group around it")
        }
        return .repetition(node, least: least, most: most)
    }

    private mutating func counts() throws(PatternError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = place
        guard take("{"), let least = number() else {
            place = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            place = start
            return nil
        }
        guard least <= Self.maximumCount, most ?? 0 <= Self.maximumCount, least <= most ?? least else {
            throw PatternError("a repetition counts up to \(Self.maximumCount), the lesser first")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next, digit.isASCII, UInt8(digit.value).isDigit {
            value = min((value ?? 0) * 10 + Int(digit.value - 48), Self.maximumCount + 1)
            place += 1
        }
        return value
    }

    // MARK: Atoms

    /// nil for what sets flags and matches nothing.
    private mutating func atom() throws(PatternError) -> PatternNode? {
        let scalar = scalars[place]
        place += 1
        switch scalar {
        case "(": return try group()
        case "[": return .scalar(try characterClass())
        case "\\": return try escape()
        case ".":
            return .scalar(flags.dotIsAll ? ScalarSet(0...0x10FFFF) : ScalarSet(10...10, isNegated: true))
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw PatternError("'\(scalar)' has nothing to repeat")
        default: return .scalar(single(scalar))
        }
    }

    private func single(_ scalar: Unicode.Scalar) -> ScalarSet {
        var set = ScalarSet(scalar.value...scalar.value)
        set.ignoresCase = flags.ignoresCase
        return set
    }

    private mutating func group() throws(PatternError) -> PatternNode? {
        let outer = flags
        if take("?") {
            if take(text: "P<") || take("<") {
                guard next != "=", next != "!" else { throw PatternError("looking behind is not supported") }
                while let letter = next, letter != ">" {
                    guard letter.isASCII, UInt8(letter.value).isNamePart else { throw PatternError("a bad group name") }
                    place += 1
                }
                guard take(">") else { throw PatternError("a group's name has no '>'") }
            } else if try !readFlags() {
                return nil
            }
        }
        depth += 1
        guard depth <= Self.maximumNesting else {
            throw PatternError("groups are nested more than \(Self.maximumNesting) deep")
        }
        let node = try alternation()
        guard take(")") else { throw PatternError("a '(' has no ')'") }
        depth -= 1
        flags = outer
        return node
    }

    /// Whether a group follows; false where the flags hold up to the end of the group around.
    private mutating func readFlags() throws(PatternError) -> Bool {
        var value = true
        while let letter = next {
            place += 1
            switch letter {
            case "i": flags.ignoresCase = value
            case "m": flags.isMultiline = value
            case "s": flags.dotIsAll = value
            case "U": break
            case "-": value = false
            case ":": return true
            case ")": return false
            default: throw PatternError("'(?\(letter)' is not supported")
            }
        }
        throw PatternError("a '(' has no ')'")
    }

    private mutating func escape() throws(PatternError) -> PatternNode {
        switch next {
        case "A": place += 1; return .assertion(.textStart)
        case "z": place += 1; return .assertion(.textEnd)
        case "b": place += 1; return .assertion(.wordBoundary)
        case "B": place += 1; return .assertion(.noWordBoundary)
        default: break
        }
        if var set = try classEscape() {
            set.ignoresCase = flags.ignoresCase && set.category != nil
            return .scalar(set)
        }
        return .scalar(single(try scalarEscape()))
    }

    // MARK: Classes

    private mutating func characterClass() throws(PatternError) -> ScalarSet {
        var set = ScalarSet()
        set.isNegated = take("^")
        set.ignoresCase = flags.ignoresCase
        var isFirst = true
        while isFirst || next != "]" {
            guard next != nil else { throw PatternError("a '[' has no ']'") }
            isFirst = false
            if take(text: "[:") {
                set.sets.append(try posixClass())
                continue
            }
            if next == "\\" {
                place += 1
                if let inner = try classEscape() {
                    set.sets.append(inner)
                    continue
                }
                place -= 1
            }
            let low = try classScalar()
            var high = low
            if next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" {
                place += 1
                high = try classScalar()
            }
            guard low.value <= high.value else { throw PatternError("the range '\(low)-\(high)' is backwards") }
            set.ranges.append(low.value...high.value)
        }
        place += 1
        return set
    }

    private mutating func classScalar() throws(PatternError) -> Unicode.Scalar {
        guard let scalar = next else { throw PatternError("a '[' has no ']'") }
        place += 1
        return scalar == "\\" ? try scalarEscape() : scalar
    }

    private mutating func posixClass() throws(PatternError) -> ScalarSet {
        let isNegated = take("^")
        for (name, ranges) in Self.posixClasses where take(text: name + ":]") {
            var set = ScalarSet()
            set.ranges = ranges
            set.isNegated = isNegated
            return set
        }
        throw PatternError("an unknown class '[:…:]'")
    }

    private static let posixClasses: [(String, [ClosedRange<UInt32>])] = [
        ("alnum", [48...57, 65...90, 97...122]), ("alpha", [65...90, 97...122]), ("ascii", [0...127]),
        ("blank", [9...9, 32...32]), ("cntrl", [0...31, 127...127]), ("digit", [48...57]), ("graph", [33...126]),
        ("lower", [97...122]), ("print", [32...126]), ("punct", [33...47, 58...64, 91...96, 123...126]),
        ("space", [9...13, 32...32]), ("upper", [65...90]), ("word", [48...57, 65...90, 95...95, 97...122]),
        ("xdigit", [48...57, 65...70, 97...102]),
    ]

    /// `\d` and its kin, behind the backslash.
    private mutating func classEscape() throws(PatternError) -> ScalarSet? {
        guard let letter = next else { throw PatternError("it ends with a backslash") }
        var set = ScalarSet()
        switch letter {
        case "d", "D": set.ranges = [48...57]
        case "s", "S": set.ranges = [9...10, 12...13, 32...32]
        case "w", "W": set.ranges = [48...57, 65...90, 95...95, 97...122]
        case "p", "P":
            place += 1
            var isNegated = letter == "P"
            var name = ""
            if take("{") {
                if take("^") { isNegated.toggle() }
                while let part = next, part != "}" {
                    name.unicodeScalars.append(part)
                    place += 1
                }
                guard take("}") else { throw PatternError("a '{' has no '}'") }
            } else if let part = next {
                name.unicodeScalars.append(part)
                place += 1
            }
            guard name == "Any" || ScalarSet.categories.contains(name) else {
                throw PatternError("'\\p{\(name)}' is not supported; general categories such as \\p{Lu} are")
            }
            set.category = name == "Any" ? "" : name
            set.isNegated = isNegated
            return set
        default: return nil
        }
        place += 1
        set.isNegated = letter.value < 97
        return set
    }

    /// An escape of one code point, behind the backslash.
    private mutating func scalarEscape() throws(PatternError) -> Unicode.Scalar {
        guard let letter = next else { throw PatternError("it ends with a backslash") }
        place += 1
        switch letter {
        case "a": return "\u{7}"
        case "f": return "\u{C}"
        case "t": return "\t"
        case "n": return "\n"
        case "r": return "\r"
        case "v": return "\u{B}"
        case "x": return try hexadecimal()
        case "0"..."7":
            var value = letter.value - 48
            var digits = 1
            while digits < 3, let digit = next, ("0"..."7").contains(digit) {
                value = value * 8 + digit.value - 48
                digits += 1
                place += 1
            }
            guard letter == "0" || digits > 1 else { throw PatternError("references to groups are not supported") }
            return Unicode.Scalar(value) ?? "\u{0}"
        default:
            guard letter.isASCII, !UInt8(letter.value).isNamePart || letter == "_" else {
                throw PatternError("'\\\(letter)' is not supported")
            }
            return letter
        }
    }

    private mutating func hexadecimal() throws(PatternError) -> Unicode.Scalar {
        let isBraced = take("{")
        var value: UInt32 = 0
        var digits = 0
        while digits < (isBraced ? 8 : 2), let digit = next, digit.isASCII,
            let number = UInt8(digit.value).hexadecimalValue
        {
            value = value &* 16 &+ number
            digits += 1
            place += 1
        }
        guard isBraced ? digits > 0 && take("}") : digits == 2, let scalar = Unicode.Scalar(value) else {
            throw PatternError("'\\x' needs two hexadecimal digits, or a code point in braces")
        }
        return scalar
    }
}
