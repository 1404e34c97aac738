// What happens at a till or on a checkout page: the fields of a payment that depend on who pays, where and how, for
// honest people. Campaigns begin from these and change what their thieves do differently.

/// What changes about a customer as time goes on.
struct CustomerState: Sendable {
    /// The first device is replaced now and then by a new one.
    var deviceGeneration: UInt16 = 0
    /// Addresses of a home's network change.
    var networkGeneration: UInt16 = 0
    /// Where the customer is, when not at home.
    var travelCountry: Int8 = -1
    var travelUntil: Int64 = 0
    /// A merchant where the same purchase is tried once more.
    var retryMerchant: Int32 = -1
    var retryAmount: Int64 = 0

    func isTravelling(at time: Int64) -> Bool { time < travelUntil }
}

extension PaymentFacts {
    /// Pays at a terminal of the merchant.
    mutating func payInPerson(in world: World, terminal chosen: Int? = nil, _ random: inout RandomSource) {
        let place = world.merchants[Int(merchant)]
        terminal = Int16(chosen ?? random.below(Int(place.terminals)))
        if random.chance(0.35) { token = random.chance(0.6) ? .applePay : .googlePay }
        answer(at: place, declined: 0.02, &random)
        extras = UInt8(truncatingIfNeeded: random.next())
    }

    /// The issuer's answer, where the merchant asks for a score after it.
    mutating func answer(at place: Merchant, declined: Double, _ random: inout RandomSource) {
        guard place.asksAfterAuthorization else { return }
        let draw = random.uniform()
        authorization = draw >= declined ? .approved : draw < declined * 0.6 ? .declinedFunds : .declinedGeneric
    }

    /// Pays on the merchant's page, as the customer that `customer` is (who may choose to stay a guest).
    mutating func payOnline(
        as buyer: Int, _ state: CustomerState, in world: World, _ random: inout RandomSource
    ) {
        let person = world.customers[buyer]
        let place = world.merchants[Int(merchant)]
        let slot = random.chance(0.75) ? 0 : random.below(Int(person.devices))
        let generation = slot == 0 ? Int(state.deviceGeneration) : 0
        device = world.key(.device, buyer, slot << 16 | generation)
        network = Self.network(of: buyer, state, at: time, in: world, &random)
        session = random.next()
        timeOnPageMilliseconds = Int64(min(max(random.logNormal(median: 85, sigma: 0.85), 3), 7_200) * 1_000)
        if !random.chance(0.2) { customer = Int32(buyer) }
        if random.chance(0.96) {
            email = world.key(.email, buyer)
            emailDomain = person.emailDomain
        }
        billingCountry = Int16(person.country)
        postalCode = world.key(.postalCode, buyer)
        if world.trade(ofMerchant: Int(merchant)).ships { ship(to: buyer, in: world, &random) }
        if customer >= 0, random.chance(0.4) { credentialOnFile = true }
        verify(in: world, addressFails: 0.05, codeFails: credentialOnFile ? 0 : 0.015, &random)
        authenticate(at: place, share: place.authenticatedShare, fails: 0.03, &random)
        answer(at: place, declined: 0.06, &random)
        extras = UInt8(truncatingIfNeeded: random.next())
    }

    /// Mostly home, sometimes the office or a neighbour, now and then a gift.
    private mutating func ship(to buyer: Int, in world: World, _ random: inout RandomSource) {
        let draw = random.uniform()
        shippingCountry = billingCountry
        if draw < 0.90 {
            shippingAddress = world.key(.homeAddress, buyer)
        } else if draw < 0.965 {
            shippingAddress = world.key(.otherAddress, buyer)
        } else {
            shippingAddress = random.next() | 1
            if random.chance(0.2) { shippingCountry = Int16(random.below(world.countryCount)) }
            isOdd = true
        }
    }

    /// Results of the checks of address and code, each where the merchant makes it.
    mutating func verify(in world: World, addressFails: Double, codeFails: Double, _ random: inout RandomSource) {
        if world.country(ofMerchant: Int(merchant)).checksAddresses {
            let draw = random.uniform()
            avs =
                draw < addressFails
                ? UInt8(ascii: "N")
                : draw < addressFails + 0.06
                    ? UInt8(ascii: "Z") : draw < addressFails + 0.10 ? UInt8(ascii: "U") : UInt8(ascii: "Y")
        }
        if credentialOnFile || token != .none { return }
        let draw = random.uniform()
        cvc = draw < codeFails ? UInt8(ascii: "N") : draw < codeFails + 0.02 ? UInt8(ascii: "U") : UInt8(ascii: "M")
    }

    mutating func authenticate(at place: Merchant, share: Double, fails: Double, _ random: inout RandomSource) {
        guard random.chance(share) else { return }
        let draw = random.uniform()
        authentication =
            draw < fails
            ? .failed : draw < fails + 0.06 ? .attempted : draw < fails + 0.09 ? .unavailable : .authenticated
    }

    /// The address that a customer's device has: of the home, of a telephone network shared by many, of some café.
    private static func network(
        of buyer: Int, _ state: CustomerState, at time: Int64, in world: World, _ random: inout RandomSource
    ) -> UInt64 {
        let isAway = state.isTravelling(at: time)
        let country = isAway ? Int(state.travelCountry) : Int(world.customers[buyer].country)
        let draw = random.uniform()
        if draw < 0.70, !isAway { return world.key(.network, buyer, Int(state.networkGeneration)) }
        if draw < 0.93 { return world.key(.carrier, country, random.below(carrierAddresses(world))) }
        return world.key(.carrier, country, 1 << 16 | random.below(1 << 15))
    }

    /// Telephone networks put about a hundred of their subscribers behind one address.
    private static func carrierAddresses(_ world: World) -> Int { min(max(world.customers.count / 100, 16), 1 << 16) }
}
