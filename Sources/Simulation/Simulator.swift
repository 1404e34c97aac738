// The simulation runs: whoever is next in the queue pays, and is given a next time. Memory is the world, one queue entry
// for each customer, subscription and running campaign, and nothing of what has passed.
//
//   actors:  0 ..< customers | subscriptions | one arrival for each kind of fraud | running campaigns

/// Payments in the order of their event times, from a configuration; the same configuration gives the same bytes.
public struct Simulator: Sequence, IteratorProtocol, Sendable {
    public let configuration: SimulationConfiguration
    private let world: World
    private var habits: Habits
    private var director: CampaignDirector
    private var queue: EventQueue
    private var paymentCount: UInt64 = 0
    private var round: UInt64 = 0
    private let firstSubscription: Int
    private let firstArrival: Int
    private let firstCampaign: Int

    /// Makes the world: about two microseconds a customer.
    public init(_ configuration: SimulationConfiguration = SimulationConfiguration()) throws(SimulationError) {
        try configuration.validate()
        self.init(validated: configuration, transactionPrefix: Self.transactionPrefix(seed: configuration.seed))
    }

    init(validated configuration: SimulationConfiguration, transactionPrefix: [UInt8]) {
        self.configuration = configuration
        world = World(configuration, transactionPrefix: transactionPrefix)
        firstSubscription = world.customers.count
        firstArrival = firstSubscription + world.subscriptions.count
        firstCampaign = firstArrival + FraudKind.allCases.count
        habits = Habits(world, round: 0)
        director = CampaignDirector(world, round: 0)
        queue = EventQueue(capacity: firstCampaign + 64)
        fillQueue()
    }

    /// Begins again at the start of the simulated time with the same people, who will do other things; payments are
    /// numbered on.
    mutating func beginAnew() {
        round += 1
        habits = Habits(world, round: round)
        director = CampaignDirector(world, round: round)
        queue = EventQueue(capacity: firstCampaign + 64)
        fillQueue()
    }

    private mutating func fillQueue() {
        for (index, customer) in world.customers.enumerated() {
            let time = habits.nextTime(of: index, after: customer.joinsAt, isFirst: true, in: world)
            queue.insert(EventQueue.Entry(time: time, actor: Int32(index)))
        }
        for (index, subscription) in world.subscriptions.enumerated() {
            queue.insert(EventQueue.Entry(time: subscription.firstAt, actor: Int32(firstSubscription + index)))
        }
        for kind in FraudKind.allCases {
            guard let time = director.nextArrival(of: kind) else { continue }
            queue.insert(EventQueue.Entry(time: time, actor: Int32(firstArrival + kind.rawValue)))
        }
    }

    /// The next payment, or nil when the simulated days are over.
    public mutating func next() -> SimulatedPayment? {
        while let entry = queue.first, entry.time < configuration.endNanoseconds {
            let actor = Int(entry.actor)
            if actor < firstSubscription {
                let (facts, label) = habits.payment(of: actor, at: entry.time, in: world)
                queue.rescheduleFirst(
                    at: habits.nextTime(of: actor, after: entry.time, isFirst: false, in: world))
                if facts.isCardPresent { director.cardWasUsed(facts, in: world) }
                return numbered(facts, label)
            }
            if actor < firstArrival {
                let subscription = world.subscriptions[actor - firstSubscription]
                let (facts, label) = habits.payment(of: subscription, at: entry.time, in: world)
                queue.rescheduleFirst(at: habits.nextTime(of: subscription, after: entry.time))
                return numbered(facts, label)
            }
            if let (facts, label) = campaignStep(actor, at: entry.time) { return numbered(facts, label) }
        }
        return nil
    }

    private mutating func campaignStep(_ actor: Int, at time: Int64) -> (PaymentFacts, SimulatedLabel)? {
        if actor < firstCampaign {
            guard let kind = FraudKind(rawValue: actor - firstArrival) else {
                preconditionFailure("actor \(actor) is no kind of fraud")
            }
            let (slot, firstStep) = director.begin(kind, at: time, in: world)
            giveFirst(nextTime: director.nextArrival(of: kind))
            queue.insert(EventQueue.Entry(time: firstStep, actor: Int32(firstCampaign + slot)))
            return nil
        }
        let step = director.step(slot: actor - firstCampaign, at: time, in: world)
        giveFirst(nextTime: step.next)
        return step.payment
    }

    private mutating func giveFirst(nextTime: Int64?) {
        if let nextTime { queue.rescheduleFirst(at: nextTime) } else { queue.removeFirst() }
    }

    private mutating func numbered(_ facts: PaymentFacts, _ label: SimulatedLabel) -> SimulatedPayment {
        paymentCount += 1
        return SimulatedPayment(world: world, number: paymentCount, facts: facts, label: label)
    }

    /// `txn_` and the seed in hexadecimal, in parts of at most eight digits, which no card number has.
    private static func transactionPrefix(seed: UInt64) -> [UInt8] {
        let digits = Array(String(seed, radix: 16).utf8)
        var prefix = Array("txn_".utf8)
        if digits.count > 8 {
            prefix += digits.dropLast(8)
            prefix.append(0x5F)
        }
        prefix += digits.suffix(8)
        prefix.append(0x5F)
        return prefix
    }
}
