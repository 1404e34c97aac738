// A payment is a row of typed slots over one run of text bytes: what the reader filled in, what expressions read, what
// the log writes. One value is reused for payment after payment, so that reading allocates nothing.
//
//   slots: [ transaction_id: text 0..<5 | event_time: 1532… ns | amount: 1299 | … | card.brand: missing ]
//   text:  [ t x n _ 1 E U R f p _ 9 … ]

import Expressions
import JSON
import Platform

public struct Payment: Sendable {
    public internal(set) var slots: [Slot]
    public internal(set) var text: [UInt8]
    /// `device.ip` as a number, for lists of networks; nil where there is none. It is known while the payment is decided
    /// and never recorded: what is kept of the address is its keyed hash.
    public internal(set) var address: UInt128?

    public init() {
        slots = [Slot](repeating: .missing, count: PaymentField.count)
        text = []
        text.reserveCapacity(2_048)
    }

    public mutating func removeAll() {
        slots.withUnsafeMutableBufferPointer { slots in
            for i in slots.indices { slots[i] = .missing }
        }
        text.removeAll(keepingCapacity: true)
        address = nil
    }

    public func has(_ field: PaymentField) -> Bool { slots[field.rawValue].isPresent }

    public func integer(_ field: PaymentField) -> Int64? {
        let slot = slots[field.rawValue]
        return slot.isPresent ? slot.int : nil
    }

    /// The text of a field as bytes; empty where it is missing.
    @_lifetime(borrow self)
    public func bytes(_ field: PaymentField) -> Span<UInt8> {
        let slot = slots[field.rawValue]
        guard slot.isPresent else { return text.span.extracting(0..<0) }
        return text.span.extracting(slot.textOffset..<(slot.textOffset + slot.textCount))
    }

    public func string(_ field: PaymentField) -> String? {
        guard has(field) else { return nil }
        let slot = slots[field.rawValue]
        return String(decoding: text[slot.textOffset..<(slot.textOffset + slot.textCount)], as: UTF8.self)
    }

    /// Event time in nanoseconds since 1970.
    public var eventTimeNanoseconds: Int64 { slots[PaymentField.eventTime.rawValue].int }

    public var deadlineMilliseconds: Int64? { integer(.deadline) }

    mutating func set(_ field: PaymentField, _ slot: Slot) { slots[field.rawValue] = slot }
}

/// Replaces what names a person, a card or a device by its keyed hash, before anything else sees the payment.
public struct Pseudonymizer: Sendable {
    /// 16 bytes of HMAC-SHA-256, as hexadecimal text.
    static let pseudonymBytes = 16
    private let keyedHash: KeyedHash
    private let fields = PaymentSchema.identifierFields

    public init(key: [UInt8]) { keyedHash = KeyedHash(key: key) }

    /// The raw text of an identifier stays in the payment's buffer until the next payment, behind no slot.
    public func apply(to payment: inout Payment) {
        for i in fields.indices where payment.has(fields[i]) {
            if fields[i] == .deviceIP { payment.address = InternetAddress.value(payment.bytes(.deviceIP)) }
            let digest = keyedHash.authenticate(payment.bytes(fields[i]))
            let offset = payment.text.count
            digest.appendHexadecimal(to: &payment.text, digestBytes: Self.pseudonymBytes)
            payment.set(fields[i], Slot(textOffset: offset, count: payment.text.count - offset))
        }
    }

    /// The pseudonym of an identifier as a file of the configuration writes it: the raw value, or `hmac:` and the
    /// pseudonym itself, as records and answers of other systems have it.
    ///
    /// - Parameter usedKey: Becomes true where the value was raw.
    /// - Returns: nil where `hmac:` is not followed by a pseudonym.
    func pseudonym(ofKey key: [UInt8], usedKey: inout Bool) -> [UInt8]? {
        let prefix = Array("hmac:".utf8)
        guard key.starts(with: prefix) else {
            usedKey = true
            var pseudonym: [UInt8] = []
            keyedHash.authenticate(key.span).appendHexadecimal(to: &pseudonym, digestBytes: Self.pseudonymBytes)
            return pseudonym
        }
        let digits = Array(key.dropFirst(prefix.count))
        let isPseudonym =
            digits.count == 2 * Self.pseudonymBytes
            && digits.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
        return isPseudonym ? digits : nil
    }

    /// For what is compiled where there is no key: a check, a batch without a data folder.
    public static let withoutKey = Pseudonymizer(key: [UInt8](repeating: 0, count: 32))
}

extension Payment {
    /// The digest by which a repeated submission is told from another body under the same transaction id: over what the
    /// fields say, so that white space and the order of members don't matter. `scratch` is memory that is kept.
    ///
    ///     field 1 byte | value 8 bytes                 of an integer, a boolean, a timestamp
    ///     field 1 byte | count 8 bytes | its bytes     of a text
    func digest(scratch: inout [UInt8]) -> SHA256Digest {
        let rules = SchemaIndex.shared.rules
        var count = 0
        for field in slots.indices where slots[field].isPresent {
            count += 9 + (rules[field].shape.isText ? slots[field].textCount : 0)
        }
        if scratch.count < count { scratch = [UInt8](repeating: 0, count: count * 2) }
        scratch.withUnsafeMutableBytes { output in
            text.withUnsafeBytes { text in
                var end = 0
                for field in slots.indices where slots[field].isPresent {
                    let slot = slots[field]
                    let isText = rules[field].shape.isText
                    output[end] = UInt8(truncatingIfNeeded: field)
                    let number = isText ? UInt64(slot.textCount) : slot.bits
                    output.storeBytes(of: number.littleEndian, toByteOffset: end + 1, as: UInt64.self)
                    end += 9
                    guard isText else { continue }
                    let range = slot.textOffset..<(slot.textOffset + slot.textCount)
                    UnsafeMutableRawBufferPointer(rebasing: output[end..<(end + range.count)])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: text[range]))
                    end += range.count
                }
            }
        }
        return SHA256.hash(scratch.span.extracting(0..<count))
    }
}
