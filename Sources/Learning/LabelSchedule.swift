// Labels in the order in which they became known, for a batch that tells them to the core when their time has come: a
// label that was known at t is told before the first payment whose event time is t or later. So features over labels
// see what a service would have seen.

import JSON
import Scoring

public struct LabelSchedule: Sendable {
    private struct Entry: Sendable {
        let label: Label
        let serial: UInt64

        func precedes(_ other: Entry) -> Bool {
            (label.labelledAtNanoseconds, serial) < (other.label.labelledAtNanoseconds, other.serial)
        }
    }

    /// A heap: an entry precedes those at twice its place plus one and plus two.
    private var heap: [Entry] = []
    private var serial: UInt64 = 0

    public init() {}

    public var count: Int { heap.count }

    /// - Complexity: O(log count).
    public mutating func add(_ label: Label) {
        serial += 1
        heap.append(Entry(label: label, serial: serial))
        var place = heap.count - 1
        while place > 0, heap[place].precedes(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the earliest label that was known at `time`; of equal times the one that was added earlier.
    ///
    /// - Complexity: O(log count).
    public mutating func next(through time: Int64) -> Label? {
        guard let first = heap.first, first.label.labelledAtNanoseconds <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if heap[child].precedes(heap[least]) { least = child }
            }
            guard least != place else { return first.label }
            heap.swapAt(place, least)
            place = least
        }
    }
}

extension Label {
    /// Appends the label as POST /v1/labels takes it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("transaction_id")
        json.string(transactionID)
        json.key("label")
        json.string(value.rawValue)
        json.key("source")
        json.string(source.rawValue)
        json.key("labelled_at")
        json.timestamp(labelledAtNanoseconds)
        json.endObject()
    }
}
