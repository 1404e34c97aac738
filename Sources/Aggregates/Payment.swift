// What a payment brings to an entity, and where it stands among the entity's events.

struct Payment: ~Escapable {
    let key: UInt64
    let time: Int64
    let ticket: UInt64
    let measures: Span<Int64>
    let columns: Span<UInt64>
    let conditions: Span<ConditionMask>

    @_lifetime(copy measures, copy columns, copy conditions)
    init(
        key: UInt64, time: Int64, ticket: UInt64, measures: Span<Int64>, columns: Span<UInt64>,
        conditions: Span<ConditionMask>
    ) {
        self.key = key
        self.time = time
        self.ticket = ticket
        self.measures = measures
        self.columns = columns
        self.conditions = conditions
    }
}

/// Where a payment stands among its entity's events, worked out for the reads and again for the insertion.
struct Scratch: Sendable {
    /// Where it belongs: the slot behind the last event that is not later.
    var position = 0
    /// For each column the nearest events with its value before and from `position`; -1 is none. A payment that lacks
    /// the column has `noValue` as its previous event: it is new to no window.
    var previous: [Int]
    var following: [Int]
    /// Whose neighbours these are: of an entity, at a time, with these values of the columns; -1 is nobody's.
    var entity = -1
    var time: Int64 = 0
    var values: [UInt64]
    /// The streaks that are read.
    var streaks: [FoundStreak]
    static var noValue: Int { Int.max }

    init(layout: Layout) {
        previous = Array(repeating: -1, count: layout.columns.count)
        following = previous
        values = Array(repeating: 0, count: layout.columns.count)
        streaks = Array(repeating: FoundStreak(), count: layout.streaks.count)
    }

    /// Whether all this was worked out for the payment, and nothing was added since.
    func isOf(_ payment: borrowing Payment, entity: Int, _ layout: Layout) -> Bool {
        guard self.entity == entity, time == payment.time else { return false }
        for column in layout.columns.indices where values[column] != payment.columns[layout.columns[column]] {
            return false
        }
        return true
    }

    /// Whether the payment's value of the column does not stand in a window that starts there.
    @inline(__always)
    func isNewValue(_ column: Int, start: Int) -> Bool { previous[column] < start }

    /// The events moved towards the front by so many slots.
    mutating func shift(by slots: Int) {
        position -= slots
        for column in previous.indices {
            if previous[column] != Self.noValue {
                previous[column] = max(previous[column] - slots, -1)
            }
            following[column] = max(following[column] - slots, -1)
        }
    }
}

/// A streak, from the newest payment back: how many, and the times of its earliest and of the payment that ends it.
struct FoundStreak: Sendable {
    var count = 0
    var earliest: Int64 = 0
    var end: Int64?
}

/// Which slots of a chunk are in use, how many there are, and the number of the entity's ladder, 0 without one.
struct Bounds {
    var head: Int
    var end: Int
    var capacity: Int
    var ladder: Int

    var count: Int { end - head }

    init(head: Int, end: Int, capacity: Int, ladder: Int) {
        self.head = head
        self.end = end
        self.capacity = capacity
        self.ladder = ladder
    }

    @inline(__always)
    init(packed: UInt64) {
        head = Int(packed & 0xFFFF)
        end = Int(packed >> 16 & 0xFFFF)
        capacity = Int(packed >> 32 & 0xFFFF)
        ladder = Int(packed >> 48)
    }

    var packed: UInt64 { UInt64(head) | UInt64(end) << 16 | UInt64(capacity) << 32 | UInt64(ladder) << 48 }
}

/// Events back to the same value, ahead to it; 0 is none.
struct Links {
    var back: Int
    var ahead: Int

    init(back: Int, ahead: Int) {
        self.back = back
        self.ahead = ahead
    }

    @inline(__always)
    init(packed: UInt32) {
        back = Int(packed & 0xFFFF)
        ahead = Int(packed >> 16)
    }

    var packed: UInt32 {
        @inline(__always) get { UInt32(truncatingIfNeeded: back & 0xFFFF | ahead << 16) }
    }
}
