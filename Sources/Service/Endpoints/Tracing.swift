// What a payment carries for those who trace it: the parent that came with it goes into its record and back with its
// answer, and the stages' times go back as Server-Timing. Both are written into storage that is kept.

import HTTP
import Scoring

/// The `traceparent` of W3C Trace Context, level 2, section 3.2; empty where a request has none that holds.
struct TraceParent: Sendable {
    private static let byteCount = 55
    private static let traceID = 3..<35
    private static let parentID = 36..<52

    private(set) var bytes: [UInt8] = []

    mutating func read(from request: borrowing Request) {
        bytes.removeAll(keepingCapacity: true)
        guard let value = request.header("traceparent") else { return }
        guard Self.isValid(value), request.headerCount("traceparent") == 1 else { return }
        for i in value.indices { bytes.append(value[i]) }
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, in small letters, the two ids not all zeros. A later version may have more
    /// fields behind these; what it means by them is not known here, so it is not passed on.
    static func isValid(_ value: Span<UInt8>) -> Bool {
        guard value.count == byteCount else { return false }
        for i in value.indices {
            let byte = value[i]
            let isHexadecimal = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
            guard i == 2 || i == 35 || i == 52 ? byte == UInt8(ascii: "-") : isHexadecimal else { return false }
        }
        let isReserved = value[0] == UInt8(ascii: "f") && value[1] == UInt8(ascii: "f")
        return !isReserved && !isZero(value.extracting(traceID)) && !isZero(value.extracting(parentID))
    }

    private static func isZero(_ digits: Span<UInt8>) -> Bool {
        for i in digits.indices where digits[i] != UInt8(ascii: "0") { return false }
        return true
    }

    /// Says it in the answer too.
    func add(to response: Response) {
        if !bytes.isEmpty { response.addHeader("traceparent", bytes.span) }
    }

    /// The same for an answer that comes from another thread.
    var headers: [(String, String)] {
        bytes.isEmpty ? [] : [("traceparent", String(decoding: bytes, as: UTF8.self))]
    }
}

/// Writes `parse;dur=0.009, …, total;dur=0.041`: milliseconds, as the header wants.
struct ServerTiming {
    /// Five names, and five numbers of as many digits as an `Int64` has.
    private static let byteLimit = 256
    private var bytes = [UInt8](repeating: 0, count: byteLimit)
    private var count = 0

    mutating func add(_ latencies: StageLatencies, to response: Response) {
        write(latencies)
        response.addHeader("Server-Timing", bytes.span.extracting(0..<count))
    }

    /// What was written last.
    var text: String { String(decoding: bytes[..<count], as: UTF8.self) }

    mutating func write(_ latencies: StageLatencies) {
        count = 0
        append("parse;dur=", latencies.parse)
        append(", features;dur=", latencies.features)
        append(", rules;dur=", latencies.rules)
        append(", model;dur=", latencies.model)
        append(", total;dur=", latencies.total)
    }

    private mutating func append(_ name: StaticString, _ microseconds: Int64) {
        let value = UInt64(max(0, microseconds))
        // Three digits behind the point, one before it at least.
        var digits = 4
        var bound: UInt64 = 10_000
        while digits < 19, value >= bound {
            digits += 1
            bound *= 10
        }
        let start = count + name.utf8CodeUnitCount
        let point = start + digits - 3
        var rest = value
        var span = bytes.mutableSpan
        for i in 0..<name.utf8CodeUnitCount { span[start - name.utf8CodeUnitCount + i] = name.utf8Start[i] }
        for place in (start...(start + digits)).reversed() {
            if place == point {
                span[place] = UInt8(ascii: ".")
            } else {
                span[place] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            }
        }
        count = start + digits + 1
    }
}
