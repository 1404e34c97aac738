// policy.yaml: from a score to a decision. The score's scale is false positives, so the bands keep their meaning when
// the model is replaced.
//
//   bands:
//     - { at_least: 700, decision: challenge }
//     - { at_least: 850, decision: review }
//     - { at_least: 970, decision: decline }

/// How likely the score says fraud is, in a word.
public enum RiskLevel: String, Sendable, CaseIterable {
    case normal, elevated, highest
}

public struct Policy: Sendable, Equatable {
    public struct Band: Sendable, Equatable {
        public let atLeast: Int
        public let verdict: Verdict
    }

    public static let scores = 0...999
    public static let maximumBands = 32

    /// Ascending by score. Below the first one a payment is approved.
    public let bands: [Band]
    public let elevatedAtLeast: Int
    public let highestAtLeast: Int
    /// The static answer, when not even the rules could be asked in time.
    public let fallback: Verdict
    /// Decisions whose reasons are worked out and told.
    public let explained: Set<Verdict>
    /// Whether the model's reasons are exact Shapley values where the time allows; otherwise the path attribution.
    public let explainsExactly: Bool
    /// Kinds of payments with bands of their own; the first that matches has the word.
    public let segments: [SegmentDefinition]
    /// Guards against rules that decline far more than is usual; nil: nobody does.
    public let governor: GovernorSettings?

    private enum Explanation: String, CaseIterable {
        case exact, fast
    }

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationNode(yaml: text, file: file)
        let fields = try root.fields(known: [
            "bands", "risk_levels", "default", "explain", "explanation", "segments", "governor",
        ])
        guard let bandNode = fields["bands"], let levelNode = fields["risk_levels"], let fallback = fields["default"]
        else { throw root.error("needs bands, risk_levels and default") }
        bands = try Self.readBands(bandNode)
        let levels = try levelNode.fields(known: ["elevated", "highest"])
        guard let elevated = levels["elevated"], let highest = levels["highest"] else {
            throw levelNode.error("needs elevated and highest, each the lowest score of its level")
        }
        elevatedAtLeast = try elevated.integer(in: Self.scores)
        highestAtLeast = try highest.integer(in: Self.scores)
        if highestAtLeast < elevatedAtLeast { throw highest.error("must not be below elevated") }
        self.fallback = try fallback.choice(of: Verdict.self)
        var explained: Set<Verdict> = [.review, .challenge, .decline]
        if let node = fields["explain"] {
            explained = []
            for element in try node.elements() { explained.insert(try element.choice(of: Verdict.self)) }
        }
        self.explained = explained
        explainsExactly = try fields["explanation"]?.choice(of: Explanation.self) != .fast
        segments = try SegmentDefinition.read(fields["segments"])
        governor = try fields["governor"].map { node throws(ConfigurationError) in try GovernorSettings(node) }
    }

    static func readBands(_ node: ConfigurationNode) throws(ConfigurationError) -> [Band] {
        var bands: [Band] = []
        for element in try node.elements() {
            let fields = try element.fields(known: ["at_least", "decision"])
            guard let atLeast = fields["at_least"], let decision = fields["decision"] else {
                throw element.error("needs at_least and decision")
            }
            let band = Band(atLeast: try atLeast.integer(in: scores), verdict: try decision.choice(of: Verdict.self))
            if let last = bands.last, band.atLeast <= last.atLeast {
                throw atLeast.error("must be above \(last.atLeast), the band before it")
            }
            bands.append(band)
        }
        guard bands.count <= maximumBands else {
            throw node.error("has \(bands.count) bands; at most \(maximumBands)")
        }
        return bands
    }

    /// - Parameter segment: Index of the segment whose bands decide; nil: those of everybody else.
    public func verdict(score: Int, segment: Int?) -> Verdict {
        guard let segment else { return verdict(score: score) }
        return Self.verdict(score: score, segments[segment].bands)
    }

    public func verdict(score: Int) -> Verdict { Self.verdict(score: score, bands) }

    private static func verdict(score: Int, _ bands: [Band]) -> Verdict {
        var verdict = Verdict.approve
        for i in bands.indices where score >= bands[i].atLeast { verdict = bands[i].verdict }
        return verdict
    }

    public func riskLevel(score: Int) -> RiskLevel {
        score >= highestAtLeast ? .highest : score >= elevatedAtLeast ? .elevated : .normal
    }
}
