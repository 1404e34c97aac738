// The fields that speak of content: Accept-Encoding, Content-Encoding, Content-Type, each by a table of its grammar.
import Testing

@testable import HTTP

@Suite struct ContentFieldTests {
    /// Field values, joined by "&" where there are several fields, and the coding of the answer.
    static let accepted: [(String, AnswerCoding)] = [
        ("", .identity), ("gzip", .gzip), ("x-gzip", .gzip), ("GZip", .gzip), ("X-GZIP", .gzip), ("deflate", .identity),
        ("br", .identity), ("br, zstd", .identity), ("gzip, deflate, br, zstd", .gzip), ("*", .gzip),
        ("identity", .identity), ("identity, gzip", .gzip), ("identity, *", .gzip), ("deflate, *;q=0", .identity),
        // Weights.
        ("gzip;q=0", .identity), ("gzip;q=0.0", .identity), ("gzip;q=0.000", .identity), ("gzip;q=0.", .identity),
        ("gzip;q=0.001", .gzip), ("gzip;q=1", .gzip), ("gzip;q=1.", .gzip), ("gzip;q=1.000", .gzip),
        ("gzip;Q=0.5", .gzip), ("gzip ; q=0.5", .gzip), ("gzip\t;\tq=0.5", .gzip), ("*;q=0.1", .gzip),
        ("gzip;q=0.5, identity;q=0.5", .gzip), ("gzip;q=0.499, identity;q=0.5", .identity),
        ("gzip;q=0.5, identity;q=0.499", .gzip), ("gzip;q=0.8, identity", .identity),
        ("gzip;q=0.8, *", .identity), ("gzip;q=0.8, *;q=0.1", .gzip), ("*;q=0.5, identity;q=0.6", .identity),
        ("*, gzip;q=0", .identity), ("br;q=1.0, gzip;q=0.8, *;q=0.1", .gzip),
        // Identity refused; with gzip refused too, it is sent all the same.
        ("gzip, identity;q=0", .onlyGzip), ("gzip, *;q=0", .onlyGzip), ("*, identity;q=0", .onlyGzip),
        ("gzip;q=0.001, identity;q=0.000", .onlyGzip), ("gzip, *;q=0, identity", .gzip),
        ("identity;q=0", .identity), ("*;q=0", .identity), ("gzip;q=0, identity;q=0", .identity),
        ("br, identity;q=0", .identity),
        // Lists.
        (",", .identity), (" , gzip", .gzip), ("gzip,,", .gzip), (",,gzip,,br", .gzip), ("deflate&gzip", .gzip),
        ("gzip;q=0.5&identity;q=0.6", .identity), ("&gzip", .gzip), ("gzip&", .gzip),
        // A coding named twice counts by its lower weight.
        ("gzip, gzip;q=0", .identity), ("gzip;q=0, gzip", .identity), ("gzip, x-gzip;q=0", .identity),
        ("gzip&identity;q=0&identity", .onlyGzip), ("*;q=0.5, *;q=0", .identity),
        // Malformed members say nothing.
        ("gzip;q=2", .identity), ("gzip;q=1.001", .identity), ("gzip;q=0.0001", .identity), ("gzip;q=.5", .identity),
        ("gzip;q=-1", .identity), ("gzip;q=", .identity), ("gzip;q", .identity), ("gzip;", .identity),
        ("gzip;q =1", .identity), ("gzip;q= 1", .identity), ("gzip;q=1;x=y", .identity), ("gzip;level=1", .identity),
        ("gzip;q=\"1\"", .identity), ("gzip;q=1x", .identity), ("gzip;q=01", .identity), ("gzip;q=0,5", .identity),
        ("gzip br", .identity), ("gzip;;q=1", .identity), (";q=1", .identity), ("\"gzip\"", .identity),
        ("gzip;q=1.1, identity;q=0", .identity), ("g zip, gzip;q=0.5", .gzip), ("gzipped", .identity),
        ("gzi", .identity), ("**", .identity), ("identity;q=7, gzip", .gzip), ("gzip;q=0.9999, *;q=0.2", .gzip),
    ]

    @Test(arguments: accepted)
    func `Accept-Encoding says in which coding the answer goes out`(values: String, coding: AnswerCoding) {
        let lines = values.split(separator: "&", omittingEmptySubsequences: false).map { "Accept-Encoding: \($0)" }
        #expect(withRequest(lines) { $0.acceptedCoding } == coding)
        // The members are one list, however they are spread over fields.
        let members = values.split(whereSeparator: { $0 == "&" || $0 == "," }).map { "ACCEPT-encoding:\($0)" }
        #expect(withRequest(["X: y"] + members + ["Accept: gzip"]) { $0.acceptedCoding } == coding)
    }

    @Test func `without Accept-Encoding the answer goes out as it is`() {
        #expect(withRequest([]) { $0.acceptedCoding } == .identity)
        #expect(withRequest(["Accept: gzip", "TE: gzip"]) { $0.acceptedCoding } == .identity)
    }

    @Test func `every weight of three digits is read`() {
        for thousandths in 0...1_000 {
            let digits = String(1_000 + thousandths).dropFirst()
            let weight = thousandths == 1_000 ? "1.000" : "0.\(digits)"
            var accepted = AcceptedCodings()
            accepted.read("gzip;q=\(weight), identity;q=0.500".utf8.span)
            #expect(accepted.choice == (thousandths >= 500 ? .gzip : .identity), "\(weight)")
        }
    }

    static let codings: [(String, Result<ContentCoding, ContentError>)] = [
        ("", .success(.identity)), ("identity", .success(.identity)), ("gzip", .success(.gzip)),
        ("x-gzip", .success(.gzip)), ("GZIP", .success(.gzip)), ("X-GZip", .success(.gzip)),
        ("deflate", .success(.deflate)), ("Deflate", .success(.deflate)), ("gzip,", .success(.gzip)),
        (", gzip ,,", .success(.gzip)), ("&gzip", .success(.gzip)), (",&,", .success(.identity)),
        ("br", .failure(.unsupportedCoding)), ("zstd", .failure(.unsupportedCoding)),
        ("compress", .failure(.unsupportedCoding)), ("x-compress", .failure(.unsupportedCoding)),
        ("gzip;q=1", .failure(.unsupportedCoding)), ("gzip deflate", .failure(.unsupportedCoding)),
        ("gzi", .failure(.unsupportedCoding)), ("gzipp", .failure(.unsupportedCoding)),
        ("*", .failure(.unsupportedCoding)), ("\"gzip\"", .failure(.unsupportedCoding)),
        ("x-deflate", .failure(.unsupportedCoding)), ("gzip, br", .failure(.unsupportedCoding)),
        ("br, gzip", .failure(.unsupportedCoding)), ("gzip&br", .failure(.unsupportedCoding)),
        ("gzip, gzip", .failure(.severalCodings)), ("gzip, deflate", .failure(.severalCodings)),
        ("identity, gzip", .failure(.severalCodings)), ("identity, identity", .failure(.severalCodings)),
        ("gzip&gzip", .failure(.severalCodings)), ("identity&gzip", .failure(.severalCodings)),
    ]

    @Test(arguments: codings)
    func `Content-Encoding is one coding that is served, or the body is refused`(
        values: String, expected: Result<ContentCoding, ContentError>
    ) {
        let lines = values.split(separator: "&", omittingEmptySubsequences: false).map { "Content-Encoding: \($0)" }
        let coding = withRequest(lines) { request -> Result<ContentCoding, ContentError> in
            do throws(ContentError) { return .success(try request.contentCoding) } catch { return .failure(error) }
        }
        #expect(coding == expected)
    }

    static let types: [(String, Bool)] = [
        ("application/json", true), ("Application/JSON", true), ("application/json;", true),
        ("application/json ;", true), ("application/json;;", true), ("application/json; ; charset=utf-8", true),
        ("application/json;charset=utf-8", true), ("application/json; charset=UTF-8", true),
        ("application/json\t;\tCHARSET=Utf-8", true), ("application/json; charset=\"utf-8\"", true),
        ("application/json; charset=\"UTF-8\" ; x=y", true), ("application/json; charset=\"u\\t\\f-8\"", true),
        ("application/json; charset=utf-8; charset=utf-8", true), ("application/json; profile=\"a;charset=x\"", true),
        ("application/json; profile=\"a\\\";charset=x\"", true), ("application/json; profile=\"\"", true),
        ("application/json; version=1; charset=utf-8", true), ("application/json; charsets=latin1", true),
        ("application/json; profile=\"ü\"", true),
        ("", false), ("json", false), ("application/", false), ("application", false), ("text/json", false),
        ("application/jsonp", false), ("application/json2", false), ("application/json-seq", false),
        ("application/problem+json", false), ("application/json/x", false), ("application /json", false),
        ("application/ json", false), ("text/plain", false), ("multipart/form-data; boundary=x", false),
        ("application/x-www-form-urlencoded", false), ("application/json charset=utf-8", false),
        ("application/json, application/json", false), ("application/json, text/plain", false),
        ("application/json; charset=iso-8859-1", false), ("application/json; charset=utf-16", false),
        ("application/json; charset=utf8", false), ("application/json; charset=utf-8x", false),
        ("application/json; charset=", false), ("application/json; charset", false),
        ("application/json; charset =utf-8", false), ("application/json; charset= utf-8", false),
        ("application/json; charset=utf-8 x", false), ("application/json; charset=\"utf-8", false),
        ("application/json; charset=\"utf-8\"x", false), ("application/json; charset=\"utf-8\\", false),
        ("application/json; charset=\" utf-8\"", false), ("application/json; charset=\"\"", false),
        ("application/json; charset=utf-8; charset=latin1", false), ("application/json; =x", false),
        ("application/json; charset=latin1; charset=utf-8", false), ("application/json; x=\"", false),
        ("application/json; x=\"\\\"", false), ("application/json; x=a b", false), ("application/json; x=@", false),
        ("application/json; charset='utf-8'", false), ("*/*", false),
    ]

    @Test(arguments: types)
    func `Content-Type is JSON in UTF-8 by its grammar, or it is not`(value: String, isJSON: Bool) {
        #expect(MediaType.isJSON(value.utf8.span) == isJSON)
        #expect(withRequest(["Content-Type:  \(value) "]) { MediaType.isJSON($0) } == isJSON)
        let twice = ["content-TYPE: \(value)", "A: b", "Content-Type: \(value)"]
        #expect(withRequest(twice) { MediaType.isJSON($0) } == false)
    }

    @Test func `a body without a type is taken for JSON`() {
        #expect(withRequest(["Content-Types: text/plain"]) { MediaType.isJSON($0) } == true)
    }

    @Test(arguments: [
        ("application/json", true), ("Application/Problem+JSON", true), ("text/plain; version=0.0.4", true),
        ("text/html", true), ("application/xml", true), ("image/svg+xml ;x=y", true), ("application/yaml", true),
        ("application/openmetrics-text; version=1.0.0", true), ("image/png", false), ("application/gzip", false),
        ("application/octet-stream", false), ("text/", false), ("", false), ("+json", false), ("json", false),
        ("application/jsonx", false), ("video/mp4;a=+json", false),
    ])
    func `text, JSON and XML are worth compressing`(value: String, isWorthIt: Bool) {
        #expect(MediaType.isCompressible(value.utf8.span) == isWorthIt)
    }
}
