// Who acts next: a binary heap with one entry for each actor, ordered by time, and by actor where times are equal, so
// that the order is the same in every run. The usual step, the first actor acts and is given its next time, is one
// pass down.

struct EventQueue: Sendable {
    struct Entry: Sendable {
        var time: Int64
        var actor: Int32

        static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
            a.time != b.time ? a.time < b.time : a.actor < b.actor
        }
    }

    private var heap: [Entry] = []

    init(capacity: Int) { heap.reserveCapacity(capacity) }

    var count: Int { heap.count }
    var first: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var i = heap.count - 1
        while i > 0 {
            let parent = (i - 1) / 2
            guard Entry.isBefore(entry, heap[parent]) else { break }
            heap[i] = heap[parent]
            i = parent
        }
        heap[i] = entry
    }

    /// Gives the first actor its next time.
    mutating func rescheduleFirst(at time: Int64) {
        sink(Entry(time: time, actor: heap[0].actor))
    }

    mutating func removeFirst() {
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
    }

    /// Puts `entry` in the place of the first and restores the order.
    private mutating func sink(_ entry: Entry) {
        let count = heap.count
        var i = 0
        while true {
            var child = 2 * i + 1
            guard child < count else { break }
            if child + 1 < count, Entry.isBefore(heap[child + 1], heap[child]) { child += 1 }
            guard Entry.isBefore(heap[child], entry) else { break }
            heap[i] = heap[child]
            i = child
        }
        heap[i] = entry
    }
}
