// LogFormat.swift: how a record is written down. One line of JSON a record:
//
//   {"seq":42,<the body's members>,"chain":"<64 hex digits>"}\n
//
// chain = SHA-256(the chain of the record before, as 64 hex digits + the line's bytes before `,"chain"`), and the first
// record follows 64 zeros. A segment's name is the sequence number of its first record, in 20 digits. Records that were
// dropped because the disk stayed away are one record {"seq":N,"kind":"gap","through":M,...}; M + 1 follows it.
import Platform

/// The names, marks and limits of the log's format, version 1.
enum LogFormat {
    static let version = 1
    /// A longer line is no record. A body that would make one is dropped, and the gap recorded.
    static let maximumLineBytes = 16 << 20

    static let lineStart = Array(#"{"seq":"#.utf8)
    static let chainStart = Array(#","chain":""#.utf8)
    static let lineEnd = Array(#""}"#.utf8)
    static let gapStart = Array(#""kind":"gap","through":"#.utf8)
    static let chainDigits = 64
    /// What the first record follows.
    static let firstChain = [UInt8](repeating: UInt8(ascii: "0"), count: chainDigits)

    /// The bytes of a line, without its newline.
    static func lineBytes(sequence: UInt64, bodyBytes: Int) -> Int {
        lineStart.count + decimalDigits(sequence) + 1 + bodyBytes + chainStart.count + chainDigits + lineEnd.count
    }

    /// Appends a record's line with its newline, and moves `chain` on to it.
    static func append(sequence: UInt64, body: Span<UInt8>, chain: inout [UInt8], to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: lineStart)
        appendDecimal(sequence, to: &bytes)
        bytes.append(UInt8(ascii: ","))
        body.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        let digest = Self.digest(after: chain, of: bytes.span.extracting(start..<bytes.count))
        bytes.append(contentsOf: chainStart)
        chain.removeAll(keepingCapacity: true)
        digest.appendHexadecimal(to: &chain)
        bytes.append(contentsOf: chain)
        bytes.append(contentsOf: lineEnd)
        bytes.append(UInt8(ascii: "\n"))
    }

    static func digest(after chain: [UInt8], of covered: Span<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(chain.span)
        hash.update(covered)
        return hash.finalize()
    }

    static func decimalDigits(_ value: UInt64) -> Int {
        var digits = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    static func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
        var place = 1 as UInt64
        for _ in 1..<decimalDigits(value) { place *= 10 }
        var rest = value
        while place > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }

    /// Reads a decimal without leading zeros from `start`; nil when there is none or it does not fit.
    static func decimal(_ bytes: Span<UInt8>, from start: Int) -> (value: UInt64, end: Int)? {
        var value: UInt64 = 0
        var index = start
        while index < bytes.count, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
            if overflow || carry || (index > start && bytes[start] == UInt8(ascii: "0")) { return nil }
            value = sum
            index += 1
        }
        return index > start ? (value, index) : nil
    }

    static func equal(_ bytes: Span<UInt8>, at start: Int, _ expected: [UInt8]) -> Bool {
        guard start >= 0, start + expected.count <= bytes.count else { return false }
        for index in 0..<expected.count where bytes[start + index] != expected[index] { return false }
        return true
    }
}

/// A record's line taken apart, without looking inside its body.
struct ParsedLine {
    var sequence: UInt64
    /// The members between the sequence and the chain.
    var body: Range<Int>
    /// The 64 digits.
    var chain: Range<Int>
    /// The last sequence number that a gap record stands for.
    var gapThrough: UInt64?

    /// What the chain covers besides the chain before.
    var covered: Range<Int> { 0..<body.upperBound }

    /// Nil when the line is not of a record's form; `problem` says why.
    init?(_ line: Span<UInt8>, problem: inout String) {
        guard LogFormat.equal(line, at: 0, LogFormat.lineStart) else {
            problem = #"it does not begin with {"seq":"#
            return nil
        }
        guard let (sequence, end) = LogFormat.decimal(line, from: LogFormat.lineStart.count),
            end < line.count, line[end] == UInt8(ascii: ",")
        else {
            problem = "its sequence number is none"
            return nil
        }
        let chainEnd = line.count - LogFormat.lineEnd.count
        let chainStart = chainEnd - LogFormat.chainDigits
        let bodyEnd = chainStart - LogFormat.chainStart.count
        guard bodyEnd > end + 1, LogFormat.equal(line, at: chainEnd, LogFormat.lineEnd),
            LogFormat.equal(line, at: bodyEnd, LogFormat.chainStart)
        else {
            problem = "it does not end with a chain"
            return nil
        }
        self.sequence = sequence
        body = (end + 1)..<bodyEnd
        chain = chainStart..<chainEnd
        if LogFormat.equal(line, at: end + 1, LogFormat.gapStart) {
            guard let gap = LogFormat.decimal(line, from: end + 1 + LogFormat.gapStart.count), gap.value >= sequence
            else {
                problem = "it is a gap record that ends before it begins"
                return nil
            }
            gapThrough = gap.value
        }
    }
}
