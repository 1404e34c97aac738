// Names and values under one another, for people: what `inspect`, `verify` and `check` print.

struct FactTable {
    private var rows: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ value: String) { rows.append((name, value)) }

    /// A value of several lines, the name before the first.
    mutating func add(_ name: String, lines: [String]) {
        for (i, line) in lines.enumerated() { rows.append((i == 0 ? name : "", line)) }
    }

    /// Lines with the values in one column.
    func rendered() -> String {
        let width = rows.map(\.name.count).max() ?? 0
        var text = ""
        for row in rows {
            let padding = String(repeating: " ", count: width - row.name.count + 2)
            text += row.name + padding + row.value + "\n"
        }
        return text
    }
}
