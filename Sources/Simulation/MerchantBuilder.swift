// Makes the merchants: some in every country and of the common trades, the rest by the countries' and trades' weight,
// their custom by Zipf's law, one to six terminals where they sell in person.

struct MerchantBuilder {
    /// Trades that every country has.
    private static let fewestPerCountry = Trade.everywhere
    /// Merchants that may bust out in a simulation; past that many they are used anew.
    private static let mostBustOutMerchants = 4_096

    let configuration: SimulationConfiguration
    let countryCount: Int
    private(set) var merchants: [Merchant] = []
    private(set) var firstBustOutMerchant = 0
    private(set) var terminalMerchants: [Int32] = []
    private(set) var markets: [Marketplace]
    private(set) var resoldOnline = WeightedList()
    private(set) var testedOnline = WeightedList()
    private var random: RandomSource

    init(_ configuration: SimulationConfiguration) {
        self.configuration = configuration
        countryCount = min(Country.all.count, configuration.merchants / Self.fewestPerCountry)
        markets = Array(repeating: Marketplace(), count: countryCount)
        random = RandomSource(seed: configuration.seed, stream: RandomStream.merchants)
    }

    mutating func build() {
        var countryShares: [Double] = []
        for country in 0..<countryCount {
            countryShares.append((countryShares.last ?? 0) + Country.all[country].share)
        }
        var tradeShares: [Double] = []
        for trade in Trade.all {
            // Shops of rare purchases are fewer, but less so than the purchases are rare.
            tradeShares.append((tradeShares.last ?? 0) + (trade.frequency + 1).squareRoot())
        }
        var ranks = Array(repeating: Array(repeating: 0, count: Trade.all.count), count: countryCount)
        for index in 0..<configuration.merchants {
            let isGiven = index < countryCount * Self.fewestPerCountry
            let country = isGiven ? index / Self.fewestPerCountry : random.index(inCumulative: countryShares)
            let trade = isGiven ? index % Self.fewestPerCountry : random.index(inCumulative: tradeShares)
            append(country: country, trade: trade)
            enlist(index, rank: ranks[country][trade])
            ranks[country][trade] += 1
        }
        firstBustOutMerchant = merchants.count
        let resold = Trade.all.indices.filter { Trade.all[$0].isResold && Trade.all[$0].onlineShare > 0 }
        for _ in 0..<bustOutCount() {
            append(
                country: random.index(inCumulative: countryShares), trade: resold[random.below(resold.count)],
                isOnlineOnly: true)
        }
    }

    private func bustOutCount() -> Int {
        let perDay = CampaignKindPlan.perDay(
            .merchantBustOut, configuration: configuration,
            legitimatePerDay: Double(configuration.customers) * configuration.paymentsPerCustomerPerDay * 1.1)
        return min(Self.mostBustOutMerchants, Int(Double(configuration.days) * perDay) + 2)
    }

    private mutating func append(country: Int, trade: Int, isOnlineOnly: Bool = false) {
        let kind = Trade.all[trade]
        // A third of those who could do both do; the others keep to one.
        var onlineShare = kind.onlineShare
        if onlineShare > 0, onlineShare < 1, random.chance(0.67) { onlineShare = random.chance(onlineShare) ? 1 : 0 }
        if isOnlineOnly { onlineShare = 1 }
        let terminals = onlineShare < 1 ? random.integer(in: 1...6) : 0
        merchants.append(
            Merchant(
                country: UInt8(country), trade: UInt8(trade), onlineShare: onlineShare,
                priceFactor: random.logNormal(median: 1, sigma: 0.3), terminals: UInt8(terminals),
                firstTerminal: Int32(terminalMerchants.count), asksAfterAuthorization: random.chance(0.12),
                authenticatedShare: random.chance(0.3) ? 0 : Country.all[country].authenticatedShare * 1.3,
                metadataStyle: UInt8(random.below(3))))
        terminalMerchants.append(contentsOf: repeatElement(Int32(merchants.count - 1), count: terminals))
    }

    private mutating func enlist(_ index: Int, rank: Int) {
        let merchant = merchants[index]
        let country = Int(merchant.country)
        let trade = Trade.all[Int(merchant.trade)]
        let item = Int32(index)
        let custom = 1 / (Double(rank) + 1.5)  // Zipf
        let weight = trade.frequency * custom
        markets[country].everyday.append(item, weight: weight)
        if trade.isSubscribed { markets[country].subscribed.append(item, weight: custom) }
        if merchant.takesCardsInPerson {
            markets[country].inPerson.append(item, weight: weight * (1 - merchant.onlineShare))
            if trade.isResold { markets[country].resoldInPerson.append(item, weight: custom) }
        }
        if merchant.sellsOnline {
            markets[country].online.append(item, weight: weight * merchant.onlineShare)
            if trade.isResold { resoldOnline.append(item, weight: custom * Country.all[country].share) }
            if trade.isTestedOn { testedOnline.append(item, weight: custom * Country.all[country].share) }
        }
    }
}
