// What a body is said to be, and what it is once it is decompressed: JSON in UTF-8, as it is or by one coding. The
// fields are looked at for every payment, in place.

import HTTP

enum RequestBody {
    /// What a payment may come to once it is decompressed, if the configuration allows more: inflating 256 KiB keeps
    /// the other clients of a loop waiting for half a millisecond.
    static let largestOnLoopBytes = 262_144

    /// How the body of a request is coded. Throws why it can't be taken, going by its fields.
    static func coding(of request: borrowing Request) throws(Problem) -> ContentCoding {
        let coding: ContentCoding
        do throws(ContentError) { coding = try request.contentCoding } catch { throw .content(error) }
        if !MediaType.isJSON(request) { throw .unsupportedMediaType }
        return coding
    }

    /// The body as it was before it was coded, for work in the background.
    static func decoded(_ body: [UInt8], _ coding: ContentCoding, limitBytes: Int) throws(Problem) -> [UInt8] {
        if coding == .identity { return body }
        var decoder = BodyDecoder()
        var bytes: [UInt8] = []
        do throws(ContentError) {
            try decoder.decode(body.span, coding, InflateLimits(maximumBytes: limitBytes), into: &bytes)
        } catch {
            throw .content(error)
        }
        return bytes
    }
}
