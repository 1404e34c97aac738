// Values of the rule language as JSON that keeps their types: `{"int": "5"}`, `{"list": [{"string": "a"}]}`. The forms
// are those of the language's conformance data.

import Expressions
import FoundationEssentials
import JSON

struct TypedValueError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

enum TypedValue {
    /// Reads a value.
    static func value(_ json: JSONValue) throws(TypedValueError) -> Value {
        guard case .object(let members) = json, members.count == 1, let member = members.first else {
            throw TypedValueError("a typed value is an object of one key, such as {\"int\": \"5\"}")
        }
        switch (member.key, member.value) {
        case ("null", _): return .null
        case ("bool", .bool(let value)): return .bool(value)
        case ("list", .array(let elements)):
            var values: [Value] = []
            for element in elements { values.append(try value(element)) }
            return .list(values)
        case ("map", .array(let pairs)): return try map(pairs)
        case (let type, .string(let text)):
            guard let value = scalar(type, text) else {
                throw TypedValueError("\"\(text)\" is no value of the type \"\(type)\"")
            }
            return value
        // Numbers are read as they are, too.
        case ("int", .integer(let value)): return .int(value)
        case ("uint", .integer(let value)) where value >= 0: return .uint(UInt64(value))
        case ("double", .integer(let value)): return .double(Double(value))
        case ("double", .double(let value)): return .double(value)
        default: throw TypedValueError("no value of the type \"\(member.key)\"")
        }
    }

    private static func scalar(_ type: String, _ text: String) -> Value? {
        switch type {
        case "int": Int64(text).map { .int($0) }
        case "uint": UInt64(text).map { .uint($0) }
        case "double": Double(text).map { .double($0) }
        case "string": Value(text)
        case "bytes": Data(base64Encoded: text).map { .bytes(Array($0)) }
        case "type": .type(text)
        case "timestamp": TimeText.instant(text).map { .timestamp($0) }
        case "duration": TimeText.durationNanoseconds(text).map { .duration($0) }
        default: nil
        }
    }

    private static func map(_ pairs: [JSONValue]) throws(TypedValueError) -> Value {
        var map = ValueMap()
        for pair in pairs {
            guard case .array(let parts) = pair, parts.count == 2 else {
                throw TypedValueError("a map is a list of pairs of a key and a value")
            }
            switch map.insert(try value(parts[1]), for: try value(parts[0])) {
            case .done: break
            case .duplicate: throw TypedValueError("the map has a key twice")
            case .notAKey: throw TypedValueError("a key is a bool, an int, a uint or a string")
            }
        }
        return .map(map)
    }

    // MARK: Writing

    /// Appends `{"type": …}` of a value that is there; maps are in the order of their keys.
    static func write(_ value: Value, to writer: inout JSONWriter) {
        writer.beginObject()
        switch value {
        case .null:
            writer.key("null")
            writer.null()
        case .bool(let value):
            writer.key("bool")
            writer.bool(value)
        case .int(let value): write("int", String(value), to: &writer)
        case .uint(let value): write("uint", String(value), to: &writer)
        case .double(let value): write("double", value.description, to: &writer)
        case .string(let bytes), .identifier(let bytes):
            write("string", String(decoding: bytes, as: UTF8.self), to: &writer)
        case .bytes(let bytes): write("bytes", Data(bytes).base64EncodedString(), to: &writer)
        case .type(let name): write("type", name, to: &writer)
        case .timestamp(let time):
            write("timestamp", TimeText.protobufText(of: time), to: &writer)
        case .duration(let nanoseconds):
            write("duration", TimeText.protobufText(ofDuration: nanoseconds), to: &writer)
        case .list(let elements):
            writer.key("list")
            writer.beginArray()
            for element in elements { write(element, to: &writer) }
            writer.endArray()
        case .map(let map):
            writer.key("map")
            writer.beginArray()
            for entry in map.sortedEntries {
                writer.beginArray()
                write(entry.key, to: &writer)
                write(entry.value, to: &writer)
                writer.endArray()
            }
            writer.endArray()
        case .missing, .error: break
        }
        writer.endObject()
    }

    private static func write(_ type: String, _ text: String, to writer: inout JSONWriter) {
        writer.key(type)
        writer.string(text)
    }
}
