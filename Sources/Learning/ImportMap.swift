// How the columns of a table become payments and labels.
//
//   payment:
//     transaction_id: { column: transaction_id }
//     amount: { column: amount, unit: major }
//     currency: { value: EUR }
//     card.fingerprint: { column: customer_id, prefix: card- }
//   label: { column: fraud, fraud: "1", source: chargeback, known_after: 7d }

import JSON
import Scoring

public struct ImportMap: Sendable {
    enum Origin: Sendable, Equatable {
        case column(String)
        case constant(String)
    }

    struct FieldMap: Sendable {
        let field: PaymentField
        let origin: Origin
        let prefix: String
        /// An amount in major units, such as `12.99`, which is taken exactly to minor ones.
        let isMajorUnit: Bool
    }

    struct LabelMap: Sendable {
        let column: String
        let fraudValue: String
        let source: LabelSource
        let knownAfterNanoseconds: Int64
    }

    let fields: [FieldMap]
    let label: LabelMap?

    public init(yaml text: String, file: String) throws(ConfigurationError) {
        let root = try ConfigurationNode(yaml: text, file: file)
        let members = try root.fields(known: ["payment", "label"])
        guard let payment = members["payment"] else { throw root.error("needs payment: fields and their columns") }
        var fields: [FieldMap] = []
        for (name, node) in try payment.members() {
            guard let field = PaymentField.allCases.first(where: { $0.name == name }), field != .metadata else {
                throw node.error("\(name) is no field of a payment that a table can fill")
            }
            fields.append(try Self.readField(field, node))
        }
        self.fields = fields
        if let node = members["label"] { label = try Self.readLabel(node) } else { label = nil }
    }

    private static func readField(
        _ field: PaymentField, _ node: ConfigurationNode
    ) throws(ConfigurationError) -> FieldMap {
        let members = try node.fields(known: ["column", "value", "prefix", "unit"])
        let origin: Origin
        switch (members["column"], members["value"]) {
        case (let column?, nil): origin = .column(try column.string())
        case (nil, let value?): origin = .constant(try value.string())
        default: throw node.error("needs either column or value")
        }
        var isMajorUnit = false
        if let unit = members["unit"] {
            guard field == .amount, try unit.string() == "major" else {
                throw unit.error("only an amount has a unit, and it is major (without: minor)")
            }
            isMajorUnit = true
        }
        return FieldMap(
            field: field, origin: origin, prefix: try members["prefix"]?.string() ?? "", isMajorUnit: isMajorUnit)
    }

    private static func readLabel(_ node: ConfigurationNode) throws(ConfigurationError) -> LabelMap {
        let members = try node.fields(known: ["column", "fraud", "source", "known_after"])
        guard let column = members["column"], let fraud = members["fraud"] else {
            throw node.error("needs column, and fraud: the value that means fraud")
        }
        return LabelMap(
            column: try column.string(), fraudValue: try fraud.string(),
            source: try members["source"]?.choice(of: LabelSource.self) ?? .chargeback,
            knownAfterNanoseconds: try members["known_after"]?.durationNanoseconds() ?? 0)
    }

    /// Ties the map to the header of a table.
    public func bound(to header: [String]) throws(ImportError) -> BoundImportMap {
        func index(of column: String) throws(ImportError) -> Int {
            guard let index = header.firstIndex(of: column) else {
                throw .unknownColumn(column, header: header)
            }
            return index
        }
        var columns: [Int?] = []
        for field in fields {
            switch field.origin {
            case .column(let name): columns.append(try index(of: name))
            case .constant: columns.append(nil)
            }
        }
        var labelColumn: Int?
        if let label { labelColumn = try index(of: label.column) }
        return BoundImportMap(
            map: self, columns: columns, labelColumn: labelColumn, columnCount: header.count)
    }
}

public enum ImportError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownColumn(String, header: [String])
    case cellCount(expected: Int, found: Int)
    case amount(String)
    case csv(CSVError)

    public var description: String {
        switch self {
        case .unknownColumn(let column, let header):
            "the table has no column \(column); it has \(header.joined(separator: ", "))"
        case .cellCount(let expected, let found): "has \(found) cells where the header has \(expected)"
        case .amount(let reason): "amount: \(reason)"
        case .csv(let error): error.description
        }
    }
}

/// A map that knows at which cell each column stands.
public struct BoundImportMap: Sendable {
    let map: ImportMap
    let columns: [Int?]
    let labelColumn: Int?
    let columnCount: Int

    /// Writes the request JSON of one row.
    public func write(_ cells: [String], to json: inout JSONWriter) throws(ImportError) {
        guard cells.count == columnCount else { throw .cellCount(expected: columnCount, found: cells.count) }
        var builder = PaymentBuilder()
        var majorAmount: String?
        var currency = ""
        for (field, column) in zip(map.fields, columns) {
            let text: String
            switch field.origin {
            case .constant(let value): text = value
            case .column: text = column.map { cells[$0] } ?? ""
            }
            if text.isEmpty { continue }
            if field.field == .currency { currency = text }
            if field.isMajorUnit { majorAmount = text } else { builder.set(field.field, field.prefix + text) }
        }
        if let majorAmount {
            builder.set(.amount, String(try Self.minorUnits(of: majorAmount, currency: currency)))
        }
        builder.write(to: &json)
    }

    /// Whether the row is fraud, where the map names a label.
    public func isFraud(_ cells: [String]) -> Bool? {
        guard let labelColumn, let label = map.label else { return nil }
        return cells[labelColumn] == label.fraudValue
    }

    /// `12.9` in EUR is 1290: exact, in decimal.
    static func minorUnits(of text: String, currency: String) throws(ImportError) -> Int64 {
        let code = Array(currency.utf8)
        guard let digits = Currencies.minorUnitDigits(of: code.span) else {
            throw .amount("a major unit needs a currency, and \(currency) is none")
        }
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { throw .amount("\(text) is no decimal") }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var fraction = parts.count == 2 ? String(parts[1]) : ""
        while fraction.utf8.count > digits, fraction.hasSuffix("0") { fraction.removeLast() }
        guard fraction.utf8.count <= digits else {
            throw .amount("\(text) has more decimals than \(currency) has (\(digits))")
        }
        fraction += String(repeating: "0", count: digits - fraction.utf8.count)
        guard let value = Int64(parts[0] + fraction), !parts[0].isEmpty else { throw .amount("\(text) is no decimal") }
        return value
    }
}
