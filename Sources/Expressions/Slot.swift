// A slot is one value at run time: 64 bits and a state. What the bits mean is known from the static type, so that a
// slot carries no tag and no reference. Texts are ranges of bytes that somebody else owns.
//
//   present  the value
//   missing  bits: the column that was missing, or all ones when nobody knows
//   error    bits: reason (low 8) and the byte offset in the expression's text (from bit 8 on)
//   text     space (2 bits) | offset (30 bits) | count (32 bits); space 0 is the frame, 1 the program's constants,
//            2 the scratch arena in which texts are joined

/// Why an evaluation failed.
public enum FailureReason: UInt8, Sendable, Hashable, CaseIterable {
    /// An integer, a time or a duration left its range.
    case overflow = 1
    case divisionByZero = 2
    /// A conversion whose value the target type cannot hold.
    case outOfRange = 3
    /// A text that does not say a value of the type it was to be converted to.
    case malformedText = 4
    /// A host function that could not answer.
    case function = 5
    /// A column that was given in error.
    case column = 6
    /// An operator or a function that is not defined for the values it was given.
    case noOverload = 7
    /// A map does not have the key, or a value not the field.
    case noSuchKey = 8
    /// A list does not have the index.
    case index = 9
    /// A map was written with one key twice.
    case duplicateKey = 10
    /// A name or a function that nobody knows; only where nothing is checked before.
    case unknownName = 11
    /// The evaluation took more steps than it may.
    case cost = 12
    /// A pattern that is no regular expression, or one of a kind that is not supported.
    case pattern = 13
}

extension FailureReason {
    /// What an analyst is told.
    public var explanation: String {
        switch self {
        case .overflow: "the result leaves the range of its type"
        case .divisionByZero: "division by zero"
        case .outOfRange: "the value is outside the range of the type"
        case .malformedText: "the text does not say a value of the type"
        case .function: "the function has no answer"
        case .column: "the field is in error"
        case .noOverload: "this is not defined for values of these types"
        case .noSuchKey: "there is no such key"
        case .index: "there is no such index"
        case .duplicateKey: "the map has the key twice"
        case .unknownName: "unknown name"
        case .cost: "the evaluation takes too many steps"
        case .pattern: "the pattern is not supported"
        }
    }
}

/// One value at run time.
public struct Slot: Sendable, Equatable {
    public enum State: UInt8, Sendable, Hashable {
        case missing = 0
        case present = 1
        case error = 2
    }

    public var bits: UInt64
    public var state: State

    @inlinable
    public init(bits: UInt64, state: State) {
        self.bits = bits
        self.state = state
    }

    /// A missing value of which nobody knows the column.
    public static let missing = Slot(bits: .max, state: .missing)

    @inlinable
    public init(int value: Int64) { self.init(bits: UInt64(bitPattern: value), state: .present) }
    @inlinable
    public init(uint value: UInt64) { self.init(bits: value, state: .present) }
    @inlinable
    public init(double value: Double) { self.init(bits: value.bitPattern, state: .present) }
    @inlinable
    public init(bool value: Bool) { self.init(bits: value ? 1 : 0, state: .present) }
    @inlinable
    public init(timestampNanoseconds value: Int64) { self.init(int: value) }
    @inlinable
    public init(durationNanoseconds value: Int64) { self.init(int: value) }

    /// A range of the frame's text.
    ///
    /// - Precondition: The offset is below 2^30 and the count below 2^32.
    @inlinable
    public init(textOffset offset: Int, count: Int) {
        precondition(offset >= 0 && offset < 1 << 30 && count >= 0 && count < 1 << 32, "text range")
        self.init(bits: UInt64(offset) << 32 | UInt64(count), state: .present)
    }

    /// An error and the byte of the expression's text at which it arose.
    public init(failure: FailureReason, offset: Int = 0) {
        self.init(bits: UInt64(failure.rawValue) | UInt64(offset) << 8, state: .error)
    }

    @inlinable
    public var int: Int64 { Int64(bitPattern: bits) }
    @inlinable
    public var uint: UInt64 { bits }
    @inlinable
    public var double: Double { Double(bitPattern: bits) }
    @inlinable
    public var bool: Bool { bits != 0 }
    @inlinable
    public var isPresent: Bool { state == .present }
    /// True only of a present `true`: what a rule's condition is asked.
    @inlinable
    public var isTrue: Bool { state == .present && bits == 1 }
    @inlinable
    public var textCount: Int { Int(bits & 0xFFFF_FFFF) }
    @inlinable
    public var textOffset: Int { Int(bits >> 32 & 0x3FFF_FFFF) }

    /// Why this is an error; nil where it is none.
    public var failure: FailureReason? { state == .error ? FailureReason(rawValue: UInt8(bits & 0xFF)) : nil }

    /// The byte of the expression's text at which the error arose.
    public var failureOffset: Int? { state == .error ? Int(bits >> 8 & 0xFFFF_FFFF) : nil }

    /// The column that was missing, where that is known.
    public var missingColumn: Int? { state == .missing && bits != .max ? Int(bits) : nil }
}

/// Where the bytes of a text lie.
enum TextSpace: UInt64, Sendable {
    case frame = 0
    case constants = 1
    case scratch = 2
}

extension Slot {
    init(space: TextSpace, offset: Int, count: Int) {
        self.init(textOffset: offset, count: count)
        bits |= space.rawValue << 62
    }

    /// A constant's text, `count` bytes further on.
    func moved(by count: Int) -> Slot {
        Slot(space: .constants, offset: textOffset + count, count: textCount)
    }
}

/// What a program reads: one slot a column, and the bytes of their texts.
public struct Frame: Sendable {
    public var slots: [Slot]
    public var text: [UInt8]

    public init(slots: [Slot] = [], text: [UInt8] = []) {
        self.slots = slots
        self.text = text
    }

    /// A frame in which every column is missing.
    public init(slotCount: Int) {
        self.init(slots: Array(repeating: .missing, count: slotCount))
    }

    /// Appends a text and returns the slot that names it.
    public mutating func append(text bytes: some Sequence<UInt8>) -> Slot {
        let offset = text.count
        text.append(contentsOf: bytes)
        return Slot(textOffset: offset, count: text.count - offset)
    }
}

/// The bytes of texts during an evaluation, for host functions.
public struct TextReader: ~Escapable {
    let frame: Span<UInt8>
    let constants: Span<UInt8>
    let scratch: Span<UInt8>

    @_lifetime(copy frame, copy constants, copy scratch)
    init(frame: Span<UInt8>, constants: Span<UInt8>, scratch: Span<UInt8>) {
        self.frame = frame
        self.constants = constants
        self.scratch = scratch
    }

    /// The bytes of a present string or identifier.
    ///
    /// - Precondition: The slot is a text of this evaluation; a range outside it is a bug of who filled the frame.
    @_lifetime(copy self)
    public func bytes(of slot: Slot) -> Span<UInt8> {
        let range = slot.textOffset..<slot.textOffset + slot.textCount
        switch slot.bits >> 62 {
        case 0: return frame.extracting(range)
        case 1: return constants.extracting(range)
        default: return scratch.extracting(range)
        }
    }
}
