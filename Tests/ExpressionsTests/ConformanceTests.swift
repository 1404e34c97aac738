// The conformance cases of CEL's specification that fall into this language: typed fields, no maps, bytes, macros,
// nulls, types as values. A case that is refused at load passes where an error is expected; elsewhere it must be refused
// for a reason that this build documents, and is counted as skipped.

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

    /// What the messages of documented refusals contain.
    static let refusals = [
        "not supported", "a list may stand only", "cannot compare a list", "is a type", "unknown function",
        "must have one type", "takes a bool, but this is", "'in' takes a list", "the element is", "is a reserved word",
        "but this is a list", "is not defined for a list", "outside the years",
    ]

    struct Case: Decodable {
        var file: String
        var section: String
        var name: String
        var expr: String
        var bindings: [String: [String: Payload]]
        var expect: [String: Payload]
    }

    enum Payload: Decodable {
        case bool(Bool)
        case text(String)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let bool = try? container.decode(Bool.self) {
                self = .bool(bool)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .other
            }
        }
    }

    @Test(.enabled(if: file != nil, "shared/data/cel is not beside the checkout"))
    func `the cases of the specification that need only typed fields pass`() throws {
        let file = try #require(Self.file)
        var passed = 0
        var skipped: [String: Int] = [:]
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let test = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
            guard test.file != "string_ext", test.file != "math_ext" else {
                skipped["extension", default: 0] += 1
                continue
            }
            guard let (environment, frame) = bind(test.bindings) else {
                skipped["binding", default: 0] += 1
                continue
            }
            let label = "\(test.file)/\(test.section)/\(test.name): \(test.expr)"
            do {
                let program = try Program(compiling: test.expr, environment: environment)
                var scratch = ProgramScratch()
                let slot = program.evaluate(frame, scratch: &scratch)
                let value = program.referenceValue(slot, frame: frame, scratch: scratch)
                #expect(matches(value, test.expect), "\(label): \(value) is not \(test.expect)")
                passed += 1
            } catch {
                if test.expect["error"] != nil {
                    passed += 1
                } else {
                    let reason = Self.refusals.first { error.message.contains($0) }
                    #expect(reason != nil, "\(label): \(error)")
                    skipped[reason ?? "?", default: 0] += 1
                }
            }
        }
        print("CEL conformance: \(passed) passed, \(skipped.values.reduce(0, +)) outside the language: \(skipped)")
        #expect(passed == 336)
    }

    private func bind(_ bindings: [String: [String: Payload]]) -> (Environment, Frame)? {
        var environment = Environment()
        var frame = Frame()
        for (name, typed) in bindings where !["true", "null"].contains(name) {
            guard let (type, payload) = typed.first else { return nil }
            switch (type, payload) {
            case ("bool", .bool(let value)):
                environment.declare(name, .bool)
                frame.slots.append(Slot(bool: value))
            case ("int", .text(let text)):
                environment.declare(name, .int)
                frame.slots.append(Slot(int: Int64(text) ?? 0))
            case ("string", .text(let text)):
                environment.declare(name, .string)
                frame.slots.append(frame.append(text: text.utf8))
            default: return nil
            }
        }
        return (environment, frame)
    }

    private func matches(_ value: ReferenceValue, _ expected: [String: Payload]) -> Bool {
        guard let (type, payload) = expected.first else { return false }
        switch (type, payload, value) {
        case ("error", _, .error), ("error", _, .missing): return true
        case ("bool", .bool(let wanted), .bool(let found)): return wanted == found
        case ("int", .text(let wanted), .int(let found)): return Int64(wanted) == found
        case ("uint", .text(let wanted), .uint(let found)): return UInt64(wanted) == found
        case ("double", .text(let wanted), .double(let found)):
            return Double(wanted)?.bitPattern == found.bitPattern
        case ("string", .text(let wanted), .string(let found)): return Array(wanted.utf8) == found
        default: return false
        }
    }
}
