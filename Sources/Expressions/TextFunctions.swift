// The functions for texts of CEL's string extension. Places are code points, as in `size`.

enum TextFunctions {
    typealias Scalars = [Unicode.Scalar]

    static func apply(_ function: Function, _ arguments: [Value], offset: Int) -> Value {
        let none = Value.error(.noOverload, offset: offset)
        if function == .join { return joined(arguments) ?? none }
        guard case .string(let bytes)? = arguments.first else { return none }
        let rest = Array(arguments.dropFirst())
        switch (function, rest.count) {
        case (.lowerAscii, 0): return .string(bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
        case (.upperAscii, 0): return .string(bytes.map { (0x61...0x7A).contains($0) ? $0 & 0xDF : $0 })
        case (.trim, 0): return .string(trimmed(scalars(bytes)))
        case (.reverse, 0): return .string(utf8(scalars(bytes).reversed()))
        case (.quote, 0): return .string(quoted(scalars(bytes)))
        case (.charAt, 1): return character(scalars(bytes), rest[0], offset) ?? none
        case (.substring, 1...2): return substring(scalars(bytes), rest, offset) ?? none
        case (.indexOf, 1...2), (.lastIndexOf, 1...2):
            guard case .string(let part) = rest[0] else { return none }
            var from: Int64?
            if rest.count == 2 {
                guard case .int(let place) = rest[1] else { return none }
                from = place
            }
            let (text, wanted) = (scalars(bytes), scalars(part))
            let found = function == .indexOf ? index(text, wanted, from ?? 0) : lastIndex(text, wanted, from)
            return found.map { .int($0) } ?? .error(.index, offset: offset)
        case (.replace, 2...3), (.split, 1...2): return divided(function, bytes, rest) ?? none
        default: return none
        }
    }

    static func scalars(_ bytes: [UInt8]) -> Scalars { Array(String(decoding: bytes, as: UTF8.self).unicodeScalars) }

    static func utf8(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return Array(String(view).utf8)
    }

    private static func trimmed(_ text: Scalars) -> [UInt8] {
        let start = text.firstIndex { !$0.properties.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.properties.isWhitespace } ?? start - 1
        return utf8(text[start..<end + 1])
    }

    private static func quoted(_ text: Scalars) -> [UInt8] {
        let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "\u{7}": "a", "\u{8}": "b", "\u{C}": "f", "\n": "n", "\r": "r", "\t": "t", "\u{B}": "v", "\\": "\\",
            "\"": "\"",
        ]
        var result: Scalars = ["\""]
        for scalar in text {
            if let letter = escapes[scalar] { result += ["\\", letter] } else { result.append(scalar) }
        }
        return utf8(result + ["\""])
    }

    private static func character(_ text: Scalars, _ place: Value, _ offset: Int) -> Value? {
        guard case .int(let place) = place else { return nil }
        guard place >= 0, place <= text.count else { return .error(.index, offset: offset) }
        return .string(place == text.count ? [] : utf8([text[Int(place)]]))
    }

    private static func substring(_ text: Scalars, _ range: [Value], _ offset: Int) -> Value? {
        guard case .int(let start) = range[0] else { return nil }
        var end = Int64(text.count)
        if range.count == 2 {
            guard case .int(let given) = range[1] else { return nil }
            end = given
        }
        guard start >= 0, start <= end, end <= text.count else { return .error(.index, offset: offset) }
        return .string(utf8(text[Int(start)..<Int(end)]))
    }

    /// The first place of a part at or behind a place, -1 where there is none; nil where the place is outside.
    private static func index(_ text: Scalars, _ part: Scalars, _ from: Int64) -> Int64? {
        if part.isEmpty { return from }
        if from == 0, text.isEmpty { return -1 }
        guard from >= 0, from < text.count else { return nil }
        var place = Int(from)
        while place + part.count <= text.count {
            if text[place..<place + part.count].elementsEqual(part) { return Int64(place) }
            place += 1
        }
        return -1
    }

    /// The last place of a part at or before a place.
    private static func lastIndex(_ text: Scalars, _ part: Scalars, _ from: Int64?) -> Int64? {
        if part.isEmpty { return from ?? Int64(text.count) }
        guard text.count >= part.count || from != nil else { return -1 }
        let last = from ?? Int64(text.count - 1)
        guard last >= 0, last < text.count else { return nil }
        var place = min(Int(last), text.count - part.count)
        while place >= 0 {
            if text[place..<place + part.count].elementsEqual(part) { return Int64(place) }
            place -= 1
        }
        return -1
    }

    // MARK: Parts

    private static func divided(_ function: Function, _ bytes: [UInt8], _ arguments: [Value]) -> Value? {
        guard case .string(let separator) = arguments[0] else { return nil }
        let fixed = function == .replace ? 2 : 1
        var limit: Int64 = -1
        if arguments.count > fixed {
            guard case .int(let given) = arguments[fixed] else { return nil }
            limit = given
        }
        let text = scalars(bytes)
        if function == .split {
            if limit == 0 { return .list([]) }
            let pieces = pieces(text, scalars(separator), cuts: limit < 0 ? .max : Int(limit) - 1)
            return .list(pieces.map { .string(utf8($0)) })
        }
        guard case .string(let replacement) = arguments[1] else { return nil }
        let insert = scalars(replacement)
        if separator.isEmpty { return .string(utf8(interleaved(text, insert, limit))) }
        let pieces = pieces(text, scalars(separator), cuts: limit < 0 ? .max : Int(limit))
        return .string(utf8(pieces.joined(separator: insert)))
    }

    /// The text cut at a separator at most so often; an empty one cuts between all code points.
    private static func pieces(_ text: Scalars, _ separator: Scalars, cuts: Int) -> [ArraySlice<Unicode.Scalar>] {
        var result: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        var place = separator.isEmpty ? 1 : 0
        while result.count < cuts, place + separator.count <= text.count, separator.isEmpty ? place < text.count : true
        {
            guard text[place..<place + separator.count].elementsEqual(separator) else {
                place += 1
                continue
            }
            result.append(text[start..<place])
            start = place + separator.count
            place = separator.isEmpty ? start + 1 : start
        }
        if separator.isEmpty, text.isEmpty { return [] }
        result.append(text[start...])
        return result
    }

    /// A text inserted before each code point and at the end, at most so often.
    private static func interleaved(_ text: Scalars, _ insert: Scalars, _ limit: Int64) -> Scalars {
        var left = limit < 0 ? Int64.max : limit
        var result: Scalars = []
        for scalar in text {
            if left > 0 { result += insert }
            left -= left > 0 ? 1 : 0
            result.append(scalar)
        }
        return left > 0 ? result + insert : result
    }

    private static func joined(_ arguments: [Value]) -> Value? {
        guard case .list(let elements)? = arguments.first, arguments.count <= 2 else { return nil }
        var separator: [UInt8] = []
        if arguments.count == 2 {
            guard case .string(let given) = arguments[1] else { return nil }
            separator = given
        }
        var result: [UInt8] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else { return nil }
            if index > 0 { result += separator }
            result += text
        }
        return .string(result)
    }
}
