// Makes the request JSON of a payment from single values as a table has them. Nothing is judged here: the text goes
// through the same reader as every request.

import JSON

public struct PaymentBuilder {
    private var values: [String?]
    /// The fields that were set, a bit each.
    private var setFields: UInt64 = 0

    public init() { values = [String?](repeating: nil, count: PaymentField.count) }

    public mutating func removeAll() {
        for i in values.indices { values[i] = nil }
        setFields = 0
    }

    /// Sets a field from text. What is no number where the schema wants one is left as text, for the reader to name.
    public mutating func set(_ field: PaymentField, _ text: String) {
        values[field.rawValue] = text
        setFields |= 1 << UInt64(field.rawValue)
    }

    /// Appends the payment as a JSON object.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        write(SchemaIndex.root, SchemaIndex.shared, to: &json)
        json.endObject()
    }

    private func write(_ object: Int, _ index: borrowing SchemaIndex, to json: inout JSONWriter) {
        for member in index.objects[object].members where index.members[member].fields & setFields != 0 {
            json.key(index.members[member].key)
            if let field = index.members[member].field {
                write(values[field.rawValue] ?? "", as: index.rules[field.rawValue].shape, to: &json)
            } else {
                json.beginObject()
                write(index.members[member].object, index, to: &json)
                json.endObject()
            }
        }
    }

    private func write(_ text: String, as shape: FieldRule.Shape, to json: inout JSONWriter) {
        switch shape {
        case .integer:
            if let integer = Int64(text) { json.integer(integer) } else { json.string(text) }
        case .boolean:
            switch text {
            case "true", "1": json.bool(true)
            case "false", "0": json.bool(false)
            default: json.string(text)
            }
        case .text, .internetAddress, .digits, .timestamp, .currency, .country, .choice, .metadata: json.string(text)
        }
    }
}
