// One table is the payment schema: the reader, the writer, the expression language, the importer and the OpenAPI
// document all follow it, so that a field is added in one line.
//
//   keys in JSON           what it may hold            rules that the table can't say stand in PaymentReader
//   ["card", "bin"]        .digits(6...8)              (required fields, card.fingerprint or customer.id)

/// A field of a payment. The raw value is the index of its slot.
public enum PaymentField: Int, CaseIterable, Sendable {
    case transactionID, eventTime, amount, currency
    case cardFingerprint, cardBIN, cardLast4, cardBrand, cardFunding, cardCountry, cardExpiryMonth, cardExpiryYear
    case cardTokenType
    case merchantID, merchantMCC, merchantCountry, merchantTerminalID
    case customerID, customerEmailHash, customerEmailDomain, customerPhoneCountry, customerCreatedAt
    case deviceID, deviceIP, deviceUserAgent, deviceSessionID, deviceTimeOnPage
    case billingCountry, billingPostalCodeHash
    case shippingCountry, shippingAddressHash
    case verificationAVS, verificationCVC
    case threeDSVersion, threeDSStatus, threeDSECI, threeDSLiabilityShift
    case stage, type, channel, initiator, credentialOnFile, recurring
    case authorizationStatus, authorizationResponseCode
    case metadata, deadline

    public static let count = allCases.count

    /// The dotted path of the field, as in features.yaml; the JSON pointer is the same path with slashes.
    public var name: String { PaymentSchema.definitions[rawValue].name }

    /// The RFC 6901 pointer to the field in a request.
    public var pointer: String { "/" + name.split(separator: ".").joined(separator: "/") }

    public var kind: PaymentFieldKind { PaymentSchema.definitions[rawValue].kind }
}

/// What a field may hold. Text is never empty: an unknown value is left out, or null.
public enum PaymentFieldKind: Sendable, Equatable {
    /// UTF-8 text of at most so many bytes.
    case text(maximumBytes: Int)
    /// Text that names a person, a card or a device: kept only as a keyed hash, and opaque to expressions.
    case identifier(maximumBytes: Int)
    /// An IPv4 or IPv6 address; an identifier too.
    case internetAddress
    /// Decimal digits, as text, so many of them.
    case digits(ClosedRange<Int>)
    case integer(ClosedRange<Int64>)
    case boolean
    /// RFC 3339, kept as nanoseconds since 1970.
    case timestamp
    /// An ISO 4217 code.
    case currency
    /// An ISO 3166-1 alpha-2 code.
    case country
    case choice([String])
    /// A free object of at most `PaymentLimits.metadataKeys` members.
    case metadata

    /// Whether the value is replaced by its keyed hash before the core or the log sees it.
    public var isIdentifier: Bool {
        switch self {
        case .identifier, .internetAddress: true
        case .text, .digits, .integer, .boolean, .timestamp, .currency, .country, .choice, .metadata: false
        }
    }
}

/// The bounds of a payment that are not in the table.
public enum PaymentLimits {
    /// ISO 8583 carries twelve digits of amount.
    public static let maximumAmountMinorUnits: Int64 = 999_999_999_999
    public static let metadataKeys = 16
    public static let metadataKeyBytes = 64
    public static let metadataValueBytes = 512
    /// Wrong fields reported for one payment; the rest is only counted.
    public static let reportedProblems = 64
    /// Members nest three deep (`verification.three_ds.version`), plus the document itself.
    public static let nestingDepth = 8
    /// Payments in one batch.
    public static let batchPayments = 1_000
}

public struct PaymentFieldDefinition: Sendable {
    public let field: PaymentField
    /// The keys from the payment's object down to the field.
    let path: [StaticString]
    /// They joined by points.
    public let name: String
    public let kind: PaymentFieldKind
    public let isRequired: Bool
}

public enum PaymentSchema {
    /// In the order of `PaymentField`, so that a raw value is an index.
    public static let definitions: [PaymentFieldDefinition] = PaymentField.allCases.map { field in
        let (path, kind) = pathAndKind(of: field)
        return PaymentFieldDefinition(
            field: field, path: path, name: path.map(\.description).joined(separator: "."), kind: kind,
            isRequired: required.contains(field))
    }

    /// Always needed; besides them, `card.fingerprint` or `customer.id`.
    public static let required: Set<PaymentField> = [.transactionID, .eventTime, .amount, .currency, .merchantID]

    public static let identifierFields: [PaymentField] = PaymentField.allCases.filter { $0.kind.isIdentifier }

    private static let identifierBytes = 128

    private static func pathAndKind(of field: PaymentField) -> ([StaticString], PaymentFieldKind) {
        switch field {
        case .transactionID: (["transaction_id"], .text(maximumBytes: 128))
        case .eventTime: (["event_time"], .timestamp)
        case .amount: (["amount"], .integer(0...PaymentLimits.maximumAmountMinorUnits))
        case .currency: (["currency"], .currency)
        case .stage: (["stage"], .choice(["pre_auth", "post_auth"]))
        case .type: (["type"], .text(maximumBytes: 32))
        case .channel: (["channel"], .text(maximumBytes: 32))
        case .initiator: (["initiator"], .choice(["customer", "merchant"]))
        case .credentialOnFile: (["credential_on_file"], .boolean)
        case .recurring: (["recurring"], .boolean)
        case .metadata: (["metadata"], .metadata)
        case .deadline: (["deadline_ms"], .integer(1...1_000))
        case .authorizationStatus: (["authorization", "status"], .text(maximumBytes: 32))
        case .authorizationResponseCode: (["authorization", "response_code"], .text(maximumBytes: 16))
        default: partyPathAndKind(of: field)
        }
    }

    private static func partyPathAndKind(of field: PaymentField) -> ([StaticString], PaymentFieldKind) {
        switch field {
        case .cardFingerprint: (["card", "fingerprint"], .identifier(maximumBytes: identifierBytes))
        case .cardBIN: (["card", "bin"], .digits(6...8))
        case .cardLast4: (["card", "last4"], .digits(4...4))
        case .cardBrand: (["card", "brand"], .text(maximumBytes: 32))
        case .cardFunding: (["card", "funding"], .text(maximumBytes: 32))
        case .cardCountry: (["card", "country"], .country)
        case .cardExpiryMonth: (["card", "exp_month"], .integer(1...12))
        case .cardExpiryYear: (["card", "exp_year"], .integer(1_970...2_200))
        case .cardTokenType: (["card", "token_type"], .text(maximumBytes: 32))
        case .merchantID: (["merchant", "id"], .text(maximumBytes: identifierBytes))
        case .merchantMCC: (["merchant", "mcc"], .digits(4...4))
        case .merchantCountry: (["merchant", "country"], .country)
        case .merchantTerminalID: (["merchant", "terminal_id"], .text(maximumBytes: identifierBytes))
        case .customerID: (["customer", "id"], .identifier(maximumBytes: identifierBytes))
        case .customerEmailHash: (["customer", "email_hash"], .identifier(maximumBytes: identifierBytes))
        case .customerEmailDomain: (["customer", "email_domain"], .text(maximumBytes: 255))
        case .customerPhoneCountry: (["customer", "phone_country"], .country)
        case .customerCreatedAt: (["customer", "created_at"], .timestamp)
        case .deviceID: (["device", "id"], .identifier(maximumBytes: identifierBytes))
        case .deviceIP: (["device", "ip"], .internetAddress)
        case .deviceUserAgent: (["device", "user_agent"], .text(maximumBytes: 1_024))
        case .deviceSessionID: (["device", "session_id"], .identifier(maximumBytes: identifierBytes))
        case .deviceTimeOnPage: (["device", "time_on_page_ms"], .integer(0...604_800_000))
        case .billingCountry: (["billing", "country"], .country)
        case .billingPostalCodeHash: (["billing", "postal_code_hash"], .identifier(maximumBytes: identifierBytes))
        case .shippingCountry: (["shipping", "country"], .country)
        case .shippingAddressHash: (["shipping", "address_hash"], .identifier(maximumBytes: identifierBytes))
        case .verificationAVS: (["verification", "avs"], .text(maximumBytes: 16))
        case .verificationCVC: (["verification", "cvc"], .text(maximumBytes: 16))
        case .threeDSVersion: (["verification", "three_ds", "version"], .text(maximumBytes: 16))
        case .threeDSStatus: (["verification", "three_ds", "status"], .text(maximumBytes: 16))
        case .threeDSECI: (["verification", "three_ds", "eci"], .text(maximumBytes: 4))
        case .threeDSLiabilityShift: (["verification", "three_ds", "liability_shift"], .boolean)
        default: preconditionFailure("\(field) has no row in the payment schema")
        }
    }
}
