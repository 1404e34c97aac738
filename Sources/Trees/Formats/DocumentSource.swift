// A model document as a loader sees it: pulled value by value, whatever the encoding. The columns of a tree, which are
// nearly all of a document, are read whole into a reused buffer, so a typed binary array costs one call, not one call
// an element.
//
// Where a source stands (path and byte) is part of it, so that every refusal can say it.

enum DocumentKind: String, Sendable {
    case object = "an object"
    case array = "an array"
    case string = "a string"
    case number = "a number"
    case bool = "true or false"
    case null = "null"
}

/// Where a source stands in one object or array that it has entered.
struct DocumentPlace {
    var isArray: Bool
    /// Elements or keys begun.
    var count = 0
    var key = ""

    /// Characters of a key that a path shows.
    static let shownCharacters = 64

    /// `learner.gradient_booster.model.trees[3]`, from the outermost to the innermost.
    static func path(of places: some Sequence<DocumentPlace>) -> String {
        var path = ""
        for place in places where place.count > 0 {
            if place.isArray {
                path += "[\(place.count - 1)]"
            } else {
                if !path.isEmpty { path += "." }
                path +=
                    place.key.utf8.count <= shownCharacters
                    ? place.key : String(place.key.unicodeScalars.prefix(shownCharacters)) + "…"
            }
        }
        return path
    }
}

protocol DocumentSource {
    var limits: ModelLimits { get }
    /// Bytes from the start of the document to what is read next.
    var offset: Int { get }
    /// The place in the document, such as `learner.gradient_booster.model.trees[3]`.
    var path: String { get }

    mutating func peek() throws(ModelError) -> DocumentKind
    mutating func beginObject() throws(ModelError)
    /// The next key of the innermost object, or nil at its end, which is then left.
    mutating func nextKey() throws(ModelError) -> String?
    mutating func beginArray() throws(ModelError)
    /// False at the end of the innermost array, which is then left.
    mutating func nextElement() throws(ModelError) -> Bool
    mutating func readString() throws(ModelError) -> String
    /// A string, or a number as its text: trainers write parameters both ways.
    mutating func readParameter() throws(ModelError) -> String
    mutating func readInteger() throws(ModelError) -> Int
    mutating func readBool() throws(ModelError) -> Bool
    /// A number, rounded once to Double.
    mutating func readDouble() throws(ModelError) -> Double
    /// A whole array of numbers, each rounded once to Float; NaN and infinities are let through.
    mutating func readFloats(into values: inout [Float], maximum: Int, of limit: String) throws(ModelError)
    /// A whole array of numbers, each rounded once to Double.
    mutating func readDoubles(into values: inout [Double], maximum: Int, of limit: String) throws(ModelError)
    /// A whole array of integers; true and false count as 1 and 0, as the first versions wrote flags.
    mutating func readIntegers(into values: inout [Int32], maximum: Int, of limit: String) throws(ModelError)
    /// Passes over an array of numbers; gives their count.
    mutating func skipNumbers() throws(ModelError) -> Int
    mutating func skipValue() throws(ModelError)
    /// Nothing that means anything may follow.
    mutating func finish() throws(ModelError)
    /// Where one element stands of an array of numbers that begins at `start`; for errors found after reading.
    func offset(ofElement element: Int, inArrayAt start: Int) -> Int
}

extension DocumentSource {
    func failure(_ reason: ModelError.Reason) -> ModelError {
        ModelError(reason, path: path, offset: offset)
    }

    /// A string that holds an integer, or the integer itself.
    mutating func readIntegerParameter() throws(ModelError) -> Int {
        let place = (path, offset)
        let text = try readParameter()
        guard let value = Int(text) else {
            throw ModelError(.malformed("\"\(text)\" is no integer"), path: place.0, offset: place.1)
        }
        return value
    }
}
