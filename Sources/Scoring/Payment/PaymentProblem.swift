// What is wrong with a payment, field by field. A problem names the place and the rule; it never repeats the value.

import JSON

public struct FieldProblem: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case missing, unknown, duplicate, wrongType = "wrong_type", outOfRange = "out_of_range"
        case malformed, tooLong = "too_long", empty, notAllowed = "not_allowed", cardData = "card_data"
        case tooMany = "too_many"
    }

    /// RFC 6901.
    public var pointer: String
    public var code: Code
    public var detail: String

    public init(pointer: String, code: Code, detail: String) {
        self.pointer = pointer
        self.code = code
        self.detail = detail
    }
}

public enum PaymentProblem: Error, Sendable, Equatable {
    /// The body is no JSON document.
    case malformed(JSONError)
    /// The body is JSON, and these fields are wrong; `unreported` more are not listed.
    case invalid([FieldProblem], unreported: Int)

    public var fieldProblems: [FieldProblem] {
        switch self {
        case .malformed: []
        case .invalid(let problems, _): problems
        }
    }
}

/// A JSON pointer, made only when something is wrong.
enum JSONPointer {
    static func append(_ key: String, to pointer: String) -> String {
        pointer + "/" + key.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
