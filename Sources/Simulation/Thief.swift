// What all thieves have in common: devices and networks of their own, other people's cards, and goods in mind that can
// be sold on. Some are careful and buy what their victim might have bought.

struct Thief: Sendable {
    let device: UInt64
    let network: UInt64
    let email: UInt64
    let emailDomain: UInt8
    /// Where the goods go.
    let dropAddress: UInt64
    let dropCountry: Int16

    init(in world: World, _ random: inout RandomSource) {
        device = random.next() | 1
        network = random.next()
        email = random.next() | 1
        let ordinary = EmailDomains.ordinary.count
        emailDomain =
            random.chance(0.25)
            ? UInt8(ordinary + random.below(EmailDomains.disposable.count))
            : UInt8(random.index(inCumulative: EmailDomains.ordinaryShares))
        dropAddress = random.next() | 1
        dropCountry = Int16(random.below(world.countryCount))
    }

    /// A guest's payment on the internet with a card that is not the guest's.
    ///
    /// - Parameter holder: Whose card it is, where the thief knows; then billing data may be right.
    func payOnline(_ facts: inout PaymentFacts, holder: Int?, in world: World, _ random: inout RandomSource) {
        let place = world.merchants[Int(facts.merchant)]
        facts.device = device
        facts.network = random.chance(0.85) ? network : random.next()
        facts.session = random.next()
        facts.timeOnPageMilliseconds = Int64(min(max(random.logNormal(median: 50, sigma: 0.9), 2), 3_600) * 1_000)
        facts.email = email
        facts.emailDomain = emailDomain
        let knowsAddress = holder != nil && random.chance(0.55)
        facts.billingCountry = random.chance(0.8) ? Int16(facts.card.country) : dropCountry
        if let holder, knowsAddress {
            facts.postalCode = world.key(.postalCode, holder)
        } else {
            facts.postalCode = mixed(dropAddress)
        }
        if world.trade(ofMerchant: Int(facts.merchant)).ships {
            facts.shippingAddress = dropAddress
            facts.shippingCountry = random.chance(0.75) ? facts.billingCountry : dropCountry
        }
        facts.verify(in: world, addressFails: knowsAddress ? 0.08 : 0.6, codeFails: 0.12, &random)
        // Thieves look for shops that do not authenticate, and are seldom let through where they do.
        facts.authenticate(at: place, share: place.authenticatedShare * 0.3, fails: 0.5, &random)
        facts.answer(at: place, declined: 0.2, &random)
        facts.extras = UInt8(truncatingIfNeeded: random.next())
    }

    /// A card from anywhere, never seen before.
    static func unknownCard(in world: World, _ random: inout RandomSource) -> CardFacts {
        CardFacts(key: random.next(), country: UInt8(random.below(world.countryCount)))
    }

    /// A card of one of the simulation's customers.
    static func card(of victim: Int, in world: World, _ random: inout RandomSource) -> CardFacts {
        world.card(random.below(Int(world.customers[victim].cards)), ofCustomer: victim)
    }

    /// Somebody who is already a customer.
    static func victim(at time: Int64, in world: World, _ random: inout RandomSource) -> Int {
        var victim = random.below(world.customers.count)
        for _ in 0..<8 where world.customers[victim].joinsAt > time { victim = random.below(world.customers.count) }
        return victim
    }

    /// The price of a purchase at the merchant, so many times what is usual there.
    static func price(
        at merchant: Int, times factor: Double, sigma: Double, in world: World, _ random: inout RandomSource
    ) -> Int64 {
        let trade = world.trade(ofMerchant: merchant)
        let euros = trade.medianAmount * world.merchants[merchant].priceFactor * factor
        return Prices.minorUnits(
            euros: min(euros * random.logNormal(median: 1, sigma: sigma), 25_000),
            of: world.country(ofMerchant: merchant), isMetered: trade.isMetered, draw: random.uniform())
    }
}
