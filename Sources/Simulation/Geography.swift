// The simulation's countries: their money, their clocks, their weight. Offsets are those of winter; clocks are not put
// forward in summer. Rates to the euro are rough and fixed.

struct Country: Sendable {
    let code: String
    let currency: String
    /// Digits after the point of the major unit: yen have none, Kuwaiti dinars three.
    let minorDigits: Int
    let unitsPerEuro: Double
    let offsetMinutes: Int64
    let share: Double
    /// Whether its shops check addresses (AVS), and how much of their e-commerce they authenticate (3-D Secure).
    let checksAddresses: Bool
    let authenticatedShare: Double

    private init(
        _ code: String, _ currency: String, digits: Int = 2, rate: Double, hours: Int64, share: Double,
        checksAddresses: Bool = false, authenticated: Double
    ) {
        self.code = code
        self.currency = currency
        minorDigits = digits
        unitsPerEuro = rate
        offsetMinutes = hours * 60
        self.share = share
        self.checksAddresses = checksAddresses
        authenticatedShare = authenticated
    }

    /// In the order in which a smaller world takes them.
    static let all: [Country] = [
        Country("DE", "EUR", rate: 1, hours: 1, share: 21, authenticated: 0.55),
        Country("US", "USD", rate: 1.1, hours: -5, share: 15, checksAddresses: true, authenticated: 0.06),
        Country("GB", "GBP", rate: 0.85, hours: 0, share: 12, checksAddresses: true, authenticated: 0.5),
        Country("JP", "JPY", digits: 0, rate: 165, hours: 9, share: 4, authenticated: 0.2),
        Country("KW", "KWD", digits: 3, rate: 0.337, hours: 3, share: 1.5, authenticated: 0.4),
        Country("FR", "EUR", rate: 1, hours: 1, share: 13, authenticated: 0.6),
        Country("ES", "EUR", rate: 1, hours: 1, share: 8, authenticated: 0.5),
        Country("IT", "EUR", rate: 1, hours: 1, share: 8, authenticated: 0.5),
        Country("NL", "EUR", rate: 1, hours: 1, share: 6, authenticated: 0.6),
        Country("CH", "CHF", rate: 0.95, hours: 1, share: 3, authenticated: 0.4),
        Country("SE", "SEK", rate: 11.2, hours: 1, share: 3, authenticated: 0.6),
        Country("PL", "PLN", rate: 4.3, hours: 1, share: 3, authenticated: 0.5),
        Country("BR", "BRL", rate: 6.0, hours: -3, share: 2, authenticated: 0.1),
        Country("AU", "AUD", rate: 1.7, hours: 10, share: 2, checksAddresses: true, authenticated: 0.15),
    ]

    /// The hour of the day, 0 to 23, on this country's clocks.
    func localHour(at time: Int64) -> Int {
        Int((time + offsetMinutes * Nanoseconds.minute) % Nanoseconds.day / Nanoseconds.hour)
    }
}

enum CardBrand: String, Sendable {
    case visa, mastercard, amex, jcb
}

/// A bank's card programme: what the first digits of its cards are, and what kind of card it is.
struct Issuer: Sendable {
    let bin: Int64
    let brand: CardBrand
    let funding: String

    static let perCountry = 8

    /// The programmes of a country, alike in every simulation.
    static func programmes(ofCountry country: Int) -> [Issuer] {
        let kinds: [(CardBrand, String)] = [
            (.visa, "debit"), (.mastercard, "debit"), (.visa, "credit"), (.mastercard, "credit"), (.visa, "debit"),
            (.mastercard, "credit"), country == 3 ? (.jcb, "credit") : (.amex, "credit"), (.mastercard, "prepaid"),
        ]
        return kinds.enumerated().map { index, kind in
            let bits = Int64(truncatingIfNeeded: mixed(UInt64(country * 64 + index) &+ 0xB1A5) >> 1)
            let bin =
                switch kind.0 {
                case .visa: 400_000 + bits % 100_000
                case .mastercard: 510_000 + bits % 50_000
                case .amex: 370_000 + bits % 10_000
                case .jcb: 352_800 + bits % 6_000
                }
            return Issuer(bin: bin, brand: kind.0, funding: kind.1)
        }
    }
}
