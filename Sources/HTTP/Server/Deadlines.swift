// Deadlines of connections without a timer each. All deadlines of one kind are equally far away when they are set, so a
// list per kind with the newest at its tail is in order of time by itself: setting and removing are O(1), and a sweep
// looks at the heads only.
//
//   idle   head ─ slot 7 ─ slot 2 ─ slot 9 ─ tail        next at 12.0 s
//   head   head ─ slot 4 ─ tail                          next at  3.1 s

enum DeadlineKind: Int, Sendable, CaseIterable {
    case idle, head, body, write, linger, grace, firstByte
}

struct Deadlines: Sendable {
    private struct Node {
        var previous: Int32 = -1
        var next: Int32 = -1
        var kind: DeadlineKind?
        var at: UInt64 = 0
    }

    private var nodes: [Node] = []
    private var heads = [Int32](repeating: -1, count: DeadlineKind.allCases.count)
    private var tails = [Int32](repeating: -1, count: DeadlineKind.allCases.count)
    private let nanoseconds: [UInt64]

    init(timeouts: ServerTimeouts, graceMilliseconds: Int) {
        let milliseconds = [
            timeouts.idleMilliseconds, timeouts.headMilliseconds, timeouts.bodyMilliseconds,
            timeouts.writeMilliseconds, timeouts.lingerMilliseconds, graceMilliseconds, timeouts.firstByteMilliseconds,
        ]
        nanoseconds = milliseconds.map { UInt64(max(0, $0)) * 1_000_000 }
    }

    /// Makes room for one more slot.
    mutating func addSlot() { nodes.append(Node()) }

    func kind(_ slot: Int) -> DeadlineKind? { nodes[slot].kind }

    /// Sets the slot's one deadline, counted from `now`; a former one is forgotten.
    mutating func set(_ slot: Int, _ kind: DeadlineKind, now: UInt64) {
        remove(slot)
        let tail = tails[kind.rawValue]
        nodes[slot] = Node(previous: tail, next: -1, kind: kind, at: now &+ nanoseconds[kind.rawValue])
        if tail >= 0 { nodes[Int(tail)].next = Int32(slot) } else { heads[kind.rawValue] = Int32(slot) }
        tails[kind.rawValue] = Int32(slot)
    }

    mutating func remove(_ slot: Int) {
        let node = nodes[slot]
        guard let kind = node.kind else { return }
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { heads[kind.rawValue] = node.next }
        if node.next >= 0 {
            nodes[Int(node.next)].previous = node.previous
        } else {
            tails[kind.rawValue] = node.previous
        }
        nodes[slot].kind = nil
    }

    /// Takes one slot whose deadline has passed, or nil.
    mutating func takeExpired(now: UInt64) -> (slot: Int, kind: DeadlineKind)? {
        for kind in 0..<heads.count {
            let slot = heads[kind]
            if slot >= 0, nodes[Int(slot)].at <= now, let expired = nodes[Int(slot)].kind {
                remove(Int(slot))
                return (Int(slot), expired)
            }
        }
        return nil
    }

    /// When the next deadline passes; nil when there is none.
    var next: UInt64? {
        var earliest: UInt64?
        for kind in 0..<heads.count where heads[kind] >= 0 {
            let at = nodes[Int(heads[kind])].at
            earliest = min(earliest ?? at, at)
        }
        return earliest
    }
}
