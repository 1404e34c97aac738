// Rows of numbers from a CSV table, in the order of a model's columns.

import Learning
import Platform

enum RowTableError: Error, CustomStringConvertible {
    case empty(path: String)
    case missingColumns([String], path: String)
    case row(path: String, line: Int, reason: String)

    var description: String {
        switch self {
        case .empty(let path): "\(path) is empty; it needs rows of numbers, with or without a header"
        case .missingColumns(let names, let path):
            "\(path): the header lacks the model's \(names.count == 1 ? "column" : "columns") "
                + names.joined(separator: ", ")
        case .row(let path, let line, let reason): "\(path):\(line): \(reason)"
        }
    }
}

struct RowTable {
    private let path: String
    private let lines: LineReader
    /// Cells of a row, and which of them is each of the model's columns.
    private let cellCount: Int
    private let places: [Int]
    private let names: [String]
    private var line: [UInt8] = []
    /// A first row that was no header.
    private var first: [String]?

    /// - Parameter columnNames: The model's, in order; empty where it has none: columns then go by position.
    init(path: String, columnNames: [String], columnCount: Int) throws {
        self.path = path
        lines = try LineReader(path: path)
        repeat {
            guard try lines.next(into: &line) else { throw RowTableError.empty(path: path) }
        } while line.isEmpty
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        let cells = try Self.cells(line, path: path, number: lines.lineNumber)
        // Columns may be named by numbers.
        let isHeader = cells == columnNames || !cells.allSatisfy { Self.number($0) != nil }
        if isHeader, !columnNames.isEmpty {
            let missing = columnNames.filter { !cells.contains($0) }
            guard missing.isEmpty else { throw RowTableError.missingColumns(missing, path: path) }
            cellCount = cells.count
            names = cells
            places = columnNames.compactMap { cells.firstIndex(of: $0) }
            return
        }
        cellCount = columnCount
        names = isHeader ? cells : (0..<columnCount).map { "cell \($0 + 1)" }
        places = Array(0..<columnCount)
        if !isHeader { first = cells }
        guard cells.count == columnCount else {
            throw error("has \(cells.count) cells where the model has \(columnCount) columns")
        }
        // A row with a slip in it must not pass for a header.
        if isHeader, let number = cells.first(where: { Self.number($0)?.isNaN == false }) {
            throw error("is neither a header nor a row: \(number) is a number, and other cells are none")
        }
    }

    /// Puts the next row into `row`; NaN is missing. False at the end.
    mutating func next(into row: inout [Double]) throws -> Bool {
        let cells: [String]
        if let first {
            cells = first
            self.first = nil
        } else {
            repeat {
                guard try lines.next(into: &line) else { return false }
            } while line.isEmpty
            cells = try Self.cells(line, path: path, number: lines.lineNumber)
        }
        guard cells.count == cellCount else {
            throw error("has \(cells.count) cells where \(cellCount) are expected")
        }
        row.removeAll(keepingCapacity: true)
        for place in places {
            guard let value = Self.number(cells[place]) else {
                throw error("\(names[place]): \(cells[place]) is no number")
            }
            row.append(value)
        }
        return true
    }

    private func error(_ reason: String) -> RowTableError {
        .row(path: path, line: lines.lineNumber, reason: reason)
    }

    private static func cells(_ line: [UInt8], path: String, number: Int) throws(RowTableError) -> [String] {
        do throws(CSVError) {
            return try CSVRow.cells(of: line)
        } catch {
            throw .row(path: path, line: number, reason: error.description)
        }
    }

    /// NaN for what stands for a missing value; nil for what is no number.
    private static func number(_ cell: String) -> Double? {
        switch cell {
        case "", "nan", "NaN", "null": .nan
        default: Double(cell)
        }
    }
}
