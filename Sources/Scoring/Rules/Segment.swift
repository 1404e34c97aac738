// Bands by segment: what is a high score for a pair of shoes is not one for a plane ticket. The first segment whose
// condition is true has the word; one whose condition is missing or fails does not match.
//
//   segments:
//     - name: travel
//       when: merchant.mcc in ["3000", "4511"] && amount > 50000
//       bands: [{ at_least: 900, decision: review }]

import Expressions

public struct SegmentDefinition: Sendable, Equatable {
    public static let maximumCount = 64

    public let name: String
    public let when: Expression
    let source: ExpressionSource
    public let bands: [Policy.Band]

    public static func == (a: SegmentDefinition, b: SegmentDefinition) -> Bool {
        a.name == b.name && a.when.description == b.when.description && a.bands == b.bands
    }

    /// - Parameter node: nil where there are none.
    static func read(_ node: ConfigurationNode?) throws(ConfigurationError) -> [SegmentDefinition] {
        guard let node else { return [] }
        var segments: [SegmentDefinition] = []
        for element in try node.elements() {
            let fields = try element.fields(known: ["name", "when", "bands", "description"])
            guard let nameNode = fields["name"], let when = fields["when"], let bands = fields["bands"] else {
                throw element.error("needs name, when and bands")
            }
            let name = try nameNode.string()
            if segments.contains(where: { $0.name == name }) { throw nameNode.error("a segment \(name) stands above") }
            segments.append(
                SegmentDefinition(
                    name: name, when: try when.expression(), source: try when.expressionSource(),
                    bands: try Policy.readBands(bands)))
        }
        guard segments.count <= maximumCount else {
            throw node.error("has \(segments.count) segments; at most \(maximumCount)")
        }
        return segments
    }
}

/// A segment as payments are held against it.
struct CompiledSegment: Sendable {
    let name: String
    let program: SharedProgram
}
