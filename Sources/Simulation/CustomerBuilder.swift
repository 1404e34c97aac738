// Makes the customers: where they live, how much and how often they spend, where they like to go, what they
// subscribe to.

struct CustomerBuilder {
    private(set) var customers: [Customer] = []
    private(set) var favourites: [Int32] = []
    private(set) var subscriptions: [Subscription] = []

    /// Spread of how often people pay: the logarithm's standard deviation.
    private static let rateSigma = 0.6
    private static let spendSigma = 0.5
    /// Part of the customers who join while the simulation runs.
    private static let joiningShare = 0.06
    private static let tripsPerYear = 2.2

    init(_ configuration: SimulationConfiguration, _ places: MerchantBuilder) {
        var random = RandomSource(seed: configuration.seed, stream: RandomStream.customers)
        var countryShares: [Double] = []
        for country in 0..<places.countryCount {
            countryShares.append((countryShares.last ?? 0) + Country.all[country].share)
        }
        customers.reserveCapacity(configuration.customers)
        favourites.reserveCapacity(configuration.customers * World.favouritesPerCustomer)
        for index in 0..<configuration.customers {
            let country = random.index(inCumulative: countryShares)
            appendCustomer(country: country, configuration, &random)
            appendFavourites(country: country, places, &random)
            appendSubscriptions(of: index, country: country, configuration, places, &random)
        }
    }

    private mutating func appendCustomer(
        country: Int, _ configuration: SimulationConfiguration, _ random: inout RandomSource
    ) {
        // The mean of a log-normal is its median times exp(σ² / 2).
        let median = configuration.paymentsPerCustomerPerDay * PortableMath.exp(-Self.rateSigma * Self.rateSigma / 2)
        let perDay = random.logNormal(median: median, sigma: Self.rateSigma)
        let start = configuration.startNanoseconds
        var joinsAt = start
        var createdAt = start - Nanoseconds.days(min(random.logNormal(median: 420, sigma: 1.1), 4_000))
        if random.chance(Self.joiningShare) {
            joinsAt = start + Nanoseconds.days(random.uniform() * Double(configuration.days))
            createdAt = joinsAt - Nanoseconds.seconds(random.uniform(20, 1_800))
        }
        customers.append(
            Customer(
                country: UInt8(country), profile: UInt8(random.index(inCumulative: ActivityProfile.shares)),
                cards: UInt8(1 + random.index(inCumulative: [0.55, 0.87, 1])),
                devices: UInt8(1 + random.index(inCumulative: [0.5, 0.86, 1])),
                emailDomain: UInt8(random.index(inCumulative: EmailDomains.ordinaryShares)),
                spendFactor: random.logNormal(median: 1, sigma: Self.spendSigma),
                paymentsPerHour: perDay / 24, createdAt: max(createdAt, 0), joinsAt: joinsAt,
                // Some never travel, some often do.
                tripsPerPayment: min(0.5, random.exponential(mean: Self.tripsPerYear) / (365 * perDay))))
    }

    private mutating func appendFavourites(country: Int, _ places: MerchantBuilder, _ random: inout RandomSource) {
        for place in 0..<World.favouritesPerCustomer {
            // A few favourites are shops on the internet, some of them abroad.
            guard place % 4 == 3 else {
                favourites.append(Int32(places.markets[country].everyday.draw(&random)))
                continue
            }
            let shopsIn = random.chance(0.7) ? country : random.below(places.countryCount)
            favourites.append(Int32(places.markets[shopsIn].online.draw(&random)))
        }
    }

    private mutating func appendSubscriptions(
        of customer: Int, country: Int, _ configuration: SimulationConfiguration, _ places: MerchantBuilder,
        _ random: inout RandomSource
    ) {
        let count = random.index(inCumulative: [0.35, 0.7, 0.9, 1])
        for _ in 0..<count {
            let merchant = places.markets[country].subscribed.draw(&random)
            let trade = Trade.all[Int(places.merchants[merchant].trade)]
            let period = random.chance(0.08) ? 7 : random.chance(0.5) ? 30 : 31
            let euros = trade.medianAmount * random.logNormal(median: 1, sigma: trade.sigma)
            let amount = Prices.minorUnits(
                euros: euros, of: Country.all[Int(places.merchants[merchant].country)], isMetered: false, draw: 0)
            // Merchants collect at night and in the morning.
            let firstAt =
                max(customers[customer].joinsAt, configuration.startNanoseconds)
                + Nanoseconds.day * Int64(random.below(period)) + Nanoseconds.hours(random.uniform(1, 9))
            let card = random.below(Int(customers[customer].cards))
            subscriptions.append(
                Subscription(
                    customer: Int32(customer), merchant: Int32(merchant), card: UInt8(card),
                    periodDays: UInt8(period), amount: amount, firstAt: firstAt))
        }
    }
}
