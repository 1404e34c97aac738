// A model document in JSON text: RFC 8259, and NaN, Infinity and -Infinity as numbers, which XGBoost writes. Pulled in
// one pass; nesting is bounded, and nothing is reserved before its bytes were seen.

struct JSONDocument: DocumentSource {
    let limits: ModelLimits
    private let bytes: [UInt8]
    private var position = 0
    private var frames: [DocumentPlace] = []

    init(_ bytes: [UInt8], limits: ModelLimits) throws(ModelError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.documentBytes else {
            throw ModelError(.limit("bytes in a document", maximum: limits.documentBytes), path: "", offset: 0)
        }
    }

    var offset: Int { position }

    var path: String { DocumentPlace.path(of: frames) }

    // MARK: Structure

    mutating func peek() throws(ModelError) -> DocumentKind {
        switch try nextByte() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"), UInt8(ascii: "I"):
            return .number
        default: throw failure(.malformed("no value begins here"))
        }
    }

    mutating func beginObject() throws(ModelError) {
        try expect(.object)
        try enter(isArray: false)
    }

    mutating func beginArray() throws(ModelError) {
        try expect(.array)
        try enter(isArray: true)
    }

    mutating func nextKey() throws(ModelError) -> String? {
        guard try separator(closing: UInt8(ascii: "}")) else { return nil }
        guard try nextByte() == UInt8(ascii: "\"") else { throw failure(.malformed("a key is expected")) }
        let key = try string()
        guard try nextByte() == UInt8(ascii: ":") else { throw failure(.malformed("\":\" is expected")) }
        position += 1
        frames[frames.count - 1].key = key
        frames[frames.count - 1].count += 1
        return key
    }

    mutating func nextElement() throws(ModelError) -> Bool {
        guard try separator(closing: UInt8(ascii: "]")) else { return false }
        frames[frames.count - 1].count += 1
        return true
    }

    mutating func finish() throws(ModelError) {
        skipSpace()
        guard position == bytes.count else { throw failure(.malformed("more than one value")) }
    }

    /// True when another member follows, past its comma; false at the end, which is consumed.
    private mutating func separator(closing: UInt8) throws(ModelError) -> Bool {
        let byte = try nextByte()
        if byte == closing {
            position += 1
            frames.removeLast()
            return false
        }
        guard frames[frames.count - 1].count > 0 else { return true }
        guard byte == UInt8(ascii: ",") else { throw failure(.malformed("\",\" or an end is expected")) }
        position += 1
        guard try nextByte() != closing else { throw failure(.malformed("nothing follows the comma")) }
        return true
    }

    private mutating func enter(isArray: Bool) throws(ModelError) {
        guard frames.count < limits.nesting else { throw failure(.nestedTooDeeply(limit: limits.nesting)) }
        position += 1
        frames.append(DocumentPlace(isArray: isArray))
    }

    private mutating func expect(_ kind: DocumentKind) throws(ModelError) {
        let found = try peek()
        guard found == kind else {
            throw failure(.wrongKind(expected: kind.rawValue, found: found.rawValue))
        }
    }

    // MARK: Values

    mutating func readString() throws(ModelError) -> String {
        try expect(.string)
        return try string()
    }

    mutating func readParameter() throws(ModelError) -> String {
        if try peek() == .string { return try string() }
        try expect(.number)
        let start = position
        _ = try number { (scanner) in scanner.float() }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    mutating func readInteger() throws(ModelError) -> Int {
        try expect(.number)
        return try number { (scanner) in scanner.integer() }
    }

    mutating func readBool() throws(ModelError) -> Bool {
        try expect(.bool)
        let isTrue = bytes[position] == UInt8(ascii: "t")
        try literal(isTrue ? "true" : "false")
        return isTrue
    }

    mutating func readDouble() throws(ModelError) -> Double {
        try expect(.number)
        return try number { (scanner) in scanner.double() }
    }

    mutating func readFloats(into values: inout [Float], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { (scanner) in scanner.float() }
    }

    mutating func readDoubles(into values: inout [Double], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { (scanner) in scanner.double() }
    }

    mutating func readIntegers(into values: inout [Int32], maximum: Int, of limit: String) throws(ModelError) {
        try readNumbers(into: &values, maximum: maximum, of: limit) { (scanner) in
            scanner.flagOrInteger().flatMap { Int32(exactly: $0) }
        }
    }

    mutating func skipNumbers() throws(ModelError) -> Int {
        var count = 0
        try beginArray()
        while try nextElement() {
            _ = try readDouble()
            count += 1
        }
        return count
    }

    mutating func skipValue() throws(ModelError) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        // Not kept, so as long as the document may be: CatBoost puts a log of the training into one string.
        case .string: _ = try string(maximum: bytes.count)
        case .number: _ = try number { (scanner) in scanner.float() }
        case .bool: _ = try readBool()
        case .null: try literal("null")
        }
    }

    func offset(ofElement element: Int, inArrayAt start: Int) -> Int {
        var at = start
        var commas = 0
        while at < bytes.count, bytes[at] != UInt8(ascii: "[") { at += 1 }
        at += 1
        while at < bytes.count, commas < element {
            if bytes[at] == UInt8(ascii: ",") { commas += 1 }
            at += 1
        }
        while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
        return at
    }
}

// MARK: - Bytes

extension JSONDocument {
    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// The next byte that is not white space, not consumed.
    private mutating func nextByte() throws(ModelError) -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw failure(.truncated) }
        return bytes[position]
    }

    private mutating func literal(_ name: String) throws(ModelError) {
        let end = position + name.utf8.count
        guard end <= bytes.count else {
            position = bytes.count
            throw failure(.truncated)
        }
        guard bytes[position..<end].elementsEqual(name.utf8) else { throw failure(.malformed("no value begins here")) }
        position = end
    }

    private mutating func number<Value>(_ scan: (inout NumberScanner) -> Value?) throws(ModelError) -> Value {
        let start = position
        let (value, end) = bytes.withUnsafeBufferPointer { text in
            var scanner = NumberScanner(text: text, position: start, maximumBytes: limits.numberBytes)
            let value = scan(&scanner)
            return (value, scanner.position)
        }
        position = end
        guard let value else { throw numberFailure(from: start) }
        return value
    }

    private func numberFailure(from start: Int) -> ModelError {
        if position >= bytes.count { return failure(.truncated) }
        if position - start > limits.numberBytes {
            return failure(.limit("bytes in a number", maximum: limits.numberBytes))
        }
        return failure(.malformed("no number of the kind that is expected here"))
    }

    private mutating func readNumbers<Value: BitwiseCopyable>(
        into values: inout [Value], maximum: Int, of limit: String, _ scan: (inout NumberScanner) -> Value?
    ) throws(ModelError) {
        values.removeAll(keepingCapacity: true)
        try beginArray()
        let start = position
        var state = ArrayEnd.closed
        let end = bytes.withUnsafeBufferPointer { text in
            var scanner = NumberScanner(text: text, position: start, maximumBytes: limits.numberBytes)
            state = Self.scanArray(&scanner, into: &values, maximum: maximum, scan)
            return scanner.position
        }
        position = end
        frames[frames.count - 1].count = values.count
        switch state {
        case .closed: frames.removeLast()
        case .tooMany:
            frames[frames.count - 1].count += 1
            throw failure(.limit(limit, maximum: maximum))
        case .badNumber(let start):
            frames[frames.count - 1].count += 1
            throw numberFailure(from: start)
        case .badSeparator:
            throw position < bytes.count ? failure(.malformed("\",\" or an end is expected")) : failure(.truncated)
        }
    }

    private enum ArrayEnd {
        case closed, tooMany, badSeparator
        case badNumber(start: Int)
    }

    @inline(__always)
    private static func scanArray<Value>(
        _ scanner: inout NumberScanner, into values: inout [Value], maximum: Int,
        _ scan: (inout NumberScanner) -> Value?
    ) -> ArrayEnd {
        let text = scanner.text
        scanner.skipSpace()
        if scanner.position < text.count, text[scanner.position] == UInt8(ascii: "]") {
            scanner.position += 1
            return .closed
        }
        while true {
            scanner.skipSpace()
            let start = scanner.position
            guard values.count < maximum else { return .tooMany }
            guard let value = scan(&scanner) else { return .badNumber(start: start) }
            values.append(value)
            scanner.skipSpace()
            guard scanner.position < text.count else { return .badSeparator }
            let byte = text[scanner.position]
            if byte == UInt8(ascii: "]") {
                scanner.position += 1
                return .closed
            }
            guard byte == UInt8(ascii: ",") else { return .badSeparator }
            scanner.position += 1
        }
    }

    /// The string that begins at `position`, unescaped.
    private mutating func string(maximum: Int? = nil) throws(ModelError) -> String {
        let maximum = maximum ?? limits.stringBytes
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            guard bytes[position] >= 0x20 else { throw failure(.malformed("a control character in a string")) }
            guard position - start < maximum else { throw stringTooLong }
            position += 1
        }
        guard position < bytes.count else { throw failure(.truncated) }
        var raw = Array(bytes[start..<position])
        while bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") {
                try escape(into: &raw)
            } else {
                guard bytes[position] >= 0x20 else { throw failure(.malformed("a control character in a string")) }
                raw.append(bytes[position])
                position += 1
            }
            guard raw.count <= maximum else { throw stringTooLong }
            guard position < bytes.count else { throw failure(.truncated) }
        }
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw failure(.malformed("a string that is not UTF-8"))
        }
        position += 1
        return text
    }

    private var stringTooLong: ModelError {
        failure(.limit("bytes in a string", maximum: limits.stringBytes))
    }

    private mutating func escape(into raw: inout [UInt8]) throws(ModelError) {
        guard position + 1 < bytes.count else { throw failure(.truncated) }
        let code = bytes[position + 1]
        position += 2
        switch code {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): raw.append(code)
        case UInt8(ascii: "b"): raw.append(0x08)
        case UInt8(ascii: "f"): raw.append(0x0C)
        case UInt8(ascii: "n"): raw.append(0x0A)
        case UInt8(ascii: "r"): raw.append(0x0D)
        case UInt8(ascii: "t"): raw.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexadecimal()
            if unit & 0xFC00 == 0xD800 {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw failure(.malformed("half a surrogate pair")) }
                position += 2
                let low = try hexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw failure(.malformed("half a surrogate pair")) }
                unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(unit) else { throw failure(.malformed("half a surrogate pair")) }
            raw += Array(String(Character(scalar)).utf8)
        default: throw failure(.malformed("an unknown escape"))
        }
    }

    private mutating func hexadecimal() throws(ModelError) -> UInt32 {
        guard position + 4 <= bytes.count else {
            position = bytes.count
            throw failure(.truncated)
        }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw failure(.malformed("an unknown escape"))
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
