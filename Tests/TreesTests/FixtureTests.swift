// Models that the library wrote, with the answers that it gave: every row, to the bit.
import Foundation
import Testing
import Trees

/// The folder of shared data: beside the checkout, or where SHROFF_SHARED_DATA says.
enum SharedData {
    static let trees: URL? = {
        var candidates: [URL] = []
        if let path = ProcessInfo.processInfo.environment["SHROFF_SHARED_DATA"] {
            candidates.append(URL(fileURLWithPath: path))
        }
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            candidates.append(folder.appendingPathComponent("shared/data"))
        }
        return candidates.map { $0.appendingPathComponent("trees") }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: try #require(trees).appendingPathComponent(name)))
    }

    static func values<Value: BitwiseCopyable>(_ name: String, as type: Value.Type) throws -> [Value] {
        try bytes(name).withUnsafeBytes { Array($0.bindMemory(to: type)) }
    }

    static func unzipped(_ name: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", try #require(trees).appendingPathComponent(name).path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Array(data)
    }
}

/// A fixture, read.
struct Fixture {
    let model: TreeModel
    let rows: [[Double]]
    /// Margin and probability of each row.
    let expected: [Double]

    init(_ name: String) throws {
        model = try TreeModel(bytes: try SharedData.unzipped("\(name).json.gz"))
        let columns = model.summary.featureCount
        let values = try SharedData.values("\(name).rows.f32", as: Float.self)
        rows = (0..<values.count / columns).map { row in
            values[row * columns..<(row + 1) * columns].map { Double($0) }
        }
        expected = try SharedData.values("\(name).expected.f64", as: Double.self)
    }
}

@Suite(.enabled(if: SharedData.trees != nil, "the shared data folder is not beside the checkout"))
struct FixtureTests {
    @Test(arguments: ["xgb_100_d6", "xgb_cat_200_d6"])
    func `margin and probability are the library's, bit for bit`(name: String) throws {
        let fixture = try Fixture(name)
        let scratch = fixture.model.makeScratch()
        #expect(fixture.rows.count == 2_000)
        for (index, row) in fixture.rows.enumerated() {
            let margin = fixture.model.margin(of: row.span, scratch: scratch)
            let probability = fixture.model.probability(ofMargin: margin)
            let plain = fixture.model.reference.margin(of: row.span)
            guard margin.bitPattern == fixture.expected[2 * index].bitPattern,
                probability.bitPattern == fixture.expected[2 * index + 1].bitPattern,
                plain.bitPattern == margin.bitPattern
            else {
                Issue.record("row \(index): \(margin), \(probability), \(plain)")
                return
            }
        }
    }

    @Test func `the summary says what is in the file`() throws {
        let summary = try Fixture("xgb_100_d6").model.summary
        #expect(summary.format == "XGBoost JSON")
        #expect(summary.libraryVersion == "3.2.0")
        #expect(summary.objective.name == "binary:logistic")
        #expect(summary.trees == 100)
        #expect(summary.treesUsed == 100)
        #expect(summary.maxDepth == 6)
        #expect(summary.featureCount == 30)
        #expect(summary.leaves == summary.splitCounts.reduce(0, +) + summary.trees)
        #expect(summary.nodes == 2 * summary.leaves - summary.trees)
        #expect(Float(summary.baseScore) == 1.10325e-2)
        #expect(summary.engine == .heap)
    }

    /// The library's exact attributions have another split among columns, but the same bias.
    @Test(arguments: ["xgb_100_d6", "xgb_cat_200_d6"])
    func `the attribution's bias is the expected margin of the training rows`(name: String) throws {
        let fixture = try Fixture(name)
        let exact = try SharedData.values("\(name).contribs.f64", as: Double.self)
        let columns = fixture.model.summary.featureCount
        let scratch = fixture.model.makeScratch()
        var contributions: [Double] = []
        for (index, row) in fixture.rows.enumerated() {
            let margin = fixture.model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
            #expect(margin.bitPattern == fixture.expected[2 * index].bitPattern)
            #expect(abs(contributions.reduce(0, +) - margin) < 1e-9)
            #expect(abs(contributions[columns] - exact[columns]) < 2e-4)
        }
    }
}
