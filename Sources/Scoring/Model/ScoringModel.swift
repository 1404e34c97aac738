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

    /// Scores golden rows again and again and returns how long one takes: the slowest of `rounds` rounds, so that an
    /// ordinary hiccup is within it. The clock is an argument.
    public func measureCost(rounds: Int = 16, nanoseconds clock: () -> UInt64) -> Int64 {
        let scratch = trees.makeScratch()
        var slowest: UInt64 = 0
        var sum = 0.0
        for _ in 0..<rounds {
            for row in goldenRows.prefix(64) {
                let start = clock()
                sum += trees.margin(of: row.span, scratch: scratch)
                slowest = max(slowest, clock() - start)
            }
        }
        return sum.isNaN ? .max : Int64(slowest)
    }
}

/// golden.csv: rows of features with the trainer library's own raw margin in the last column.
enum GoldenRows {
    static let marginColumn = "margin"

    static func verify(
        _ bytes: [UInt8], features: [String], model: TreeModel
    ) throws(BundleError) -> [[Double]] {
        var rows: [[Double]] = []
        let scratch = model.makeScratch()
        var lineNumber = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            lineNumber += 1
            let text = String(decoding: line, as: UTF8.self).trimmingSuffix { $0 == "\r" }
            if text.isEmpty { continue }
            let cells = text.split(separator: ",", omittingEmptySubsequences: false)
            if lineNumber == 1 {
                let expected = features + [marginColumn]
                guard cells.map(String.init) == expected else {
                    throw .goldenHeader(expected: expected.joined(separator: ","), found: text)
                }
                continue
            }
            guard cells.count == features.count + 1 else {
                throw .goldenRow(line: lineNumber, reason: "has \(cells.count) cells instead of \(features.count + 1)")
            }
            var row: [Double] = []
            for (cell, name) in zip(cells, features + [marginColumn]) {
                guard let value = cell.isEmpty ? .nan : Double(cell) else {
                    throw .goldenRow(line: lineNumber, reason: "\(name): \(cell) is no number")
                }
                row.append(value)
            }
            let expected = row.removeLast()
            let found = model.margin(of: row.span, scratch: scratch)
            guard found.bitPattern == expected.bitPattern else {
                throw .goldenMargin(line: lineNumber, expected: "\(expected)", found: "\(found)")
            }
            rows.append(row)
        }
        guard !rows.isEmpty else { throw .noGoldenRows }
        return rows
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return String(self[startIndex..<end])
    }
}
