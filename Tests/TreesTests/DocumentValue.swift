// A document as a tree of values, so that a test can change its structure and write it as JSON or as UBJSON in any of the
// ways that UBJSON allows. Numbers keep their spelling, so nothing is lost between the two.
import Testing

indirect enum DocumentValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As JSON spells it, or NaN, Infinity, -Infinity.
    case number(String)
    case string(String)
    case array([DocumentValue])
    case object([Member])

    struct Member: Equatable {
        var key: String
        var value: DocumentValue
    }

    /// Reads JSON that a test wrote; what is no JSON is the test's own mistake.
    init(json text: String) {
        var reader = Reader(bytes: Array(text.utf8))
        self = reader.value()
        precondition(reader.position == reader.bytes.count, "more than one value")
    }

    var json: [UInt8] {
        var bytes: [UInt8] = []
        appendJSON(to: &bytes)
        return bytes
    }

    private func appendJSON(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let value): bytes += Array("\(value)".utf8)
        case .number(let text): bytes += Array(text.utf8)
        case .string(let text): Self.appendJSON(text, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.appendJSON(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.appendJSON(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.appendJSON(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func appendJSON(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes += [UInt8(ascii: "\\"), byte]
            } else if byte < 0x20 {
                let digits = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The value at a path of keys and indices; setting it changes the document.
    subscript(path: String...) -> DocumentValue {
        get { self[path[...]] }
        set { self[path[...]] = newValue }
    }

    private subscript(path: ArraySlice<String>) -> DocumentValue {
        get {
            guard let first = path.first else { return self }
            switch self {
            case .array(let values): return values[Int(first)!][path.dropFirst()]
            case .object(let members): return members.first { $0.key == first }!.value[path.dropFirst()]
            default: preconditionFailure("no \(first) in a scalar")
            }
        }
        set {
            guard let first = path.first else { return self = newValue }
            switch self {
            case .array(var values):
                values[Int(first)!][path.dropFirst()] = newValue
                self = .array(values)
            case .object(var members):
                if let index = members.firstIndex(where: { $0.key == first }) {
                    members[index].value[path.dropFirst()] = newValue
                } else {
                    members.append(Member(key: first, value: newValue))
                }
                self = .object(members)
            default: preconditionFailure("no \(first) in a scalar")
            }
        }
    }
}

extension DocumentValue {
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func next() -> UInt8 {
            while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
            precondition(position < bytes.count, "cut")
            return bytes[position]
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next() == byte else { return false }
            position += 1
            return true
        }

        mutating func value() -> DocumentValue {
            switch next() {
            case UInt8(ascii: "{"):
                var members: [Member] = []
                position += 1
                while !take(UInt8(ascii: "}")) {
                    if !members.isEmpty { precondition(take(UInt8(ascii: ","))) }
                    _ = next()
                    let key = string()
                    precondition(take(UInt8(ascii: ":")))
                    members.append(Member(key: key, value: value()))
                }
                return .object(members)
            case UInt8(ascii: "["):
                var values: [DocumentValue] = []
                position += 1
                while !take(UInt8(ascii: "]")) {
                    if !values.isEmpty { precondition(take(UInt8(ascii: ","))) }
                    values.append(value())
                }
                return .array(values)
            case UInt8(ascii: "\""): return .string(string())
            default:
                let start = position
                let ends = Array(",]} \n\r\t".utf8)
                while position < bytes.count, !ends.contains(bytes[position]) { position += 1 }
                switch String(decoding: bytes[start..<position], as: UTF8.self) {
                case "true": return .bool(true)
                case "false": return .bool(false)
                case "null": return .null
                case let text: return .number(text)
                }
            }
        }

        /// Of escapes, those of one character only.
        mutating func string() -> String {
            precondition(bytes[position] == UInt8(ascii: "\""))
            position += 1
            var raw: [UInt8] = []
            while bytes[position] != UInt8(ascii: "\"") {
                if bytes[position] == UInt8(ascii: "\\") {
                    position += 1
                    precondition(bytes[position] != UInt8(ascii: "u"), "not read here")
                }
                raw.append(bytes[position])
                position += 1
            }
            position += 1
            return String(decoding: raw, as: UTF8.self)
        }
    }
}
