// What the tests share: a small payment's environment, a frame of it, a seeded generator, and short ways to compile.

import Testing

@testable import Expressions

/// Sebastiano Vigna's generator: small, seeded, good enough to choose test cases.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// Answers `count(entity, window)` with an int, `mean(…)` with a double, `since_first(entity)` with a duration, and
/// `before(history)` with a column of its own.
struct Histories: CallResolver {
    var asked: [String] = []
    var names: [String] { ["count", "mean", "since_first", "before"] }

    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        let label = "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
        let type: ValueType
        switch name {
        case "count":
            guard arguments.count == 2, let window = arguments[1].stringLiteral,
                TimeText.durationNanoseconds(window, allowingDays: true) != nil
            else { throw ExpressionError("count() takes a window", at: arguments.last ?? arguments[0]) }
            type = .int
        case "mean": type = .double
        case "since_first": type = .duration
        case "before": type = .int
        default: return nil
        }
        asked.append(label)
        return ResolvedSlot(slot: environment.addUnnamed(type, label: label), type: type)
    }
}

/// A payment in the names of the language.
struct Payment {
    var environment = Environment()
    var frame = Frame()
    var resolver = Histories()

    init() {
        set("amount", .int, Slot(int: 12_550))
        setText("currency", .string, "EUR")
        set("card", .identifier, frame.append(text: "3f9a".utf8))
        set("customer", .identifier, frame.append(text: "77c0".utf8))
        setText("card.bin", .string, "411111")
        set("card.last4", .string, .missing)
        setText("merchant.country", .string, "IE")
        setText("name", .string, "Zoë 🐱")
        set("recurring", .bool, Slot(bool: false))
        set("feature.amount_ratio", .double, Slot(double: 2.5))
        set("feature.failed", .double, Slot(failure: .divisionByZero, offset: 3))
        set("device.time_on_page_ms", .int, .missing)
        set("attempts", .uint, Slot(uint: 3))
        // 2018-07-01T23:31:30.25Z, a Sunday.
        set("event_time", .timestamp, Slot(timestampNanoseconds: 1_530_487_890_250_000_000))
        set("session", .duration, Slot(durationNanoseconds: 5_400_000_000_000))
        environment.declareFunction("major_units", parameters: [.int, .string], result: .double) { arguments, texts in
            let currency = texts.bytes(of: arguments[1])
            guard currency.count == 3 else { return Slot(failure: .function) }
            let hasNoMinor = currency[0] == UInt8(ascii: "J")
            return Slot(double: Double(arguments[0].int) / (hasNoMinor ? 1 : 100))
        }
    }

    private mutating func set(_ name: String, _ type: ValueType, _ slot: Slot) {
        environment.declare(name, type)
        frame.slots.append(slot)
    }

    private mutating func setText(_ name: String, _ type: ValueType, _ text: String) {
        set(name, type, frame.append(text: text.utf8))
    }

    mutating func compile(_ text: String, expecting: [ValueType]? = nil) throws(ExpressionError) -> Program {
        let program = try Program(
            compiling: Expression(parsing: text), environment: &environment, resolver: &resolver, expecting: expecting)
        while frame.slots.count < environment.slotCount { frame.slots.append(.missing) }
        return program
    }

    /// The result as text: the value, "missing <column>" or "error <reason> at <offset>".
    mutating func evaluate(_ text: String) throws(ExpressionError) -> String {
        let program = try compile(text)
        var scratch = ProgramScratch()
        return describe(program.evaluate(frame, scratch: &scratch), program, scratch)
    }

    func describe(_ slot: Slot, _ program: Program, _ scratch: ProgramScratch) -> String {
        if let reason = slot.failure { return "error \(reason) at \(slot.failureOffset ?? -1)" }
        guard slot.isPresent else {
            return "missing \(slot.missingColumn.map { environment.columns[$0].name } ?? "?")"
        }
        switch program.resultType {
        case .bool: return "\(slot.bool)"
        case .int: return "\(slot.int)"
        case .uint: return "\(slot.uint)u"
        case .double: return "\(slot.double)"
        case .string, .identifier: return "\"\(program.string(of: slot, frame: frame, scratch: scratch))\""
        case .timestamp: return "@\(slot.int)"
        case .duration: return "\(slot.int)ns"
        case .list, .emptyList, .general: return "list"
        }
    }

    mutating func refusal(of text: String) -> ExpressionError? {
        do {
            _ = try compile(text)
            return nil
        } catch {
            return error
        }
    }
}

extension Program {
    /// The result as a value that knows its type.
    func value(of slot: Slot, frame: Frame, scratch: ProgramScratch) -> Value {
        switch slot.state {
        case .missing: return .missing(column: slot.missingColumn)
        case .error: return .error(slot.failure ?? .column, offset: slot.failureOffset ?? 0)
        case .present: break
        }
        switch resultType {
        case .bool: return .bool(slot.bool)
        case .int: return .int(slot.int)
        case .uint: return .uint(slot.uint)
        case .double: return .double(slot.double)
        case .string: return .string(Array(string(of: slot, frame: frame, scratch: scratch).utf8))
        case .identifier: return .identifier(Array(string(of: slot, frame: frame, scratch: scratch).utf8))
        case .timestamp: return .timestamp(Instant(slot: slot.int))
        case .duration: return .duration(slot.int)
        case .list, .emptyList, .general: return .null
        }
    }
}

/// Whether two results are one to the bit; any NaN is as good as another.
func isSame(_ first: Value, _ second: Value) -> Bool {
    switch (first, second) {
    case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
    case (.missing(let a), .missing(let b)): a == b
    case (.error(let a, let place), .error(let b, let other)): a == b && place == other
    default: first.typeName == second.typeName && !first.hasFailed && ValueOperators.equal(first, second)
    }
}
