// One connection of a loop, by its slot: at most one request in flight, opened again when it is lost.

/// A queue of slots with room for each slot once.
struct SlotQueue {
    private var slots: [Int]
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) {
        slots = [Int](repeating: 0, count: capacity)
    }

    var first: Int? { count == 0 ? nil : slots[head] }

    mutating func append(_ slot: Int) {
        precondition(count < slots.count, "a slot was queued twice")
        slots[(head + count) % slots.count] = slot
        count += 1
    }

    mutating func removeFirst() {
        head = (head + 1) % slots.count
        count -= 1
    }
}

/// The state of one slot, used by its loop only.
final class Connection {
    enum State {
        /// No socket; opened again when `retryAt` has come.
        case closed
        case connecting
        case idle
        /// A request is in flight.
        case busy
    }

    let slot: Int
    var state = State.closed
    var socket: Int32 = -1
    /// Grows with each socket of this slot.
    var generation: UInt32 = 0
    var parser: ResponseParser
    /// The whole request on its way, and how much of it the kernel has taken.
    var request: [UInt8] = []
    var written = 0
    var watchesWritable = false

    /// When the request in flight should have left, and when it did.
    var intended: UInt64 = 0
    var sent: UInt64 = 0
    /// Since when the connection has been idle.
    var freeSince: UInt64 = 0
    /// The slot stands in the loop's queue of free connections (perhaps from before it was lost).
    var isQueued = false
    /// When the connect began.
    var connectStarted: UInt64 = 0
    var retryAt: UInt64 = 0
    /// Connects in a row that failed or brought no answer.
    var fruitlessConnects = 0
    var wasOpenBefore = false
    /// This socket has brought a whole answer.
    var hasAnswered = false

    init(slot: Int, method: String) {
        self.slot = slot
        parser = ResponseParser(method: method)
    }

    private static let shortestRetry: UInt64 = 10_000_000
    private static let longestRetry: UInt64 = 500_000_000

    /// How long to wait before the next attempt: none after a connection that brought answers, then 10 ms, doubling.
    var retryDelay: UInt64 {
        if fruitlessConnects == 0 { return 0 }
        return min(Self.shortestRetry << UInt64(min(fruitlessConnects - 1, 16)), Self.longestRetry)
    }
}
