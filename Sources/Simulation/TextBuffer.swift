// Short texts (ids, digests, addresses, instants) are put together in place, without the heap, and handed to the JSON
// writer as bytes. Ids are letters and digests have 32 hexadecimal digits or more, so that none has the form of a card
// number by chance.

struct TextBuffer {
    static let capacity = 192
    private var storage = InlineArray<192, UInt8>(repeating: 0)
    private(set) var count = 0

    init() {}

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span.extracting(0..<count) }
    }

    var string: String {
        var text = ""
        for i in 0..<count { text.unicodeScalars.append(Unicode.Scalar(storage[i])) }
        return text
    }

    mutating func append(byte: UInt8) {
        storage[count] = byte
        count += 1
    }

    mutating func append(_ text: StaticString) {
        precondition(text.hasPointerRepresentation && text.isASCII)
        for byte in UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) { append(byte: byte) }
    }

    mutating func append(_ bytes: [UInt8]) {
        for byte in bytes { append(byte: byte) }
    }

    /// At least so many digits, zeros in front.
    mutating func append(decimal value: Int64, digits: Int = 1) {
        precondition(value >= 0 && digits <= 19)
        var width = 1
        var power: Int64 = 10
        while width < 19, width < digits || value >= power {
            width += 1
            power = width < 19 ? power * 10 : Int64.max
        }
        var rest = value
        var position = count + width
        count = position
        for _ in 0..<width {
            position -= 1
            storage[position] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// The lowest so many hexadecimal digits, in lower case.
    mutating func append(hexadecimal value: UInt64, digits: Int) {
        var shift = UInt64(digits * 4)
        while shift > 0 {
            shift -= 4
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            append(byte: digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    /// A digest of 32 or 64 digits that the key stands for.
    mutating func append(digestOf key: UInt64, words: Int) {
        var word = key
        for _ in 0..<words {
            word = mixed(word &+ 0x9E37_79B9_7F4A_7C15)
            append(hexadecimal: word, digits: 16)
        }
    }

    /// The key as sixteen letters from a to p.
    mutating func append(lettersOf key: UInt64) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift -= 4
            append(byte: 0x61 + UInt8(truncatingIfNeeded: key >> shift & 15))
        }
    }

    /// An address that belongs to nobody: from 10.0.0.0/8 (RFC 1918), or one time in four from 2001:db8::/32 (RFC 3849).
    mutating func append(internetAddressOf key: UInt64) {
        let bits = mixed(key)
        guard bits >> 62 == 0 else {
            append("10.")
            append(decimal: Int64(bits & 255))
            append(byte: 0x2E)
            append(decimal: Int64(bits >> 8 & 255))
            append(byte: 0x2E)
            append(decimal: Int64(bits >> 16 & 255))
            return
        }
        append("2001:db8:")
        append(hexadecimal: bits & 0x0FFF | 0x1000, digits: 4)
        append(byte: 0x3A)
        append(hexadecimal: bits >> 16 & 0x0FFF | 0x1000, digits: 4)
        append("::")
        append(hexadecimal: bits >> 32 & 0x0FFF | 0x1000, digits: 4)
    }
}
