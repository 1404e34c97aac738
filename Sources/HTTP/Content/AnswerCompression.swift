// Which answers go out as gzip. The size decides first: what fits into one packet with its head saves none, and costs
// 12 µs at level 1, as much as all else about a request; above the loop's bound (120 µs) it would keep every other client
// of that loop waiting, so only other threads do it.
//
//                     to the threshold    to the loop's bound    beyond
//   by the loop       as it is            gzip                   as it is
//   by other threads  as it is            gzip                   gzip
//
// A client that takes gzip and nothing else gets it below the threshold too.

/// When answers are compressed, for clients that ask for it.
///
/// Compression lets who can see lengths and choose a part of an answer's content guess the rest of it. Turn it off where
/// answers hold secrets beside what strangers may choose.
public struct AnswerCompression: Sendable, Equatable {
    public var isOn = true
    /// Content of this many bytes or more is worth it.
    public var thresholdBytes = 1_024
    /// Content of up to this many bytes is compressed on its event loop; more is only where it comes from another
    /// thread.
    public var loopBytes = 32_768
    /// zlib's, from 1, the fastest, to 9.
    public var level = 1

    public init() {}
}

/// What became of an answer's content.
struct AppliedCoding: Sendable, Equatable {
    /// The body is a gzip member: `Content-Encoding: gzip`.
    var isGzip = false
    /// Another client might get, or have got, another form: `Vary: Accept-Encoding`.
    var varies = false
}

extension AnswerCompression {
    enum Place { case loop, elsewhere }

    /// Whether content of that size and type has a choice of codings in the place where it would be coded.
    func isChoice(_ accepted: AnswerCoding, bodyBytes: Int, at place: Place) -> Bool {
        guard isOn, bodyBytes > 0 else { return false }
        if place == .loop && bodyBytes > loopBytes { return false }
        return bodyBytes >= thresholdBytes || accepted == .onlyGzip
    }

    /// Whether a status may have content that is coded: not the part of a whole (RFC 9110 section 14), not none.
    static func isCodable(status: Int) -> Bool { status != 204 && status != 206 && status != 304 }
}

extension ResponseContent {
    /// Codes the body as the client takes it, unless that was done or must not be. `spare` is storage; it changes place
    /// with the body's.
    mutating func code(
        _ accepted: AnswerCoding, _ compression: AnswerCompression, _ encoder: inout GzipEncoder, _ spare: inout [UInt8]
    ) {
        guard mayBeCoded, AnswerCompression.isCodable(status: status) else { return }
        if let gzippedBody {
            guard compression.isOn else { return }
            coding = AppliedCoding(isGzip: accepted != .identity, varies: true)
            if coding.isGzip { body = gzippedBody }
            return
        }
        guard compression.isChoice(accepted, bodyBytes: body.count, at: .loop), hasCompressibleType else { return }
        coding.varies = true
        if accepted == .identity { return }
        encoder.encode(body.span, into: &spare)
        guard spare.count < body.count || accepted == .onlyGzip else { return }
        swap(&body, &spare)
        coding.isGzip = true
    }

    private var hasCompressibleType: Bool {
        if let runtimeContentType { return MediaType.isCompressible(runtimeContentType.span) }
        return contentType.withUTF8Buffer { MediaType.isCompressible($0.span) }
    }
}

extension Deferral {
    /// Codes the body of a late answer as the client takes it, on the thread that completes it.
    func code(_ answer: inout DeferredAnswer) {
        guard let mailbox, AnswerCompression.isCodable(status: answer.status), !answer.isCodedAlready,
            mailbox.compression.isChoice(acceptedCoding, bodyBytes: answer.body.count, at: .elsewhere)
        else { return }
        let type = answer.contentType
        guard MediaType.isCompressible(type.utf8.span) else { return }
        answer.coding.varies = true
        if acceptedCoding == .identity { return }
        let coded = mailbox.encoder.encode(answer.body.span)
        guard coded.count < answer.body.count || acceptedCoding == .onlyGzip else { return }
        answer.body = coded
        answer.coding.isGzip = true
    }
}

extension DeferredAnswer {
    /// Whether whoever made the answer has coded it.
    var isCodedAlready: Bool { headers.contains { $0.0.lowercased() == "content-encoding" } }
}
