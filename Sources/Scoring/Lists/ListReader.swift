// Reads the file of a list: one entry a line, plain or gzipped. Behind a comma an entry may have its end, from which on it
// holds no more; a # begins a remark.
//
//   # bins that were sold in November
//   411111
//   52000012,2026-12-01T00:00:00Z     # until the issuer has replaced them
//   "Shoes, Hats & Co"                a text with a comma stands in quotes
//
// One bad line refuses the list, with its number and the reason.

import Aggregates
import Platform

struct ListReader {
    let kind: ListKind
    let pseudonymizer: Pseudonymizer
    private(set) var entries: [ListTable.Entry] = []
    private(set) var ranges: [ListTable.Range] = []
    /// Whether a raw identifier was hashed with the key.
    private(set) var usedKey = false

    init(kind: ListKind, pseudonymizer: Pseudonymizer) {
        self.kind = kind
        self.pseudonymizer = pseudonymizer
    }

    /// Reads a file.
    ///
    /// - Returns: The digest of its uncompressed lines.
    mutating func read(path: String) throws(ConfigurationError) -> SHA256Digest {
        var hash = SHA256()
        var line: [UInt8] = []
        let newline: [UInt8] = [0x0A]
        var mistake: ConfigurationError?
        do throws(PlatformError) {
            let reader = try LineReader(path: path, maximumLineBytes: ListLimits.maximumLineBytes)
            while mistake == nil, try reader.next(into: &line) {
                hash.update(line.span)
                hash.update(newline.span)
                if let reason = take(line) {
                    mistake = ConfigurationError(file: path, line: reader.lineNumber, message: reason)
                }
            }
        } catch {
            throw ConfigurationError(file: path, message: error.description)
        }
        if let mistake { throw mistake }
        return hash.finalize()
    }

    var table: ListTable {
        kind == .ip ? ListTable(ranges: ranges) : ListTable(kind: kind, entries: entries)
    }

    /// Takes in one line.
    ///
    /// - Returns: What is wrong with it; nil where nothing is.
    mutating func take(_ line: [UInt8]) -> String? {
        guard let (value, end) = Self.split(line[...]) else { return "a quote is not closed, or followed by more" }
        if value.isEmpty { return end == nil ? nil : "has an end and no entry before the comma" }
        var until = ListTable.never
        if let end {
            let text = String(decoding: end, as: UTF8.self)
            guard let time = Self.time(text) else {
                return "\(text) is no time such as 2026-12-01T00:00:00Z or 2026-12-01"
            }
            until = time
        }
        guard entries.count + ranges.count < ListLimits.maximumEntries else {
            return "is past the \(ListLimits.maximumEntries) entries that a list may have"
        }
        return kind == .ip ? takeNetwork(String(decoding: value, as: UTF8.self), until) : takeKey(Array(value), until)
    }

    /// Value and end of a line without its remark; nil where a quote is not closed.
    static func split(_ line: ArraySlice<UInt8>) -> (value: ArraySlice<UInt8>, end: ArraySlice<UInt8>?)? {
        let line = line.trimmed
        let comma = UInt8(ascii: ",")
        let quote = UInt8(ascii: "\"")
        if line.first == quote {
            guard let close = line.dropFirst().firstIndex(of: quote) else { return nil }
            let value = line[(line.startIndex + 1)..<close]
            let rest = line[(close + 1)...].withoutRemark.trimmed
            if rest.isEmpty { return (value, nil) }
            return rest.first == comma ? (value, rest.dropFirst().trimmed) : nil
        }
        let text = line.withoutRemark.trimmed
        guard let last = text.lastIndex(of: comma) else { return (text, nil) }
        return (text[..<last].trimmed, text[(last + 1)...].trimmed)
    }

    /// A date-time, or a date, which is its first instant in UTC.
    static func time(_ text: String) -> Int64? {
        let whole = Array((text.utf8.count == 10 ? text + "T00:00:00Z" : text).utf8)
        return Timestamp.nanoseconds(parsing: whole.span)
    }

    // MARK: Entries

    private mutating func takeNetwork(_ text: String, _ until: Int64) -> String? {
        do throws(InternetAddress.NetworkProblem) {
            let (low, high) = try InternetAddress.network(text)
            ranges.append(ListTable.Range(low: low, high: high, until: until))
            return nil
        } catch .prefixOutOfRange(let limit) {
            return "\(text): the length of a network is from 0 to \(limit)"
        } catch .hostBits {
            return "\(text) has bits behind its prefix; write the network's first address"
        } catch {
            return "\(text) is no address and no network such as 192.0.2.0/24 or 2001:db8::/32"
        }
    }

    private mutating func takeKey(_ value: [UInt8], _ until: Int64) -> String? {
        var bytes = value
        if let problem = problem(with: bytes) { return "\(String(decoding: bytes, as: UTF8.self)) \(problem)" }
        let key: UInt64
        switch kind {
        case .bin: key = ListTable.binKey(bytes.span)
        case .emailDomain:
            for i in bytes.indices { bytes[i] = ListTable.lowered(bytes[i]) }
            key = stableHash(bytes.span)
        case .fingerprint, .customer, .device:
            guard let pseudonym = pseudonymizer.pseudonym(ofKey: bytes, usedKey: &usedKey) else {
                return "hmac: is followed by \(2 * Pseudonymizer.pseudonymBytes) hexadecimal digits"
            }
            key = stableHash(pseudonym.span)
        case .country, .merchant, .mcc, .text, .ip: key = stableHash(bytes.span)
        }
        entries.append(ListTable.Entry(key: key, until: until))
        return nil
    }

    private func problem(with bytes: [UInt8]) -> String? {
        switch kind {
        case .bin, .mcc:
            let digits = kind == .bin ? ListLimits.binDigits : 4...4
            let isNumber = bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            guard !digits.contains(bytes.count) || !isNumber else { return nil }
            return "is no \(kind.rawValue), which has \(kind == .bin ? "six to eight" : "four") digits"
        case .country:
            return Countries.contains(bytes.span) ? nil : "is no ISO 3166-1 alpha-2 code such as DE"
        case .emailDomain:
            let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let isDomain =
                bytes.count <= ListLimits.maximumDomainBytes && !labels.contains { $0.isEmpty }
                && bytes.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "@") }
            return isDomain ? nil : "is no domain such as example.com"
        case .fingerprint, .customer, .device, .merchant, .text, .ip: return nil
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without spaces, tabs and carriage returns at its ends.
    fileprivate var trimmed: ArraySlice<UInt8> {
        var part = self
        while let first = part.first, Self.isSpace(first) { part.removeFirst() }
        while let last = part.last, Self.isSpace(last) { part.removeLast() }
        return part
    }

    /// Up to a # that begins the line or stands behind a space.
    fileprivate var withoutRemark: ArraySlice<UInt8> {
        for i in indices where self[i] == UInt8(ascii: "#") {
            if i == startIndex || Self.isSpace(self[i - 1]) { return self[..<i] }
        }
        return self
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
