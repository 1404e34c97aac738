// The operators and functions of the reference evaluator, written for plainness and apart from the machine's.

enum ReferenceOperators {
    static func apply(
        _ binary: BinaryOperator, _ first: ReferenceValue, _ second: ReferenceValue, offset: Int
    ) -> ReferenceValue {
        switch binary {
        case .equal: return .bool(order(first, second) == 0)
        case .notEqual: return .bool(order(first, second) != 0)
        case .less: return .bool(order(first, second).map { $0 < 0 } ?? false)
        case .lessOrEqual: return .bool(order(first, second).map { $0 <= 0 } ?? false)
        case .greater: return .bool(order(first, second).map { $0 > 0 } ?? false)
        case .greaterOrEqual: return .bool(order(first, second).map { $0 >= 0 } ?? false)
        case .in:
            guard case .list(let elements) = second else { return .error(.column, offset: offset) }
            return .bool(elements.contains { order(first, $0) == 0 })
        case .add, .subtract, .multiply, .divide, .remainder:
            return arithmetic(binary, first, second, offset)
        }
    }

    /// Below zero, zero or above; nil where the two have no order.
    static func order(_ first: ReferenceValue, _ second: ReferenceValue) -> Int? {
        switch (first, second) {
        case (.bool(let a), .bool(let b)): return (a ? 1 : 0) - (b ? 1 : 0)
        case (.timestamp(let a), .timestamp(let b)), (.duration(let a), .duration(let b)): return sign(a, b)
        case (.string(let a), .string(let b)), (.identifier(let a), .identifier(let b)):
            let left = String(decoding: a, as: UTF8.self).unicodeScalars.map(\.value)
            let right = String(decoding: b, as: UTF8.self).unicodeScalars.map(\.value)
            return left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
        default:
            return numberOrder(first, second)
        }
    }

    private static func sign<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a == b ? 0 : 1 }

    private static func numberOrder(_ first: ReferenceValue, _ second: ReferenceValue) -> Int? {
        if let a = wide(first), let b = wide(second) { return sign(a, b) }
        guard let a = double(first), let b = double(second), !a.isNaN, !b.isNaN else { return nil }
        return sign(a, b)
    }

    private static func wide(_ value: ReferenceValue) -> Int128? {
        switch value {
        case .int(let value): Int128(value)
        case .uint(let value): Int128(value)
        default: nil
        }
    }

    private static func double(_ value: ReferenceValue) -> Double? {
        switch value {
        case .int(let value): Double(value)
        case .uint(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    private static func arithmetic(
        _ binary: BinaryOperator, _ first: ReferenceValue, _ second: ReferenceValue, _ offset: Int
    ) -> ReferenceValue {
        switch (first, second) {
        case (.double(let a), .double(let b)): return .double(double(binary, a, b))
        case (.int(let a), .double(let b)): return .double(double(binary, Double(a), b))
        case (.double(let a), .int(let b)): return .double(double(binary, a, Double(b)))
        case (.string(let a), .string(let b)): return .string(a + b)
        default: break
        }
        guard let a = wideOrTime(first), let b = wideOrTime(second) else { return .error(.column, offset: offset) }
        if b == 0, binary == .divide || binary == .remainder { return .error(.divisionByZero, offset: offset) }
        let overflow = ReferenceValue.error(.overflow, offset: offset)
        // The product of two uints may leave even 127 bits.
        if binary == .multiply, a.multipliedReportingOverflow(by: b).overflow { return overflow }
        let exact: Int128 =
            switch binary {
            case .add: a + b
            case .subtract: a - b
            case .multiply: a * b
            case .divide: a / b
            default: a % b
            }
        // The least int modulo -1 is 0, but CEL's remainder is the machine's, which overflows like the division.
        if binary == .remainder, a == Int128(Int64.min), b == -1 { return overflow }
        if case .uint = first { return UInt64(exactly: exact).map { .uint($0) } ?? overflow }
        guard let value = Int64(exactly: exact) else { return overflow }
        switch (first, second) {
        case (.timestamp, .timestamp), (.duration, .duration): return .duration(value)
        case (.timestamp, _), (_, .timestamp): return .timestamp(value)
        default: return .int(value)
        }
    }

    private static func wideOrTime(_ value: ReferenceValue) -> Int128? {
        switch value {
        case .timestamp(let value), .duration(let value): Int128(value)
        default: wide(value)
        }
    }

    private static func double(_ binary: BinaryOperator, _ a: Double, _ b: Double) -> Double {
        switch binary {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        default: .nan
        }
    }
}

enum ReferenceFunctions {
    static func apply(_ name: String, _ values: [ReferenceValue], offset: Int) -> ReferenceValue {
        if let field = TimeField.functions[name] { return time(field, values) }
        switch (name, values[0]) {
        case ("dyn", let value): return value
        case ("size", .string(let text)):
            return .int(Int64(String(decoding: text, as: UTF8.self).unicodeScalars.count))
        case ("startsWith", .string(let text)), ("endsWith", .string(let text)), ("contains", .string(let text)):
            guard case .string(let part) = values[1] else { return .error(.column, offset: offset) }
            return .bool(search(name, text, part))
        default:
            return conversion(name, values[0], offset)
        }
    }

    private static func search(_ name: String, _ text: [UInt8], _ part: [UInt8]) -> Bool {
        switch name {
        case "startsWith": text.starts(with: part)
        case "endsWith": text.reversed().starts(with: part.reversed())
        default:
            part.count <= text.count
                && (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
        }
    }

    private static func time(_ field: TimeField, _ values: [ReferenceValue]) -> ReferenceValue {
        switch values[0] {
        case .duration(let nanoseconds): return .int(field.of(duration: nanoseconds))
        case .timestamp(let nanoseconds):
            var zone = 0
            if values.count > 1, case .string(let text) = values[1] {
                zone = TimeText.zoneOffsetSeconds(String(decoding: text, as: UTF8.self)) ?? 0
            }
            return .int(field.of(timestamp: nanoseconds, offsetSeconds: zone))
        default: return .error(.column, offset: 0)
        }
    }

    private static func conversion(_ name: String, _ value: ReferenceValue, _ offset: Int) -> ReferenceValue {
        switch (name, value) {
        case ("string", _): return .string(text(of: value))
        case (_, .string(let bytes)):
            return fromText(name, String(decoding: bytes, as: UTF8.self), offset)
        case ("int", .timestamp(let nanoseconds)):
            let seconds = nanoseconds / 1_000_000_000
            return .int(nanoseconds % 1_000_000_000 < 0 ? seconds - 1 : seconds)
        case ("timestamp", .int(let seconds)):
            let exact = Int128(seconds) * 1_000_000_000
            return Int64(exactly: exact).map { .timestamp($0) } ?? .error(.overflow, offset: offset)
        default: return number(name, value, offset)
        }
    }

    private static func number(_ name: String, _ value: ReferenceValue, _ offset: Int) -> ReferenceValue {
        let outOfRange = ReferenceValue.error(.outOfRange, offset: offset)
        switch (name, value) {
        case ("int", .uint(let uint)): return Int64(exactly: uint).map { .int($0) } ?? outOfRange
        case ("int", .double(let double)):
            let exact = Int64(exactly: double.rounded(.towardZero))
            return exact.flatMap { $0 == .min ? nil : .int($0) } ?? outOfRange
        case ("uint", .int(let int)): return UInt64(exactly: int).map { .uint($0) } ?? outOfRange
        case ("uint", .double(let double)):
            return UInt64(exactly: double.rounded(.towardZero)).map { .uint($0) } ?? outOfRange
        case ("double", .int(let int)): return .double(Double(int))
        case ("double", .uint(let uint)): return .double(Double(uint))
        default: return value
        }
    }

    private static func fromText(_ name: String, _ text: String, _ offset: Int) -> ReferenceValue {
        let malformed = ReferenceValue.error(.malformedText, offset: offset)
        switch name {
        case "bool":
            if ["1", "t", "T", "true", "True", "TRUE"].contains(text) { return .bool(true) }
            return ["0", "f", "F", "false", "False", "FALSE"].contains(text) ? .bool(false) : malformed
        case "int":
            if let value = Int64(text) { return .int(value) }
            let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
            return isDigits(digits) ? .error(.outOfRange, offset: offset) : malformed
        case "uint":
            guard isDigits(Substring(text)) else { return malformed }
            return UInt64(text).map { .uint($0) } ?? .error(.outOfRange, offset: offset)
        case "double": return text.utf8.count > 400 ? malformed : Double(text).map { .double($0) } ?? malformed
        case "timestamp":
            if case .nanoseconds(let value) = TimeText.timestampNanoseconds(text) { return .timestamp(value) }
            return malformed
        case "duration": return TimeText.durationNanoseconds(text).map { .duration($0) } ?? malformed
        default: return malformed
        }
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func text(of value: ReferenceValue) -> [UInt8] {
        var bytes: [UInt8] = []
        switch value {
        case .bool(let bool): bytes = Array("\(bool)".utf8)
        case .int(let int): bytes = Array("\(int)".utf8)
        case .uint(let uint): bytes = Array("\(uint)".utf8)
        case .double(let double): TextConversion.append(double, to: &bytes)
        case .string(let text): bytes = text
        case .timestamp(let time): TimeText.append(timestamp: time, to: &bytes)
        case .duration(let time): TimeText.append(duration: time, to: &bytes)
        case .identifier, .list, .missing, .error: break
        }
        return bytes
    }
}
