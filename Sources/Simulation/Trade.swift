// What merchants sell, by merchant category code (ISO 18245): how much a purchase costs, how often one buys there,
// over which channel, and what of it a thief would want.

struct Trade: Sendable {
    let mcc: String
    /// Euros.
    let medianAmount: Double
    let sigma: Double
    /// How often ordinary people buy there.
    let frequency: Double
    /// Part of its sales made over the internet.
    let onlineShare: Double
    /// Goods that are sent to an address.
    var ships = false
    /// Goods that a thief can turn into money.
    var isResold = false
    /// Cheap and instant: where stolen cards are tried out.
    var isTestedOn = false
    /// Sold by subscription, charged by the merchant.
    var isSubscribed = false
    /// Amounts are measured rather than priced, so they have no favourite endings.
    var isMetered = false

    static let all: [Trade] = [
        Trade(mcc: "5411", medianAmount: 27, sigma: 0.65, frequency: 24, onlineShare: 0, isMetered: true),
        Trade(mcc: "5999", medianAmount: 31, sigma: 0.75, frequency: 11, onlineShare: 1, ships: true),
        Trade(mcc: "5812", medianAmount: 24, sigma: 0.55, frequency: 11, onlineShare: 0),
        Trade(mcc: "5815", medianAmount: 8, sigma: 0.55, frequency: 6, onlineShare: 1, isTestedOn: true),
        Trade(mcc: "5732", medianAmount: 120, sigma: 0.9, frequency: 3, onlineShare: 0.6, ships: true, isResold: true),
        Trade(mcc: "4899", medianAmount: 11, sigma: 0.3, frequency: 0.4, onlineShare: 1, isSubscribed: true),
        Trade(mcc: "5541", medianAmount: 46, sigma: 0.4, frequency: 7, onlineShare: 0, isMetered: true),
        Trade(mcc: "5651", medianAmount: 50, sigma: 0.7, frequency: 6, onlineShare: 0.45, ships: true),
        Trade(mcc: "5814", medianAmount: 9, sigma: 0.45, frequency: 10, onlineShare: 0.1),
        Trade(mcc: "5912", medianAmount: 16, sigma: 0.65, frequency: 5, onlineShare: 0.15, ships: true),
        Trade(mcc: "4111", medianAmount: 3.4, sigma: 0.5, frequency: 8, onlineShare: 0.3),
        Trade(mcc: "4121", medianAmount: 14, sigma: 0.5, frequency: 4, onlineShare: 0.9, isMetered: true),
        Trade(mcc: "5816", medianAmount: 13, sigma: 0.8, frequency: 4, onlineShare: 1, isResold: true),
        Trade(
            mcc: "5944", medianAmount: 170, sigma: 0.9, frequency: 0.8, onlineShare: 0.4, ships: true, isResold: true),
        Trade(mcc: "5947", medianAmount: 45, sigma: 0.8, frequency: 2, onlineShare: 0.8, isResold: true),
        Trade(mcc: "4511", medianAmount: 200, sigma: 0.7, frequency: 1, onlineShare: 1, isResold: true),
        Trade(mcc: "7011", medianAmount: 125, sigma: 0.65, frequency: 1.5, onlineShare: 0.6),
        Trade(mcc: "8398", medianAmount: 18, sigma: 0.8, frequency: 0.8, onlineShare: 1, isTestedOn: true),
        Trade(
            mcc: "4814", medianAmount: 22, sigma: 0.5, frequency: 1.5, onlineShare: 0.9, isResold: true,
            isSubscribed: true),
        Trade(mcc: "7997", medianAmount: 35, sigma: 0.3, frequency: 0.3, onlineShare: 0.8, isSubscribed: true),
        Trade(mcc: "5200", medianAmount: 60, sigma: 0.85, frequency: 3, onlineShare: 0.3, ships: true),
        Trade(mcc: "6300", medianAmount: 42, sigma: 0.4, frequency: 0.2, onlineShare: 1, isSubscribed: true),
    ]

    /// The first so many are found in every country, however small the world.
    static let everywhere = 8
}
