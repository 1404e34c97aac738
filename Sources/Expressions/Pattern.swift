// Regular expressions as RE2 has them, and no more: a pattern becomes a program of states, and a text is walked once
// with the set of states that are alive. So the time is at most the length of the text times the size of the program,
// whatever the pattern; what would need more (references to groups, looking around) is refused.
//
//   a(b|c)*   0 scalar a   1 split 2, 6   2 split 3, 4   3 scalar b, to 5   4 scalar c   5 jump 1   6 match
//
// Source: Thompson, Commun. ACM 11(6), 1968, doi:10.1145/363347.363387; syntax: github.com/google/re2/wiki/Syntax.

/// A compiled pattern.
struct Pattern: Sendable {
    /// States of one program; counted repetition multiplies them.
    static let maximumStates = 2_000
    /// Parts of a pattern that are looked at to make a program, each as often as it is repeated. It is far above what the
    /// states allow; it bounds what makes none, such as an empty group.
    static let maximumParts = 20_000

    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    enum State: Sendable {
        case scalar(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        case match
    }

    private(set) var states: [State] = []
    private var parts = 0

    /// How many steps a text of so many bytes takes at most.
    func steps(textBytes: Int) -> Int { (textBytes + 2) * states.count }

    init(_ text: String) throws(PatternError) {
        var parser = PatternParser(text)
        let root = try parser.parse()
        try emit(root)
        try append(.match)
    }

    // MARK: Compiling

    @discardableResult
    private mutating func append(_ state: State) throws(PatternError) -> Int {
        guard states.count < Self.maximumStates else {
            throw PatternError("it needs more than \(Self.maximumStates) states")
        }
        states.append(state)
        return states.count - 1
    }

    private mutating func emit(_ node: PatternNode) throws(PatternError) {
        guard parts < Self.maximumParts else { throw PatternError("it repeats more than \(Self.maximumParts) parts") }
        parts += 1
        switch node {
        case .scalar(let set): try append(.scalar(set))
        case .assertion(let assertion): try append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternation(let nodes): try emit(alternation: nodes)
        case .repetition(let node, let least, let most):
            for _ in 0..<least { try emit(node) }
            guard let most else { return try emit(loop: node) }
            var splits: [Int] = []
            for _ in least..<max(least, most) {
                splits.append(try append(.split(states.count + 1, 0)))
                try emit(node)
            }
            for split in splits { states[split] = .split(split + 1, states.count) }
        }
    }

    private mutating func emit(loop node: PatternNode) throws(PatternError) {
        let split = try append(.split(0, 0))
        try emit(node)
        try append(.jump(split))
        states[split] = .split(split + 1, states.count)
    }

    private mutating func emit(alternation nodes: [PatternNode]) throws(PatternError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node)
                break
            }
            let split = try append(.split(0, 0))
            try emit(node)
            jumps.append(try append(.jump(0)))
            states[split] = .split(split + 1, states.count)
        }
        for jump in jumps { states[jump] = .jump(states.count) }
    }

    // MARK: Matching

    /// Whether the pattern matches anywhere in a text.
    ///
    /// - Complexity: O(code points × states).
    func matches(_ bytes: [UInt8]) -> Bool {
        var alive = StateSet(count: states.count)
        var next = StateSet(count: states.count)
        var before: Unicode.Scalar?
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if follow(0, &alive, before, scalar) { return true }
            next.removeAll()
            for index in 0..<alive.members.count {
                guard case .scalar(let set) = states[alive.members[index]], set.contains(scalar) else { continue }
                next.pending.append(alive.members[index] + 1)
            }
            before = scalar
            swap(&alive, &next)
        }
        return follow(0, &alive, before, nil)
    }

    /// Makes the pending states and one more alive, with all that they lead to without reading; true at a match.
    private func follow(
        _ start: Int, _ alive: inout StateSet, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
    ) -> Bool {
        alive.pending.append(start)
        while let state = alive.pending.popLast() {
            guard alive.insert(state) else { continue }
            switch states[state] {
            case .match: return true
            case .scalar: break
            case .jump(let target): alive.pending.append(target)
            case .split(let first, let second): alive.pending += [first, second]
            case .assert(let assertion):
                if Self.holds(assertion, before, after) { alive.pending.append(state + 1) }
            }
        }
        return false
    }

    private static func holds(_ assertion: Assertion, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
        switch assertion {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == "\n"
        case .lineEnd: after == nil || after == "\n"
        case .wordBoundary: isWord(before) != isWord(after)
        case .noWordBoundary: isWord(before) == isWord(after)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar, scalar.isASCII else { return false }
        return UInt8(scalar.value).isNamePart
    }

    /// States that are alive, each once, and those yet to be looked at.
    private struct StateSet {
        var members: [Int] = []
        var pending: [Int] = []
        private var isMember: [Bool]

        init(count: Int) { isMember = Array(repeating: false, count: count) }

        mutating func insert(_ state: Int) -> Bool {
            guard !isMember[state] else { return false }
            isMember[state] = true
            members.append(state)
            return true
        }

        mutating func removeAll() {
            for member in members { isMember[member] = false }
            members.removeAll(keepingCapacity: true)
            pending.removeAll(keepingCapacity: true)
        }
    }
}

/// Why a text is no pattern.
struct PatternError: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

/// What a pattern says, before it is a program.
indirect enum PatternNode: Sendable {
    case scalar(ScalarSet)
    case assertion(Pattern.Assertion)
    case sequence([PatternNode])
    case alternation([PatternNode])
    case repetition(PatternNode, least: Int, most: Int?)
}

/// A set of code points: ranges and general categories.
struct ScalarSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var sets: [ScalarSet] = []
    /// The first letters of general categories, or their full two letters.
    var category: String?
    var isNegated = false
    var ignoresCase = false

    init() {}

    init(_ ranges: ClosedRange<UInt32>..., isNegated: Bool = false) {
        self.ranges = ranges
        self.isNegated = isNegated
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isFound = holds(scalar)
        if !isFound, ignoresCase {
            let properties = scalar.properties
            for text in [properties.lowercaseMapping, properties.uppercaseMapping] where !isFound {
                if let only = text.unicodeScalars.first, text.unicodeScalars.count == 1 { isFound = holds(only) }
            }
        }
        return isFound != isNegated
    }

    private func holds(_ scalar: Unicode.Scalar) -> Bool {
        if ranges.contains(where: { $0.contains(scalar.value) }) { return true }
        if let category, Self.category(of: scalar).hasPrefix(category) { return true }
        return sets.contains { $0.contains(scalar) }
    }

    /// Unicode's two letters of a category.
    private static func category(of scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }

    static let categories: Set<String> = [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co",
    ]
}
