// Card testing: small payments in bursts at one or two merchants, from few devices and addresses. Either many cards are
// tried to see which are alive, or one card is tried many times until its code and expiry date are guessed.

struct CardTesting: Sendable {
    private static let payments = 10...50
    private static let guesses = 6...16
    private static let guessingShare = 0.25
    static let meanPayments = 0.75 * 30 + 0.25 * 11.0

    private var thieves: [Thief]
    private let networks: [UInt64]
    private let merchants: [Int]
    private let isGuessing: Bool
    private var card: CardFacts
    private var remaining: Int
    /// By a script, or by a person, who takes longer.
    private let isScripted: Bool
    /// Seconds between attempts, on average.
    private let meanPause: Double

    init(in world: World, _ random: inout RandomSource) {
        thieves = (0..<random.integer(in: 1...3)).map { _ in Thief(in: world, &random) }
        networks = (0..<random.integer(in: 1...4)).map { _ in random.next() }
        merchants = (0..<random.integer(in: 1...2)).map { _ in world.testedOnline.draw(&random) }
        isGuessing = random.chance(Self.guessingShare)
        card = Thief.unknownCard(in: world, &random)
        if isGuessing {
            card = Thief.card(of: random.below(world.customers.count), in: world, &random)
        }
        remaining = random.integer(in: isGuessing ? Self.guesses : Self.payments)
        isScripted = random.chance(0.6)
        meanPause = random.logNormal(median: isScripted ? 20 : 240, sigma: 0.9)
    }

    mutating func step(at time: Int64, in world: World, _ random: inout RandomSource) -> CampaignStep {
        if !isGuessing, !random.chance(0.25) {  // on to the next card
            card =
                random.chance(0.35)
                ? Thief.card(of: Thief.victim(at: time, in: world, &random), in: world, &random)
                : Thief.unknownCard(in: world, &random)
        }
        let merchant = merchants[random.below(merchants.count)]
        var facts = PaymentFacts(time: time, merchant: merchant, card: card, amount: 0)
        thieves[random.below(thieves.count)].payOnline(&facts, holder: nil, in: world, &random)
        facts.network = networks[random.below(networks.count)]
        if isScripted { facts.timeOnPageMilliseconds = Int64(random.uniform(700, 9_000)) }
        if random.chance(0.15) {
            facts.type = .accountVerification
        } else {
            facts.amount = Thief.price(at: merchant, times: 0.25, sigma: 0.6, in: world, &random)
        }
        if facts.cvc != 0 { facts.cvc = UInt8(ascii: random.chance(isGuessing ? 0.8 : 0.4) ? "N" : "M") }
        if isGuessing {
            facts.expiryError = Int8(random.integer(in: -12...12))
            if facts.authorization != .notAsked { facts.authorization = .declinedExpiry }
        } else if facts.authorization != .notAsked, random.chance(0.5) {
            facts.authorization = .declinedGeneric
        }
        remaining -= 1
        let pause = random.chance(0.04) ? random.uniform(1_800, 14_400) : 1 + random.exponential(mean: meanPause)
        return CampaignStep(payment: facts, next: remaining > 0 ? time + Nanoseconds.seconds(pause) : nil)
    }
}
