// Rule texts as nobody would write them: random bytes, valid rules with parts cut, doubled and exchanged, deep nesting,
// huge literals. Each is refused with a place in the text or compiled and evaluated within its cost.
//
// SHROFF_FUZZ_TEXTS sets how many texts; SHROFF_FUZZ_SEED where they begin.

import Foundation
import Testing

@testable import Expressions

/// Makes texts from a seed.
struct TextFuzzer {
    var writer: ExpressionWriter

    static let fragments = [
        "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%", "<", ">=", "==", "&&", "||",
        " ", "\n", "\t", "\r\n", "'", "\"", "'''", "\\", "\\u12", "r'", "b'", "0x", "1e", "9999999999999999999", "1u",
        "é", "🐱", "\u{0}", "`", "//", "in", "has", "true", "null", "int.c0", "string.c1", "size(", "as", "💥", "=",
        ".map(x, ", ".exists(x, ", ".filter(y, y", ".all(z, z)", "{'a': ", "[0]", ".`a b`", "b'\\xff'", "type(", "dyn(",
        ".matches('(a*)*')", ".format([1])", "math.greatest(", ".split('')", ".replace('a', 'aaaaaaaa')", "list('x')",
        "timestamp(", "duration('1h')", ".getHours('UTC')", "google.protobuf.Timestamp", "1.0", "x", "y", "bytes(",
    ]

    init(seed: UInt64) { writer = ExpressionWriter(rng: SplitMix64(seed: seed)) }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &writer.rng) }

    mutating func next() -> String {
        switch below(12) {
        case 0:
            return String(
                decoding: (0..<below(40)).map { _ in UInt8(truncatingIfNeeded: writer.rng.next()) }, as: UTF8.self)
        case 1: return (0..<below(30)).map { _ in writer.pick(Self.fragments) }.joined()
        case 2: return repeated()
        default: return mutated()
        }
    }

    /// One thing many times, closed or not.
    private mutating func repeated() -> String {
        let count = 1 << below(9)
        let (open, close) = writer.pick([
            ("(", ")"), ("[", "]"), ("{1: ", "}"), ("!", ""), ("-", ""), ("[1, 2, 3].map(x, ", ")"), ("size(", ")"),
            ("true ? 1 : ", ""), ("1 + ", ""), ("[1, 2].exists(x, true || ", ")"), ("'a'.replace('', ", ")"),
            ("a.", ""),
        ])
        return String(repeating: open, count: count) + writer.pick(["1", "'a'", "true", ""])
            + String(repeating: close, count: writer.pick([count, count, count - 1]))
    }

    private mutating func mutated() -> String {
        let type = writer.pick(RandomExpressionTests.types)
        var scalars = Array(writer.write(type, depth: 1 + below(3)).unicodeScalars)
        for _ in 0..<below(5) {
            let place = below(scalars.count + 1)
            let end = min(scalars.count, place + below(8))
            switch below(3) {
            case 0: scalars.insert(contentsOf: Array(writer.pick(Self.fragments).unicodeScalars), at: place)
            case 1: scalars.removeSubrange(place..<end)
            default: scalars.insert(contentsOf: Array(scalars[place..<end]), at: below(scalars.count + 1))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

@Suite struct FuzzTests {
    static let variables = ProcessInfo.processInfo.environment
    static let texts = Int(variables["SHROFF_FUZZ_TEXTS"] ?? "") ?? 4_000
    static let seed = UInt64(variables["SHROFF_FUZZ_SEED"] ?? "") ?? 1

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a fuzzed text is refused inside itself or evaluated within its cost`(part: UInt64) {
        var fuzzer = TextFuzzer(seed: Self.seed &* 4 &+ part)
        let environment = RandomExpressionTests.makeEnvironment()
        let frame = RandomExpressionTests.makeFrame(environment, using: &fuzzer.writer.rng)
        var scratch = ProgramScratch()
        var compiled = 0
        for _ in 0..<Self.texts / 4 {
            let text = fuzzer.next()
            do throws(ExpressionError) {
                let program = try Program(compiling: text, environment: environment)
                compiled += 1
                _ = program.evaluate(frame, scratch: &scratch)
            } catch {
                if let problem = misplaced(error, in: text) { Issue.record("\(problem) in \(text.debugDescription)") }
            }
            // Unchecked, as `rules eval` has it.
            do throws(ExpressionError) {
                let program = try ValueProgram(
                    parsing: text, bindings: ["x": .list([.int(1), Value("a")]), "a": .null])
                let (_, steps) = program.run(Frame(), nil)
                if steps > program.worstSteps {
                    Issue.record("\(steps) steps, \(program.worstSteps) expected: \(text.debugDescription)")
                }
            } catch {
                if let problem = misplaced(error, in: text) { Issue.record("\(problem) in \(text.debugDescription)") }
            }
        }
        #expect(compiled > Self.texts / 40, "only \(compiled) were expressions")
    }

    /// What is wrong with an error's place; nil where it lies in the text.
    private func misplaced(_ error: ExpressionError, in text: String) -> String? {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard (1...lines.count).contains(error.line), (1...lines[error.line - 1].count + 1).contains(error.column),
            (0...text.utf8.count).contains(error.offset), error.length >= 1
        else { return "\(error) at \(error.offset)" }
        return error.rendered(source: text).contains("^") ? nil : "\(error) has no caret"
    }
}
