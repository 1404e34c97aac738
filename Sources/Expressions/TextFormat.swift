// `"%d of %s".format([1, x])` of CEL's string extension: %s, %d, %f, %e, %b, %o, %x, %X, with a precision for %f and %e.

import Glibc

enum TextFormat {
    /// Digits behind the point.
    static let maximumPrecision = 100
    static let standardPrecision = 6
    /// No number is longer than a double's digits before the point, its sign, its point and its precision.
    static let longestNumber = 512

    /// nil where a clause does not fit its argument, or there is none.
    static func apply(_ format: [UInt8], _ arguments: [Value]) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = arguments[...]
        var place = 0
        while place < format.count {
            let byte = format[place]
            place += 1
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let (precision, letter) = clause(format, &place) else { return nil }
            if letter == UInt8(ascii: "%") {
                result.append(letter)
                continue
            }
            guard let value = rest.popFirst(), let text = text(letter, precision, value) else { return nil }
            result += text
        }
        return result
    }

    private static func clause(_ format: [UInt8], _ place: inout Int) -> (precision: Int, letter: UInt8)? {
        var precision = standardPrecision
        if place < format.count, format[place] == UInt8(ascii: ".") {
            place += 1
            precision = 0
            let start = place
            while place < format.count, format[place].isDigit {
                precision = min(precision * 10 + Int(format[place] - UInt8(ascii: "0")), maximumPrecision + 1)
                place += 1
            }
            guard place > start, precision <= maximumPrecision else { return nil }
        }
        guard place < format.count else { return nil }
        place += 1
        return (precision, format[place - 1])
    }

    private static func text(_ letter: UInt8, _ precision: Int, _ value: Value) -> [UInt8]? {
        switch letter {
        case UInt8(ascii: "s"): return string(value)
        case UInt8(ascii: "d"):
            switch value {
            case .int(let value): return Array(String(value).utf8)
            case .uint(let value): return Array(String(value).utf8)
            case .double(let value): return plain(value)
            default: return nil
            }
        case UInt8(ascii: "f"), UInt8(ascii: "e"):
            guard let number = ValueOperators.double(value) else { return nil }
            return notANumber(number) ?? printed(letter, precision, number)
        case UInt8(ascii: "b"):
            if case .bool(let value) = value { return [UInt8(ascii: value ? "1" : "0")] }
            return digits(value, radix: 2)
        case UInt8(ascii: "o"): return digits(value, radix: 8)
        case UInt8(ascii: "x"), UInt8(ascii: "X"): return hexadecimal(value, isUpper: letter == UInt8(ascii: "X"))
        default: return nil
        }
    }

    private static func digits(_ value: Value, radix: Int, isUpper: Bool = false) -> [UInt8]? {
        switch value {
        case .int(let value): Array(String(value, radix: radix, uppercase: isUpper).utf8)
        case .uint(let value): Array(String(value, radix: radix, uppercase: isUpper).utf8)
        default: nil
        }
    }

    private static func hexadecimal(_ value: Value, isUpper: Bool) -> [UInt8]? {
        switch value {
        case .string(let bytes), .bytes(let bytes):
            let letters = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
            return bytes.flatMap { [letters[Int($0 >> 4)], letters[Int($0 & 15)]] }
        default: return digits(value, radix: 16, isUpper: isUpper)
        }
    }

    private static func notANumber(_ value: Double) -> [UInt8]? {
        guard !value.isFinite else { return nil }
        return Array((value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity").utf8)
    }

    private static func printed(_ letter: UInt8, _ precision: Int, _ value: Double) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: longestNumber)
        let format = letter == UInt8(ascii: "e") ? "%.*e" : "%.*f"
        let count = withVaList([Int32(precision), value]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    }

    /// The shortest digits that give the double back, without an exponent.
    private static func plain(_ value: Double) -> [UInt8] {
        if let text = notANumber(value) { return text }
        let parts = value.magnitude.description.split(separator: "e")
        let sign: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var whole = Array(mantissa[0].utf8)
        var fraction = mantissa.count > 1 && mantissa[1] != "0" ? Array(mantissa[1].utf8) : []
        let zero = UInt8(ascii: "0")
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        if exponent > 0 {
            let moved = fraction.prefix(exponent)
            whole += moved + Array(repeating: zero, count: exponent - moved.count)
            fraction.removeFirst(moved.count)
        } else if exponent < 0 {
            fraction = Array(repeating: zero, count: -exponent - whole.count) + whole + fraction
            whole = [zero]
        }
        return sign + whole + (fraction.isEmpty ? [] : [UInt8(ascii: ".")] + fraction)
    }

    private static func string(_ value: Value) -> [UInt8]? {
        switch value {
        case .null: return Array("null".utf8)
        case .string(let bytes): return bytes
        case .bytes(let bytes): return Array(String(decoding: bytes, as: UTF8.self).utf8)
        case .double(let value): return plain(value)
        case .type(let name): return Array(name.utf8)
        case .list(let elements):
            var texts: [[UInt8]] = []
            for element in elements {
                guard let text = string(element) else { return nil }
                texts.append(text)
            }
            return bracketed("[", texts, "]")
        case .map(let map):
            var texts: [(key: [UInt8], value: [UInt8])] = []
            for entry in map.entries {
                guard let key = string(entry.key), let text = string(entry.value) else { return nil }
                texts.append((key, text))
            }
            texts.sort { $0.key.lexicographicallyPrecedes($1.key) }
            return bracketed("{", texts.map { $0.key + Array(": ".utf8) + $0.value }, "}")
        default: return ValueFunctions.text(of: value)
        }
    }

    private static func bracketed(_ open: String, _ texts: [[UInt8]], _ close: String) -> [UInt8] {
        Array(open.utf8) + Array(texts.joined(separator: Array(", ".utf8))) + Array(close.utf8)
    }
}
