// Package.swift is the architecture, and this holds the sources to it: a leaf imports no leaf, arrows go one way, and
// Foundation stays out of where payments pass.

import Foundation
import Testing

@Suite struct ImportTests {
    /// What each target may import beside the standard library's own modules.
    static let allowed: [String: Set<String>] = [
        "Platform": ["COpenSSL", "CZlib"],
        "HTTP": ["CLinux", "COpenSSL", "CZlib"],
        "JSON": [],
        "Trees": [],
        "Expressions": [],
        "Aggregates": [],
        "DecisionLog": ["Platform", "CLinux"],
        "Scoring": ["JSON", "Trees", "Expressions", "Aggregates", "Platform", "Yams"],
        "Learning": ["Scoring", "DecisionLog", "JSON", "Platform"],
        "Simulation": ["JSON"],
        "Service": ["Scoring", "DecisionLog", "HTTP", "JSON", "Platform", "Logging"],
        "LoadGenerator": ["CLinux"],
        "shroff": [
            "Platform", "HTTP", "JSON", "Trees", "Expressions", "Aggregates", "DecisionLog", "Scoring", "Learning",
            "Simulation", "Service", "LoadGenerator", "ArgumentParser", "Logging", "Foundation", "FoundationEssentials",
        ],
    ]

    static let systemModules: Set<String> = ["CLinux", "COpenSSL", "CZlib"]
    static let standardModules: Set<String> = ["Swift", "Glibc", "Synchronization"]
    /// Targets that run work on queues, or wait for it.
    static let concurrentTargets: Set<String> = ["HTTP", "DecisionLog", "Service", "LoadGenerator", "shroff"]

    @Test func `every target imports only what its row of the table allows`() throws {
        for target in try Self.targets() {
            let allowed = try #require(Self.allowed[target], "\(target) has no row in the table")
            for (file, module) in try Self.imports(of: target) where !Self.standardModules.contains(module) {
                if module == "Dispatch", Self.concurrentTargets.contains(target) { continue }
                #expect(allowed.contains(module), "\(file) imports \(module)")
            }
        }
    }

    @Test func `every row of the table is a target`() throws {
        #expect(Set(try Self.targets()) == Set(Self.allowed.keys))
    }

    @Test func `no leaf imports a leaf`() {
        let leaves: Set<String> = ["HTTP", "JSON", "Trees", "Expressions", "Aggregates", "DecisionLog"]
        for leaf in leaves { #expect(Self.allowed[leaf, default: []].isDisjoint(with: leaves), "\(leaf)") }
    }

    @Test func `an import that the table does not allow is seen`() {
        let text = "// idea\nimport Glibc\n@testable import struct Trees.Node\n  import   SwiftNIO\nlet important = 1\n"
        #expect(Self.modules(in: text) == ["Glibc", "Trees", "SwiftNIO"])
    }

    // MARK: Reading

    private static var sources: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources")
    }

    private static func targets() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: sources.path)
        return names.filter { !systemModules.contains($0) }.sorted()
    }

    private static func imports(of target: String) throws -> [(file: String, module: String)] {
        let folder = sources.appending(path: target)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return try files.sorted().flatMap { file in
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            return modules(in: text).map { ("\(target)/\(file)", $0) }
        }
    }

    /// The modules that a source text imports: `import A`, `@testable import A`, `import struct A.B`.
    static func modules(in text: String) -> [String] {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let position = words.firstIndex(of: "import"),
                words[..<position].allSatisfy({ $0.hasPrefix("@") || $0 == "public" || $0 == "internal" }),
                position + 1 < words.count
            else { return nil }
            let next = position + (kinds.contains(words[position + 1]) ? 2 : 1)
            guard next < words.count else { return nil }
            return words[next].split(separator: ".").first.map(String.init)
        }
    }
}
