// A stolen card: a few payments within a day or two, most of them high, for goods that are sold on, at any hour, often
// in a country where its holder never was. Careful thieves buy what the holder buys, and look like him.

struct StolenCard: Sendable {
    private static let payments = 2...6
    static let meanPayments = 4.0
    private static let carefulShare = 0.3

    private let victim: Int
    private let card: CardFacts
    private let thief: Thief
    private let isCareful: Bool
    /// Where the card itself was taken, and is used in shops: the country.
    private let shopsIn: Int?
    private var remaining: Int

    init(at time: Int64, in world: World, _ random: inout RandomSource) {
        victim = Thief.victim(at: time, in: world, &random)
        card = Thief.card(of: victim, in: world, &random)
        thief = Thief(in: world, &random)
        isCareful = random.chance(Self.carefulShare)
        let home = Int(world.customers[victim].country)
        shopsIn = random.chance(0.35) ? (random.chance(0.5) ? home : random.below(world.countryCount)) : nil
        remaining = random.integer(in: Self.payments)
    }

    mutating func step(at time: Int64, in world: World, _ random: inout RandomSource) -> CampaignStep {
        let merchant = chooseMerchant(in: world, &random)
        let usual = world.customers[victim].spendFactor
        let factor = isCareful ? usual * random.uniform(0.9, 1.8) : max(usual, 0.8) * random.uniform(1.5, 5)
        let amount = Thief.price(at: merchant, times: factor, sigma: 0.5, in: world, &random)
        var facts = PaymentFacts(time: time, merchant: merchant, card: card, amount: amount)
        let place = world.merchants[merchant]
        if shopsIn != nil, place.takesCardsInPerson {
            facts.payInPerson(in: world, &random)
            facts.token = .none  // the card itself, held to the terminal
            if facts.authorization != .notAsked, random.chance(0.2) { facts.authorization = .declinedFunds }
        } else {
            thief.payOnline(&facts, holder: victim, in: world, &random)
        }
        remaining -= 1
        let pause = 45 + random.exponential(mean: isCareful ? 30_000 : 7_000)
        return CampaignStep(payment: facts, next: remaining > 0 ? time + Nanoseconds.seconds(pause) : nil)
    }

    private func chooseMerchant(in world: World, _ random: inout RandomSource) -> Int {
        if let country = shopsIn {
            let market = world.markets[country]
            if isCareful || market.resoldInPerson.isEmpty || random.chance(0.3) {
                return market.inPerson.draw(&random)
            }
            return market.resoldInPerson.draw(&random)
        }
        if isCareful { return world.markets[Int(world.customers[victim].country)].online.draw(&random) }
        return world.resoldOnline.draw(&random)
    }
}
