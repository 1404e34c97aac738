// The people and places of a simulation: made once from the seed, then only read. What can be worked out from a key
// (ids, digests, card data, addresses) is not kept, so a customer costs about 200 bytes,
// its state and its place in the queue included.

struct Merchant: Sendable {
    var country: UInt8
    var trade: UInt8
    var onlineShare: Double
    /// How dear it is among its kind.
    var priceFactor: Double
    var terminals: UInt8
    /// Index of its first terminal among all terminals.
    var firstTerminal: Int32
    /// Whether it asks for a score after the issuer's answer rather than before.
    var asksAfterAuthorization: Bool
    /// Part of its online payments that are authenticated.
    var authenticatedShare: Double
    /// What it adds by its own lights: 0 nothing, 1 a basket, 2 an order channel and a loyalty tier.
    var metadataStyle: UInt8

    var takesCardsInPerson: Bool { terminals > 0 && onlineShare < 1 }
    var sellsOnline: Bool { onlineShare > 0 }
}

struct Customer: Sendable {
    var country: UInt8
    var profile: UInt8
    var cards: UInt8
    var devices: UInt8
    var emailDomain: UInt8
    var spendFactor: Double
    /// Payments an hour, on average over the week.
    var paymentsPerHour: Double
    var createdAt: Int64
    /// When the first payment may come: the start, or later for those who join while the simulation runs.
    var joinsAt: Int64
    var tripsPerPayment: Double
}

/// A standing order of a customer with a merchant, charged by the merchant.
struct Subscription: Sendable {
    var customer: Int32
    var merchant: Int32
    var card: UInt8
    var periodDays: UInt8
    var amount: Int64
    var firstAt: Int64
}

/// Merchants to choose from, in one country.
struct Marketplace: Sendable {
    var inPerson = WeightedList()
    var online = WeightedList()
    /// Both, by how often people buy there.
    var everyday = WeightedList()
    var subscribed = WeightedList()
    var resoldInPerson = WeightedList()
}

final class World: Sendable {
    static let favouritesPerCustomer = 12

    let configuration: SimulationConfiguration
    /// What transaction ids begin with.
    let transactionPrefix: [UInt8]
    let countryCount: Int
    let issuers: [[Issuer]]
    let merchants: [Merchant]
    /// Merchants from here on are those that bust out; ordinary customers never go there of their own accord.
    let firstBustOutMerchant: Int
    let terminalMerchants: [Int32]
    let markets: [Marketplace]
    let resoldOnline: WeightedList
    let testedOnline: WeightedList
    let customers: [Customer]
    /// `favouritesPerCustomer` for each customer, dearest first.
    let favourites: [Int32]
    /// Zipf's law over the places of a favourite.
    let favouriteWeights: [Double]
    let subscriptions: [Subscription]

    init(_ configuration: SimulationConfiguration, transactionPrefix: [UInt8]) {
        self.configuration = configuration
        self.transactionPrefix = transactionPrefix
        var merchantBuilder = MerchantBuilder(configuration)
        merchantBuilder.build()
        countryCount = merchantBuilder.countryCount
        issuers = (0..<countryCount).map { Issuer.programmes(ofCountry: $0) }
        merchants = merchantBuilder.merchants
        firstBustOutMerchant = merchantBuilder.firstBustOutMerchant
        terminalMerchants = merchantBuilder.terminalMerchants
        markets = merchantBuilder.markets
        resoldOnline = merchantBuilder.resoldOnline
        testedOnline = merchantBuilder.testedOnline
        let customerBuilder = CustomerBuilder(configuration, merchantBuilder)
        customers = customerBuilder.customers
        favourites = customerBuilder.favourites
        subscriptions = customerBuilder.subscriptions
        var weights: [Double] = []
        for place in 0..<Self.favouritesPerCustomer {
            weights.append((weights.last ?? 0) + 1 / (Double(place) + 1.5))
        }
        favouriteWeights = weights
    }

    /// Expected payments a day, without fraud.
    var legitimatePaymentsPerDay: Double {
        let subscribed = subscriptions.reduce(0.0) { $0 + 1 / Double($1.periodDays) }
        return Double(customers.count) * configuration.paymentsPerCustomerPerDay + subscribed
    }

    func trade(ofMerchant merchant: Int) -> Trade { Trade.all[Int(merchants[merchant].trade)] }
    func country(ofMerchant merchant: Int) -> Country { Country.all[Int(merchants[merchant].country)] }
    func country(ofCustomer customer: Int) -> Country { Country.all[Int(customers[customer].country)] }

    func card(_ slot: Int, ofCustomer customer: Int) -> CardFacts {
        CardFacts(key: key(.card, customer, slot), country: customers[customer].country)
    }

    /// What the key of a thing may stand for.
    enum Thing: UInt64 {
        case card = 1, customer, email, device, homeAddress, otherAddress, postalCode, network, carrier, campaign
    }

    /// A number that stands for one thing of this world; other seeds have other numbers.
    func key(_ thing: Thing, _ index: Int, _ part: Int = 0) -> UInt64 {
        let place = UInt64(truncatingIfNeeded: index) << 20 ^ UInt64(truncatingIfNeeded: part)
        return mixed(mixed(configuration.seed ^ thing.rawValue &* 0x9E37_79B9_7F4A_7C15) &+ place)
    }
}
