// What the histories of the shipped features cost: nanoseconds a payment over the six kinds of entities, and bytes an
// entity. Payments come from cards and merchants of very different habits over two months of event time; the figures
// are of the second month, when everything is warm.
//
//   BenchmarkAggregates [--unprepared] [CARDS [PAYMENTS]]        500000 6000000
import Aggregates
import Glibc

struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    /// In [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

let minute: Int64 = 60_000_000
let hour = 60 * minute
let day = 24 * hour

enum Column: Int { case merchant, country, device, card }

/// The histories that config/features.yaml and config/rules.yaml name; the measure is the amount.
let plans: [EntityPlan] = {
    func count(_ window: Int64, _ moment: ReadMoment = .after) -> PlannedRead {
        PlannedRead(.count(windowMicroseconds: window), moment)
    }
    func distinct(_ column: Column, _ window: Int64) -> PlannedRead {
        PlannedRead(.distinct(column: column.rawValue, windowMicroseconds: window), .after)
    }
    func mean(_ window: Int64, _ moment: ReadMoment) -> PlannedRead {
        PlannedRead(.mean(measure: 0, windowMicroseconds: window), moment)
    }
    func sum(_ window: Int64) -> PlannedRead { PlannedRead(.sum(measure: 0, windowMicroseconds: window), .after) }
    let reads: [(String, [PlannedRead])] = [
        (
            "card",
            [
                count(10 * minute), count(hour), count(day), count(7 * day), count(30 * day, .before), sum(day),
                sum(10 * minute), mean(30 * day, .before), distinct(.merchant, day), distinct(.country, 7 * day),
                PlannedRead(.sinceFirst, .after), PlannedRead(.sinceLast, .after),
            ]
        ),
        (
            "customer",
            [
                count(day), count(30 * day, .before), mean(30 * day, .before), distinct(.device, 30 * day),
                distinct(.card, 30 * day),
            ]
        ),
        ("device", [count(hour), distinct(.card, day), PlannedRead(.sinceFirst, .after)]),
        ("ip", [count(hour), distinct(.card, hour), distinct(.card, day)]),
        (
            "merchant",
            [
                count(hour), count(7 * day), distinct(.card, hour), mean(day, .after), mean(30 * day, .before),
                mean(30 * day, .after), PlannedRead(.sinceFirst, .after),
            ]
        ),
        ("terminal", [count(day), mean(7 * day, .before)]),
    ]
    return reads.map { EntityPlan(name: $0.0, reads: $0.1, measures: [.int], distinctColumnCount: 4) }
}()

struct Payment {
    var time: Int64
    var amount: Int64
    /// By kind; 0 where the payment names none.
    var keys: [UInt64]
    var columns: [UInt64]
}

/// Some cards pay many times a day and most a few times a month; a few merchants have most of the custom.
struct Traffic {
    let cards: Double
    let step: Double
    var random = SplitMix64(state: 42)
    var now = 0.0

    mutating func next() -> Payment {
        now += step * 2 * random.uniform()
        let u = random.uniform()
        let card = UInt64(cards * u * u) + 1
        let merchant = UInt64(20_000 * random.uniform() * random.uniform() * random.uniform()) + 1
        let isInPerson = random.next() % 2 == 0
        let customer = card / 5 * 4 + min(card % 5, 3)
        let device = random.next() % 20 == 0 ? random.next() % UInt64(cards) + 1 : customer
        let late = random.next() % 50 == 0 ? Int64(random.next() % 5_000_000) : 0
        func key(_ kind: UInt64, _ number: UInt64) -> UInt64 { stableHash(kind << 56 | number) }
        return Payment(
            time: Int64(now) - late, amount: Int64(random.next() % 20_000),
            keys: [
                key(1, card), key(2, customer), isInPerson ? 0 : key(3, device), isInPerson ? 0 : key(4, device / 2),
                key(5, merchant), isInPerson ? key(6, merchant * 4 + random.next() % 4) : 0,
            ],
            columns: [key(5, merchant), merchant % 30 + 1, isInPerson ? 0 : key(3, device), key(1, card)])
    }
}

let isPreparing = !CommandLine.arguments.contains("--unprepared")
let arguments = CommandLine.arguments.compactMap { Int($0) }
let cards = arguments.first ?? 500_000
let payments = arguments.dropFirst().first ?? 6_000_000
var traffic = Traffic(cards: Double(cards), step: 60 * Double(day) / Double(payments))
var histories = Aggregates(plan: HistoryPlan(entities: plans), limits: AggregateLimits())
var results = [HistoryValue](repeating: .missing, count: 16)
/// Of this thread's processor, so that other work on the machine matters little.
func nanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

var spent = [0.0, 0.0]
var checksum: UInt64 = 0
var batch: [Payment] = []
for number in 0..<payments / 1_000 {
    batch.removeAll(keepingCapacity: true)
    for _ in 0..<1_000 { batch.append(traffic.next()) }
    let half = number < payments / 2_000 ? 0 : 1
    let start = nanoseconds()
    for (place, payment) in batch.enumerated() {
        let measures = InlineArray<1, Int64>(repeating: payment.amount)
        var named: UInt64 = 0
        for kind in 0..<plans.count where payment.keys[kind] != 0 { named |= 1 << UInt64(kind) }
        if isPreparing { histories.prepare(keys: payment.keys.span, named: named) }
        for kind in 0..<plans.count where payment.keys[kind] != 0 {
            histories.read(
                entity: kind, key: payment.keys[kind], timeMicroseconds: payment.time, measures: measures.span,
                columns: payment.columns.span, conditions: Span(), results: &results)
            checksum = checksum &* 31 &+ results[0].bits &+ results[2].bits
        }
        for kind in 0..<plans.count where payment.keys[kind] != 0 {
            histories.add(
                entity: kind, key: payment.keys[kind], timeMicroseconds: payment.time,
                ticket: UInt64(number * 1_000 + place), measures: measures.span, columns: payment.columns.span,
                conditions: Span())
        }
    }
    spent[half] += nanoseconds() - start
}
for half in 0..<2 {
    print(half == 0 ? "first month " : "second month", Int(spent[half] / Double(payments / 2)), "ns a payment")
}
for (kind, plan) in plans.enumerated() {
    let statistics = histories.statistics(entity: kind)
    let entities = max(1, statistics.entities)
    print(
        plan.name, statistics.entities, "entities", statistics.events, "events", statistics.bytes / entities,
        "bytes an entity")
}
let all = histories.statistics
print(
    "all", all.entities, "entities", all.events, "events", all.bytes / max(1, all.entities),
    "bytes an entity, checksum", checksum)
