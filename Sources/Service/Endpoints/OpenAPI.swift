// GET /openapi.json: OpenAPI 3.1 of what the service does, its payment made of the same table as the reader, so that
// the two can't drift apart.

import JSON
import Platform
import Scoring

enum OpenAPI {
    static let document: [UInt8] = {
        var json = JSONWriter(capacity: 65_536)
        json.beginObject()
        json.key("openapi")
        json.string("3.1.0")
        json.key("info")
        json.raw(
            #"{"title":"Shroff","version":"1","description":"Real-time fraud scoring: a payment in, a decision out."}"#)
        json.key("paths")
        json.raw(paths.utf8.span)
        json.key("components")
        json.beginObject()
        json.key("schemas")
        json.beginObject()
        json.key("Payment")
        writePayment(to: &json)
        json.key("Label")
        write(.label, to: &json)
        json.key("Outcome")
        write(.outcome, to: &json)
        json.key("Decision")
        json.raw(decision.utf8.span)
        json.key("Problem")
        json.raw(problem.utf8.span)
        json.key("Readiness")
        json.raw(readiness.utf8.span)
        json.endObject()
        json.endObject()
        json.endObject()
        return json.bytes
    }()

    /// The same as a gzip member, made once.
    static let gzippedDocument: [UInt8]? = {
        let bytes = document
        return try? Gzip.compress(bytes.span, level: 9)
    }()

    // MARK: Schemas from tables

    private static func writePayment(to json: inout JSONWriter) {
        let tree = PropertyTree(PaymentSchema.definitions.map { ($0.name, $0.kind, $0.isRequired) })
        tree.write(to: &json, isNullable: false) { json in
            json.key("anyOf")
            json.beginArray()
            writeNeeding("fingerprint", of: "card", to: &json)
            writeNeeding("id", of: "customer", to: &json)
            json.endArray()
        }
    }

    /// A schema that is met where the member's own member is there and not null.
    private static func writeNeeding(_ member: String, of parent: String, to json: inout JSONWriter) {
        let text = """
            {"required":["\(parent)"],"properties":{"\(parent)":{"type":"object","required":["\(member)"],\
            "properties":{"\(member)":{"type":"string"}}}}}
            """
        json.raw(text.utf8.span)
    }

    private static func write(_ schema: FeedbackSchema, to json: inout JSONWriter) {
        PropertyTree(schema.fields.map { ($0.name, $0.kind, $0.isRequired) }).write(to: &json, isNullable: false) { _ in
        }
    }

    /// Fields with dotted names as nested objects.
    private struct PropertyTree {
        private let leaves: [(name: String, kind: PaymentFieldKind, isRequired: Bool)]
        private let branches: [(name: String, tree: PropertyTree)]

        init(_ fields: [(name: String, kind: PaymentFieldKind, isRequired: Bool)]) {
            leaves = fields.filter { !$0.name.contains(".") }
            var grouped: [(name: String, fields: [(name: String, kind: PaymentFieldKind, isRequired: Bool)])] = []
            for field in fields {
                guard let dot = field.name.firstIndex(of: ".") else { continue }
                let head = String(field.name[..<dot])
                let rest = (String(field.name[field.name.index(after: dot)...]), field.kind, field.isRequired)
                if let known = grouped.firstIndex(where: { $0.name == head }) {
                    grouped[known].fields.append(rest)
                } else {
                    grouped.append((head, [rest]))
                }
            }
            branches = grouped.map { ($0.name, PropertyTree($0.fields)) }
        }

        private var hasRequired: Bool { leaves.contains { $0.isRequired } || branches.contains { $0.tree.hasRequired } }

        /// - Parameter isNullable: Whether null stands for the object's absence.
        func write(to json: inout JSONWriter, isNullable: Bool, also: (inout JSONWriter) -> Void) {
            json.beginObject()
            json.key("type")
            OpenAPI.write("object", orNull: isNullable, to: &json)
            json.key("additionalProperties")
            json.bool(false)
            let required =
                leaves.filter(\.isRequired).map(\.name) + branches.filter(\.tree.hasRequired).map(\.name)
            if !required.isEmpty {
                json.key("required")
                json.beginArray()
                for name in required { json.string(name) }
                json.endArray()
            }
            json.key("properties")
            json.beginObject()
            for leaf in leaves {
                json.key(leaf.name)
                OpenAPI.write(leaf.kind, isRequired: leaf.isRequired, to: &json)
            }
            for branch in branches {
                json.key(branch.name)
                branch.tree.write(to: &json, isNullable: !branch.tree.hasRequired) { _ in }
            }
            json.endObject()
            also(&json)
            json.endObject()
        }
    }

    private static func write(_ type: String, orNull isNullable: Bool, to json: inout JSONWriter) {
        guard isNullable else { return json.string(type) }
        json.beginArray()
        json.string(type)
        json.string("null")
        json.endArray()
    }

    private static func write(_ kind: PaymentFieldKind, isRequired: Bool, to json: inout JSONWriter) {
        json.beginObject()
        json.key("type")
        let type =
            switch kind {
            case .integer: "integer"
            case .boolean: "boolean"
            case .metadata: "object"
            default: "string"
            }
        write(type, orNull: !isRequired, to: &json)
        switch kind {
        case .integer(let range):
            json.key("minimum")
            json.integer(range.lowerBound)
            json.key("maximum")
            json.integer(range.upperBound)
        case .text(let maximumBytes), .identifier(let maximumBytes):
            json.key("minLength")
            json.integer(1)
            json.key("maxLength")
            json.integer(Int64(maximumBytes))
        case .digits(let lengths):
            json.key("pattern")
            json.string("^[0-9]{\(lengths.lowerBound),\(lengths.upperBound)}$")
        case .timestamp:
            json.key("format")
            json.string("date-time")
        case .currency:
            json.key("pattern")
            json.string("^[A-Z]{3}$")
        case .country:
            json.key("pattern")
            json.string("^[A-Z]{2}$")
        case .choice(let choices):
            json.key("enum")
            json.beginArray()
            for choice in choices { json.string(choice) }
            if !isRequired { json.null() }
            json.endArray()
        case .metadata:
            json.key("maxProperties")
            json.integer(Int64(PaymentLimits.metadataKeys))
            json.key("additionalProperties")
            json.raw(#"{"type":["string","number","boolean","null"]}"#)
        case .internetAddress, .boolean: break
        }
        json.endObject()
    }
}
