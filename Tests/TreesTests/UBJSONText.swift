// UBJSON as several writers write it, from a DocumentValue.

/// How a writer makes use of the format.
enum UBJSONStyle: CaseIterable, Sendable {
    /// As XGBoost: lengths of eight bytes, arrays of numbers typed, others counted, objects with an end.
    case xgboost
    /// An end behind everything, the shortest lengths, no types.
    case plain
    /// Counts before everything.
    case counted
    /// As plain, with no-ops wherever they may stand.
    case padded
    /// Arrays typed where they can be, decimals of eight bytes, integers of the shortest.
    case typed
    /// Numbers as text.
    case precise
}

struct UBJSONWriter {
    let style: UBJSONStyle
    var bytes: [UInt8] = []

    static func write(_ value: DocumentValue, _ style: UBJSONStyle) -> [UInt8] {
        var writer = UBJSONWriter(style: style)
        writer.append(value)
        return writer.bytes
    }

    private mutating func mark(_ marker: Character) {
        if style == .padded { bytes += [UInt8(ascii: "N"), UInt8(ascii: "N")] }
        bytes.append(marker.asciiValue!)
    }

    mutating func bigEndian(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }

    /// A length or a count: a number without a no-op before it.
    mutating func length(_ count: Int) {
        if style == .xgboost {
            bytes.append(UInt8(ascii: "L"))
            bigEndian(Int64(count))
        } else {
            let type = Self.shortest(Int64(count))
            bytes.append(type.asciiValue!)
            integer(Int64(count), type)
        }
    }

    private static func shortest(_ value: Int64) -> Character {
        switch value {
        case -128...127: "i"
        case 128...255: "U"
        case -32_768...32_767: "I"
        case -2_147_483_648...2_147_483_647: "l"
        default: "L"
        }
    }

    private mutating func integer(_ value: Int64, _ type: Character) {
        switch type {
        case "i": bigEndian(Int8(value))
        case "U": bigEndian(UInt8(value))
        case "I": bigEndian(Int16(value))
        case "l": bigEndian(Int32(value))
        default: bigEndian(value)
        }
    }

    /// The type of a number in this style.
    private func type(of text: String) -> Character {
        if style == .precise { return "H" }
        if let value = Int64(text) { return Self.shortest(value) }
        return style == .typed ? "D" : "d"
    }

    private mutating func number(_ text: String, _ type: Character) {
        switch type {
        case "H": content(text)
        case "d": bigEndian((Float(text) ?? 0).bitPattern)
        case "D": bigEndian((Double(text) ?? 0).bitPattern)
        default: integer(Int64(text) ?? 0, type)
        }
    }

    private mutating func content(_ text: String) {
        length(text.utf8.count)
        bytes += Array(text.utf8)
    }

    mutating func append(_ value: DocumentValue) {
        switch value {
        case .null: mark("Z")
        case .bool(let value): mark(value ? "T" : "F")
        case .number(let text):
            let type = type(of: text)
            mark(type)
            number(text, type)
        case .string(let text):
            if style == .typed, text.utf8.count == 1 {
                mark("C")
                bytes += Array(text.utf8)
            } else {
                mark("S")
                content(text)
            }
        case .array(let values):
            mark("[")
            append(values)
        case .object(let members):
            mark("{")
            let isCounted = style == .counted
            if isCounted {
                bytes.append(UInt8(ascii: "#"))
                length(members.count)
            }
            for member in members {
                if style == .padded { bytes.append(UInt8(ascii: "N")) }
                content(member.key)
                append(member.value)
            }
            if !isCounted { mark("}") }
        }
    }

    /// What stands behind an array's marker.
    private mutating func append(_ values: [DocumentValue]) {
        if let type = commonType(of: values) {
            bytes += [UInt8(ascii: "$"), type.asciiValue!, UInt8(ascii: "#")]
            length(values.count)
            for case .number(let text) in values { number(text, type) }
        } else if style == .xgboost || style == .counted {
            bytes.append(UInt8(ascii: "#"))
            length(values.count)
            for value in values { append(value) }
        } else {
            for value in values { append(value) }
            mark("]")
        }
    }

    /// The type that serves all values of an array, in styles that write typed arrays.
    private func commonType(of values: [DocumentValue]) -> Character? {
        guard style == .xgboost || style == .typed else { return nil }
        let order: [Character] = ["i", "U", "I", "l", "L", "d", "D"]
        var widest = 0
        for value in values {
            switch value {
            case .bool(let value):
                // Values that take no bytes, where they are all the same.
                return style == .typed && values.allSatisfy { $0 == .bool(value) } ? (value ? "T" : "F") : nil
            case .number(let text): widest = max(widest, order.firstIndex(of: type(of: text)) ?? 0)
            default: return nil
            }
        }
        guard !values.isEmpty else { return "l" }
        // A U among negative numbers.
        if order[widest] == "U" { widest = 2 }
        if style == .xgboost, widest < 4 { widest = 3 }
        return order[widest]
    }
}
