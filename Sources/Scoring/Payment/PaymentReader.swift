// Reads one payment in one pass: JSON bytes to typed slots, with every wrong field noted by its pointer. The reader
// goes on behind a wrong field, so that a client sees all of them in one answer. The free object `metadata` has its own
// file: PaymentReader+Metadata.swift.

import Expressions
import JSON

/// Reads payments, one after another. Not shared between threads: it keeps scratch space.
public struct PaymentReader: Sendable {
    /// Where the payment comes from: a record of the log holds pseudonyms where a request holds identifiers, and was
    /// screened when it came in.
    public enum Origin: Sendable {
        case request
        case record
    }

    let origin: Origin
    private let index = SchemaIndex.shared
    private var problems: [FieldProblem] = []
    private var unreported = 0
    /// A key with escapes, decoded.
    private var keyText: [UInt8] = []
    var metadata = MetadataScratch()

    public init(origin: Origin = .request) { self.origin = origin }

    /// Fills `payment` from the JSON object in `body`.
    ///
    /// - Throws: `.malformed` where the body is no JSON document, `.invalid` with every wrong field otherwise.
    /// - Complexity: O(bytes). Allocates nothing for a valid payment, once buffers have grown.
    public mutating func read(_ body: Span<UInt8>, into payment: inout Payment) throws(PaymentProblem) {
        payment.removeAll()
        problems.removeAll(keepingCapacity: true)
        unreported = 0
        do throws(JSONError) {
            var json = JSONReader(body, maximumDepth: PaymentLimits.nestingDepth)
            if try json.peek() == .object {
                try readObject(SchemaIndex.root, &json, &payment)
            } else {
                try json.skipValue()
                note("", .wrongType, "must be an object: a payment")
            }
            try json.finish()
        } catch {
            throw .malformed(error)
        }
        checkRequired(payment)
        if !problems.isEmpty { throw .invalid(problems, unreported: unreported) }
    }

    private mutating func readObject(
        _ object: Int, _ json: inout JSONReader, _ payment: inout Payment
    ) throws(JSONError) {
        let members = index.objects[object].members
        var seen: UInt64 = 0
        var expected = members.lowerBound  // many clients keep to the order of the schema
        try json.beginObject()
        while let key = try json.nextKey() {
            guard let member = member(key, in: object, expected: expected, json) else {
                noteUnknown(json.string(key), in: object)
                try json.skipValue()
                continue
            }
            expected = member + 1 < members.upperBound ? member + 1 : members.lowerBound
            let bit: UInt64 = 1 << UInt64(member - members.lowerBound)
            if seen & bit != 0 {
                note(index.pointer(of: member, in: object), .duplicate, "stands twice in this object")
                try json.skipValue()
                continue
            }
            seen |= bit
            if let field = index.members[member].field {
                try readField(field, &json, &payment)
            } else {
                try readChild(index.members[member].object, &json, &payment)
            }
        }
    }

    private mutating func member(
        _ key: JSONText, in object: Int, expected: Int, _ json: borrowing JSONReader
    ) -> Int? {
        guard key.hasEscapes else {
            let bytes = json.rawBytes(key)
            return index.isKey(bytes, of: expected) ? expected : index.member(bytes, in: object)
        }
        keyText.removeAll(keepingCapacity: true)
        json.append(key, to: &keyText)
        return index.member(keyText.span, in: object)
    }

    private mutating func readChild(
        _ child: Int, _ json: inout JSONReader, _ payment: inout Payment
    ) throws(JSONError) {
        switch try json.peek() {
        case .object: try readObject(child, &json, &payment)
        case .null: try json.readNull()
        default:
            note(index.pointers[child], .wrongType, "must be an object")
            try json.skipValue()
        }
    }

    /// A null field is a missing field.
    private mutating func readField(
        _ field: PaymentField, _ json: inout JSONReader, _ payment: inout Payment
    ) throws(JSONError) {
        let kind = try json.peek()
        if kind == .null { return try json.readNull() }
        let rule = index.rules[field.rawValue]
        switch rule.shape {
        case .integer:
            guard kind == .number else { return try noteWrongType(field, "a whole number", &json) }
            switch try json.readInteger() {
            case .value(let value) where value >= rule.lowest && value <= rule.highest:
                payment.set(field, Slot(int: value))
            case .fraction: note(field, .wrongType, "must be a whole number, without fraction or exponent")
            case .value, .outOfRange:
                note(field, .outOfRange, "must be from \(rule.lowest) to \(rule.highest)")
            }
        case .boolean:
            guard kind == .bool else { return try noteWrongType(field, "true or false", &json) }
            payment.set(field, Slot(bool: try json.readBool()))
        case .metadata:
            guard kind == .object else { return try noteWrongType(field, "an object", &json) }
            try readMetadata(&json, &payment)
        case .text, .internetAddress, .digits, .timestamp, .currency, .country, .choice:
            guard kind == .string else { return try noteWrongType(field, "a string", &json) }
            let offset = payment.text.count
            json.append(try json.readString(), to: &payment.text)
            checkText(field, rule, offset..<payment.text.count, &payment)
        }
    }

    /// Free text may hold anything and is screened; what has a form of its own is looked at only where it is not met.
    private mutating func checkText(
        _ field: PaymentField, _ rule: FieldRule, _ range: Range<Int>, _ payment: inout Payment
    ) {
        let slot = slot(field, rule, range, payment)
        if slot == nil || rule.shape == .text, let finding = cardData(payment.text.span.extracting(range), in: field) {
            return note(field, .cardData, finding.detail)
        }
        if let slot {
            if rule.shape == .timestamp { payment.text.removeLast(range.count) }
            payment.set(field, slot)
        } else if let problem = TextRule.problem(field.kind, payment.text.span.extracting(range), origin: origin) {
            note(field, problem.code, problem.detail)
        }
    }

    /// The value that the text in a range is, or nil where the rule is not met.
    private func slot(
        _ field: PaymentField, _ rule: FieldRule, _ range: Range<Int>, _ payment: borrowing Payment
    ) -> Slot? {
        let text = payment.text.span.extracting(range)
        if rule.shape == .timestamp {
            return Timestamp.nanoseconds(parsing: text).map { Slot(timestampNanoseconds: $0) }
        }
        let isMet =
            rule.shape == .choice  // only then are its words asked for: an array of arrays, which is retained
            ? rule.isMet(by: text, choices: index.choices[field.rawValue], origin: origin)
            : rule.isMet(by: text, choices: [], origin: origin)
        guard isMet else { return nil }
        return Slot(textOffset: range.lowerBound, count: range.count)
    }

    private func cardData(_ text: Span<UInt8>, in field: PaymentField) -> CardDataScreen.Finding? {
        if field == .verificationCVC, origin == .request, CardDataScreen.looksLikeVerificationCode(text) {
            return .verificationCode
        }
        return screen(text)
    }

    private mutating func checkRequired(_ payment: Payment) {
        for i in index.requiredFields.indices where !payment.has(index.requiredFields[i]) {
            let field = index.requiredFields[i]
            if !isReported(field) { note(field, .missing, "is required") }
        }
        if payment.has(.cardFingerprint) || payment.has(.customerID) { return }
        if isReported(.cardFingerprint) || isReported(.customerID) { return }
        note(.cardFingerprint, .missing, "is required where customer.id is absent")
    }

    private func isReported(_ field: PaymentField) -> Bool {
        let pointer = field.pointer
        return problems.contains { $0.pointer == pointer }
    }

    func screen(_ text: Span<UInt8>) -> CardDataScreen.Finding? {
        origin == .request ? CardDataScreen.finding(in: text) : nil
    }

    private mutating func noteUnknown(_ key: String, in object: Int) {
        let parent = index.pointers[object]
        if CardDataScreen.finding(in: Array(key.utf8).span) != nil || key.utf8.count > PaymentLimits.metadataKeyBytes {
            return note(parent, .unknown, "has a member that is no field of a payment")
        }
        note(JSONPointer.append(key, to: parent), .unknown, "is no field of a payment; free values belong in metadata")
    }

    private mutating func noteWrongType(
        _ field: PaymentField, _ expected: String, _ json: inout JSONReader
    ) throws(JSONError) {
        try json.skipValue()
        note(field, .wrongType, "must be \(expected)")
    }

    private mutating func note(_ field: PaymentField, _ code: FieldProblem.Code, _ detail: String) {
        note(field.pointer, code, detail)
    }

    mutating func note(_ pointer: String, _ code: FieldProblem.Code, _ detail: String) {
        guard problems.count < PaymentLimits.reportedProblems else {
            unreported += 1
            return
        }
        problems.append(FieldProblem(pointer: pointer, code: code, detail: detail))
    }
}
