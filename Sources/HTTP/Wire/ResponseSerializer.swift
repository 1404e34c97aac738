// Writes a response: status line, fields, empty line, content. The Date line is made once a second and kept.

/// What the request says about its answer.
struct AnswerShape: Sendable, Equatable {
    var isHead = false
    var minorVersion: UInt8 = 1
    var keepsAlive = true
    var acceptedCoding = AnswerCoding.identity
}

struct ResponseSerializer: ~Copyable {
    private let serverLine: [UInt8]
    private var dateLine: [UInt8] = []
    private var dateSecond = Int64.min
    /// Room for what every response has, so that one growth is enough.
    private static let fixedBytes = 512

    init(serverName: String) {
        let name = serverName.utf8.filter { $0 >= 32 && $0 < 127 }
        serverLine = name.isEmpty ? [] : Array("Server: ".utf8) + name + [13, 10]
        dateLine.reserveCapacity(64)
    }

    /// - Parameter second: Whole seconds since 1970.
    mutating func write(
        _ response: borrowing ResponseContent, _ shape: AnswerShape, second: Int64, into output: inout ByteStore
    ) {
        if second != dateSecond {
            dateSecond = second
            dateLine.removeAll(keepingCapacity: true)
            appendDateLine(second, to: &dateLine)
        }
        // 204 and 304 have no content, and 204 no length either (9110 sections 8.6, 15.3.5 and 15.4.5).
        let hasContent = response.status != 204 && response.status != 304
        output.reserve(Self.fixedBytes + response.fieldLines.count + response.body.count)
        if response.status == 200 {
            output.append("HTTP/1.1 200 OK\r\n")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: max(200, min(response.status, 599)))
            output.append(" ")
            output.append(reasonPhrase(response.status))
            output.append("\r\n")
        }
        output.append(dateLine)
        if !serverLine.isEmpty { output.append(serverLine) }
        if hasContent {
            if !response.body.isEmpty {
                output.append("Content-Type: ")
                if let type = response.runtimeContentType {
                    output.append(type)
                } else {
                    output.append(response.contentType)
                }
                output.append("\r\n")
            }
            output.append("Content-Length: ")
            output.append(decimal: response.body.count)
            output.append("\r\n")
            if response.coding.isGzip { output.append("Content-Encoding: gzip\r\n") }
            if response.coding.varies { output.append("Vary: Accept-Encoding\r\n") }
        }
        // 9112 section 9.3: 1.1 persists unless told otherwise, 1.0 the other way round.
        if !shape.keepsAlive {
            output.append("Connection: close\r\n")
        } else if shape.minorVersion == 0 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append(response.fieldLines)
        output.append("\r\n")
        if hasContent && !shape.isHead { output.append(response.body) }
    }
}

/// The phrase that goes with a status (RFC 9110 section 15, RFC 6585); "Status" for one without.
func reasonPhrase(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 426: "Upgrade Required"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: "Status"
    }
}

/// Appends "Date: Sun, 06 Nov 1994 08:49:37 GMT" and CRLF (IMF-fixdate, RFC 9110 section 5.6.7).
func appendDateLine(_ second: Int64, to bytes: inout [UInt8]) {
    let days = Int(max(0, second)) / 86_400
    let time = Int(max(0, second)) % 86_400
    let (year, month, day) = civilDate(daysSince1970: days)
    func two(_ value: Int) {
        bytes.append(UInt8(truncatingIfNeeded: value / 10 % 10) + 48)
        bytes.append(UInt8(truncatingIfNeeded: value % 10) + 48)
    }
    func letters(_ text: StaticString, _ index: Int) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0[(index * 3)..<(index * 3 + 3)]) }
    }
    bytes.append(contentsOf: "Date: ".utf8)
    letters("ThuFriSatSunMonTueWed", days % 7)
    bytes.append(contentsOf: ", ".utf8)
    two(day)
    bytes.append(32)
    letters("JanFebMarAprMayJunJulAugSepOctNovDec", month - 1)
    bytes.append(32)
    two(year / 100)
    two(year % 100)
    bytes.append(32)
    two(time / 3_600)
    bytes.append(58)
    two(time / 60 % 60)
    bytes.append(58)
    two(time % 60)
    bytes.append(contentsOf: " GMT\r\n".utf8)
}

/// The proleptic Gregorian date of a day, by eras of 400 years that begin on the first of March.
func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
}
