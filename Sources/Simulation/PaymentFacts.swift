// One payment as the simulation knows it: places in the world and keys of things, no text. Text is made of it only when
// it is written.

struct CardFacts: Sendable {
    var key: UInt64
    var country: UInt8

    private var bits: UInt64 { mixed(key ^ 0xC0DE) }

    func issuer(in world: World) -> Issuer { world.issuers[Int(country)][Int(bits & 7)] }

    var lastFour: Int64 { Int64(bits >> 8 & 0xFFFF_FFFF) % 10_000 }

    /// Months since the year 0 in which a card seen at `monthIndex` runs out: cards live four years, then are renewed.
    func expiryMonthIndex(atMonthIndex monthIndex: Int64) -> Int64 {
        let phase = Int64(bits >> 40 & 0xFFFF) % 48
        return monthIndex + 1 + (phase - monthIndex % 48 + 48) % 48
    }
}

enum PaymentType: UInt8, Sendable {
    case purchase, subscription, accountVerification
}

enum Authorization: UInt8, Sendable {
    /// The service is asked before the issuer is.
    case notAsked
    case approved, declinedFunds, declinedGeneric, declinedExpiry
}

enum TokenType: UInt8, Sendable {
    case none, network, applePay, googlePay
}

/// The result of 3-D Secure, as its letters have it.
enum Authentication: UInt8, Sendable {
    case none, authenticated, attempted, failed, unavailable
}

struct PaymentFacts: Sendable {
    var time: Int64
    var amount: Int64
    var merchant: Int32
    var card: CardFacts
    /// Terminal of the merchant, or -1 on the internet.
    var terminal: Int16 = -1
    /// -1 for a guest.
    var customer: Int32 = -1
    var type = PaymentType.purchase
    var isMerchantInitiated = false
    var credentialOnFile = false
    var isRecurring = false
    var token = TokenType.none
    var authorization = Authorization.notAsked
    var authentication = Authentication.none
    /// ASCII letters of the results; 0 where no check was made.
    var avs: UInt8 = 0
    var cvc: UInt8 = 0
    // Keys; 0 where there is no such thing.
    var email: UInt64 = 0
    var emailDomain: UInt8 = 0
    var device: UInt64 = 0
    var network: UInt64 = 0
    var session: UInt64 = 0
    var timeOnPageMilliseconds: Int64 = 0
    /// -1 where none is given.
    var billingCountry: Int16 = -1
    var postalCode: UInt64 = 0
    var shippingCountry: Int16 = -1
    var shippingAddress: UInt64 = 0
    /// Months by which a fraudster is wrong about the expiry date.
    var expiryError: Int8 = 0
    /// Chooses what the merchant adds by its own lights.
    var extras: UInt8 = 0
    /// A legitimate payment that looks odd: who reviews payments may look at it.
    var isOdd = false

    init(time: Int64, merchant: Int, card: CardFacts, amount: Int64) {
        self.time = time
        self.merchant = Int32(merchant)
        self.card = card
        self.amount = amount
    }

    var isCardPresent: Bool { terminal >= 0 }
}

/// The domains of email addresses; ordinary people's first.
enum EmailDomains {
    static let ordinary = [
        "gmail.com", "outlook.com", "icloud.com", "yahoo.com", "gmx.net", "proton.me", "hotmail.com", "orange.fr",
    ]
    static let ordinaryShares = [0.46, 0.60, 0.74, 0.84, 0.91, 0.93, 0.97, 1.0]
    static let disposable = ["mailinator.com", "guerrillamail.com", "yopmail.com"]

    static func name(_ index: UInt8) -> String {
        let index = Int(index)
        return index < ordinary.count ? ordinary[index] : disposable[(index - ordinary.count) % disposable.count]
    }
}

enum UserAgents {
    private static let webKit = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    private static let blink = "AppleWebKit/537.36 (KHTML, like Gecko)"
    private static let all = [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) \(webKit) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) \(webKit) Version/26.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 10; K) \(blink) Chrome/141.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) \(blink) Chrome/140.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) \(blink) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) \(blink) Chrome/141.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) \(webKit) Version/26.0 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        "ShopApp/8.4.1 (iOS 26.1; iPhone17,3)",
        "ShopApp/8.4.0 (Android 16; Pixel 9)",
    ]

    /// A device keeps its browser.
    static func of(device key: UInt64) -> String { all[Int(mixed(key ^ 0xA6E7) % UInt64(all.count))] }
}
