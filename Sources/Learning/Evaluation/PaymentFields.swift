// Fields that the table of features does not have, from the payments themselves, as `shroff score --payments` writes them:
// request JSON, a payment a line, in the order of the table.
//
//   table row txn_7  ─▶  read on in the payments until transaction_id is txn_7  ─▶  card.fingerprint, merchant.mcc, …
//
// Nothing is kept of a payment that has gone by, so memory does not grow; the price is that both have one order.

import JSON
import Platform

/// Reads fields by dotted path along files of payments.
final class PaymentFields {
    private let paths: [String]
    private var following: [String]
    private var lines: LineReader?
    private var line: [UInt8] = []
    private var prefix = ""
    private let wanted: [String]
    private var transactionID = ""
    /// The values of the wanted fields of the payment that was found last, empty where it has none.
    private(set) var values: [String]

    /// - Parameters:
    ///   - paths: Files, in the order of the table.
    ///   - fields: Dotted paths, such as `card.fingerprint`.
    init(paths: [String], fields: [String]) {
        self.paths = paths
        following = paths.reversed()
        wanted = fields
        values = [String](repeating: "", count: fields.count)
    }

    /// Reads on until the payment; false where the files have no such payment from here on.
    func find(_ id: String) throws(EvaluationError) -> Bool {
        while try nextLine() {
            for field in values.indices { values[field] = "" }
            transactionID = ""
            prefix = ""
            do throws(JSONError) {
                var reader = JSONReader(line.span)
                try readObject(&reader)
                try reader.finish()
            } catch {
                throw .row(path: lines?.path ?? "", line: lines?.lineNumber ?? 0, reason: "\(error)")
            }
            if transactionID == id { return true }
        }
        return false
    }

    private func nextLine() throws(EvaluationError) -> Bool {
        do throws(PlatformError) {
            while true {
                if let lines {
                    while try lines.next(into: &line) {
                        if !line.isEmpty { return true }
                    }
                }
                guard let path = following.popLast() else { return false }
                lines = try LineReader(path: path)
            }
        } catch {
            throw .unreadable(error)
        }
    }

    private func readObject(_ reader: inout JSONReader) throws(JSONError) {
        let outer = prefix
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let path = outer + reader.string(key)
            switch try reader.peek() {
            case .object:
                prefix = path + "."
                try readObject(&reader)
            case .string: set(path, reader.string(try reader.readString()))
            case .number:
                let start = reader.offset
                try reader.skipValue()
                set(path, String(decoding: line[start..<reader.offset], as: UTF8.self))
            case .bool: set(path, try reader.readBool() ? "true" : "false")
            case .array, .null: try reader.skipValue()
            }
        }
        prefix = outer
    }

    private func set(_ path: String, _ value: String) {
        if path == "transaction_id" { transactionID = value }
        for field in wanted.indices where wanted[field] == path { values[field] = value }
    }
}
