// Writes a payment as the JSON object that the reader takes: identifiers as they stand in the slots, which for a
// payment on its way to the log is their pseudonym.

import JSON

extension Payment {
    /// Appends the payment as one object, fields in schema order.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(of: SchemaIndex.root, presentFields: presentFields, SchemaIndex.shared, to: &json)
        json.endObject()
    }

    /// The fields that are there, a bit each.
    private var presentFields: UInt64 {
        var fields: UInt64 = 0
        for i in slots.indices where slots[i].isPresent { fields |= 1 << UInt64(i) }
        return fields
    }

    private func writeMembers(
        of object: Int, presentFields: UInt64, _ index: borrowing SchemaIndex, to json: inout JSONWriter
    ) {
        for member in index.objects[object].members where index.members[member].fields & presentFields != 0 {
            json.key(index.members[member].key)
            if let field = index.members[member].field {
                writeValue(of: field, index.rules[field.rawValue].shape, to: &json)
            } else {
                json.beginObject()
                writeMembers(of: index.members[member].object, presentFields: presentFields, index, to: &json)
                json.endObject()
            }
        }
    }

    private func writeValue(of field: PaymentField, _ shape: FieldRule.Shape, to json: inout JSONWriter) {
        switch shape {
        case .integer: json.integer(slots[field.rawValue].int)
        case .boolean: json.bool(slots[field.rawValue].bool)
        case .metadata: json.raw(bytes(field))
        case .timestamp: json.timestamp(slots[field.rawValue].int)
        case .text, .internetAddress, .digits, .currency, .country, .choice: json.string(utf8: bytes(field))
        }
    }
}

extension JSONWriter {
    /// An instant as an RFC 3339 string.
    public mutating func timestamp(_ nanoseconds: Int64) {
        let text = TimestampText(nanoseconds: nanoseconds)
        string(utf8: text.bytes.span.extracting(0..<text.count))
    }
}
