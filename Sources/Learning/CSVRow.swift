// One line of RFC 4180 CSV taken apart. A quoted cell may hold commas and doubled quotes; a line break within quotes is
// not taken, because input is read by lines.

public enum CSVError: Error, Sendable, Equatable, CustomStringConvertible {
    case unterminatedQuote(column: Int)
    case textAfterQuote(column: Int)
    case invalidUTF8(column: Int)

    public var description: String {
        switch self {
        case .unterminatedQuote(let column):
            "cell \(column) opens a quote that this line does not close; line breaks within a cell are not read"
        case .textAfterQuote(let column): "cell \(column) goes on behind its closing quote"
        case .invalidUTF8(let column): "cell \(column) is not UTF-8"
        }
    }
}

public enum CSVRow {
    /// The cells of a line. Columns are counted from 1.
    public static func cells(of line: [UInt8]) throws(CSVError) -> [String] {
        var cells: [String] = []
        var position = 0
        let end = line.last == 0x0D ? line.count - 1 : line.count
        while true {
            var cell: [UInt8] = []
            if position < end, line[position] == 0x22 {
                position += 1
                var isClosed = false
                while position < end {
                    if line[position] == 0x22 {
                        position += 1
                        guard position < end, line[position] == 0x22 else {
                            isClosed = true
                            break
                        }
                    }
                    cell.append(line[position])
                    position += 1
                }
                guard isClosed else { throw .unterminatedQuote(column: cells.count + 1) }
                guard position == end || line[position] == 0x2C else { throw .textAfterQuote(column: cells.count + 1) }
            } else {
                let start = position
                while position < end, line[position] != 0x2C { position += 1 }
                cell.append(contentsOf: line[start..<position])
            }
            guard let text = String(validating: cell, as: UTF8.self) else {
                throw .invalidUTF8(column: cells.count + 1)
            }
            cells.append(text)
            guard position < end else { return cells }
            position += 1  // the comma; behind a last one stands an empty cell
        }
    }

    /// Appends a cell, quoted where it has to be.
    public static func append(_ cell: String, to line: inout [UInt8]) {
        let utf8 = cell.utf8
        guard utf8.contains(where: { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }) else {
            line.append(contentsOf: utf8)
            return
        }
        line.append(0x22)
        for byte in utf8 {
            if byte == 0x22 { line.append(0x22) }
            line.append(byte)
        }
        line.append(0x22)
    }
}
