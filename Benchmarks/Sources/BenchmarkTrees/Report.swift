// Tables in Markdown, and the machine they were measured on.

import Glibc

/// What was found of one engine on one model.
struct Finding {
    let name: String
    var rounds: [Timing] = []
    var loadMilliseconds = 0.0
    /// Seconds that making its compiled or converted model took.
    var madeInSeconds: String?
    /// Rows whose raw margin has the bits of the training library's.
    var exactRows = 0
    var rowCount = 0
    /// Of the bits of all margins.
    var checksum: UInt64 = 0
    /// Why there is nothing else.
    var problem: String?

    func median(_ value: KeyPath<Timing, Double>) -> Double {
        middle(rounds.map { $0[keyPath: value] })
    }
}

/// One engine's explanation of one row.
struct ExplanationFinding {
    let name: String
    let microseconds: Double
    /// Largest difference from the library's values; nil for another measure than theirs.
    let distance: Double?
}

/// A figure with three digits that matter.
func figure(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let decimals = value < 0.995 ? 3 : value < 9.95 ? 2 : value < 99.5 ? 1 : 0
    return rounded(value, decimals: decimals)
}

func rounded(_ value: Double, decimals: Int) -> String {
    var text = [CChar](repeating: 0, count: 64)
    let count = withVaList([Int32(decimals), value]) { vsnprintf(&text, text.count, "%.*f", $0) }
    return String(decoding: text.prefix(Int(count)).map(UInt8.init), as: UTF8.self)
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

func printTable(_ model: String, _ findings: [Finding]) {
    print("### \(model)\n")
    print("| engine | warm p50 | × | p99 | cold p50 | × | batch | × | exact rows | load | made in | checksum |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
    guard let own = findings.first else { return }
    for finding in findings {
        if let problem = finding.problem {
            print("| \(finding.name) | - | | - | - | | - | | - | - | - | \(problem) |")
            continue
        }
        let cell = { (value: KeyPath<Timing, Double>) in
            let ratio = figure(finding.median(value) / own.median(value))
            return "\(figure(finding.median(value))) | \(ratio)"
        }
        let exact = finding.exactRows == finding.rowCount ? "all" : "\(finding.exactRows)"
        print(
            "| \(finding.name) | \(cell(\.warmMedian)) | \(figure(finding.median(\.warm99))) | \(cell(\.coldMedian)) "
                + "| \(cell(\.batch)) | \(exact) | \(figure(finding.loadMilliseconds)) ms "
                + "| \(finding.madeInSeconds.map { $0 + " s" } ?? "") | \(hexadecimal(finding.checksum)) |")
    }
    print("")
}

func printExplanations(_ table: [(model: String, findings: [ExplanationFinding])]) {
    print("### Reasons: microseconds for one row\n")
    print("| model | engine | p50 | × | largest distance from the library's values |")
    print("|---|---|--:|--:|--:|")
    for (model, findings) in table {
        guard let own = findings.first else { continue }
        for finding in findings {
            let distance = finding.distance.map(scientific) ?? "another measure"
            print(
                "| \(model) | \(finding.name) | \(figure(finding.microseconds)) "
                    + "| \(figure(finding.microseconds / own.microseconds)) | \(distance) |")
        }
    }
    print("")
}

private func scientific(_ value: Double) -> String {
    guard value > 0 else { return "0" }
    let exponent = Int(log10(value).rounded(.down))
    return "\(rounded(value / pow(10, Double(exponent)), decimals: 1))e\(exponent)"
}

/// Processor, cores, caches and memory, in a line.
func machineDescription() -> String {
    let field = { (path: String, key: String) -> String? in
        guard let bytes = readFileOfUnknownSize(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(key) }
            .flatMap { $0.split(separator: ":", maxSplits: 1).last.map { String($0.drop { $0 == " " || $0 == "\t" }) } }
    }
    let caches = (0..<4).compactMap { index -> String? in
        let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)"
        guard let level = firstLineOfUnknownSize("\(folder)/level"),
            let size = firstLineOfUnknownSize("\(folder)/size"),
            let type = firstLineOfUnknownSize("\(folder)/type")
        else { return nil }
        return "L\(level)\(type == "Data" ? "d" : type == "Instruction" ? "i" : "") \(size)"
    }
    let memory = (field("/proc/meminfo", "MemTotal").flatMap { Double($0.split(separator: " ")[0]) } ?? 0) / 1_048_576
    return "\(field("/proc/cpuinfo", "model name") ?? "unknown processor") (family "
        + "\(field("/proc/cpuinfo", "cpu family") ?? "?"), model \(field("/proc/cpuinfo", "model") ?? "?")), "
        + "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, \(caches.joined(separator: ", ")), "
        + "\(rounded(memory, decimals: 0)) GiB memory"
}

/// Files of /proc and /sys say that they are empty: read until nothing comes.
private func readFileOfUnknownSize(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8]()
    var byte = getc(file)
    while byte != EOF {
        bytes.append(UInt8(truncatingIfNeeded: byte))
        byte = getc(file)
    }
    return bytes
}

private func firstLineOfUnknownSize(_ path: String) -> String? {
    readFileOfUnknownSize(path).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
}
