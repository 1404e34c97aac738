// Reads Prometheus' text format, version 0.0.4, and refuses what a scraper may stumble over: a sample before its TYPE,
// a family in two places, a series twice, a histogram whose buckets fall or whose last bucket is not its count.

enum MetricsError: Error, Equatable { case wrong(line: String, why: String) }

struct Metrics {
    private(set) var values: [String: Double] = [:]
    private(set) var types: [String: String] = [:]
    private var help: Set<String> = []
    private var order: [String] = []

    /// The value of a series as it is written, such as `name` or `name{label="value"}`.
    subscript(series: String) -> Double? { values[series] }

    init(parsing text: String) throws {
        guard text.hasSuffix("\n") else { throw MetricsError.wrong(line: "", why: "no newline at the end") }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, help.insert(words[2]).inserted else { throw wrong(line, "HELP") }
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, help.contains(words[2]), types[words[2]] == nil,
                    ["counter", "gauge", "histogram"].contains(words[3])
                else { throw wrong(line, "TYPE") }
                types[words[2]] = words[3]
                order.append(words[2])
            } else {
                try readSample(line)
            }
        }
        for (family, type) in types where type == "histogram" { try checkHistogram(family) }
        for (family, type) in types where type == "counter" && !family.hasSuffix("_total") {
            throw MetricsError.wrong(line: family, why: "a counter's name ends in _total")
        }
        if let empty = types.keys.first(where: { family in !values.keys.contains { Self.name($0).hasPrefix(family) } })
        {
            throw MetricsError.wrong(line: empty, why: "a family without samples")
        }
    }

    private func wrong(_ line: Substring, _ why: String) -> MetricsError { .wrong(line: String(line), why: why) }

    private static func name(_ series: some StringProtocol) -> String { String(series.prefix { $0 != "{" }) }

    private mutating func readSample(_ line: Substring) throws {
        guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
            throw wrong(line, "no value")
        }
        let series = String(line[..<space])
        let name = Self.name(series)
        guard name.utf8.allSatisfy({ $0 == 0x5F || ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }) else {
            throw wrong(line, "a name of other characters")
        }
        guard let current = order.last, let type = types[current] else { throw wrong(line, "no TYPE before it") }
        let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { current + $0 == name }) else { throw wrong(line, "not of \(current)") }
        guard series.count == name.count || series.hasSuffix("}") else { throw wrong(line, "labels") }
        guard values.updateValue(value, forKey: series) == nil else { throw wrong(line, "stands twice") }
        guard value.isFinite, type == "gauge" || value >= 0 else { throw wrong(line, "no count") }
    }

    private func checkHistogram(_ family: String) throws {
        var buckets: [(bound: Double, count: Double)] = []
        for (series, count) in values where Self.name(series) == family + "_bucket" {
            let text = series.dropFirst(family.count + "_bucket{le=\"".count).dropLast(2)
            guard let bound = text == "+Inf" ? .infinity : Double(text) else {
                throw MetricsError.wrong(line: series, why: "no bound")
            }
            buckets.append((bound, count))
        }
        buckets.sort { $0.bound < $1.bound }
        for (low, high) in zip(buckets, buckets.dropFirst()) where high.count < low.count || high.bound == low.bound {
            throw MetricsError.wrong(line: family, why: "buckets fall at \(high.bound)")
        }
        guard let last = buckets.last, last.bound == .infinity, last.count == values[family + "_count"],
            values[family + "_sum"] != nil
        else { throw MetricsError.wrong(line: family, why: "count and last bucket differ") }
    }
}
