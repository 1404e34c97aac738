// The sub-region of a country by the United Nations' standard M49 (unstats.un.org/unsd/methodology/m49), with its
// intermediate regions in Africa and the Americas, which tell Kenya from Ghana. Taiwan, which M49 does not list, is with
// Eastern Asia; Kosovo is with Southern Europe; Antarctica has none.

enum Regions {
    private static let table: [(code: Int64, countries: StaticString)] = [
        (5, "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE"),
        (11, "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG"),
        (13, "BZ CR GT HN MX NI PA SV"),
        (14, "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW"),
        (15, "DZ EG EH LY MA SD TN"),
        (17, "AO CD CF CG CM GA GQ ST TD"),
        (18, "BW LS NA SZ ZA"),
        (21, "BM CA GL PM US"),
        (29, "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI"),
        (30, "CN HK JP KP KR MN MO TW"),
        (34, "AF BD BT IN IR LK MV NP PK"),
        (35, "BN ID KH LA MM MY PH SG TH TL VN"),
        (39, "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK"),
        (53, "AU CC CX HM NF NZ"),
        (54, "FJ NC PG SB VU"),
        (57, "FM GU KI MH MP NR PW UM"),
        (61, "AS CK NU PF PN TK TO TV WF WS"),
        (143, "KG KZ TJ TM UZ"),
        (145, "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE"),
        (151, "BG BY CZ HU MD PL RO RU SK UA"),
        (154, "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ"),
        (155, "AT BE CH DE FR LI LU MC NL"),
    ]

    /// By the two letters of a country, 26 × 26; 0 is none.
    private static let codes: [Int16] = {
        var codes = [Int16](repeating: 0, count: 26 * 26)
        for (code, countries) in table {
            let bytes = Array(countries.description.utf8)
            for start in stride(from: 0, to: bytes.count, by: 3) {
                if let index = index(bytes[start], bytes[start + 1]) { codes[index] = Int16(code) }
            }
        }
        return codes
    }()

    private static func index(_ first: UInt8, _ second: UInt8) -> Int? {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard letters.contains(first), letters.contains(second) else { return nil }
        return Int(first - letters.lowerBound) * 26 + Int(second - letters.lowerBound)
    }

    /// The M49 code of the sub-region of an ISO 3166-1 alpha-2 country; nil where it has none.
    static func code(of country: Span<UInt8>) -> Int64? {
        guard country.count == 2, let index = index(country[0], country[1]) else { return nil }
        let code = codes[index]
        return code == 0 ? nil : Int64(code)
    }
}
