// Payments for the benchmark: customers come one by one until there are enough, and pay again the more often the longer
// they have been known; each has a card, most a device and an address of their own, and pays at a few shops.

import DecisionLog
import Scoring
import Service

struct Population {
    /// Kinds of entities under the shipped features, as shares of the customers.
    private static let perCustomer = 1.0 + 1.14 + 0.9 + 0.6 + 0.02 + 0.06

    let customers: Int
    let payments: Int

    init(entities: Int, payments: Int) {
        customers = max(100, Int(Double(entities) / Self.perCustomer))
        self.payments = max(payments, customers + 1)
    }
}

/// A generator whose numbers a seed settles.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func share() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

/// Makes payments, decides them and commits their records, as a service does sixteen at a time.
struct Till {
    static let batch = 16
    private static let firstTime: Int64 = 1_780_000_000_000_000_000

    private let opened: OpenedLog
    private let population: Population
    private var numbers = Numbers(seed: 42)
    private var reader = PaymentReader()
    private var payment = Payment()
    private let pseudonymizer = Pseudonymizer(key: [UInt8](repeating: 7, count: 32))
    private(set) var count = 0

    init(_ opened: OpenedLog, _ population: Population) {
        self.opened = opened
        self.population = population
    }

    mutating func pay(_ sequencer: inout Sequencer) throws {
        let body = nextBody()
        try reader.read(body.span, into: &payment)
        pseudonymizer.apply(to: &payment)
        let log = opened.log
        let received = Self.firstTime + Int64(count) * 50_000_000
        _ = sequencer.submit(
            payment, Arrival(receivedAtNanoseconds: received), traceParent: Span(), clock: { 0 }
        ) { sequence, record in log.put(sequence, record) }
        count += 1
        if count % Self.batch == 0 { _ = commit(sequencer) }
    }

    func commit(_ sequencer: borrowing Sequencer) -> Bool { opened.log.commit(through: sequencer.core.sequence) }

    func summary(_ sequencer: borrowing Sequencer) -> String {
        let statistics = sequencer.core.statistics
        return "\(statistics.aggregates.entities) entities, \(statistics.aggregates.events) events, "
            + "\(statistics.aggregates.bytes) bytes (median of an entity \(sequencer.core.medianEntityBytes ?? 0)), "
            + "\(statistics.transactions) transactions"
    }

    private mutating func nextBody() -> [UInt8] {
        let known = min(population.customers, (count + 1) * population.customers / (population.payments * 3 / 4) + 1)
        let isNew = known > count * population.customers / (population.payments * 3 / 4) + 1
        let share = numbers.share()
        let customer = isNew ? known - 1 : Int(Double(known) * share * share)
        let card = customer % 7 == 0 && numbers.below(2) == 0 ? customer + population.customers : customer
        let shop = numbers.below(max(10, population.customers / 50))
        let address = customer % max(1, population.customers * 6 / 10)
        let time = Timestamp.text(nanoseconds: Self.firstTime + Int64(count) * 1_000_000_000)
        let text = """
            {"transaction_id":"txn_\(count)","event_time":"\(time)","amount":\(numbers.below(20_000) + 1),\
            "currency":"EUR","card":{"fingerprint":"fp_\(card)","funding":"credit","country":"DE"},\
            "merchant":{"id":"m_\(shop)","country":"DE","terminal_id":"tm_\(shop)_\(numbers.below(3))"},\
            "customer":{"id":"cu_\(customer)"},"channel":"ecommerce",\
            "device":{"id":"d_\(customer % max(1, population.customers * 9 / 10))",\
            "ip":"10.\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"}}
            """
        return Array(text.utf8)
    }
}
