// A model document in UBJSON, as XGBoost's .ubj files and other writers have it. All is big-endian, and a marker before
// each value says its type:
//
//   scalar    i U I l L d D H C S T F Z, as `UBJSONType` has them; text is a length, itself a number, and its bytes
//   array     [ … ]    or counted   [ #n …    or typed and counted   [ $t #n … : values without markers, and no end
//   object    { … }    the same, each value behind its key; a key is text without the marker S
//
// A count is held against the bytes that are left before anything is done with it, so it costs no more than it brings.

struct UBJSONDocument: DocumentSource {
    struct Frame {
        var place: DocumentPlace
        /// The type of all values, which then have no markers.
        var type: UBJSONType?
        /// Values to come, where they are counted; otherwise an end marker follows them.
        var remaining: Int?
    }

    let limits: ModelLimits
    let bytes: [UInt8]
    var position = 0
    var frames: [Frame] = []

    init(_ bytes: [UInt8], limits: ModelLimits) throws(ModelError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.documentBytes else {
            throw ModelError(.limit("bytes in a document", maximum: limits.documentBytes), path: "", offset: 0)
        }
    }

    var offset: Int { position }

    var path: String { DocumentPlace.path(of: frames.lazy.map(\.place)) }

    // MARK: Structure

    mutating func peek() throws(ModelError) -> DocumentKind { try nextType().kind }

    mutating func beginObject() throws(ModelError) { try enter(.object) }

    mutating func beginArray() throws(ModelError) { try enter(.array) }

    mutating func nextKey() throws(ModelError) -> String? {
        guard try another(closing: UInt8(ascii: "}")) else { return nil }
        let key = try text(limit: limits.stringBytes, of: "bytes in a string")
        frames[frames.count - 1].place.key = key
        frames[frames.count - 1].place.count += 1
        return key
    }

    mutating func nextElement() throws(ModelError) -> Bool {
        guard try another(closing: UInt8(ascii: "]")) else { return false }
        frames[frames.count - 1].place.count += 1
        return true
    }

    mutating func finish() throws(ModelError) {
        skipNoOperations()
        guard position == bytes.count else { throw failure(.malformed("more than one value")) }
    }

    /// True when another member follows; false at the end, which is consumed.
    @inline(__always)
    private mutating func another(closing: UInt8) throws(ModelError) -> Bool {
        let last = frames.count - 1
        if let remaining = frames[last].remaining {
            guard remaining > 0 else {
                frames.removeLast()
                return false
            }
            frames[last].remaining = remaining - 1
            return true
        }
        skipNoOperations()
        guard position < bytes.count else { throw failure(.truncated) }
        guard bytes[position] == closing else { return true }
        position += 1
        frames.removeLast()
        return false
    }

    private mutating func enter(_ kind: DocumentKind) throws(ModelError) {
        try expect(kind)
        guard frames.count < limits.nesting else { throw failure(.nestedTooDeeply(limit: limits.nesting)) }
        passMarker()
        var frame = Frame(place: DocumentPlace(isArray: kind == .array))
        if position < bytes.count, bytes[position] == UInt8(ascii: "$") {
            position += 1
            guard position < bytes.count else { throw failure(.truncated) }
            guard let type = UBJSONType(rawValue: bytes[position]) else {
                throw failure(.malformed("a type is expected"))
            }
            frame.type = type
            position += 1
            guard position < bytes.count else { throw failure(.truncated) }
            guard bytes[position] == UInt8(ascii: "#") else { throw failure(.malformed("a count is expected")) }
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "#") {
            position += 1
            frame.remaining = try count(of: frame)
        }
        frames.append(frame)
    }

    /// The count of a container, once it is known that its values can be there.
    private mutating func count(of frame: Frame) throws(ModelError) -> Int {
        let start = position
        let count = try length()
        let key = frame.place.isArray ? 0 : 2
        let least = key + (frame.type?.leastBytes ?? 1)
        guard least > 0 else {
            guard count <= limits.valuesWithoutBytes else {
                position = start
                throw failure(.limit("values that take no bytes", maximum: limits.valuesWithoutBytes))
            }
            return count
        }
        let possible = (bytes.count - position) / least
        guard count <= possible else {
            position = start
            throw failure(.outOfRange("a count of \(count)", allowed: "\(possible), by the bytes that are left"))
        }
        return count
    }

    // MARK: Values

    mutating func readString() throws(ModelError) -> String {
        try expect(.string)
        let isCharacter = try nextType() == .character
        passMarker()
        guard isCharacter else { return try text(limit: limits.stringBytes, of: "bytes in a string") }
        try need(1)
        guard bytes[position] < 0x80 else { throw failure(.malformed("a character past 127")) }
        position += 1
        return String(Unicode.Scalar(bytes[position - 1]))
    }

    mutating func readParameter() throws(ModelError) -> String {
        if try peek() == .string { return try readString() }
        switch try number() {
        case .flag(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .single(let value): return "\(value)"
        case .double(let value): return "\(value)"
        case .text(let text): return text
        }
    }

    mutating func readInteger() throws(ModelError) -> Int {
        try number { Self.integer($0).map { Int($0) } }
    }

    mutating func readBool() throws(ModelError) -> Bool {
        try expect(.bool)
        let isTrue = try nextType() == .yes
        passMarker()
        return isTrue
    }

    mutating func readDouble() throws(ModelError) -> Double { try number { Self.double($0) } }

    mutating func readFloats(into values: inout [Float], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { Self.single($0) }
    }

    mutating func readDoubles(into values: inout [Double], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { Self.double($0) }
    }

    mutating func readIntegers(into values: inout [Int32], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { number in
            if case .flag(let value) = number { return value ? 1 : 0 }
            return Self.integer(number).flatMap { Int32(exactly: $0) }
        }
    }

    mutating func skipValue() throws(ModelError) {
        let type = try nextType()
        switch type {
        case .array:
            try beginArray()
            if skipCounted() != nil { return }
            while try nextElement() { try skipValue() }
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .string:
            passMarker()
            _ = try text(limit: bytes.count, of: "bytes in a string")
        case .character: _ = try readString()
        case .decimal: _ = try readDouble()
        default:
            passMarker()
            let size = type.fixedBytes ?? 0
            try need(size)
            position += size
        }
    }

    /// Leaves the innermost array at once, where its values are counted and all take as many bytes; gives their count.
    mutating func skipCounted() -> Int? {
        let frame = frames[frames.count - 1]
        guard let size = frame.type?.fixedBytes, let remaining = frame.remaining else { return nil }
        position += size * remaining
        frames.removeLast()
        return remaining
    }

    func offset(ofElement element: Int, inArrayAt start: Int) -> Int {
        var document = self
        document.position = start
        document.frames = []
        document.skipNoOperations()
        // In a typed container the array has no marker of its own; one of numbers never begins with another's.
        if document.position == bytes.count || bytes[document.position] != UBJSONType.array.rawValue {
            document.frames = [Frame(place: DocumentPlace(isArray: true), type: .array)]
        }
        do {
            try document.beginArray()
            let frame = document.frames[document.frames.count - 1]
            if let size = frame.type?.fixedBytes, frame.remaining != nil {
                return min(document.position + size * element, bytes.count)
            }
            for _ in 0..<element where try document.nextElement() { try document.skipValue() }
            document.skipNoOperations()
            return document.position
        } catch {
            return start
        }
    }
}

// MARK: - Bytes

extension UBJSONDocument {
    @inline(__always)
    private mutating func skipNoOperations() {
        while position < bytes.count, bytes[position] == UBJSONType.noOperation { position += 1 }
    }

    /// The type of the next value: declared for the whole container, or marked before the value.
    @inline(__always)
    mutating func nextType() throws(ModelError) -> UBJSONType {
        if let type = frames.last?.type { return type }
        skipNoOperations()
        guard position < bytes.count else { throw failure(.truncated) }
        guard let type = UBJSONType(rawValue: bytes[position]) else {
            throw failure(.malformed("no value begins here"))
        }
        return type
    }

    /// Moves behind the marker that `nextType` read.
    @inline(__always)
    mutating func passMarker() {
        if frames.last?.type == nil { position += 1 }
    }

    mutating func expect(_ kind: DocumentKind) throws(ModelError) {
        let found = try peek()
        guard found == kind else {
            throw failure(.wrongKind(expected: kind.rawValue, found: found.rawValue))
        }
    }

    mutating func need(_ count: Int) throws(ModelError) {
        guard count <= bytes.count - position else {
            position = bytes.count
            throw failure(.truncated)
        }
    }

    /// A length or a count: an integer of any type, not negative.
    private mutating func length() throws(ModelError) -> Int {
        guard position < bytes.count else { throw failure(.truncated) }
        let start = position
        guard let type = UBJSONType(rawValue: bytes[position]), type.kind == .number, type != .decimal else {
            throw failure(.malformed("a length is expected"))
        }
        position += 1
        guard case .integer(let length) = try scalar(type) else {
            position = start
            throw failure(.malformed("a length is expected"))
        }
        guard length >= 0 else {
            position = start
            throw failure(.outOfRange("a length of \(length)", allowed: "0 or more"))
        }
        return Int(length)
    }

    /// A length and as many bytes of UTF-8.
    mutating func text(limit: Int, of name: String) throws(ModelError) -> String {
        let length = try length()
        try need(length)
        guard length <= limit else { throw failure(.limit(name, maximum: limit)) }
        guard let text = String(validating: bytes[position..<position + length], as: UTF8.self) else {
            throw failure(.malformed("a string that is not UTF-8"))
        }
        position += length
        return text
    }
}
