// One text for one tree: one spacing, one quoting, no bracket that precedence makes needless. Digests are taken of it
// and equal histories are known by it. Parsing it gives the same tree and the same text again.

extension Expression: CustomStringConvertible {
    /// The canonical text.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// How tightly the node holds together: ?: 0, || 1, && 2, relations 3, sums 4, products 5, signs 6, the rest 7.
    private var precedence: Int {
        switch kind {
        case .conditional: 0
        case .logical(let logical, _): logical.precedence
        case .binary(let binary, _, _): binary.precedence
        case .not, .negate: 6
        case .literal, .name, .select, .call, .list, .map, .index, .presence: 7
        }
    }

    private func write(to text: inout String, atLeast minimum: Int) {
        let needsBrackets = precedence < minimum
        if needsBrackets { text += "(" }
        write(to: &text)
        if needsBrackets { text += ")" }
    }

    private func write(to text: inout String) {
        switch kind {
        case .literal(let literal):
            text += literal.description
        case .name(let name):
            text += name
        case .select(let operand, let field):
            operand.write(to: &text, atLeast: 7)
            let isPlain = field.utf8.first?.isNameStart == true && field.utf8.allSatisfy(\.isNamePart)
            text += isPlain && !Parser.keywords.contains(field) ? ".\(field)" : ".`\(field)`"
        case .index(let operand, let index):
            operand.write(to: &text, atLeast: 7)
            text += "["
            index.write(to: &text)
            text += "]"
        case .map(let entries):
            text += "{"
            for (index, entry) in entries.enumerated() {
                if index > 0 { text += ", " }
                entry.key.write(to: &text)
                text += ": "
                entry.value.write(to: &text)
            }
            text += "}"
        case .call(let name, let receiver, let arguments):
            if let receiver {
                receiver.write(to: &text, atLeast: 7)
                text += "."
            }
            text += name
            Self.write(arguments, between: "(", and: ")", to: &text)
        case .not(let operand):
            text += "!"
            operand.write(to: &text, atLeast: 6)
        case .negate(let operand):
            // "-5" is a literal, so the sign of a literal 5 is written -(5).
            text += "-"
            operand.write(to: &text, atLeast: operand.startsLikeNumber ? 8 : 6)
        case .binary(let binary, let left, let right):
            left.write(to: &text, atLeast: binary.precedence)
            text += " \(binary.rawValue) "
            right.write(to: &text, atLeast: binary.precedence + 1)
        case .logical(let logical, let operands):
            // The first operand of an equal chain would join this one, hence the brackets.
            for (index, operand) in operands.enumerated() {
                if index > 0 { text += " \(logical.rawValue) " }
                operand.write(to: &text, atLeast: logical.precedence + 1)
            }
        case .conditional(let condition, let then, let otherwise):
            condition.write(to: &text, atLeast: 1)
            text += " ? "
            then.write(to: &text, atLeast: 1)
            text += " : "
            otherwise.write(to: &text, atLeast: 0)
        case .list(let elements):
            Self.write(elements, between: "[", and: "]", to: &text)
        case .presence(let operand):
            text += "has("
            operand.write(to: &text)
            text += ")"
        }
    }

    private static func write(
        _ list: [Expression], between open: String, and close: String, to text: inout String
    ) {
        text += open
        for (index, element) in list.enumerated() {
            if index > 0 { text += ", " }
            element.write(to: &text)
        }
        text += close
    }

    /// True where a minus directly before the node's text would be read as the sign of a literal.
    private var startsLikeNumber: Bool {
        switch kind {
        case .literal(.int), .literal(.double), .literal(.uint): true
        case .select(let operand, _): operand.startsLikeNumber
        case .call(_, let receiver, _): receiver?.startsLikeNumber ?? false
        case .index(let operand, _): operand.startsLikeNumber
        case .literal, .name, .not, .negate, .binary, .logical, .conditional, .list, .map, .presence: false
        }
    }
}

extension Literal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .uint(let value): "\(value)u"
        case .double(let value): value.description
        case .string(let value): Self.quoted(value)
        case .bytes(let value): Self.quoted(bytes: value)
        case .null: "null"
        }
    }

    /// Bytes in double quotes; what is not printable ASCII is escaped.
    private static func quoted(bytes: [UInt8]) -> String {
        var result = "b\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: result += String(UnicodeScalar(byte))
            default: result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result + "\""
    }

    /// A string in double quotes; control characters are escaped, other characters stand as they are.
    static func quoted(_ text: String) -> String {
        var result = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result.append(contentsOf: "\\x\(digits.count == 1 ? "0" : "")\(digits)".unicodeScalars)
            default: result.append(scalar)
            }
        }
        result.append("\"")
        return String(result)
    }
}
