// A model as the service may use it: the trainer's file, loaded, proven on its golden rows, and tied to the features
// that are in service. What can't be proven is refused, so that a wrong model never answers.

import Platform
import Trees

public enum BundleError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(PlatformError)
    case manifest(ConfigurationError)
    case digest(file: String, expected: SHA256Digest, found: SHA256Digest)
    case model(file: String, ModelError)
    case columnCount(manifest: Int, model: Int)
    case columnName(column: Int, manifest: String, model: String)
    case truncatedTrees(Int, model: Int)
    case unknownFeature(String)
    case definitions(expected: SHA256Digest, found: SHA256Digest)
    case goldenHeader(expected: String, found: String)
    case goldenRow(line: Int, reason: String)
    case goldenMargin(line: Int, expected: String, found: String)
    case noGoldenRows

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .manifest(let error): error.description
        case .digest(let file, let expected, let found):
            "\(file) has SHA-256 \(found), the manifest says \(expected): the file was changed after training"
        case .model(let file, let error): "\(file): \(error)"
        case .columnCount(let manifest, let model):
            "the manifest names \(manifest) features, the model has \(model) columns"
        case .columnName(let column, let manifest, let model):
            "column \(column) is \(manifest) in the manifest and \(model) in the model's own file"
        case .truncatedTrees(let trees, let model):
            "the manifest has a shorter ensemble of \(trees) trees, but the model itself has \(model)"
        case .unknownFeature(let name): "feature \(name) is not in features.yaml"
        case .definitions(let expected, let found):
            """
            the model was trained on feature definitions \(expected), in service are \(found): retrain it, or serve the \
            features.yaml that it was trained with
            """
        case .goldenHeader(let expected, let found):
            "golden rows have the columns \(found); expected are \(expected)"
        case .goldenRow(let line, let reason): "golden row on line \(line): \(reason)"
        case .goldenMargin(let line, let expected, let found):
            "golden row on line \(line): the trainer says margin \(expected), this model gives \(found)"
        case .noGoldenRows: "there is no golden row to prove the model with"
        }
    }
}

public final class ScoringModel: Sendable {
    public static let maximumFileBytes = 1 << 30
    public static let maximumManifestBytes = 16 << 20

    public let manifest: BundleManifest
    public let trees: TreeModel
    /// Rows that the model reproduced at load; also what its cost is measured on.
    let goldenRows: [[Double]]

    /// Reads the folder and proves the model on its golden rows; what it is to be fed from is not looked at yet.
    public init(folder: String) throws(BundleError) {
        let manifest = try Self.readManifest(folder: folder)
        let modelBytes = try Self.readFile(manifest.model, in: folder, limit: Self.maximumFileBytes)
        do throws(ModelError) {
            trees = try TreeModel(bytes: modelBytes)
        } catch {
            throw .model(file: manifest.model.name, error)
        }
        guard trees.summary.featureCount == manifest.features.count else {
            throw .columnCount(manifest: manifest.features.count, model: trees.summary.featureCount)
        }
        for (column, name) in trees.summary.featureNames.enumerated() where name != manifest.features[column] {
            throw .columnName(column: column, manifest: manifest.features[column], model: name)
        }
        if let longest = manifest.truncated.last, longest.trees >= trees.summary.treesUsed {
            throw .truncatedTrees(longest.trees, model: trees.summary.treesUsed)
        }
        let golden = try Self.readFile(manifest.golden, in: folder, limit: Self.maximumFileBytes)
        goldenRows = try GoldenRows.verify(golden, features: manifest.features, model: trees)
        self.manifest = manifest
    }

    public static func readManifest(folder: String) throws(BundleError) -> BundleManifest {
        let path = folder + "/" + BundleManifest.fileName
        let bytes: [UInt8]
        do throws(PlatformError) {
            bytes = try Platform.readFile(path, maximumBytes: maximumManifestBytes)
        } catch {
            throw .unreadable(error)
        }
        do throws(ConfigurationError) {
            return try BundleManifest(yaml: String(decoding: bytes, as: UTF8.self), file: path)
        } catch {
            throw .manifest(error)
        }
    }

    private static func readFile(
        _ file: BundleManifest.File, in folder: String, limit: Int
    ) throws(BundleError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(PlatformError) {
            bytes = try Platform.readFile(folder + "/" + file.name, maximumBytes: limit)
        } catch {
            throw .unreadable(error)
        }
        let found = SHA256.hash(bytes.span)
        guard found == file.digest else { throw .digest(file: file.name, expected: file.digest, found: found) }
        return bytes
    }

    /// Holds the model against a plan; a core that is made of both then takes it.
    public func validate(for plan: ScoringPlan) throws(BundleError) { _ = try columns(in: plan) }

    /// Where each column of the model stands among the features of the plan.
    ///
    /// - Throws: `.unknownFeature` or `.definitions` where the features in service are not those of the training.
    func columns(in plan: ScoringPlan) throws(BundleError) -> [Int] {
        var columns: [Int] = []
        for name in manifest.features {
            guard let index = plan.featureNames.firstIndex(of: name) else { throw .unknownFeature(name) }
            columns.append(index)
        }
        guard let digest = plan.definitionDigest(of: manifest.features), digest == manifest.featuresDigest else {
            throw .definitions(
                expected: manifest.featuresDigest,
                found: plan.definitionDigest(of: manifest.features) ?? manifest.featuresDigest)
        }
        return columns
    }
}
