// Writes JSON into a buffer that it keeps. The caller says keys and values in order; the writer places commas with one
// flag ("a comma is due before the next key or element") and no stack. Escapes are the fewest RFC 8259 allows.

/// Appends one JSON document, or the members of one, to `bytes`.
///
/// Brackets are the caller's to balance. Allocates only when `bytes` must grow, so a writer that is emptied with
/// `removeAll()` and used again soon allocates nothing.
public struct JSONWriter: Sendable {
    /// What was written so far. A caller may append to it what is not JSON, such as the newline between two documents.
    public var bytes: [UInt8]
    private var needsComma = false

    public init(capacity: Int = 1024) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Starts anew and keeps the memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    // MARK: - Structure

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A key that the program spells out; exactly one value must follow. It is written as it is, so it must need no escape.
    public mutating func key(_ name: StaticString) {
        let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        assert(firstToEscape(in: name, from: 0) == name.count, "a key that needs an escape; pass it as a String")
        appendString(name, firstEscaped: name.count, isKey: true)
    }

    @_disfavoredOverload  // a literal is a StaticString
    public mutating func key(_ name: String) {
        withUTF8(name) { appendString($0, isKey: true) }
    }

    /// A key from its decoded text, which must be valid UTF-8.
    public mutating func key(bytes name: Span<UInt8>) {
        name.withUnsafeBufferPointer { appendString($0, isKey: true) }
    }

    // MARK: - Values

    public mutating func string(_ value: StaticString) {
        appendString(UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount), isKey: false)
    }

    @_disfavoredOverload
    public mutating func string(_ value: String) {
        withUTF8(value) { appendString($0, isKey: false) }
    }

    /// A string from its decoded text. It is written as it is but for escapes: valid UTF-8 in, valid UTF-8 out.
    public mutating func string(utf8 value: Span<UInt8>) {
        value.withUnsafeBufferPointer { appendString($0, isKey: false) }
    }

    public mutating func integer(_ value: Int64) {
        appendDecimal(magnitude: value.magnitude, isNegative: value < 0)
    }

    public mutating func unsigned(_ value: UInt64) {
        appendDecimal(magnitude: value, isNegative: false)
    }

    /// The shortest digits that read back as `value`; `null` for NaN and the infinities, which JSON does not have.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        comma()
        appendShortest(value, to: &bytes)
    }

    /// The shortest digits that read back as `value` in `Float`; `null` for NaN and the infinities.
    public mutating func float(_ value: Float) {
        guard value.isFinite else { return null() }
        comma()
        appendShortest(value, to: &bytes)
    }

    public mutating func bool(_ value: Bool) {
        if value { raw("true") } else { raw("false") }
    }

    public mutating func null() { raw("null") }

    /// JSON that is known to be good: one value, or whole members where a key may stand. Nothing for an empty text.
    public mutating func raw(_ json: StaticString) {
        appendRaw(UnsafeBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
    }

    public mutating func raw(_ json: Span<UInt8>) {
        json.withUnsafeBufferPointer { appendRaw($0) }
    }

    /// An object of numbers whose keys were rendered before: each is as `key(_:)` writes it, quoted and with its colon.
    /// NaN and the infinities are `null`.
    ///
    /// - Parameter keyRanges: Of each value's key in `keys`; as many as values.
    public mutating func object(keys: [UInt8], keyRanges: [Range<Int>], values: [Double]) {
        precondition(keyRanges.count == values.count, "\(keyRanges.count) keys of \(values.count) values")
        comma()
        // Room for all at once: two braces, and for each its key, a comma and the longest number.
        let capacity = keys.count &+ values.count &* (maximumNumberBytes &+ 1) &+ 2
        bytes.append(addingCapacity: capacity) { output in
            output.append(UInt8(ascii: "{"))
            keys.withUnsafeBufferPointer { keys in
                for i in values.indices {
                    if i > 0 { output.append(UInt8(ascii: ",")) }
                    output.append(copying: UnsafeBufferPointer(rebasing: keys[keyRanges[i]]))
                    output.appendShortest(values[i])
                }
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    // MARK: - Steps

    private mutating func open(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Writes the comma that is due, and makes the next one due.
    @inline(__always)
    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendDecimal(magnitude: UInt64, isNegative: Bool) {
        let needsComma = needsComma
        self.needsComma = true
        bytes.append(addingCapacity: 22) { output in
            if needsComma { output.append(UInt8(ascii: ",")) }
            if isNegative { output.append(UInt8(ascii: "-")) }
            output.appendDigits(of: magnitude)
        }
    }

    private mutating func appendRaw(_ json: UnsafeBufferPointer<UInt8>) {
        guard !json.isEmpty else { return }
        comma()
        bytes.append(contentsOf: json)
    }

    /// Writes a due comma, the quoted text, and behind a key its colon.
    private mutating func appendString(_ text: UnsafeBufferPointer<UInt8>, isKey: Bool) {
        appendString(text, firstEscaped: firstToEscape(in: text, from: 0), isKey: isKey)
    }

    @inline(__always)
    private mutating func appendString(_ text: UnsafeBufferPointer<UInt8>, firstEscaped: Int, isKey: Bool) {
        let needsComma = needsComma
        self.needsComma = !isKey
        bytes.append(addingCapacity: firstEscaped &+ 4) { output in
            if needsComma { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\""))
            output.append(copying: UnsafeBufferPointer(rebasing: text[..<firstEscaped]))
            if firstEscaped == text.count {
                output.append(UInt8(ascii: "\""))
                if isKey { output.append(UInt8(ascii: ":")) }
            }
        }
        if firstEscaped < text.count { appendEscaped(text, from: firstEscaped, isKey: isKey) }
    }

    /// Writes the text from its first byte that must be escaped, and what follows it.
    @inline(never)
    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, from firstEscaped: Int, isKey: Bool) {
        var escaped = firstEscaped
        while escaped < text.count {
            appendEscape(text[escaped])
            let start = escaped &+ 1
            escaped = firstToEscape(in: text, from: start)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<escaped]))
        }
        bytes.append(UInt8(ascii: "\""))
        if isKey { bytes.append(UInt8(ascii: ":")) }
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(UInt8(ascii: "u"))
            bytes.append(UInt8(ascii: "0"))
            bytes.append(UInt8(ascii: "0"))
            bytes.append(UInt8(ascii: "0") &+ byte >> 4)  // below 0x20, so 0 or 1
            bytes.append(byte & 0xF < 10 ? UInt8(ascii: "0") &+ byte & 0xF : UInt8(ascii: "a") &+ byte & 0xF &- 10)
        }
    }
}

/// Calls `body` with the bytes of `text`, without a copy wherever the string is Swift's own, as all are on Linux.
@inline(__always)
private func withUTF8(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    if text.utf8.withContiguousStorageIfAvailable(body) == nil { Array(text.utf8).withUnsafeBufferPointer(body) }
}

/// The first position from `start` on whose byte must be escaped in a JSON string; `text.count` when none must.
private func firstToEscape(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let raw = UnsafeRawBufferPointer(text)
    var i = start
    while i &+ 8 <= raw.count {
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
        let special = markSpecialBytes(word) & ~word & highBits
        if special != 0 { return i &+ special.trailingZeroBitCount >> 3 }
        i &+= 8
    }
    if raw.count >= 8 {  // the last eight bytes again, of which those before i need no escape
        let last = raw.count &- 8
        let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: last, as: UInt64.self))
        let special = markSpecialBytes(word) & ~word & highBits
        if last >= start { return last &+ special.trailingZeroBitCount >> 3 }
    }
    while i < raw.count {
        let byte = raw[i]
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
        i &+= 1
    }
    return i
}

extension OutputSpan<UInt8> {
    /// Appends all of `source` at once.
    ///
    /// - Precondition: `source.count <= freeCapacity`.
    @_lifetime(self: copy self)
    mutating func append(copying source: UnsafeBufferPointer<UInt8>) {
        precondition(source.count <= freeCapacity, "\(source.count) bytes into \(freeCapacity)")
        withUnsafeMutableBufferPointer { buffer, initializedCount in
            guard let start = source.baseAddress, let target = buffer.baseAddress else { return }
            target.advanced(by: initializedCount).initialize(from: start, count: source.count)
            initializedCount &+= source.count
        }
    }
}
