// A block of payments that was read before it is timed, and what it costs to read and to decide it.

import Glibc
import JSON
import Platform
import Scoring
import Simulation

/// CPU time of the calling thread: other work on the machine does not count.
func threadNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

struct Block {
    private(set) var payments: [Payment]
    private var bodies: [[UInt8]]
    private var reader = PaymentReader()
    private let pseudonymizer = Pseudonymizer(key: [UInt8](repeating: 7, count: 32))
    private var json = JSONWriter(capacity: 4_096)

    init(count: Int) {
        payments = [Payment](repeating: Payment(), count: count)
        bodies = [[UInt8]](repeating: [], count: count)
    }

    /// Takes the next payments of the simulation; returns what it cost to read them.
    mutating func fill(from simulator: inout Simulator) throws -> UInt64 {
        for i in bodies.indices {
            guard let payment = simulator.next() else { throw Failure("the simulation has ended") }
            json.removeAll()
            payment.writeRequest(to: &json)
            bodies[i].removeAll(keepingCapacity: true)
            bodies[i].append(contentsOf: json.bytes)
        }
        let start = threadNanoseconds()
        for i in bodies.indices {
            let body = bodies[i]
            try reader.read(body.span, into: &payments[i])
            pseudonymizer.apply(to: &payments[i])
        }
        return threadNanoseconds() - start
    }

    func submit(to core: inout Core) -> UInt64 {
        var times = StageTimes()
        let start = threadNanoseconds()
        for i in payments.indices {
            let outcome = core.submit(
                payments[i], at: payments[i].eventTimeNanoseconds, remainingNanoseconds: .max, times: &times,
                clock: { 0 })
            precondition(outcome == .decided)
        }
        return threadNanoseconds() - start
    }

    func submit(to sequencer: inout Sequencer) -> UInt64 {
        let start = threadNanoseconds()
        for i in payments.indices {
            let arrival = Arrival(receivedAtNanoseconds: payments[i].eventTimeNanoseconds)
            let outcome = sequencer.submit(payments[i], arrival, traceParent: Span(), clock: { 0 }) { _, _ in nil }
            precondition(outcome == .decided)
        }
        return threadNanoseconds() - start
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

func grouped(_ number: Int) -> String {
    var text = ""
    for (i, digit) in String(number).reversed().enumerated() {
        if i > 0, i % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}

struct Options {
    var configuration = "config"
    var model = "config/models/default/2026-11-23"
    var customers = 50_000
    var payments = 300_000
    var warmUp = 300_000
    var rounds = 3

    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Failure("\(name) needs a value") }
            switch name {
            case "--configuration": configuration = value
            case "--model": model = value
            case "--customers": customers = try Self.number(value)
            case "--payments": payments = try Self.number(value)
            case "--warm-up": warmUp = try Self.number(value)
            case "--rounds": rounds = try Self.number(value)
            default: throw Failure("unknown option \(name)")
            }
        }
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text), number > 0 else { throw Failure("\(text) is no number above 0") }
        return number
    }
}
