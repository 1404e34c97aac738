// Account takeover: somebody else has a customer's password. Payments come in the customer's name, on a card that the
// shop has on file, from a device never seen before, for goods that go to a new address.

struct AccountTakeover: Sendable {
    private static let payments = 1...4
    static let meanPayments = 2.5
    private static let carefulShare = 0.3

    private let victim: Int
    private let card: CardFacts
    private let thief: Thief
    private let isCareful: Bool
    private let changesEmail: Bool
    private var remaining: Int

    init(at time: Int64, in world: World, _ random: inout RandomSource) {
        victim = Thief.victim(at: time, in: world, &random)
        card = Thief.card(of: victim, in: world, &random)
        thief = Thief(in: world, &random)
        isCareful = random.chance(Self.carefulShare)
        changesEmail = random.chance(0.35)
        remaining = random.integer(in: Self.payments)
    }

    mutating func step(at time: Int64, in world: World, _ random: inout RandomSource) -> CampaignStep {
        let person = world.customers[victim]
        // Every fourth favourite is a shop on the internet, where the victim may well have an account.
        let favourite = victim * World.favouritesPerCustomer + 3 + 4 * random.below(World.favouritesPerCustomer / 4)
        let merchant =
            random.chance(isCareful ? 0.9 : 0.5) ? Int(world.favourites[favourite]) : world.resoldOnline.draw(&random)
        let factor = person.spendFactor * (isCareful ? random.uniform(0.8, 1.6) : random.uniform(1.5, 4))
        let amount = Thief.price(at: merchant, times: factor, sigma: 0.5, in: world, &random)
        var facts = PaymentFacts(time: time, merchant: merchant, card: card, amount: amount)
        facts.credentialOnFile = true
        thief.payOnline(&facts, holder: victim, in: world, &random)
        facts.customer = Int32(victim)
        facts.billingCountry = Int16(person.country)
        facts.postalCode = world.key(.postalCode, victim)
        if facts.avs == UInt8(ascii: "N") { facts.avs = UInt8(ascii: "Y") }
        if !changesEmail {
            facts.email = world.key(.email, victim)
            facts.emailDomain = person.emailDomain
        }
        if isCareful, random.chance(0.5), facts.shippingAddress != 0 {
            facts.shippingCountry = facts.billingCountry  // a parcel shop near the victim
        }
        remaining -= 1
        let pause = 60 + random.exponential(mean: 2_700)
        return CampaignStep(payment: facts, next: remaining > 0 ? time + Nanoseconds.seconds(pause) : nil)
    }
}
