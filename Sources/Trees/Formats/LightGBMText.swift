// A LightGBM model as lines: `key=value`, a word alone, or nothing. Lines end in LF or CR LF. Arrays are numbers with one
// space between them, written so that they read back to the same bits; they are read straight from the bytes.
import Glibc

struct LightGBMText {
    /// One line, by its bytes in the document.
    struct Line {
        var start: Int
        /// Of what follows the first "="; `end` where there is none.
        var value: Int
        /// Past the last byte, the line's end not counted.
        var end: Int
        var hasKey: Bool

        var isBlank: Bool { start == end }
    }

    let bytes: [UInt8]
    let limits: ModelLimits
    /// Where the next line begins.
    private(set) var offset = 0

    init(_ bytes: [UInt8], limits: ModelLimits) throws(ModelError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.count <= limits.documentBytes else {
            throw ModelError(.limit("bytes in a document", maximum: limits.documentBytes), path: "", offset: 0)
        }
    }

    // MARK: Lines

    /// The next line; nil at the end of the document.
    mutating func next() -> Line? {
        guard offset < bytes.count else { return nil }
        let start = offset
        return bytes.withUnsafeBufferPointer { text in
            var end = text.count
            offset = end
            if let feed = memchr(text.baseAddress! + start, 0x0A, text.count - start) {
                end = UnsafeRawPointer(feed) - UnsafeRawPointer(text.baseAddress!)
                offset = end + 1
                if end > start, text[end - 1] == 0x0D { end -= 1 }
            }
            guard let equals = memchr(text.baseAddress! + start, Int32(UInt8(ascii: "=")), end - start) else {
                return Line(start: start, value: end, end: end, hasKey: false)
            }
            let value = UnsafeRawPointer(equals) - UnsafeRawPointer(text.baseAddress!) + 1
            return Line(start: start, value: value, end: end, hasKey: true)
        }
    }

    func begins(_ line: Line, with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard line.end - line.start >= count else { return false }
        return (0..<count).allSatisfy { bytes[line.start + $0] == prefix.utf8Start[$0] }
    }

    func isWhole(_ line: Line, _ text: StaticString) -> Bool {
        line.end - line.start == text.utf8CodeUnitCount && begins(line, with: text)
    }

    /// Whether the line is `key=…`.
    @inline(__always)
    func hasKey(_ line: Line, _ key: StaticString) -> Bool {
        line.hasKey && line.value - line.start == key.utf8CodeUnitCount + 1 && begins(line, with: key)
    }

    /// What stands before the first "="; nil where there is none, or where it is longer than any key.
    func key(_ line: Line) -> String? {
        guard line.hasKey, line.value - line.start <= 64 else { return nil }
        return String(decoding: bytes[line.start..<line.value - 1], as: UTF8.self)
    }

    // MARK: Values

    func text(_ range: Range<Int>, path: @autoclosure () -> String) throws(ModelError) -> String {
        guard range.count <= limits.stringBytes else {
            throw ModelError(
                .limit("bytes in a string", maximum: limits.stringBytes), path: path(), offset: range.lowerBound)
        }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw ModelError(.malformed("a text that is not UTF-8"), path: path(), offset: range.lowerBound)
        }
        return text
    }

    func text(_ line: Line, path: @autoclosure () -> String) throws(ModelError) -> String {
        try text(line.value..<line.end, path: path())
    }

    /// The words of a value, one space between them.
    func words(_ line: Line, maximum: Int, of limit: String, path: String) throws(ModelError) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start = line.value
        while start < line.end {
            var end = start
            while end < line.end, bytes[end] != 0x20 { end += 1 }
            guard words.count < maximum else {
                throw ModelError(.limit(limit, maximum: maximum), path: "\(path)[\(words.count)]", offset: start)
            }
            guard end > start, end + 1 != line.end else {
                throw ModelError(.malformed("an empty word"), path: "\(path)[\(words.count)]", offset: start)
            }
            words.append(start..<end)
            start = end + 1
        }
        return words
    }

    /// How many numbers a value has, without reading them.
    func count(_ line: Line) -> Int {
        guard line.end > line.value else { return 0 }
        return bytes.withUnsafeBufferPointer { text in
            var spaces = 0
            for byte in UnsafeBufferPointer(rebasing: text[line.value..<line.end]) { spaces &+= byte == 0x20 ? 1 : 0 }
            return spaces + 1
        }
    }

    func integer(_ line: Line, path: @autoclosure () -> String) throws(ModelError) -> Int {
        var values: [Int] = []
        try read(line, into: &values, maximum: 1, of: "numbers", path: path()) { $0.integer() }
        guard let value = values.first else {
            throw ModelError(.malformed("no number stands here"), path: path(), offset: line.value)
        }
        return value
    }

    func doubles(
        _ line: Line, into values: inout [Double], maximum: Int, of limit: String, path: @autoclosure () -> String
    ) throws(ModelError) {
        try read(line, into: &values, maximum: maximum, of: limit, path: path()) { Self.double(&$0) }
    }

    func integers<Value: FixedWidthInteger>(
        _ line: Line, into values: inout [Value], maximum: Int, of limit: String, path: @autoclosure () -> String
    ) throws(ModelError) {
        try read(line, into: &values, maximum: maximum, of: limit, path: path()) {
            $0.integer().flatMap { Value(exactly: $0) }
        }
    }

    /// Where one number of an array stands; for errors found after reading.
    func offset(ofElement element: Int, in line: Line) -> Int {
        var at = line.value
        var spaces = 0
        while at < line.end, spaces < element {
            if bytes[at] == 0x20 { spaces += 1 }
            at += 1
        }
        return at
    }

    @inline(__always)
    private func read<Value>(
        _ line: Line, into values: inout [Value], maximum: Int, of limit: String, path: @autoclosure () -> String,
        _ scan: (inout NumberScanner) -> Value?
    ) throws(ModelError) {
        values.removeAll(keepingCapacity: true)
        guard line.end > line.value else { return }
        var failed: (reason: ModelError.Reason, offset: Int)?
        bytes.withUnsafeBufferPointer { text in
            // Behind the line the scanner finds nothing.
            var scanner = NumberScanner(
                text: UnsafeBufferPointer(rebasing: text[..<line.end]), position: line.value,
                maximumBytes: limits.numberBytes)
            while true {
                let start = scanner.position
                guard values.count < maximum else {
                    failed = (.limit(limit, maximum: maximum), start)
                    return
                }
                guard let value = scan(&scanner) else {
                    let isTooLong = scanner.position - start > limits.numberBytes
                    let what = ModelError.Reason.malformed("no number of the kind that is expected here")
                    failed = (isTooLong ? .limit("bytes in a number", maximum: limits.numberBytes) : what, start)
                    return
                }
                guard scanner.position == line.end || text[scanner.position] == 0x20 else {
                    failed = (.malformed("a space or the line's end is expected"), scanner.position)
                    return
                }
                values.append(value)
                guard scanner.position < line.end else { return }
                scanner.position &+= 1
            }
        }
        if let failed { throw ModelError(failed.reason, path: "\(path())[\(values.count)]", offset: failed.offset) }
    }

    @inline(__always)
    private static func double(_ scanner: inout NumberScanner) -> Double? {
        let start = scanner.position
        let first = start < scanner.text.count ? scanner.text[start] : 0
        let letter =
            first == UInt8(ascii: "-") && start + 1 < scanner.text.count ? scanner.text[start + 1] : first
        return letter < 0x3A ? scanner.double() : special(&scanner)
    }

    /// What C's printf writes for what is no number.
    private static func special(_ scanner: inout NumberScanner) -> Double? {
        let names: [(StaticString, Double)] = [
            ("inf", .infinity), ("-inf", -.infinity), ("nan", .nan), ("-nan", .nan),
        ]
        let rest = scanner.text[scanner.position...]
        for (name, value) in names where rest.count >= name.utf8CodeUnitCount {
            let isHere = name.withUTF8Buffer { $0.elementsEqual(rest.prefix($0.count)) }
            guard isHere else { continue }
            scanner.position += name.utf8CodeUnitCount
            return value
        }
        return nil
    }
}
