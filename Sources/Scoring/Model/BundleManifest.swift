// bundle.yaml: what a model file does not say of itself. Which features in which order and by which definitions, how
// its margin becomes a probability and a score, how good it was, and the digests that hold the folder together.

import Platform

public struct BundleManifest: Sendable {
    public static let fileName = "bundle.yaml"

    public struct File: Sendable, Equatable {
        public let name: String
        public let digest: SHA256Digest
    }

    public let name: String
    public let version: String
    public let model: File
    public let golden: File
    /// Names in the order of the model's columns.
    public let features: [String]
    /// Of the definitions, as `ScoringPlan.definitionDigest` takes it.
    public let featuresDigest: SHA256Digest
    public let readout: MarginReadout
    /// Shorter ensembles that the bundle was calibrated for, by rising number of trees.
    public let truncated: [TruncatedEnsemble]
    /// The quality that training measured, as it stands in the file: metric, value.
    public let quality: [(metric: String, value: String)]
    /// Facts of the training, as they stand in the file.
    public let training: [(fact: String, value: String)]

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationNode(yaml: text, file: file)
        let known = [
            "name", "version", "model", "golden", "features", "calibration", "score_anchors", "truncated", "training",
            "quality", "missing",
        ]
        let fields = try root.fields(known: known)
        func need(_ key: String) throws(ConfigurationError) -> ConfigurationNode {
            guard let node = fields[key] else { throw root.error("needs \(key)") }
            return node
        }
        name = try need("name").string()
        version = try need("version").string()
        model = try Self.readFile(try need("model"))
        golden = try Self.readFile(try need("golden"))
        if let missing = fields["missing"], try missing.string().lowercased() != "nan" {
            throw missing.error("must be nan: a missing value is passed to the model as NaN")
        }
        let featureFields = try need("features").fields(known: ["digest", "order"])
        guard let order = featureFields["order"], let digest = featureFields["digest"] else {
            throw try need("features").error("needs order and digest")
        }
        var names: [String] = []
        for element in try order.elements() { names.append(try element.string()) }
        features = names
        featuresDigest = try Self.readDigest(digest)
        readout = MarginReadout(
            calibration: try Self.readCalibration(try need("calibration")),
            scale: try Self.readScale(try need("score_anchors")))
        truncated = try Self.readTruncated(fields["truncated"])
        quality = try Self.readFacts(fields["quality"]).map { ($0, $1) }
        training = try Self.readFacts(fields["training"]).map { ($0, $1) }
    }

    private static func readFile(_ node: ConfigurationNode) throws(ConfigurationError) -> File {
        let fields = try node.fields(known: ["file", "sha256"])
        guard let name = fields["file"], let digest = fields["sha256"] else {
            throw node.error("needs file and sha256")
        }
        let text = try name.string()
        guard !text.contains("/"), text != "..", text != "." else {
            throw name.error("must be a file in the bundle's own folder")
        }
        return File(name: text, digest: try readDigest(digest))
    }

    private static func readDigest(_ node: ConfigurationNode) throws(ConfigurationError) -> SHA256Digest {
        guard let digest = SHA256Digest(hexadecimal: try node.string()) else {
            throw node.error("must be a SHA-256 digest: 64 hexadecimal digits")
        }
        return digest
    }

    private static func readPair(_ node: ConfigurationNode) throws(ConfigurationError) -> (Double, Double) {
        let elements = try node.elements()
        guard elements.count == 2 else { throw node.error("must be a pair of numbers") }
        return (try elements[0].number(), try elements[1].number())
    }

    private static func readCalibration(_ node: ConfigurationNode) throws(ConfigurationError) -> Calibration {
        let fields = try node.fields(known: ["legitimate_kept", "isotonic"])
        guard let keptNode = fields["legitimate_kept"] else { throw node.error("needs legitimate_kept") }
        let kept = try keptNode.number()
        guard kept > 0, kept <= 1 else { throw keptNode.error("must be above 0 and at most 1") }
        guard let isotonic = fields["isotonic"] else { return Calibration(legitimateKept: kept, isotonic: nil) }
        var points: [(x: Double, y: Double)] = []
        for element in try isotonic.elements() {
            let (x, y) = try readPair(element)
            if let last = points.last, y < last.y { throw element.error("must not be below the point before it") }
            points.append((x, y))
        }
        guard let line = PiecewiseLinear(points: points) else {
            throw isotonic.error(
                "must be 1 to \(PiecewiseLinear.maximumPoints) points [model, observed] whose first number rises")
        }
        return Calibration(legitimateKept: kept, isotonic: line)
    }

    private static func readScale(_ node: ConfigurationNode) throws(ConfigurationError) -> ScoreScale {
        var anchors: [(margin: Double, falsePositiveRate: Double)] = []
        for element in try node.elements() {
            let (margin, rate) = try readPair(element)
            anchors.append((margin, rate))
        }
        guard let scale = ScoreScale(anchors: anchors) else {
            throw node.error(
                "must be points [margin, false-positive rate]: margins rising, rates above 0, at most 1, not rising")
        }
        return scale
    }

    private static func readTruncated(
        _ node: ConfigurationNode?
    ) throws(ConfigurationError) -> [TruncatedEnsemble] {
        guard let node else { return [] }
        var ensembles: [TruncatedEnsemble] = []
        for element in try node.elements() {
            let fields = try element.fields(known: ["trees", "calibration", "score_anchors"])
            guard let treesNode = fields["trees"], let calibration = fields["calibration"],
                let anchors = fields["score_anchors"]
            else { throw element.error("needs trees, calibration and score_anchors") }
            let trees = try treesNode.integer(in: TruncatedEnsemble.treeCounts)
            if let last = ensembles.last, trees <= last.trees {
                throw treesNode.error("must be above \(last.trees), the ensemble before it")
            }
            let readout = MarginReadout(
                calibration: try readCalibration(calibration), scale: try readScale(anchors))
            ensembles.append(TruncatedEnsemble(trees: trees, readout: readout))
        }
        guard ensembles.count <= TruncatedEnsemble.maximumCount else {
            throw node.error("has \(ensembles.count) ensembles; at most \(TruncatedEnsemble.maximumCount)")
        }
        return ensembles
    }

    private static func readFacts(
        _ node: ConfigurationNode?
    ) throws(ConfigurationError) -> [(String, String)] {
        guard let node else { return [] }
        var facts: [(String, String)] = []
        for (key, value) in try node.members() { facts.append((key, try value.string())) }
        return facts
    }
}
