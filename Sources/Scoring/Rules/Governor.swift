// Guards against a rule, a list or a threshold that suddenly declines good customers by the thousand: it compares the
// share of declines in a short window with the usual one. Time is an argument, so a replay trips where the service did.
//
//   governor: { window: 10m, multiple: 4, floor: 0.02, at_least: 200, fallback: last_good_rules }
//
//   window: [ 60 parts of ten seconds: declined, decided | … ]  ──part leaves──▶  usual: two sums that fade over a week

public struct GovernorSettings: Sendable, Equatable {
    /// What answers while the governor is engaged.
    public enum Fallback: String, Sendable, CaseIterable {
        /// The plan before the last reload; where there is none, the score alone: no rule's action counts.
        case lastGoodRules = "last_good_rules"
    }

    public static let leastWindowNanoseconds: Int64 = 60_000_000_000
    public static let greatestWindowNanoseconds: Int64 = 86_400_000_000_000

    public let windowNanoseconds: Int64
    /// How many times the usual share is too much.
    public let multiple: Double
    /// A share up to this is never too much.
    public let floor: Double
    /// Payments that the window must hold.
    public let atLeast: Int
    public let fallback: Fallback

    init(_ node: ConfigurationNode) throws(ConfigurationError) {
        let fields = try node.fields(known: ["window", "multiple", "floor", "at_least", "fallback"])
        windowNanoseconds =
            try fields["window"]?.durationNanoseconds(atLeast: Self.leastWindowNanoseconds)
            ?? 600_000_000_000
        if let window = fields["window"], windowNanoseconds > Self.greatestWindowNanoseconds {
            throw window.error("must be at most 24h")
        }
        multiple = try fields["multiple"]?.number() ?? 4
        if let node = fields["multiple"], multiple <= 1 { throw node.error("must be above 1") }
        floor = try fields["floor"]?.number() ?? 0.02
        if let node = fields["floor"], !(0..<1).contains(floor) { throw node.error("must be from 0 to below 1") }
        atLeast = try fields["at_least"]?.integer(in: 1...100_000_000) ?? 200
        fallback = try fields["fallback"]?.choice(of: Fallback.self) ?? .lastGoodRules
    }
}

/// Counts declines and says when they are too many. Once engaged it stays so until somebody releases it.
public struct DeclineGovernor: Sendable, Equatable {
    static let parts = 60
    /// After so long a part weighs 1/e of what it weighed.
    static let usualLifeNanoseconds = 7.0 * 86_400e9

    public let settings: GovernorSettings
    public private(set) var isEngaged = false
    private var declined = [Int](repeating: 0, count: Self.parts)
    private var decided = [Int](repeating: 0, count: Self.parts)
    /// Number of the newest part since 1970; nil before the first payment.
    private var newest: Int64?
    private var windowDeclined = 0
    private var windowDecided = 0
    private var usualDeclined = 0.0
    private var usualDecided = 0.0

    public init(_ settings: GovernorSettings) { self.settings = settings }

    /// The same with what is usual taken over from before a reload, and an empty window.
    init(_ settings: GovernorSettings, after earlier: DeclineGovernor?) {
        self.init(settings)
        usualDeclined = earlier?.usualDeclined ?? 0
        usualDecided = earlier?.usualDecided ?? 0
    }

    /// The share of declines in the window, and the usual one; nil where nothing was counted.
    public var share: Double? { windowDecided == 0 ? nil : Double(windowDeclined) / Double(windowDecided) }
    public var usualShare: Double? { usualDecided == 0 ? nil : usualDeclined / usualDecided }

    /// Counts one decision.
    ///
    /// - Parameter time: Of the payment, in nanoseconds since 1970, and not after it was taken in: a wrong clock of a
    ///   sender must not move the window.
    /// - Returns: Whether it is too much now: true once.
    public mutating func count(isDeclined: Bool, at time: Int64) -> Bool {
        guard !isEngaged, note(isDeclined: isDeclined, at: time) else { return false }
        isEngaged = isTooMuch
        return isEngaged
    }

    /// Counts a decision that was made before a restart: whatever came of it then is over.
    ///
    /// - Returns: Whether it is in the window.
    @discardableResult
    mutating func note(isDeclined: Bool, at time: Int64) -> Bool {
        let partNanoseconds = settings.windowNanoseconds / Int64(Self.parts)
        let part = (time - (time % partNanoseconds + partNanoseconds) % partNanoseconds) / partNanoseconds
        if let newest, part > newest { advance(by: part - newest, partNanoseconds) }
        let last = max(part, newest ?? part)
        newest = last
        guard last - part < Int64(Self.parts) else { return false }
        let place = Self.place(part)
        decided[place] += 1
        windowDecided += 1
        if isDeclined {
            declined[place] += 1
            windowDeclined += 1
        }
        return true
    }

    /// With nothing usual to compare with, nothing is too much.
    private var isTooMuch: Bool {
        guard windowDecided >= settings.atLeast, usualDecided >= Double(settings.atLeast) else { return false }
        let share = Double(windowDeclined) / Double(windowDecided)
        return share > settings.floor && share > settings.multiple * usualDeclined / usualDecided
    }

    /// Starts as engaged, after a restart that found it so.
    mutating func engage() { isEngaged = true }

    private static func place(_ part: Int64) -> Int {
        Int((part % Int64(parts) + Int64(parts)) % Int64(parts))
    }

    /// Parts leave the window and become part of what is usual, which fades.
    private mutating func advance(by steps: Int64, _ partNanoseconds: Int64) {
        guard let newest else { return }
        for step in 1...min(steps, Int64(Self.parts)) {
            let place = Self.place(newest + step)
            usualDeclined += Double(declined[place])
            usualDecided += Double(decided[place])
            windowDeclined -= declined[place]
            windowDecided -= decided[place]
            declined[place] = 0
            decided[place] = 0
        }
        let fade = Self.power(1 - Double(partNanoseconds) / Self.usualLifeNanoseconds, steps)
        usualDeclined *= fade
        usualDecided *= fade
    }

    /// By squaring, because it has equal bits on every machine.
    private static func power(_ base: Double, _ exponent: Int64) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}

extension DeclineGovernor {
    /// What it has counted, as words that `restore` takes back; whether it is engaged is not in them.
    var words: [UInt64] {
        var words: [UInt64] = [newest == nil ? 0 : 1, UInt64(bitPattern: newest ?? 0)]
        words += [usualDeclined.bitPattern, usualDecided.bitPattern]
        words += (declined + decided).map { UInt64($0) }
        return words
    }

    static let wordCount = 4 + 2 * parts

    /// - Precondition: There are `wordCount` words, from a governor of the same settings, or none.
    mutating func restore(_ words: [UInt64]) {
        guard !words.isEmpty else { return }
        precondition(words.count == Self.wordCount, "\(words.count) words of a governor")
        newest = words[0] == 0 ? nil : Int64(bitPattern: words[1])
        usualDeclined = Double(bitPattern: words[2])
        usualDecided = Double(bitPattern: words[3])
        let counts = words[4...].map { Int(truncatingIfNeeded: $0) }
        declined = Array(counts[..<Self.parts])
        decided = Array(counts[Self.parts...])
        windowDeclined = declined.reduce(0, &+)
        windowDecided = decided.reduce(0, &+)
    }
}
