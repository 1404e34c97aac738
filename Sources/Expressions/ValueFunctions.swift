// CEL's own functions over values: sizes, conversions, parts of times.

enum ValueFunctions {
    /// - Parameter arguments: All there, the receiver first.
    static func apply(_ function: Function, _ arguments: [Value], offset: Int) -> Value {
        let none = Value.error(.noOverload, offset: offset)
        switch function {
        case .size: return arguments.count == 1 ? size(arguments[0], offset) : none
        case .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration:
            return arguments.count == 1 ? converted(function, arguments[0], offset) : none
        case .dyn: return arguments.count == 1 ? arguments[0] : none
        case .type: return arguments.count == 1 ? arguments[0].typeName.map { .type($0) } ?? none : none
        case .contains, .startsWith, .endsWith:
            guard arguments.count == 2, case .string(let text) = arguments[0], case .string(let part) = arguments[1]
            else { return none }
            return .bool(search(function, text, part))
        case .matches:
            guard arguments.count == 2, case .string(let text) = arguments[0], case .string(let pattern) = arguments[1]
            else { return none }
            guard let pattern = try? Pattern(String(decoding: pattern, as: UTF8.self)) else {
                return .error(.pattern, offset: offset)
            }
            return .bool(pattern.matches(text))
        case .charAt, .indexOf, .lastIndexOf, .lowerAscii, .upperAscii, .replace, .split, .join, .substring, .trim,
            .reverse, .quote:
            return TextFunctions.apply(function, arguments, offset: offset)
        case .format:
            guard arguments.count == 2, case .string(let text) = arguments[0], case .list(let values) = arguments[1]
            else { return none }
            return TextFormat.apply(text, values).map { .string($0) } ?? none
        default: return MathFunctions.apply(function, arguments, offset: offset)
        }
    }

    private static func size(_ value: Value, _ offset: Int) -> Value {
        switch value {
        case .string(let text): .int(Int64(Bytes.codePoints(text.span)))
        case .bytes(let bytes): .int(Int64(bytes.count))
        case .list(let elements): .int(Int64(elements.count))
        case .map(let map): .int(Int64(map.entries.count))
        default: .error(.noOverload, offset: offset)
        }
    }

    private static func search(_ function: Function, _ text: [UInt8], _ part: [UInt8]) -> Bool {
        switch function {
        case .startsWith: Bytes.starts(text.span, with: part.span)
        case .endsWith: Bytes.ends(text.span, with: part.span)
        default: Bytes.contains(text.span, part.span)
        }
    }

    // MARK: Conversions

    private static func converted(_ function: Function, _ value: Value, _ offset: Int) -> Value {
        let outOfRange = Value.error(.outOfRange, offset: offset)
        switch (function, value) {
        case (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string), (.bytes, .bytes),
            (.timestamp, .timestamp), (.duration, .duration):
            return value
        case (.int, .uint(let uint)): return Int64(exactly: uint).map { .int($0) } ?? outOfRange
        case (.int, .double(let double)):
            // CEL refuses both ends, which a double cannot tell from their neighbours outside.
            let exact = Int64(exactly: double.rounded(.towardZero))
            return exact.flatMap { $0 == .min ? nil : .int($0) } ?? outOfRange
        case (.int, .timestamp(let time)): return .int(time.seconds)
        case (.uint, .int(let int)): return UInt64(exactly: int).map { .uint($0) } ?? outOfRange
        case (.uint, .double(let double)):
            return UInt64(exactly: double.rounded(.towardZero)).map { .uint($0) } ?? outOfRange
        case (.double, .int(let int)): return .double(Double(int))
        case (.double, .uint(let uint)): return .double(Double(uint))
        case (.timestamp, .int(let seconds)):
            return Instant(seconds: seconds).map { .timestamp($0) } ?? .error(.overflow, offset: offset)
        case (.bytes, .string(let text)): return .bytes(text)
        case (.string, .bytes(let bytes)):
            let isText = String(validating: bytes, as: UTF8.self) != nil
            return isText ? .string(bytes) : .error(.malformedText, offset: offset)
        case (.string, _): return text(of: value).map { .string($0) } ?? .error(.noOverload, offset: offset)
        case (_, .string(let text)): return fromText(function, text, offset)
        default: return .error(.noOverload, offset: offset)
        }
    }

    private static func fromText(_ function: Function, _ bytes: [UInt8], _ offset: Int) -> Value {
        let malformed = Value.error(.malformedText, offset: offset)
        let slot: Slot
        switch function {
        case .bool: slot = TextConversion.bool(bytes.span)
        case .int: slot = TextConversion.int(bytes.span)
        case .uint: slot = TextConversion.uint(bytes.span)
        case .double: slot = TextConversion.double(bytes.span)
        case .timestamp:
            return TimeText.instant(String(decoding: bytes, as: UTF8.self)).map { .timestamp($0) } ?? malformed
        default:
            return TimeText.durationNanoseconds(String(decoding: bytes, as: UTF8.self)).map { .duration($0) }
                ?? malformed
        }
        if let failure = slot.failure { return .error(failure, offset: offset) }
        switch function {
        case .bool: return .bool(slot.bool)
        case .int: return .int(slot.int)
        case .uint: return .uint(slot.uint)
        default: return .double(slot.double)
        }
    }

    /// What `string()` gives; nil of what has no text.
    static func text(of value: Value) -> [UInt8]? {
        var bytes: [UInt8] = []
        switch value {
        case .bool(let bool): bytes = Array("\(bool)".utf8)
        case .int(let int): bytes = Array("\(int)".utf8)
        case .uint(let uint): bytes = Array("\(uint)".utf8)
        case .double(let double): TextConversion.append(double, to: &bytes)
        case .timestamp(let time): TimeText.append(time, to: &bytes)
        case .duration(let span): TimeText.append(duration: span, to: &bytes)
        default: return nil
        }
        return bytes
    }

    // MARK: Times

    /// - Parameter arguments: The time, and a time zone at most.
    static func field(_ field: TimeField, _ arguments: [Value], offset: Int) -> Value {
        switch (arguments[0], arguments.count) {
        case (.duration(let span), 1) where field.isOfDuration: return .int(field.of(duration: span))
        case (.timestamp(let time), 1): return .int(field.of(time, offsetSeconds: 0))
        case (.timestamp(let time), 2):
            guard case .string(let name) = arguments[1] else { return .error(.noOverload, offset: offset) }
            guard let zone = TimeZones.zone(String(decoding: name, as: UTF8.self)) else {
                return .error(.malformedText, offset: offset)
            }
            return .int(field.of(time, offsetSeconds: zone.offsetSeconds(at: time.seconds)))
        default: return .error(.noOverload, offset: offset)
        }
    }
}
