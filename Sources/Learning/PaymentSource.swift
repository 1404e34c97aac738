// Payments from a file, one after another, as request JSON: a JSON object a line, or the rows of a table by a map.

import JSON
import Platform
import Scoring

public enum PaymentSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(PlatformError)
    case header(path: String, reason: String)
    case row(path: String, line: Int, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .header(let path, let reason): "\(path): \(reason)"
        case .row(let path, let line, let reason): "\(path):\(line): \(reason)"
        }
    }
}

public struct PaymentSource {
    public let path: String
    /// Whether the row that was read last is fraud; nil where the source does not say.
    public private(set) var isFraud: Bool?
    private let lines: LineReader
    private let table: BoundImportMap?
    /// Which spreadsheets put before the first column.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private var line: [UInt8] = []
    private var json = JSONWriter()

    /// - Parameters:
    ///   - path: A file, plain or gzipped, or `-` for standard input.
    ///   - map: nil for a JSON object a line.
    public init(path: String, map: ImportMap?) throws(PaymentSourceError) {
        self.path = path
        lines = try Self.platform { () throws(PlatformError) in try LineReader(path: path) }
        guard let map else {
            table = nil
            return
        }
        var header: [UInt8] = []
        let lines = lines
        guard try Self.platform({ () throws(PlatformError) in try lines.next(into: &header) }) else {
            throw .header(path: path, reason: "is empty; a table begins with the names of its columns")
        }
        if header.starts(with: Self.byteOrderMark) { header.removeFirst(Self.byteOrderMark.count) }
        do throws(ImportError) {
            table = try map.bound(to: try Self.cells(of: header))
        } catch {
            throw .header(path: path, reason: error.description)
        }
    }

    public var lineNumber: Int { lines.lineNumber }

    /// Puts the next payment's request JSON into `body`.
    ///
    /// - Returns: False at the end.
    public mutating func next(into body: inout [UInt8]) throws(PaymentSourceError) -> Bool {
        let lines = lines
        repeat {
            guard try Self.platform({ () throws(PlatformError) in try lines.next(into: &line) }) else { return false }
        } while line.isEmpty
        body.removeAll(keepingCapacity: true)
        guard let table else {
            body.append(contentsOf: line)
            return true
        }
        json.removeAll()
        do throws(ImportError) {
            let cells = try Self.cells(of: line)
            try table.write(cells, to: &json)
            isFraud = table.isFraud(cells)
        } catch {
            throw .row(path: path, line: lines.lineNumber, reason: error.description)
        }
        body.append(contentsOf: json.bytes)
        return true
    }

    private static func cells(of line: [UInt8]) throws(ImportError) -> [String] {
        do throws(CSVError) {
            return try CSVRow.cells(of: line)
        } catch {
            throw .csv(error)
        }
    }

    /// The label of the row that was read last, where the source tells one.
    public func label(of payment: Payment) -> Label? {
        guard let isFraud, let map = table?.map.label, let transactionID = payment.string(.transactionID) else {
            return nil
        }
        return Label(
            transactionID: transactionID, value: isFraud ? .fraud : .legitimate, source: map.source,
            labelledAtNanoseconds: payment.eventTimeNanoseconds + map.knownAfterNanoseconds)
    }

    private static func platform<Value>(
        _ body: () throws(PlatformError) -> Value
    ) throws(PaymentSourceError) -> Value {
        do throws(PlatformError) {
            return try body()
        } catch {
            throw .unreadable(error)
        }
    }
}
