// A feature as the model takes it and as the record keeps it, which is one number; and back. A past payment's features
// are always taken from that number, so that a history over them is the same after a restart from the log.

import Expressions

/// How the bits of a feature are a number.
enum FeatureNumber: Sendable {
    case int, uint, double, bool, seconds

    init(_ type: ValueType) {
        switch type {
        case .int: self = .int
        case .uint: self = .uint
        case .double: self = .double
        case .bool: self = .bool
        case .duration: self = .seconds
        default: preconditionFailure("a feature is a number")
        }
    }

    /// True is 1, a duration is in seconds; missing, failed and not finite (a ratio to zero) are NaN, because trainers
    /// take no infinity.
    func number(_ slot: Slot) -> Double {
        guard slot.isPresent else { return .nan }
        switch self {
        case .int: return Double(slot.int)
        case .uint: return Double(slot.uint)
        case .double: return slot.double.isFinite ? slot.double : .nan
        case .bool: return slot.bool ? 1 : 0
        case .seconds: return Double(slot.int) / 1e9
        }
    }

    /// The value that was recorded as `number`; missing where it is none of this type, as when the feature was defined
    /// otherwise then.
    func slot(_ number: Double) -> Slot {
        guard !number.isNaN else { return .missing }
        switch self {
        case .int: return Int64(exactly: number).map(Slot.init(int:)) ?? .missing
        case .uint: return UInt64(exactly: number).map(Slot.init(uint:)) ?? .missing
        case .double: return Slot(double: number)
        case .bool: return number == 0 || number == 1 ? Slot(bool: number == 1) : .missing
        case .seconds:
            let nanoseconds = (number * 1e9).rounded()
            guard nanoseconds.magnitude < 0x1p63 else {
                return Slot(durationNanoseconds: nanoseconds < 0 ? .min : .max)
            }
            return Slot(durationNanoseconds: Int64(nanoseconds))
        }
    }
}
