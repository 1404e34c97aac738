// Accept-Encoding (RFC 9110 section 12.5.3): what the client says of gzip, of no coding, and of all others at once.
//
//   Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0.1      gzip 0.8, identity 0.1 (by "*")
//
// A member that is no coding with at most a weight (section 12.4.2) is ignored; of a coding named twice the lower weight
// counts. No field, or an empty one, means no coding: who wants gzip says so. Nothing is ever answered with 406: where
// the client takes neither gzip nor identity, it gets identity, as section 12.5.3 would rather not and section 12.1
// allows; a decision is worth more than the form it comes in.

/// In which coding a client gets an answer.
public enum AnswerCoding: UInt8, Sendable, Equatable {
    /// As it is.
    case identity
    /// By gzip, if it is worth it.
    case gzip
    /// By gzip, be it worth it or not: the client does not take it as it is.
    case onlyGzip
}

/// What the `Accept-Encoding` fields of one request say, read one after another.
public struct AcceptedCodings: Sendable, Equatable {
    /// Weights in thousandths; nil for what is not named.
    private var gzip: Int?
    private var identity: Int?
    private var anyOther: Int?

    public init() {}

    /// gzip where it is taken and weighs no less than identity. Identity that no member speaks of is taken, but as the
    /// last choice.
    public var choice: AnswerCoding {
        let gzip = gzip ?? anyOther ?? 0
        if gzip == 0 { return .identity }
        guard let identity = identity ?? anyOther else { return .gzip }
        if identity == 0 { return .onlyGzip }
        return gzip >= identity ? .gzip : .identity
    }

    /// Reads the value of one field.
    public mutating func read(_ value: Span<UInt8>) {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count && value[end] != UInt8(ascii: ",") { end += 1 }
            readMember(value, trimmingBlanks(value, start..<end))
            start = end + 1
        }
    }

    /// ( content-coding / "identity" / "*" ) [ OWS ";" OWS "q=" qvalue ]
    private mutating func readMember(_ value: Span<UInt8>, _ member: Range<Int>) {
        var nameEnd = member.lowerBound
        while nameEnd < member.upperBound && isTokenByte(value[nameEnd]) { nameEnd += 1 }
        let name = member.lowerBound..<nameEnd
        guard !name.isEmpty, let weight = Self.weight(value, nameEnd..<member.upperBound) else { return }
        if equalsIgnoringCase(value, name, "gzip") || equalsIgnoringCase(value, name, "x-gzip") {
            gzip = min(gzip ?? weight, weight)
        } else if equalsIgnoringCase(value, name, "identity") {
            identity = min(identity ?? weight, weight)
        } else if equalsIgnoringCase(value, name, "*") {
            anyOther = min(anyOther ?? weight, weight)
        }
    }

    /// The weight in thousandths behind a name: 1,000 without one, nil where there is something else.
    private static func weight(_ value: Span<UInt8>, _ rest: Range<Int>) -> Int? {
        if rest.isEmpty { return 1_000 }
        var cursor = rest.lowerBound
        while cursor < rest.upperBound && isBlank(value[cursor]) { cursor += 1 }
        guard cursor < rest.upperBound, value[cursor] == UInt8(ascii: ";") else { return nil }
        cursor += 1
        while cursor < rest.upperBound && isBlank(value[cursor]) { cursor += 1 }
        guard rest.upperBound - cursor >= 3, matchesIgnoringCase(value, from: cursor, "q=") else { return nil }
        return qvalue(value, (cursor + 2)..<rest.upperBound)
    }

    /// ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths.
    private static func qvalue(_ value: Span<UInt8>, _ digits: Range<Int>) -> Int? {
        let first = digits.lowerBound
        guard digits.count <= 5, value[first] == UInt8(ascii: "0") || value[first] == UInt8(ascii: "1") else {
            return nil
        }
        var thousandths = Int(value[first] &- 48) * 1_000
        if digits.count == 1 { return thousandths }
        guard value[first + 1] == UInt8(ascii: ".") else { return nil }
        var place = 100
        for index in (first + 2)..<digits.upperBound {
            guard isDigit(value[index]) else { return nil }
            thousandths += Int(value[index] &- 48) * place
            place /= 10
        }
        return thousandths <= 1_000 ? thousandths : nil
    }
}

extension Request {
    /// In which coding the client would have its answer. Reads the fields in place.
    public var acceptedCoding: AnswerCoding {
        var accepted = AcceptedCodings()
        var next = 0
        while let value = header("accept-encoding", from: &next) { accepted.read(value) }
        return accepted.choice
    }
}
