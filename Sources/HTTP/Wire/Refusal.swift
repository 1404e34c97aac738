// Every way in which bytes are not a request that this server serves. Each has the status that is answered and the
// section that says so ("9112" is RFC 9112, HTTP/1.1; "9110" is RFC 9110, HTTP semantics). After any of them the
// connection closes: where the next request would begin is in doubt, or is not worth finding out.

/// Why a request was refused on the wire.
public enum Refusal: UInt8, Error, Equatable, Sendable, CaseIterable {
    // The request line.
    case malformedRequestLine  // 9112 section 3: method SP target SP version, one space each
    case requestLineTooLong  // 9112 section 3: 414 for a target longer than the server is willing to parse
    case malformedTarget  // 9112 section 3.2: 400 for an invalid request-target
    case encodedControlCharacter  // 3986 section 7.3: %00 ends a name for one reader only
    case dotSegment  // 3986 sections 5.2.4 and 6.2.2.3: who removes them sees another path; clients do so themselves
    case malformedVersion  // 9112 section 2.3: "HTTP/" DIGIT "." DIGIT, in capitals
    case unsupportedVersion  // 9110 section 15.6.6
    case http2Preface  // 9113 section 3.4: the client speaks HTTP/2 from the first byte
    case connectNotSupported  // 9110 section 9.3.6: no tunnels here; what follows would not be HTTP

    // Lines.
    case bareLineFeed  // 9112 section 2.2: a lone LF may be taken for a line's end by one reader only
    case bareCarriageReturn  // 9112 section 2.2
    case controlCharacter  // 9110 section 5.5: NUL and other controls are invalid and dangerous in a value

    // Field lines.
    case obsoleteFolding  // 9112 section 5.2: 400 for a line that begins with white space
    case whitespaceBeforeColon  // 9112 section 5.1: MUST be refused with 400
    case malformedFieldName  // 9110 section 5.1: a name is a token
    case missingColon  // 9112 section 5
    case fieldLineTooLong  // 9110 section 5.4, 6585 section 5
    case headTooLong  // 9110 section 5.4, 6585 section 5
    case tooManyFields  // 9110 section 5.4, 6585 section 5

    // Fields that decide.
    case missingHost  // 9112 section 3.2: HTTP/1.1 without Host MUST be refused
    case repeatedHost  // 9112 section 3.2: more than one MUST be refused
    case malformedHost  // 9112 section 3.2: an invalid value MUST be refused
    case malformedConnection  // 9110 section 7.6.1: a list of tokens
    case malformedContentLength  // 9112 section 6.3, item 5: digits only; no sign, no list
    case repeatedContentLength  // 9112 section 6.3, item 5: refused also when the values agree
    case contentLengthOverflow  // 9110 section 8.6: a decimal of any length is legal, and must not wrap around
    case contentLengthWithTransferEncoding  // 9112 section 6.3, item 3: the mark of request smuggling
    case transferEncodingInHTTP10  // 9112 section 6.1: faulty framing whatever the coding
    case repeatedTransferEncoding  // 9112 section 6.1: one coding is served, so a second field is one too many
    case malformedTransferEncoding  // 9112 section 7: a coding is a token; chunked has no parameters
    case chunkedNotFinal  // 9112 section 6.3, item 4: 400, the length cannot be determined; section 7.1: not twice
    case unknownTransferCoding  // 9112 section 6.1: 501 for a coding before chunked
    case unknownExpectation  // 9110 section 10.1.1: 417
    case contentInTrace  // 9110 section 9.3.8: a client MUST NOT send content in a TRACE

    // The body.
    case malformedChunkSize  // 9112 section 7.1
    case chunkSizeOverflow  // 9112 section 7.1: large hexadecimals must not wrap around; zeros before them are bounded
    case malformedChunkExtension  // 9112 section 7.1.1
    case chunkExtensionsTooLong  // 9112 section 7.1.1: the total SHOULD be limited
    case chunkLineTooLong  // 9112 section 7.1.1
    case unterminatedChunk  // 9112 section 7.1: CRLF follows the data
    case forbiddenTrailer  // 9110 section 6.5.1: framing, routing and the like are decided before any trailer
    case trailersTooLong  // 6585 section 5
    case tooManyTrailers  // 6585 section 5
    case bodyBeyondDiscardLimit  // 9110 section 15.5.14: the server MAY close to end the request

    /// The status of the answer.
    public var status: Int {
        switch self {
        case .malformedRequestLine, .malformedTarget, .malformedVersion, .bareLineFeed, .bareCarriageReturn,
            .controlCharacter, .obsoleteFolding, .whitespaceBeforeColon, .malformedFieldName, .missingColon,
            .missingHost, .repeatedHost, .malformedHost, .malformedContentLength, .repeatedContentLength,
            .contentLengthWithTransferEncoding, .transferEncodingInHTTP10, .repeatedTransferEncoding,
            .malformedTransferEncoding, .chunkedNotFinal, .malformedChunkSize, .chunkSizeOverflow,
            .malformedChunkExtension, .chunkExtensionsTooLong, .chunkLineTooLong, .unterminatedChunk,
            .encodedControlCharacter, .dotSegment, .malformedConnection, .contentInTrace, .forbiddenTrailer:
            400
        case .contentLengthOverflow, .bodyBeyondDiscardLimit: 413
        case .requestLineTooLong: 414
        case .unknownExpectation: 417
        case .fieldLineTooLong, .headTooLong, .tooManyFields, .trailersTooLong, .tooManyTrailers: 431
        case .connectNotSupported, .unknownTransferCoding: 501
        case .unsupportedVersion, .http2Preface: 505
        }
    }

    /// What is wrong, for the client's developer. Never repeats what the client sent.
    public var detail: StaticString {
        switch self {
        case .malformedRequestLine: "The first line must be a method, a target and a version with one space between."
        case .requestLineTooLong: "The request line is longer than this server reads."
        case .malformedTarget: "The target must be a path, an absolute http URI, or * for OPTIONS, percent-encoded."
        case .encodedControlCharacter: "The target holds an escaped control character."
        case .dotSegment: "A segment of the path is . or .., escaped or not; send the path that is meant."
        case .malformedVersion: "The version must be HTTP/1.1 or HTTP/1.0."
        case .unsupportedVersion, .http2Preface: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .connectNotSupported: "This server opens no tunnels."
        case .bareLineFeed: "Lines must end with CR LF; a lone LF was found."
        case .bareCarriageReturn: "A CR that no LF follows was found."
        case .controlCharacter: "A control character was found in a line."
        case .obsoleteFolding: "A field line begins with white space; folded fields are obsolete."
        case .whitespaceBeforeColon: "White space stands between a field's name and its colon."
        case .malformedFieldName: "A field's name is empty or holds a character that names may not."
        case .missingColon: "A field line has no colon."
        case .fieldLineTooLong: "A field line is longer than this server reads."
        case .headTooLong: "The head of the request is longer than this server reads."
        case .tooManyFields: "The head has more fields than this server reads."
        case .missingHost: "An HTTP/1.1 request needs a Host field."
        case .repeatedHost: "There is more than one Host field."
        case .malformedHost: "Host must be a host, optionally with a port."
        case .malformedConnection: "Connection must be a list of tokens."
        case .malformedContentLength: "Content-Length must be one number in decimal digits."
        case .repeatedContentLength: "There is more than one Content-Length field."
        case .contentLengthOverflow: "Content-Length is larger than any body this server reads."
        case .contentLengthWithTransferEncoding: "Content-Length and Transfer-Encoding exclude each other."
        case .transferEncodingInHTTP10: "HTTP/1.0 knows no Transfer-Encoding."
        case .repeatedTransferEncoding: "There is more than one Transfer-Encoding field."
        case .malformedTransferEncoding: "Transfer-Encoding must be chunked, once and without parameters."
        case .chunkedNotFinal: "The final transfer coding must be chunked."
        case .unknownTransferCoding: "The only transfer coding served is chunked."
        case .unknownExpectation: "The only expectation served is 100-continue, given once."
        case .contentInTrace: "A TRACE request has no content."
        case .malformedChunkSize: "A chunk must begin with its size in hexadecimal digits."
        case .chunkSizeOverflow: "A chunk's size has too many digits, or is larger than any body this server reads."
        case .malformedChunkExtension: "A chunk's extension must be ;name or ;name=value."
        case .chunkExtensionsTooLong: "The chunk extensions are longer than this server reads."
        case .chunkLineTooLong: "A chunk-size line is longer than this server reads."
        case .unterminatedChunk: "A chunk's data must end with CR LF after the announced size."
        case .forbiddenTrailer: "The trailer section has a field that may only stand in the head."
        case .trailersTooLong: "The trailer section is longer than this server reads."
        case .tooManyTrailers: "The trailer section has more fields than this server reads."
        case .bodyBeyondDiscardLimit: "The body is far larger than this resource takes."
        }
    }
}
