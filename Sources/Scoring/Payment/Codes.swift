// ISO 4217 currencies with the digits of their minor unit, and ISO 3166-1 alpha-2 countries, as tables that one
// lookup answers: a code of capital letters is a number in base 26.

public enum Currencies {
    /// Every active ISO 4217 code, by the digits of its minor unit (ISO 4217 table A.1, funds codes included).
    private static let codesByDigits: [(digits: Int8, codes: String)] = [
        (
            2,
            """
            AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
            CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
            HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
            MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
            SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
            VES WST XAD XCD XCG YER ZAR ZMW ZWG
            """
        ),
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    ]

    private static let digitsByCode: [Int8] = {
        var table = [Int8](repeating: -1, count: 26 * 26 * 26)
        for (digits, codes) in codesByDigits {
            for code in codes.split(whereSeparator: \.isWhitespace) {
                let bytes = Array(code.utf8)
                if let index = LetterCode.index(of: bytes.span) { table[index] = digits }
            }
        }
        return table
    }()

    /// Digits after the point of the currency's major unit, or nil for a code that is none.
    public static func minorUnitDigits(of code: Span<UInt8>) -> Int? {
        guard code.count == 3, let index = LetterCode.index(of: code), digitsByCode[index] >= 0 else { return nil }
        return Int(digitsByCode[index])
    }
}

public enum Countries {
    /// ISO 3166-1 alpha-2, and XK, which card schemes use for Kosovo.
    private static let codes = """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
        GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT
        JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM
        MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR
        PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH
        TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
        """

    private static let isCountry: [Bool] = {
        var table = [Bool](repeating: false, count: 26 * 26)
        for code in codes.split(whereSeparator: \.isWhitespace) {
            let bytes = Array(code.utf8)
            if let index = LetterCode.index(of: bytes.span) { table[index] = true }
        }
        return table
    }()

    public static func contains(_ code: Span<UInt8>) -> Bool {
        guard code.count == 2, let index = LetterCode.index(of: code) else { return false }
        return isCountry[index]
    }
}

private enum LetterCode {
    /// The code as a number in base 26, or nil where a byte is no capital letter.
    static func index(of code: Span<UInt8>) -> Int? {
        var index = 0
        for i in code.indices {
            guard code[i] >= 0x41, code[i] <= 0x5A else { return nil }
            index = index * 26 + Int(code[i] - 0x41)
        }
        return index
    }
}
