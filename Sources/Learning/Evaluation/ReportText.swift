// Numbers and tables as people read them: aligned, few digits, groups of three.

enum ReportText {
    static let missing = "–"

    /// With so many decimals; `–` where there is no number.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return missing }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e18 else { return "\(value)" }
        let digits = String(UInt64(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.utf8.count)) + digits
        let whole = grouped(String(padded.dropLast(decimals)))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + whole + (decimals > 0 ? "." + padded.suffix(decimals) : "")
    }

    static func count(_ value: Int) -> String { value < 0 ? "-" + grouped(String(-value)) : grouped(String(value)) }

    /// Whole units where they are many.
    static func money(_ value: Double) -> String { fixed(value, value.magnitude >= 10_000 ? 0 : 2) }

    /// Four digits that count, for scores of any scale.
    static func score(_ value: Double?) -> String {
        guard let value, value.isFinite else { return missing }
        if value == value.rounded(), value.magnitude < 1e9 { return fixed(value, 0) }
        return fixed(value, value.magnitude >= 100 ? 1 : value.magnitude >= 0.1 ? 3 : 6)
    }

    static func share(_ value: Double) -> String {
        guard value.isFinite else { return missing }
        let percent = value * 100
        return fixed(percent, percent != 0 && percent < 0.1 ? 3 : percent < 10 ? 2 : 1) + " %"
    }

    /// A limit of a rate as it was given: `0.001` as `0.1 %`.
    static func rate(_ share: Double) -> String { "\(shortest((share * 1e6).rounded() / 1e4)) %" }

    /// Without a fraction where there is none.
    static func shortest(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    static func metric(_ value: Double, _ format: MetricFormat) -> String {
        switch format {
        case .plain: fixed(value, 3)
        case .fine: fixed(value, 5)
        case .share: share(value)
        }
    }

    static func interval(_ interval: MetricInterval?, _ format: MetricFormat) -> String {
        guard let interval else { return missing }
        return metric(interval.low, format) + " … " + metric(interval.high, format)
    }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.utf8.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}

/// A table of texts: a heading and rows, for a terminal and for HTML.
struct ReportTable {
    struct Column {
        let title: String
        var isText = false
    }

    let title: String
    let columns: [Column]
    private(set) var rows: [[String]] = []
    /// Said below the table.
    var note: String?

    /// The title of a column of names.
    static let name = "name"

    /// - Parameter names: Titles; the first column and `name` hold texts, the others numbers.
    init(_ title: String, _ names: [String]) {
        self.title = title
        columns = names.enumerated().map { Column(title: $1, isText: $0 == 0 || $1 == Self.name) }
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == columns.count, "\(row.count) cells in \(columns.count) columns")
        rows.append(row)
    }

    /// Aligned text with the title above.
    func rendered() -> String {
        let widths = columns.indices.map { column in
            ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        var text = title + "\n"
        for row in [columns.map(\.title)] + rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let fill = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "   " : "  ") + (columns[column].isText ? cell + fill : fill + cell)
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        if let note { text += "  " + note + "\n" }
        return text
    }
}
