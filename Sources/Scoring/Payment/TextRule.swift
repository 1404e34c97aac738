// What a field may hold, in the form that the reader asks for every value: a plain value without references. The words
// for what is wrong are made only when something is.

import Glibc

struct FieldRule: Sendable {
    enum Shape: UInt8, Sendable {
        case integer, boolean, text, internetAddress, digits, timestamp, currency, country, choice, metadata

        /// Whether the slot is a range of text.
        var isText: Bool {
            switch self {
            case .integer, .boolean, .timestamp: false
            case .text, .internetAddress, .digits, .currency, .country, .choice, .metadata: true
            }
        }
    }

    let shape: Shape
    /// Lowest and highest of what the shape counts: an integer itself, bytes of a text, digits.
    let lowest: Int64
    let highest: Int64

    init(_ kind: PaymentFieldKind) {
        var limits: ClosedRange<Int64> = 0...0
        switch kind {
        case .text(let maximumBytes), .identifier(let maximumBytes):
            shape = .text
            limits = 1...Int64(maximumBytes)
        case .internetAddress: shape = .internetAddress
        case .digits(let lengths):
            shape = .digits
            limits = Int64(lengths.lowerBound)...Int64(lengths.upperBound)
        case .integer(let range):
            shape = .integer
            limits = range
        case .boolean: shape = .boolean
        case .timestamp: shape = .timestamp
        case .currency: shape = .currency
        case .country: shape = .country
        case .choice: shape = .choice
        case .metadata: shape = .metadata
        }
        lowest = limits.lowerBound
        highest = limits.upperBound
    }

    /// Whether a text is one that the field may hold.
    ///
    /// - Parameters:
    ///   - choices: The words of a choice, as `PaymentFieldKind.choices` has them; not looked at otherwise.
    ///   - origin: A record holds pseudonyms where a request holds addresses.
    func isMet(by text: Span<UInt8>, choices: [[UInt8]], origin: PaymentReader.Origin) -> Bool {
        guard !text.isEmpty else { return false }
        switch shape {
        case .text: return text.count <= highest
        case .internetAddress: return origin == .record || InternetAddress.isValid(text)
        case .digits:
            guard text.count >= lowest, text.count <= highest else { return false }
            for i in text.indices where text[i] < 0x30 || text[i] > 0x39 { return false }
            return true
        case .timestamp: return Timestamp.nanoseconds(parsing: text) != nil
        case .currency: return Currencies.minorUnitDigits(of: text) != nil
        case .country: return Countries.contains(text)
        case .choice:
            for i in choices.indices where Self.equal(choices[i], text) { return true }
            return false
        case .integer, .boolean, .metadata: return true
        }
    }

    private static func equal(_ word: [UInt8], _ text: Span<UInt8>) -> Bool {
        guard word.count == text.count else { return false }
        for i in word.indices where word[i] != text[i] { return false }
        return true
    }
}

extension PaymentFieldKind {
    /// The words that a choice allows, as bytes; empty for every other kind.
    var choices: [[UInt8]] {
        if case .choice(let words) = self { words.map { Array($0.utf8) } } else { [] }
    }
}

enum TextRule {
    /// What is wrong with a text, or nil.
    static func problem(
        _ kind: PaymentFieldKind, _ text: Span<UInt8>, origin: PaymentReader.Origin
    ) -> (code: FieldProblem.Code, detail: String)? {
        if text.isEmpty { return (.empty, "must not be empty; leave the field out where it is unknown") }
        guard !FieldRule(kind).isMet(by: text, choices: kind.choices, origin: origin) else { return nil }
        switch kind {
        case .text(let maximumBytes), .identifier(let maximumBytes):
            return (.tooLong, "is longer than \(maximumBytes) bytes")
        case .internetAddress: return (.malformed, "is no IPv4 or IPv6 address")
        case .digits(let lengths):
            let count = lengths.count == 1 ? "\(lengths.lowerBound)" : "\(lengths.lowerBound) to \(lengths.upperBound)"
            return (.malformed, "must be \(count) digits")
        case .timestamp: return (.malformed, "must be an RFC 3339 date-time such as 2026-11-23T10:15:00Z")
        case .currency: return (.notAllowed, "must be an ISO 4217 code such as EUR")
        case .country: return (.notAllowed, "must be an ISO 3166-1 alpha-2 code such as DE")
        case .choice(let choices): return (.notAllowed, "must be one of \(choices.joined(separator: ", "))")
        case .integer, .boolean, .metadata: return nil
        }
    }
}

enum InternetAddress {
    /// The longest textual IPv6 address (RFC 4291, section 2.2) has 45 bytes.
    static let maximumBytes = 45

    static func isValid(_ text: Span<UInt8>) -> Bool {
        guard text.count <= maximumBytes else { return false }
        // inet_pton wants a terminated string; the buffer is longer than the longest address.
        var terminated = InlineArray<48, CChar>(repeating: 0)
        for i in text.indices {
            if text[i] == 0 { return false }
            terminated[i] = CChar(bitPattern: text[i])
        }
        var address = in6_addr()
        let span = terminated.span
        return span.withUnsafeBufferPointer { pointer in
            guard let base = pointer.baseAddress else { return false }
            return inet_pton(AF_INET, base, &address) == 1 || inet_pton(AF_INET6, base, &address) == 1
        }
    }
}
