// The proof that a loaded model is the trainer's: rows with the margins that the trainer's own library gave them.

import Trees

/// golden.csv: rows of features with the trainer library's own raw margin in the last column.
enum GoldenRows {
    static let marginColumn = "margin"

    static func verify(
        _ bytes: [UInt8], features: [String], model: TreeModel
    ) throws(BundleError) -> [[Double]] {
        var rows: [[Double]] = []
        let scratch = model.makeScratch()
        var lineNumber = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            lineNumber += 1
            let text = String(decoding: line, as: UTF8.self).trimmingSuffix { $0 == "\r" }
            if text.isEmpty { continue }
            let cells = text.split(separator: ",", omittingEmptySubsequences: false)
            if lineNumber == 1 {
                let expected = features + [marginColumn]
                guard cells.map(String.init) == expected else {
                    throw .goldenHeader(expected: expected.joined(separator: ","), found: text)
                }
                continue
            }
            guard cells.count == features.count + 1 else {
                throw .goldenRow(line: lineNumber, reason: "has \(cells.count) cells instead of \(features.count + 1)")
            }
            var row: [Double] = []
            for (cell, name) in zip(cells, features + [marginColumn]) {
                guard let value = cell.isEmpty ? .nan : Double(cell) else {
                    throw .goldenRow(line: lineNumber, reason: "\(name): \(cell) is no number")
                }
                row.append(value)
            }
            let expected = row.removeLast()
            let found = model.margin(of: row.span, scratch: scratch)
            guard found.bitPattern == expected.bitPattern else {
                throw .goldenMargin(line: lineNumber, expected: "\(expected)", found: "\(found)")
            }
            rows.append(row)
        }
        guard !rows.isEmpty else { throw .noGoldenRows }
        return rows
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while matches: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return String(self[startIndex..<end])
    }
}
