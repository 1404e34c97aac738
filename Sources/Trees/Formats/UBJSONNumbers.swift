// The numbers of a UBJSON document: one by one, and the typed arrays that hold nearly all of a model, in one pass each.

extension UBJSONDocument {
    /// A number as it is written.
    enum Number {
        case flag(Bool)
        case integer(Int64)
        case single(Float)
        case double(Double)
        case text(String)
    }

    @inline(__always)
    private func load<Stored: FixedWidthInteger & BitwiseCopyable>(_ type: Stored.Type, at position: Int) -> Stored {
        bytes.withUnsafeBytes { Stored(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: Stored.self)) }
    }

    /// The number behind its marker.
    mutating func scalar(_ type: UBJSONType) throws(ModelError) -> Number {
        let start = position
        let size = type.fixedBytes ?? 0
        try need(size)
        position += size
        switch type {
        case .yes, .no: return .flag(type == .yes)
        case .int8: return .integer(Int64(load(Int8.self, at: start)))
        case .uint8: return .integer(Int64(load(UInt8.self, at: start)))
        case .int16: return .integer(Int64(load(Int16.self, at: start)))
        case .int32: return .integer(Int64(load(Int32.self, at: start)))
        case .int64: return .integer(load(Int64.self, at: start))
        case .float32: return .single(Float(bitPattern: load(UInt32.self, at: start)))
        case .float64: return .double(Double(bitPattern: load(UInt64.self, at: start)))
        default: return .text(try text(limit: limits.numberBytes, of: "bytes in a number"))
        }
    }

    mutating func number() throws(ModelError) -> Number {
        try expect(.number)
        let type = try nextType()
        passMarker()
        return try scalar(type)
    }

    mutating func number<Value>(_ convert: (Number) -> Value?) throws(ModelError) -> Value {
        try expect(.number)
        let start = position
        guard let value = convert(try number()) else {
            position = start
            throw failure(.malformed("no number of the kind that is expected here"))
        }
        return value
    }

    static func integer(_ number: Number) -> Int64? {
        switch number {
        case .integer(let value): value
        case .text(let text): NumberScanner.whole(text) { $0.integer() }.map { Int64($0) }
        default: nil
        }
    }

    static func single(_ number: Number) -> Float? {
        switch number {
        case .flag: nil
        case .integer(let value): Float(value)
        case .single(let value): value
        case .double(let value): Float(value)
        case .text(let text): NumberScanner.whole(text) { $0.float() }
        }
    }

    static func double(_ number: Number) -> Double? {
        switch number {
        case .flag: nil
        case .integer(let value): Double(value)
        case .single(let value): Double(value)
        case .double(let value): value
        case .text(let text): NumberScanner.whole(text) { $0.double() }
        }
    }

    @inline(__always)
    mutating func readNumbers<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        into values: inout [Value], maximum: Int, of limit: String, _ convert: (Number) -> Value?
    ) throws(ModelError) {
        try beginArray()
        if let type = frames[frames.count - 1].type, let count = frames[frames.count - 1].remaining {
            switch type {
            case .int8: return try readAll(count, Int8.self, &values, maximum, limit) { convert(.integer(Int64($0))) }
            case .uint8: return try readAll(count, UInt8.self, &values, maximum, limit) { convert(.integer(Int64($0))) }
            case .int16: return try readAll(count, Int16.self, &values, maximum, limit) { convert(.integer(Int64($0))) }
            case .int32: return try readAll(count, Int32.self, &values, maximum, limit) { convert(.integer(Int64($0))) }
            case .int64: return try readAll(count, Int64.self, &values, maximum, limit) { convert(.integer($0)) }
            case .float32:
                return try readAll(count, UInt32.self, &values, maximum, limit) {
                    convert(.single(Float(bitPattern: $0)))
                }
            case .float64:
                return try readAll(count, UInt64.self, &values, maximum, limit) {
                    convert(.double(Double(bitPattern: $0)))
                }
            default: break
            }
        }
        values.removeAll(keepingCapacity: true)
        while try nextElement() {
            guard values.count < maximum else { throw failure(.limit(limit, maximum: maximum)) }
            let type = try nextType()
            if type.kind == .bool, let value = convert(.flag(type == .yes)) {
                passMarker()
                values.append(value)
            } else {
                values.append(try number(convert))
            }
        }
    }

    mutating func skipNumbers() throws(ModelError) -> Int {
        try beginArray()
        if frames[frames.count - 1].type?.kind == .number, let count = skipCounted() { return count }
        var count = 0
        while try nextElement() {
            _ = try number()
            count += 1
        }
        return count
    }

    /// The values of a typed array, which its count has been found to leave room for.
    @inline(__always)
    private mutating func readAll<
        Stored: FixedWidthInteger & BitwiseCopyable, Value: BitwiseCopyable & ExpressibleByIntegerLiteral
    >(
        _ count: Int, _ type: Stored.Type, _ values: inout [Value], _ maximum: Int, _ limit: String,
        _ convert: (Stored) -> Value?
    ) throws(ModelError) {
        let start = position
        let readable = min(count, maximum)
        if values.count < readable { values.append(contentsOf: repeatElement(0, count: readable - values.count)) }
        var read = 0
        values.withUnsafeMutableBufferPointer { values in
            bytes.withUnsafeBytes { raw in
                while read < readable {
                    let at = start &+ read &* MemoryLayout<Stored>.size
                    let stored = Stored(bigEndian: raw.loadUnaligned(fromByteOffset: at, as: type))
                    guard let value = convert(stored) else { return }
                    values[read] = value
                    read &+= 1
                }
            }
        }
        values.removeLast(values.count - read)
        position = start + values.count * MemoryLayout<Stored>.size
        guard values.count == count else {
            frames[frames.count - 1].place.count = values.count + 1
            guard values.count < maximum else { throw failure(.limit(limit, maximum: maximum)) }
            throw failure(.malformed("no number of the kind that is expected here"))
        }
        frames.removeLast()
    }
}
