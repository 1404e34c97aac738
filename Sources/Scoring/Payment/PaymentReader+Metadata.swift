// Metadata: a free object of short keys with strings, numbers and booleans. It is kept as JSON text, its members in the
// order of their keys, so that the order in which a client sends them makes no other payment.
//
//   {"b":1,"a":"x"}  ─▶  pieces: [ "b":1 | "a":"x" ]  ─▶  {"a":"x","b":1}

import Expressions
import JSON

/// Memory for reading metadata, used again for payment after payment.
struct MetadataScratch: Sendable {
    struct Member: Sendable {
        /// The decoded key in `text`.
        let key: Range<Int>
        /// The member as JSON in `pieces`, without a comma.
        let piece: Range<Int>
    }

    var members: [Member] = []
    /// Decoded keys, one behind another; behind them the value that is being read.
    var text: [UInt8] = []
    var pieces = JSONWriter(capacity: 0)

    mutating func removeAll() {
        members.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        pieces.removeAll()
    }

    mutating func writeKey(_ key: Range<Int>) {
        text.withUnsafeBufferPointer { pieces.key(bytes: $0.span.extracting(key)) }
    }

    mutating func writeString(_ value: Range<Int>) {
        text.withUnsafeBufferPointer { pieces.string(utf8: $0.span.extracting(value)) }
    }

    mutating func writeNumber(_ value: Range<Int>) {
        text.withUnsafeBufferPointer { pieces.raw($0.span.extracting(value)) }
    }

    /// Whether the key of one member stands before another's, byte by byte.
    func isBefore(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        for i in 0..<min(a.count, b.count) where text[a.lowerBound + i] != text[b.lowerBound + i] {
            return text[a.lowerBound + i] < text[b.lowerBound + i]
        }
        return a.count < b.count
    }

    func contains(key: Range<Int>) -> Bool {
        for i in members.indices where !isBefore(members[i].key, key) && !isBefore(key, members[i].key) { return true }
        return false
    }

    /// Insertion sort: there are at most `PaymentLimits.metadataKeys`.
    mutating func sort() {
        for i in members.indices {
            var j = i
            let member = members[i]
            while j > 0, isBefore(member.key, members[j - 1].key) {
                members[j] = members[j - 1]
                j -= 1
            }
            members[j] = member
        }
    }
}

extension PaymentReader {
    mutating func readMetadata(_ json: inout JSONReader, _ payment: inout Payment) throws(JSONError) {
        metadata.removeAll()
        var count = 0
        try json.beginObject()
        metadata.pieces.beginObject()
        while let key = try json.nextKey() {
            count += 1
            try readMetadataMember(key, isKept: count <= PaymentLimits.metadataKeys, &json)
        }
        if count > PaymentLimits.metadataKeys {
            let detail = "has \(count) keys; at most \(PaymentLimits.metadataKeys) are kept"
            note(PaymentField.metadata.pointer, .tooMany, detail)
        }
        metadata.sort()
        let offset = payment.text.count
        payment.text.append(UInt8(ascii: "{"))
        for i in metadata.members.indices {
            if i > 0 { payment.text.append(UInt8(ascii: ",")) }
            metadata.pieces.bytes.span.extracting(metadata.members[i].piece).withUnsafeBufferPointer {
                payment.text.append(contentsOf: $0)
            }
        }
        payment.text.append(UInt8(ascii: "}"))
        payment.set(.metadata, Slot(textOffset: offset, count: payment.text.count - offset))
    }

    /// - Parameter isKept: False for members past the limit, which are only screened.
    private mutating func readMetadataMember(
        _ key: JSONText, isKept: Bool, _ json: inout JSONReader
    ) throws(JSONError) {
        let keyStart = metadata.text.count
        json.append(key, to: &metadata.text)
        let keyRange = keyStart..<metadata.text.count
        let pieceStart = metadata.pieces.bytes.count + (metadata.members.isEmpty ? 0 : 1)  // behind the comma
        metadata.writeKey(keyRange)
        let problem = try readMetadataValue(key: keyRange, &json)
        checkKey(keyRange, problem)
        if isKept {
            metadata.members.append(
                MetadataScratch.Member(key: keyRange, piece: pieceStart..<metadata.pieces.bytes.count))
        } else {
            metadata.text.removeLast(keyRange.count)
        }
    }

    private typealias Problem = (code: FieldProblem.Code, detail: String)

    /// Writes the value behind its key and says what is wrong with it.
    private mutating func readMetadataValue(
        key: Range<Int>, _ json: inout JSONReader
    ) throws(JSONError) -> Problem? {
        let start = metadata.text.count
        var isNumber = false
        switch try json.peek() {
        case .string:
            json.append(try json.readString(), to: &metadata.text)
            metadata.writeString(start..<metadata.text.count)
        case .bool: metadata.pieces.bool(try json.readBool())
        case .null:
            try json.readNull()
            metadata.pieces.null()
        case .number:
            isNumber = true
            let offset = json.offset
            try json.skipValue()
            json.rawBytes(offset..<json.offset).withUnsafeBufferPointer { metadata.text.append(contentsOf: $0) }
            metadata.writeNumber(start..<metadata.text.count)
        case .object, .array:
            try json.skipValue()
            metadata.pieces.null()
            return (.wrongType, "must be a string, a number or a boolean")
        }
        let value = start..<metadata.text.count
        defer { metadata.text.removeLast(value.count) }
        if let finding = screen(metadata.text.span.extracting(value), isNumber: isNumber) {
            return (.cardData, finding.detail)
        }
        if origin == .request,
            CardDataScreen.isVerificationCode(
                name: metadata.text.span.extracting(key), value: metadata.text.span.extracting(value))
        {
            return (.cardData, CardDataScreen.Finding.verificationCode.detail)
        }
        if value.count > PaymentLimits.metadataValueBytes {
            return (.tooLong, "is longer than \(PaymentLimits.metadataValueBytes) bytes")
        }
        return nil
    }

    private func screen(_ text: Span<UInt8>, isNumber: Bool) -> CardDataScreen.Finding? {
        guard origin == .request else { return nil }
        return isNumber ? CardDataScreen.finding(inNumber: text) : CardDataScreen.finding(in: text)
    }

    /// Notes what is wrong with a key and its value. A key that holds card data, or is too long, is not repeated.
    private mutating func checkKey(_ key: Range<Int>, _ valueProblem: Problem?) {
        let finding = screen(metadata.text.span.extracting(key))
        let isTooLong = key.count > PaymentLimits.metadataKeyBytes
        let isDuplicate = metadata.contains(key: key)
        if finding == nil, !isTooLong, !isDuplicate, valueProblem == nil { return }
        var place = PaymentField.metadata.pointer
        if finding == nil, !isTooLong {
            place = JSONPointer.append(String(decoding: metadata.text[key], as: UTF8.self), to: place)
        }
        if let finding { note(place, .cardData, "a key " + finding.detail) }
        if isTooLong { note(place, .tooLong, "a key is longer than \(PaymentLimits.metadataKeyBytes) bytes") }
        if isDuplicate { note(place, .duplicate, "stands twice in this object") }
        if let valueProblem { note(place, valueProblem.code, valueProblem.detail) }
    }
}
