// The parts of a request: card, merchant, customer, device, addresses, checks. A field that is not known is left out.

import JSON

extension SimulatedPayment {
    func writeCard(to json: inout JSONWriter) {
        let issuer = facts.card.issuer(in: world)
        json.key("card")
        json.beginObject()
        json.key("fingerprint")
        json.string("fp_", digestOf: facts.card.key)
        json.key("bin")
        json.string("", decimal: issuer.bin, digits: 6)
        json.key("last4")
        json.string("", decimal: facts.card.lastFour, digits: 4)
        json.key("brand")
        json.string(issuer.brand.rawValue)
        json.key("funding")
        json.string(issuer.funding)
        json.key("country")
        json.string(Country.all[Int(facts.card.country)].code)
        let thisMonth = CivilDate(nanoseconds: facts.time).monthIndex
        let expiry = facts.card.expiryMonthIndex(atMonthIndex: thisMonth) + Int64(facts.expiryError)
        json.key("exp_month")
        json.integer(expiry % 12 + 1)
        json.key("exp_year")
        json.integer(expiry / 12)
        switch facts.token {
        case .none: break
        case .network: json.token("network_token")
        case .applePay: json.token("apple_pay")
        case .googlePay: json.token("google_pay")
        }
        json.endObject()
    }

    func writeMerchant(to json: inout JSONWriter) {
        json.key("merchant")
        json.beginObject()
        json.key("id")
        json.string("mer_", decimal: Int64(facts.merchant), digits: 6)
        json.key("mcc")
        json.string(world.trade(ofMerchant: Int(facts.merchant)).mcc)
        json.key("country")
        json.string(world.country(ofMerchant: Int(facts.merchant)).code)
        if facts.isCardPresent {
            var text = TextBuffer()
            text.append("trm_")
            text.append(decimal: Int64(facts.merchant), digits: 6)
            text.append(byte: 0x5F)
            text.append(decimal: Int64(facts.terminal) + 1, digits: 2)
            json.key("terminal_id")
            json.string(utf8: text.span)
        }
        json.endObject()
    }

    func writeCustomer(to json: inout JSONWriter) {
        guard facts.customer >= 0 || facts.email != 0 else { return }
        json.key("customer")
        json.beginObject()
        if facts.customer >= 0 {
            json.key("id")
            json.string("cus_", lettersOf: world.key(.customer, Int(facts.customer)))
        }
        if facts.email != 0 {
            json.key("email_hash")
            json.string("", digestOf: facts.email, bytes: 32)
            json.key("email_domain")
            json.string(EmailDomains.name(facts.emailDomain))
        }
        if facts.customer >= 0 {
            let person = world.customers[Int(facts.customer)]
            json.key("phone_country")
            json.string(Country.all[Int(person.country)].code)
            json.key("created_at")
            json.string(instant: min(person.createdAt, facts.time))
        }
        json.endObject()
    }

    func writeDevice(to json: inout JSONWriter) {
        guard facts.device != 0 else { return }
        json.key("device")
        json.beginObject()
        json.key("id")
        json.string("dev_", digestOf: facts.device)
        var address = TextBuffer()
        address.append(internetAddressOf: facts.network)
        json.key("ip")
        json.string(utf8: address.span)
        json.key("user_agent")
        json.string(UserAgents.of(device: facts.device))
        json.key("session_id")
        json.string("ses_", lettersOf: facts.session)
        json.key("time_on_page_ms")
        json.integer(facts.timeOnPageMilliseconds)
        json.endObject()
    }

    func writeAddresses(to json: inout JSONWriter) {
        if facts.billingCountry >= 0 {
            json.key("billing")
            json.beginObject()
            json.key("country")
            json.string(Country.all[Int(facts.billingCountry)].code)
            if facts.postalCode != 0 {
                json.key("postal_code_hash")
                json.string("", digestOf: facts.postalCode)
            }
            json.endObject()
        }
        if facts.shippingCountry >= 0 {
            json.key("shipping")
            json.beginObject()
            json.key("country")
            json.string(Country.all[Int(facts.shippingCountry)].code)
            json.key("address_hash")
            json.string("", digestOf: facts.shippingAddress)
            json.endObject()
        }
    }

    func writeVerification(to json: inout JSONWriter) {
        guard facts.avs != 0 || facts.cvc != 0 || facts.authentication != .none else { return }
        json.key("verification")
        json.beginObject()
        if facts.avs != 0 {
            json.key("avs")
            json.string(letter: facts.avs)
        }
        if facts.cvc != 0 {
            json.key("cvc")
            json.string(letter: facts.cvc)
        }
        if facts.authentication != .none { writeThreeDS(to: &json) }
        json.endObject()
    }

    /// EMV 3-D Secure: the letter of the result, and the scheme's indicator that goes with it.
    private func writeThreeDS(to json: inout JSONWriter) {
        let isMastercard = facts.card.issuer(in: world).brand == .mastercard
        let (status, indicator): (StaticString, StaticString) =
            switch facts.authentication {
            case .authenticated: ("Y", isMastercard ? "02" : "05")
            case .attempted: ("A", isMastercard ? "01" : "06")
            case .failed: ("N", isMastercard ? "00" : "07")
            case .unavailable, .none: ("U", isMastercard ? "00" : "07")
            }
        json.key("three_ds")
        json.beginObject()
        json.key("version")
        json.string("2.2.0" as StaticString)
        json.key("status")
        json.string(status)
        json.key("eci")
        json.string(indicator)
        json.key("liability_shift")
        json.bool(facts.authentication == .authenticated || facts.authentication == .attempted)
        json.endObject()
    }

    func writeAuthorization(to json: inout JSONWriter) {
        let (status, code): (StaticString, StaticString)
        switch facts.authorization {
        case .notAsked: return
        case .approved: (status, code) = ("approved", "00")
        case .declinedFunds: (status, code) = ("declined", "51")
        case .declinedGeneric: (status, code) = ("declined", "05")
        case .declinedExpiry: (status, code) = ("declined", "54")
        }
        json.key("authorization")
        json.beginObject()
        json.key("status")
        json.string(status)
        json.key("response_code")
        json.string(code)
        json.endObject()
    }

    func writeMetadata(to json: inout JSONWriter) {
        let place = world.merchants[Int(facts.merchant)]
        guard place.metadataStyle > 0 else { return }
        json.key("metadata")
        json.beginObject()
        if place.metadataStyle == 1 {
            json.key("basket_items")
            json.string("", decimal: 1 + Int64(facts.extras & 7), digits: 1)
            json.key("voucher")
            json.string(facts.extras >> 5 == 0 ? "yes" as StaticString : "no")
        } else {
            json.key("order_channel")
            json.string(facts.isCardPresent ? "store" as StaticString : facts.extras & 1 == 0 ? "web" : "app")
            json.key("loyalty_tier")
            json.string(facts.extras & 0x30 == 0 ? "gold" as StaticString : "standard")
        }
        json.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func token(_ type: StaticString) {
        key("token_type")
        string(type)
    }
}
