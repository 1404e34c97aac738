// The conformance cases of CEL's specification: all of them, as `rules eval` evaluates them.

import Foundation
import Testing

@testable import Expressions

@Suite struct ConformanceTests {
    static let file: URL? = {
        if let root = ProcessInfo.processInfo.environment["SHROFF_SHARED_DATA"] {
            let file = URL(fileURLWithPath: root).appendingPathComponent("cel/conformance.ndjson")
            if FileManager.default.fileExists(atPath: file.path) { return file }
        }
        // The path is resolved first, because a build may see the sources through a link.
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            let file = folder.appendingPathComponent("shared/data/cel/conformance.ndjson")
            if FileManager.default.fileExists(atPath: file.path) { return file }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let bindings: [String: Value]
        /// nil where an error is wanted.
        let expected: Value?

        var testDescription: String { name }
    }

    static let cases: [Case] = {
        guard let file, let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let text = object["expr"] as? String, let expected = object["expect"] as? [String: Any]
            else { return nil }
            let bindings = object["bindings"] as? [String: Any] ?? [:]
            let place = ["file", "section", "name"].compactMap { object[$0] as? String }.joined(separator: "/")
            return Case(
                name: place, text: text, bindings: bindings.compactMapValues(value),
                expected: expected["error"] == nil ? value(expected) : nil)
        }
    }()

    /// A typed value of the file.
    static func value(_ json: Any) -> Value? {
        guard let object = json as? [String: Any], let (type, payload) = object.first else { return nil }
        let text = payload as? String ?? ""
        switch type {
        case "null": return .null
        case "bool": return (payload as? Bool).map { .bool($0) }
        case "int": return Int64(text).map { .int($0) }
        case "uint": return UInt64(text).map { .uint($0) }
        case "double": return Double(text).map { .double($0) }
        case "string": return Value(text)
        case "bytes": return Data(base64Encoded: text).map { .bytes(Array($0)) }
        case "type": return .type(text)
        case "timestamp": return TimeText.instant(text).map { .timestamp($0) }
        case "duration": return TimeText.durationNanoseconds(text).map { .duration($0) }
        case "list": return (payload as? [Any]).map { .list($0.compactMap(value)) }
        case "map":
            guard let pairs = payload as? [[Any]] else { return nil }
            var map = ValueMap()
            for pair in pairs {
                guard let key = value(pair[0]), let element = value(pair[1]) else { return nil }
                _ = map.insert(element, for: key)
            }
            return .map(map)
        default: return nil
        }
    }

    @Test(.enabled(if: file != nil, "shared/data/cel is not beside the checkout"), arguments: cases)
    func `a case of the specification is worth what it says`(test: Case) {
        let found: Value
        do {
            found = try ValueProgram(parsing: test.text, bindings: test.bindings).evaluate()
        } catch {
            #expect(test.expected == nil, "\(test.text): \(error)")
            return
        }
        guard let expected = test.expected else {
            #expect(found.hasFailed, "\(test.text) is \(found)")
            return
        }
        #expect(isSame(found, expected), "\(test.text) is \(found), not \(expected)")
    }
}
