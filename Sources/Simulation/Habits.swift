// What customers do of their own accord: when they pay next, where, how much, with which card; their travels, new
// telephones, gifts and second attempts, which make honest payments look odd now and then.

struct Habits: Sendable {
    private var states: [CustomerState]
    private var random: RandomSource
    private let office: LabelOffice

    /// A payment that is soon followed by another: a second shop, or the same purchase again.
    private static let followedShare = 0.07
    /// Of those on the internet, how many are the same purchase tried again.
    private static let retryShare = 0.3
    private static let exploringShare = 0.13
    private static let newDevicePerPayment = 0.001_2
    private static let newNetworkPerPayment = 0.012
    /// Purchases far above the habit: a sofa, a wedding.
    private static let bigPurchaseShare = 0.004
    private static let loyaltyShare = 0.2
    /// Of those on the internet: a card is put on file, for nothing.
    private static let verificationShare = 0.012

    /// - Parameter round: 0, and other numbers for other lives of the same people.
    init(_ world: World, round: UInt64) {
        states = Array(repeating: CustomerState(), count: world.customers.count)
        random = RandomSource(seed: world.configuration.seed, stream: RandomStream.habits(round: round))
        office = LabelOffice(world.configuration)
    }

    /// - Parameter time: When the customer last paid, or the time from which on there may be a first payment.
    mutating func nextTime(of customer: Int, after time: Int64, isFirst: Bool, in world: World) -> Int64 {
        let person = world.customers[customer]
        if !isFirst, random.chance(Self.followedShare) {
            return time + Nanoseconds.seconds(random.uniform(25, 1_500))
        }
        states[customer].retryMerchant = -1
        let state = states[customer]
        let country = state.isTravelling(at: time) ? Int(state.travelCountry) : Int(person.country)
        return ActivityProfile.all[Int(person.profile)].next(
            after: time, offset: Country.all[country].offsetMinutes * Nanoseconds.minute,
            perHour: person.paymentsPerHour * (1 - Self.followedShare), random: &random)
    }

    mutating func payment(of customer: Int, at time: Int64, in world: World) -> (PaymentFacts, SimulatedLabel) {
        var facts = purchase(of: customer, at: time, in: world)
        let isRetry = states[customer].retryMerchant >= 0
        states[customer].retryMerchant = -1
        if isRetry, facts.cvc == UInt8(ascii: "N") { facts.cvc = UInt8(ascii: "M") }
        if !isRetry, !facts.isCardPresent, random.chance(Self.retryShare) {
            states[customer].retryMerchant = facts.merchant
            states[customer].retryAmount = facts.amount
        }
        return (facts, label(facts, in: world))
    }

    mutating func payment(
        of subscription: Subscription, at time: Int64, in world: World
    ) -> (PaymentFacts, SimulatedLabel) {
        let customer = Int(subscription.customer)
        var facts = PaymentFacts(
            time: time, merchant: Int(subscription.merchant),
            card: world.card(Int(subscription.card), ofCustomer: customer), amount: subscription.amount)
        facts.customer = subscription.customer
        facts.type = .subscription
        facts.isMerchantInitiated = true
        facts.credentialOnFile = true
        facts.isRecurring = true
        if random.chance(0.5) { facts.token = .network }
        facts.email = world.key(.email, customer)
        facts.emailDomain = world.customers[customer].emailDomain
        facts.billingCountry = Int16(world.customers[customer].country)
        facts.postalCode = world.key(.postalCode, customer)
        facts.answer(at: world.merchants[Int(facts.merchant)], declined: 0.05, &random)
        return (facts, label(facts, in: world))
    }

    mutating func nextTime(of subscription: Subscription, after time: Int64) -> Int64 {
        let jitter = Nanoseconds.seconds(random.uniform(-1_800, 1_800))
        return time + Int64(subscription.periodDays) * Nanoseconds.day + jitter
    }

    private mutating func label(_ facts: PaymentFacts, in world: World) -> SimulatedLabel {
        SimulatedLabel(
            truth: .legitimate,
            report: office.report(
                onLegitimateAt: facts.time, brand: facts.card.issuer(in: world).brand,
                isCardPresent: facts.isCardPresent, isOdd: facts.isOdd, random: &random))
    }

    private mutating func purchase(of customer: Int, at time: Int64, in world: World) -> PaymentFacts {
        let isOdd = liveOn(customer, at: time, in: world)
        let person = world.customers[customer]
        let state = states[customer]
        let isRetry = state.retryMerchant >= 0
        let merchant = isRetry ? Int(state.retryMerchant) : chooseMerchant(customer, at: time, in: world)
        let slot = random.chance(0.78) ? 0 : random.below(Int(person.cards))
        var facts = PaymentFacts(
            time: time, merchant: merchant, card: world.card(slot, ofCustomer: customer), amount: state.retryAmount)
        facts.isOdd = isOdd
        if !isRetry {
            let trade = world.trade(ofMerchant: merchant)
            var euros =
                trade.medianAmount * world.merchants[merchant].priceFactor * person.spendFactor
                * random.logNormal(median: 1, sigma: trade.sigma)
            if random.chance(Self.bigPurchaseShare) {
                euros *= random.uniform(4, 12)
                facts.isOdd = true
            }
            facts.amount = Prices.minorUnits(
                euros: min(euros, 25_000), of: world.country(ofMerchant: merchant), isMetered: trade.isMetered,
                draw: random.uniform())
        }
        let place = world.merchants[merchant]
        let isAtHome = place.country == (state.isTravelling(at: time) ? UInt8(state.travelCountry) : person.country)
        if !isRetry, place.takesCardsInPerson, isAtHome || !place.sellsOnline, !random.chance(place.onlineShare) {
            facts.payInPerson(in: world, &random)
            if random.chance(Self.loyaltyShare) { facts.customer = Int32(customer) }
        } else {
            facts.payOnline(as: customer, state, in: world, &random)
            if !isRetry, random.chance(Self.verificationShare) {
                facts.type = .accountVerification
                facts.amount = 0
            }
        }
        return facts
    }

    /// Departures, new telephones, new addresses of the network. True where the payment will look odd for it.
    private mutating func liveOn(_ customer: Int, at time: Int64, in world: World) -> Bool {
        let draw = random.uniform()
        if draw < Self.newDevicePerPayment {
            states[customer].deviceGeneration &+= 1
            return true
        }
        if draw < Self.newDevicePerPayment + Self.newNetworkPerPayment {
            states[customer].networkGeneration &+= 1
        }
        if !states[customer].isTravelling(at: time), random.chance(world.customers[customer].tripsPerPayment) {
            states[customer].travelCountry = Int8(random.below(world.countryCount))
            states[customer].travelUntil = time + Nanoseconds.days(random.uniform(2, 13))
        }
        return states[customer].isTravelling(at: time)
    }

    private mutating func chooseMerchant(_ customer: Int, at time: Int64, in world: World) -> Int {
        let state = states[customer]
        if state.isTravelling(at: time), random.chance(0.75) {
            return world.markets[Int(state.travelCountry)].inPerson.draw(&random)
        }
        let home = Int(world.customers[customer].country)
        let hour = Country.all[home].localHour(at: time)
        if hour < 6, random.chance(0.7) { return world.markets[home].online.draw(&random) }  // shops are closed
        if random.chance(Self.exploringShare) {
            if random.chance(0.12) { return world.markets[random.below(world.countryCount)].online.draw(&random) }
            return world.markets[home].everyday.draw(&random)
        }
        let place = random.index(inCumulative: world.favouriteWeights)
        return Int(world.favourites[customer * World.favouritesPerCustomer + place])
    }
}
