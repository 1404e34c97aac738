// The compiled program against the plain evaluator: random well-typed expressions over random frames in which any column
// may be missing or in error. And random text, which must never do worse than be refused.

import Testing

@testable import Expressions

/// Writes random expressions of a wanted type.
struct ExpressionWriter {
    var rng: SplitMix64
    static let columnsOfType = 3

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &rng)]
    }

    mutating func write(_ type: ValueType, depth: Int) -> String {
        if depth == 0 || Int.random(in: 0..<8, using: &rng) == 0 { return leaf(type) }
        let next = depth - 1
        if Int.random(in: 0..<10, using: &rng) == 0 {
            return "(\(write(.bool, depth: next)) ? \(write(type, depth: next)) : \(write(type, depth: next)))"
        }
        switch type {
        case .bool: return bool(next)
        case .int: return int(next)
        case .uint: return uint(next)
        case .double: return double(next)
        case .string: return string(next)
        case .timestamp:
            return pick([
                "(\(write(.timestamp, depth: next)) \(pick(["+", "-"])) \(write(.duration, depth: next)))",
                "timestamp(\(write(.int, depth: next)))",
            ])
        case .duration:
            let operands = pick([ValueType.timestamp, .duration])
            return "(\(write(operands, depth: next)) - \(write(operands, depth: next)))"
        default: return leaf(type)
        }
    }

    private mutating func leaf(_ type: ValueType) -> String {
        if Bool.random(using: &rng) { return "\(type).c\(Int.random(in: 0..<Self.columnsOfType, using: &rng))" }
        switch type {
        case .bool: return pick(["true", "false"])
        case .int: return pick(["0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808"])
        case .uint: return pick(["0u", "1u", "7u", "18446744073709551615u"])
        case .double:
            return pick(["0.0", "-0.0", "1.0", "7.0", "0.5", "1e300", "9223372036854775808.0", "(0.0 / 0.0)"])
        case .string: return pick(["''", "'a'", "'ab'", "'é'", "'7'", "'-1.5'", "'true'", "'a\\n🐱'"])
        case .timestamp: return pick(["timestamp('1969-12-31T23:59:59.9Z')", "timestamp('2262-04-11T23:47:16Z')"])
        case .duration: return pick(["duration('1h')", "duration('-0.5s')", "duration('2562047h')"])
        default: return "identifier.c0"
        }
    }

    private mutating func bool(_ next: Int) -> String {
        let number = { (writer: inout ExpressionWriter) in
            let type: ValueType = writer.pick([.int, .uint, .double])
            return writer.write(type, depth: next)
        }
        if Int.random(in: 0..<6, using: &rng) == 0 { return generalBool(next) }
        switch Int.random(in: 0..<9, using: &rng) {
        case 0: return "(\(write(.bool, depth: next)) \(pick(["&&", "||"])) \(write(.bool, depth: next)))"
        case 1:
            let operation = pick([" && ", " || "])
            return "(" + (0..<4).map { _ in write(.bool, depth: next) }.joined(separator: operation) + ")"
        case 2: return "!\(write(.bool, depth: next))"
        case 3: return "(\(number(&self)) \(relation()) \(number(&self)))"
        case 4:
            let type: ValueType = pick([.bool, .string, .timestamp, .duration])
            return "(\(write(type, depth: next)) \(relation()) \(write(type, depth: next)))"
        case 5: return "has(\(pick(["bool", "int", "string"])).c\(Int.random(in: 0..<Self.columnsOfType, using: &rng)))"
        case 6:
            let list = (0..<pick([0, 1, 3, 12])).map { _ in
                pick(["0", "1u", "7.0", "0.5", "-1", "3", "12u", "7u", "-0.0"])
            }
            return "(\(number(&self)) in [\(list.joined(separator: ", "))])"
        case 7:
            let list = (0..<pick([0, 2, 12, 20])).map {
                "'\(pick(["a", "ab", "é", "7", ""]))\($0 % 7 == 0 ? "" : "x")'"
            }
            return "(\(write(.string, depth: next)) in [\(list.joined(separator: ", "))])"
        default:
            let method = pick(["startsWith", "endsWith", "contains"])
            return "(\(write(.string, depth: next))).\(method)(\(write(.string, depth: next)))"
        }
    }

    private mutating func relation() -> String { pick(["==", "!=", "<", "<=", ">", ">="]) }

    private mutating func list(_ type: ValueType, _ next: Int) -> String {
        "[" + (0..<Int.random(in: 0...3, using: &rng)).map { _ in write(type, depth: next) }.joined(separator: ", ")
            + "]"
    }

    /// What only the general evaluator can do, ending in a bool.
    private mutating func generalBool(_ next: Int) -> String {
        let type: ValueType = pick([.int, .string, .bool, .double])
        switch Int.random(in: 0..<7, using: &rng) {
        case 0:
            let macro = pick(["all", "exists", "exists_one"])
            return
                "\(list(type, next)).\(macro)(v\(next), v\(next) \(pick(["==", "!=", "<"])) \(write(type, depth: next)))"
        case 1: return "(\(write(type, depth: next)) in \(list(type, next)))"
        case 2: return "(\(list(type, next)) \(pick(["==", "!="])) \(list(type, next)))"
        case 3:
            return
                "({'a': \(write(type, depth: next)), 'b': 1}.\(pick(["a", "b", "c"])) == \(write(type, depth: next)))"
        case 4: return "has({\(write(.string, depth: next)): 1}.a)"
        case 5:
            return "\(write(.string, depth: next)).matches(\(pick(["'a+'", "'^[0-9]*$'", "'(a|b)*c?'", "'\\\\d'"])))"
        default: return "(([] + \(list(type, next)))[0] == \(write(type, depth: next)))"
        }
    }

    private mutating func generalInt(_ next: Int) -> String {
        switch Int.random(in: 0..<4, using: &rng) {
        case 0: return "size(\(list(.int, next)).filter(w\(next), w\(next) > \(write(.int, depth: next))))"
        case 1: return "([7] + \(list(.int, next)))[\(pick(["0", "1", "-1"]))]"
        case 2: return "math.greatest(\(write(.int, depth: next)), \(write(.int, depth: next)))"
        default: return "(\(write(.timestamp, depth: next))).getHours('Europe/Dublin')"
        }
    }

    private mutating func int(_ next: Int) -> String {
        if Int.random(in: 0..<6, using: &rng) == 0 { return generalInt(next) }
        switch Int.random(in: 0..<6, using: &rng) {
        case 0: return "-(\(write(.int, depth: next)))"
        case 1:
            let type: ValueType = pick([.uint, .double, .string, .timestamp])
            return "int(\(write(type, depth: next)))"
        case 2: return "size(\(write(.string, depth: next)))"
        case 3:
            let field = pick(TimeField.functions.keys.sorted())
            return "(\(write(.timestamp, depth: next))).\(field)(\(pick(["", "'+05:30'", "'-09:00'"])))"
        case 4: return "twice(\(write(.int, depth: next)), \(write(.string, depth: next)))"
        default:
            return "(\(write(.int, depth: next)) \(pick(["+", "-", "*", "/", "%"])) \(write(.int, depth: next)))"
        }
    }

    private mutating func uint(_ next: Int) -> String {
        guard Int.random(in: 0..<3, using: &rng) == 0 else {
            return "(\(write(.uint, depth: next)) \(pick(["+", "-", "*", "/", "%"])) \(write(.uint, depth: next)))"
        }
        let type: ValueType = pick([.int, .double, .string])
        return "uint(\(write(type, depth: next)))"
    }

    private mutating func double(_ next: Int) -> String {
        switch Int.random(in: 0..<4, using: &rng) {
        case 0: return "-(\(write(.double, depth: next)))"
        case 1:
            let type: ValueType = pick([.int, .uint, .string])
            return "double(\(write(type, depth: next)))"
        case 2: return "(\(write(.int, depth: next)) \(pick(["+", "-", "*", "/"])) \(write(.double, depth: next)))"
        default: return "(\(write(.double, depth: next)) \(pick(["+", "-", "*", "/"])) \(write(.double, depth: next)))"
        }
    }

    private mutating func string(_ next: Int) -> String {
        if Int.random(in: 0..<5, using: &rng) == 0 {
            let method = pick([
                "lowerAscii()", "reverse()", "substring(1)", "replace('a', 'xy')", "charAt(0)", "trim()",
            ])
            return "(\(write(.string, depth: next))).\(method)"
        }
        guard Bool.random(using: &rng) else {
            return "(\(write(.string, depth: next)) + \(write(.string, depth: next)))"
        }
        let type: ValueType = pick([.bool, .int, .uint, .double, .timestamp, .duration])
        return "string(\(write(type, depth: next)))"
    }
}

@Suite struct RandomExpressionTests {
    static let types: [ValueType] = [.bool, .int, .uint, .double, .string, .timestamp, .duration]

    static func makeEnvironment() -> Environment {
        var environment = Environment()
        for type in types {
            for index in 0..<ExpressionWriter.columnsOfType { environment.declare("\(type).c\(index)", type) }
        }
        environment.declareFunction("twice", parameters: [.int, .string], result: .int) { arguments, texts in
            let length = Int64(texts.bytes(of: arguments[1]).count)
            if length == 3 { return Slot(failure: .function) }
            return Slot(int: arguments[0].int &* 2 &+ length)
        }
        return environment
    }

    static func makeFrame(_ environment: Environment, using rng: inout SplitMix64) -> Frame {
        var frame = Frame()
        for column in environment.columns {
            switch Int.random(in: 0..<10, using: &rng) {
            case 0: frame.slots.append(.missing)
            case 1: frame.slots.append(Slot(failure: .overflow, offset: Int.random(in: 0..<9, using: &rng)))
            default: frame.slots.append(value(column.type, &frame, &rng))
            }
        }
        return frame
    }

    private static func value(_ type: ValueType, _ frame: inout Frame, _ rng: inout SplitMix64) -> Slot {
        let small = Int64.random(in: -9...9, using: &rng)
        let wide = Bool.random(using: &rng)
        switch type {
        case .bool: return Slot(bool: small > 0)
        case .uint: return Slot(uint: wide ? rng.next() : small.magnitude)
        case .double: return Slot(double: wide ? Double(bitPattern: rng.next()) : Double(small) / 2)
        case .string:
            let texts = ["", "a", "ab", "é", "7", "\(small)", "ax", "🐱a"]
            return frame.append(text: texts[Int.random(in: texts.indices, using: &rng)].utf8)
        default: return Slot(int: wide ? Int64(bitPattern: rng.next()) : small)
        }
    }

    @Test(arguments: [1, 2, 3, 0xF00D] as [UInt64])
    func `the program equals the plain evaluator`(seed: UInt64) throws {
        var writer = ExpressionWriter(rng: SplitMix64(seed: seed))
        var scratch = ProgramScratch(registerCapacity: 1)
        var states: [Slot.State: Int] = [:]
        for _ in 0..<600 {
            let type = writer.pick(Self.types)
            let text = writer.write(type, depth: Int.random(in: 1...5, using: &writer.rng))
            let environment = Self.makeEnvironment()
            let expression: Expression
            let program: Program
            do {
                expression = try Expression(parsing: text)
                program = try Program(compiling: text, environment: environment)
            } catch {
                if !error.message.contains("steps") { Issue.record("\(text): \(error)") }
                continue
            }
            #expect(try Expression(parsing: expression.description).description == expression.description)
            let reference = try ValueProgram(
                expression, environment: environment, limits: ExpressionLimits(costSteps: 1 << 40))
            for _ in 0..<6 {
                let frame = Self.makeFrame(environment, using: &writer.rng)
                let slot = program.evaluate(frame, scratch: &scratch)
                let value = program.value(of: slot, frame: frame, scratch: scratch)
                states[slot.state, default: 0] += 1
                let (wanted, steps) = reference.run(frame, nil)
                #expect(isSame(value, wanted), "seed \(seed): \(text): \(value) is not \(wanted)")
                #expect(steps <= reference.worstSteps, "seed \(seed): \(text)")
            }
        }
        #expect(states.values.allSatisfy { $0 > 100 }, "\(states)")
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `fuzzed text is refused inside itself or compiled, and never crashes`(seed: UInt64) {
        var writer = ExpressionWriter(rng: SplitMix64(seed: seed))
        let environment = Self.makeEnvironment()
        let frame = Self.makeFrame(environment, using: &writer.rng)
        var scratch = ProgramScratch()
        let fragments = [
            "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%", "<", ">=", "==", "&&", "||",
            " ", "\n", "\t", "\r\n", "'", "\"", "'''", "\\", "\\u12", "r'", "b'", "0x", "1e", "9999999999999999999",
            "1u",
            "é", "🐱", "\u{0}", "`", "//", "in", "has", "true", "null", "int.c0", "string.c1", "size(", "as", "💥", "=",
        ]
        for _ in 0..<1_500 {
            let type = writer.pick(Self.types)
            var scalars = Array(writer.write(type, depth: 3).unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &writer.rng) {
                let place = Int.random(in: 0...scalars.count, using: &writer.rng)
                if Bool.random(using: &writer.rng) {
                    scalars.insert(contentsOf: Array(writer.pick(fragments).unicodeScalars), at: place)
                } else {
                    let end = min(scalars.count, place + Int.random(in: 0...5, using: &writer.rng))
                    scalars.removeSubrange(place..<end)
                }
            }
            let text = String(String.UnicodeScalarView(scalars))
            do {
                let program = try Program(compiling: text, environment: environment)
                _ = program.evaluate(frame, scratch: &scratch)
            } catch {
                expectInside(error, text)
            }
        }
    }

    private func expectInside(_ error: ExpressionError, _ text: String) {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        #expect((1...lines.count).contains(error.line), "\(error) in \(text.debugDescription)")
        guard (1...lines.count).contains(error.line) else { return }
        #expect((1...lines[error.line - 1].count + 1).contains(error.column), "\(error) in \(text.debugDescription)")
        #expect((0...text.utf8.count).contains(error.offset))
        #expect(error.length >= 1)
        #expect(error.rendered(source: text).contains("^"))
    }
}
