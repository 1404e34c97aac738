// A compromised terminal, in one of two ways. Skimmed: the cards used there during some days are copied, and used
// elsewhere some days later. Cloned: other people's copied cards are used at it during a week or two, among its honest
// payments, as in the simulator of the Fraud Detection Handbook.

struct CompromisedTerminal: Sendable {
    private static let payments = 12...28
    /// Skimmed terminals may see fewer cards than their thief could use, so this is a little high for them.
    static let meanPayments = 20.0
    private static let skimmingShare = 0.6
    /// Copies that a skimmer keeps.
    private static let mostCards = 64
    private static let keptShare = 0.7

    /// Index among all terminals of the world.
    let terminal: Int
    private(set) var isSkimming: Bool
    let firstStep: Int64
    private let isCloned: Bool
    private let merchant: Int
    private var cards: [CardFacts] = []
    private let thieves: [Thief]
    private var remaining: Int
    private let meanPauseHours: Double

    init(at time: Int64, in world: World, _ random: inout RandomSource) {
        // Busy merchants' terminals are worth more.
        let market = world.markets[random.below(world.countryCount)]
        merchant = market.inPerson.draw(&random)
        let place = world.merchants[merchant]
        terminal = Int(place.firstTerminal) + random.below(Int(place.terminals))
        isSkimming = random.chance(Self.skimmingShare)
        isCloned = !isSkimming
        thieves = (0..<3).map { _ in Thief(in: world, &random) }
        remaining = random.integer(in: Self.payments)
        let days = isSkimming ? random.uniform(3, 6) : random.uniform(7, 14)
        meanPauseHours = days * 24 / Double(remaining)
        firstStep = time + (isSkimming ? Nanoseconds.days(random.uniform(4, 9)) : 0)
    }

    mutating func skim(_ card: CardFacts) {
        // Which cards are kept hangs on the card, so that honest payments draw no number here.
        guard cards.count < Self.mostCards, Double(mixed(card.key) >> 11) * 0x1p-53 < Self.keptShare else { return }
        cards.append(card)
    }

    mutating func step(at time: Int64, in world: World, _ random: inout RandomSource) -> CampaignStep {
        if isSkimming {  // the skimmer is taken off; the copies are sold
            isSkimming = false
            return CampaignStep(payment: nil, next: time + Nanoseconds.days(random.uniform(1, 8)))
        }
        guard isCloned || !cards.isEmpty else { return CampaignStep(payment: nil, next: nil) }
        let facts = isCloned ? useClone(at: time, in: world, &random) : useCopy(at: time, in: world, &random)
        remaining -= 1
        guard remaining > 0 else { return CampaignStep(payment: facts, next: nil) }
        let place = world.country(ofMerchant: merchant)
        let next =
            isCloned
            ? ActivityProfile.all[0].next(
                after: time, offset: place.offsetMinutes * Nanoseconds.minute, perHour: 1 / meanPauseHours,
                random: &random)
            : time + Nanoseconds.hours(random.exponential(mean: meanPauseHours)) + Nanoseconds.second
        return CampaignStep(payment: facts, next: next)
    }

    private func useClone(at time: Int64, in world: World, _ random: inout RandomSource) -> PaymentFacts {
        let card =
            random.chance(0.5)
            ? Thief.card(of: Thief.victim(at: time, in: world, &random), in: world, &random)
            : Thief.unknownCard(in: world, &random)
        let amount = Thief.price(at: merchant, times: 1.4, sigma: 0.7, in: world, &random)
        var facts = PaymentFacts(time: time, merchant: merchant, card: card, amount: amount)
        let place = world.merchants[merchant]
        facts.payInPerson(in: world, terminal: terminal - Int(place.firstTerminal), &random)
        facts.token = .none
        return facts
    }

    private func useCopy(at time: Int64, in world: World, _ random: inout RandomSource) -> PaymentFacts {
        let card = cards[random.below(cards.count)]
        let shop =
            random.chance(0.6)
            ? world.resoldOnline.draw(&random) : world.markets[Int(card.country)].everyday.draw(&random)
        let amount = Thief.price(at: shop, times: 1.5, sigma: 0.7, in: world, &random)
        var facts = PaymentFacts(time: time, merchant: shop, card: card, amount: amount)
        if world.merchants[shop].takesCardsInPerson {
            facts.payInPerson(in: world, &random)
            facts.token = .none
        } else {
            thieves[random.below(thieves.count)].payOnline(&facts, holder: nil, in: world, &random)
        }
        return facts
    }
}
