// What a list holds, and so which fields of a payment may be looked up in it. A list of bins asked for a country is an
// error at load, with a caret, and not a rule that never matches.

/// The type of a list, as rules.yaml names it.
public enum ListKind: String, Sendable, CaseIterable {
    case fingerprint, customer, device
    /// Matches the domain itself and all below it.
    case emailDomain = "email_domain"
    /// The first six to eight digits of a card number; a shorter entry matches every longer bin that begins so.
    case bin
    /// Addresses and networks (CIDR) of IPv4 and IPv6.
    case ip
    case country, merchant, mcc
    /// Any other text of a payment, compared byte by byte.
    case text

    /// The fields that may be looked up in such a list.
    public var fields: [PaymentField] {
        switch self {
        case .fingerprint: [.cardFingerprint]
        case .customer: [.customerID]
        case .device: [.deviceID]
        case .emailDomain: [.customerEmailDomain]
        case .bin: [.cardBIN]
        case .ip: [.deviceIP]
        case .merchant: [.merchantID]
        case .mcc: [.merchantMCC]
        case .country: PaymentField.allCases.filter { $0.kind == .country }
        case .text: PaymentField.allCases.filter { Self.isPlainText($0.kind) }
        }
    }

    private static func isPlainText(_ kind: PaymentFieldKind) -> Bool {
        switch kind {
        case .text, .digits, .currency, .country, .choice: true
        case .identifier, .internetAddress, .integer, .boolean, .timestamp, .metadata: false
        }
    }
}

/// The bounds of lists.
public enum ListLimits {
    public static let maximumLists = 256
    public static let maximumEntries = 20_000_000
    public static let maximumLineBytes = 4_096
    /// Bytes of an email domain (RFC 1035, section 2.3.4).
    static let maximumDomainBytes = 255
    static let binDigits = 6...8
}
