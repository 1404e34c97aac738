// A merchant bust-out: a new merchant takes small payments for some days and delivers, then takes many and high ones
// within a day or two, of customers lured with bargains and of bought card data, and is gone with the money.

struct MerchantBustOut: Sendable {
    private static let payments = 15...35
    static let meanPayments = 25.0
    private static let honestPaymentsPerDay = 2.0
    /// The others are made with bought card data.
    private static let luredShare = 0.6

    private let merchant: Int
    private let bustsAt: Int64
    private var remaining: Int
    private let meanPause: Double
    private let thieves: [Thief]

    init(merchant: Int, at time: Int64, in world: World, _ random: inout RandomSource) {
        self.merchant = merchant
        bustsAt = time + Nanoseconds.days(random.uniform(3, 9))
        remaining = random.integer(in: Self.payments)
        meanPause = random.uniform(0.5, 2) * 86_400 / Double(remaining)
        thieves = (0..<3).map { _ in Thief(in: world, &random) }
    }

    mutating func step(at time: Int64, in world: World, _ random: inout RandomSource) -> CampaignStep {
        let isBusting = time >= bustsAt
        let facts: PaymentFacts
        if !isBusting || random.chance(Self.luredShare) {
            let factor = isBusting ? random.uniform(1.5, 4) : 0.7
            facts = customerPays(at: time, times: factor, in: world, &random)
        } else {
            let amount = Thief.price(at: merchant, times: random.uniform(1.5, 4), sigma: 0.4, in: world, &random)
            var bought = PaymentFacts(
                time: time, merchant: merchant, card: Thief.unknownCard(in: world, &random), amount: amount)
            thieves[random.below(thieves.count)].payOnline(&bought, holder: nil, in: world, &random)
            facts = bought
        }
        guard isBusting else {
            let next = time + Nanoseconds.days(random.exponential(mean: 1 / Self.honestPaymentsPerDay))
            return CampaignStep(payment: facts, isFraud: false, next: min(next, bustsAt))
        }
        remaining -= 1
        let pause = 5 + random.exponential(mean: meanPause)
        return CampaignStep(payment: facts, next: remaining > 0 ? time + Nanoseconds.seconds(pause) : nil)
    }

    private func customerPays(
        at time: Int64, times factor: Double, in world: World, _ random: inout RandomSource
    ) -> PaymentFacts {
        let customer = Thief.victim(at: time, in: world, &random)
        let amount = Thief.price(at: merchant, times: factor, sigma: 0.4, in: world, &random)
        let card = Thief.card(of: customer, in: world, &random)
        var facts = PaymentFacts(time: time, merchant: merchant, card: card, amount: amount)
        facts.payOnline(as: customer, CustomerState(), in: world, &random)
        return facts
    }
}
