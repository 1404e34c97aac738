// shroff rules eval: what an expression is worth, with values given by name. It is the language as rules have it, but
// nothing is checked before: an unknown name is an error where it is evaluated.

import ArgumentParser
import Expressions
import JSON
import Platform

struct RulesEvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluates expressions of the rule language.",
        discussion: """
            One expression, its value on standard output:
              shroff rules eval '[1, 2, 3].filter(x, x > 1)'

            With --batch each line of the input is {"expr": …, "bindings": {name: typed value}} and becomes a line: \
            {"value": typed value} or {"error": text with line:column}. A typed value is an object of one key, such as \
            {"int": "5"}, {"string": "a"}, {"list": [{"bool": true}]}; other keys of a line are left out of account.
              shroff rules eval --batch cases.ndjson
            """)

    /// Objects and lists that stand within each other in a line.
    private static let maximumDepth = 256

    @Flag(help: "Reads a line of JSON for each expression.")
    var batch = false

    @Argument(
        help: ArgumentHelp(
            "The expression; with --batch the file, of which .gz is read, and - is standard input.",
            valueName: "expression|file"))
    var input: String?

    func validate() throws {
        if !batch, input == nil { throw ValidationError("name an expression, or --batch and a file") }
    }

    mutating func run() throws {
        let output = try Output(path: Output.standard)
        var writer = JSONWriter()
        if batch {
            try runBatch(output, &writer)
        } else if let input {
            let isDone = Self.evaluate(input, [:], &writer)
            output.append(line: writer.bytes)
            try output.flush()
            if !isDone { throw ExitCode.foundWanting }
        }
    }

    private func runBatch(_ output: Output, _ writer: inout JSONWriter) throws {
        let messages = Messages()
        let lines = try LineReader(path: input ?? "-")
        var line: [UInt8] = []
        while try lines.next(into: &line) {
            guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
            writer.removeAll()
            do {
                let (text, bindings) = try Self.read(line)
                _ = Self.evaluate(text, bindings, &writer)
            } catch {
                writer.removeAll()
                Self.write(error: "input line \(lines.lineNumber): \(error)", &writer)
            }
            output.append(line: writer.bytes)
            try output.flushIfFull()
            if lines.lineNumber & 0xFFF == 0 { messages.progress { "\(grouped(lines.lineNumber)) expressions" } }
        }
        try output.flush()
    }

    private static func read(_ line: [UInt8]) throws -> (text: String, bindings: [String: Value]) {
        let json = try JSONValue(parsing: line.span, maximumDepth: maximumDepth)
        guard case .string(let text)? = json["expr"] else {
            throw TypedValueError("the line has no \"expr\" that is a string")
        }
        var bindings: [String: Value] = [:]
        switch json["bindings"] {
        case nil, .null?: break
        case .object(let members)?:
            for member in members { bindings[member.key] = try TypedValue.value(member.value) }
        default: throw TypedValueError("\"bindings\" is no object")
        }
        return (text, bindings)
    }

    /// Appends the line of one expression; false where there is no value.
    private static func evaluate(_ text: String, _ bindings: [String: Value], _ writer: inout JSONWriter) -> Bool {
        let value: Value
        do {
            value = try ValueProgram(parsing: text, bindings: bindings).evaluate()
        } catch {
            write(error: "\(error.line):\(error.column): \(error.message)", &writer)
            return false
        }
        switch value {
        case .missing:
            write(error: "1:1: a value is missing", &writer)
            return false
        case .error(let reason, let offset):
            let place = SourcePosition(of: offset, in: text)
            write(error: "\(place.line):\(place.column): \(reason.explanation)", &writer)
            return false
        default:
            writer.beginObject()
            writer.key("value")
            TypedValue.write(value, to: &writer)
            writer.endObject()
            return true
        }
    }

    private static func write(error: String, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("error")
        writer.string(error)
        writer.endObject()
    }
}
