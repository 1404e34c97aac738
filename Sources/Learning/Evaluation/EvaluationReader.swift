// Tables of features and decisions into columns. Only the columns that are needed are looked at, and of each row only
// numbers stay.

import JSON
import Platform
import Scoring

/// Names of the columns to read. A name that the table does not have is looked for in the payments, where they are given.
public struct EvaluationSource: Sendable {
    /// Tells a probability from what stands in a column.
    public enum Probability: Sendable, Equatable {
        /// Values of 0 to 1.
        case column(String)
        /// Log-odds x, taken as 1 / (1 + e^-x).
        case logOdds(String)

        var column: String {
            switch self {
            case .column(let name), .logOdds(let name): name
            }
        }
    }

    /// nil takes the first of `defaultScores` that the first file has.
    public var score: String?
    public var time = "event_time"
    public var label = "label"
    public var labelTime = "labelled_at"
    public var amount: String?
    public var entity: String?
    public var segment: String?
    /// nil takes the column `probability` where the first file has it.
    public var probability: Probability?
    /// Files of request JSON in the order of the tables, for fields that the tables do not have.
    public var payments: [String] = []

    public static let defaultScores = ["margin", "score"]
    public static let defaultProbability = "probability"
    public static let decision = "decision"
    static let identifier = "transaction_id"

    public init() {}
}

/// Reads files one after another into one table.
public struct EvaluationReader {
    /// Rows are numbered in 32 bits.
    public static let maximumRows = Int(Int32.max)
    /// Rows between two calls of the progress.
    private static let rowsPerGlance = 4_096

    private enum Role: Int, CaseIterable {
        case time, score, label, labelTime, amount, probability, entity, segment, decision, identifier
    }

    private var source: EvaluationSource
    private let maximumRows: Int
    /// The column of each role, as the first file settled them; nil where the role is not read.
    private var names = [String?](repeating: nil, count: Role.allCases.count)
    /// Roles that the payments tell, in the order of `payments.values`.
    private var joined: [Role] = []
    private var payments: PaymentFields?
    public private(set) var table = EvaluationTable(columns: EvaluationTable.Columns())

    /// What the score was read from, and the probability.
    public var scoreName: String { names[Role.score.rawValue] ?? "" }
    public var probabilityName: String? { names[Role.probability.rawValue] }

    public init(_ source: EvaluationSource, maximumRows: Int = EvaluationReader.maximumRows) {
        self.source = source
        self.maximumRows = maximumRows
    }

    /// Reads a file, plain or gzipped, or standard input for `-`.
    ///
    /// - Parameter progress: Called now and then with the rows that are read.
    public mutating func read(path: String, progress: (Int) -> Void = { _ in }) throws(EvaluationError) {
        let lines = try Self.platform { () throws(PlatformError) in try LineReader(path: path) }
        var line: [UInt8] = []
        repeat {
            guard try Self.platform({ () throws(PlatformError) in try lines.next(into: &line) }) else {
                throw .empty(path: path)
            }
        } while line.isEmpty
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        let header = try Self.row(path, lines) { () throws(CSVError) in try CSVRow.cells(of: line) }
        if names[Role.score.rawValue] == nil { try settle(header, path: path) }
        let roles = try rolesRead(from: header, path: path)
        var scanner = CellScanner(places: roles.map(\.place), cellCount: header.count)
        while try Self.platform({ () throws(PlatformError) in try lines.next(into: &line) }) {
            if line.isEmpty || line == [0x0D] { continue }
            let count = try Self.row(path, lines) { () throws(CSVError) in try scanner.scan(line) }
            guard count == header.count else {
                throw .row(
                    path: path, line: lines.lineNumber,
                    reason: "has \(count) cells where the header has \(header.count)")
            }
            guard table.count < maximumRows else { throw .tooManyRows(limit: maximumRows) }
            try append(roles.map(\.role), scanner.cells, path: path, line: lines.lineNumber)
            if table.count % Self.rowsPerGlance == 0 { progress(table.count) }
        }
    }

    // MARK: The header

    /// The first header says which of the defaults there are.
    private mutating func settle(_ header: [String], path: String) throws(EvaluationError) {
        guard let score = source.score ?? EvaluationSource.defaultScores.first(where: header.contains) else {
            throw .missingColumn(
                "margin or score", path: path, hint: "name the column that ranks the payments with --score")
        }
        if source.probability == nil, header.contains(EvaluationSource.defaultProbability) {
            source.probability = .column(EvaluationSource.defaultProbability)
        }
        names[Role.time.rawValue] = source.time
        names[Role.score.rawValue] = score
        names[Role.label.rawValue] = source.label
        names[Role.labelTime.rawValue] = header.contains(source.labelTime) ? source.labelTime : nil
        names[Role.amount.rawValue] = source.amount
        names[Role.probability.rawValue] = source.probability?.column
        names[Role.entity.rawValue] = source.entity
        names[Role.segment.rawValue] = source.segment
        let hasDecision = header.contains(EvaluationSource.decision)
        names[Role.decision.rawValue] = hasDecision ? EvaluationSource.decision : nil
        if !source.payments.isEmpty {
            let optional: [Role] = [.amount, .entity, .segment]
            joined = optional.filter { role in names[role.rawValue].map { !header.contains($0) } ?? false }
        }
        if !joined.isEmpty {
            names[Role.identifier.rawValue] = EvaluationSource.identifier
            payments = PaymentFields(paths: source.payments, fields: joined.compactMap { names[$0.rawValue] })
        }
        var columns = EvaluationTable.Columns()
        columns.amount = source.amount != nil
        columns.entity = source.entity != nil
        columns.segment = source.segment != nil
        columns.probability = source.probability != nil
        columns.decision = hasDecision
        table = EvaluationTable(columns: columns)
    }

    private func rolesRead(from header: [String], path: String) throws(EvaluationError) -> [(role: Role, place: Int)] {
        var roles: [(role: Role, place: Int)] = []
        for role in Role.allCases where !joined.contains(role) {
            guard let name = names[role.rawValue] else { continue }
            guard let place = header.firstIndex(of: name) else {
                throw .missingColumn(name, path: path, hint: Self.hint(role))
            }
            roles.append((role, place))
        }
        return roles
    }

    private static func hint(_ role: Role) -> String {
        switch role {
        case .time: "name the one with the payment's time with --time"
        case .score: "name the one that ranks the payments with --score"
        case .label: "name the one with 1 for fraud and 0 for legitimate with --label"
        case .labelTime, .decision: "all files need the columns of the first"
        case .probability: "name one with values of 0 to 1 with --probability"
        case .amount, .entity, .segment:
            "name another, or give the payments that shroff score --payments wrote with --payments"
        case .identifier: "without it the payments of --payments can't be found"
        }
    }

    // MARK: Rows

    private mutating func append(
        _ roles: [Role], _ cells: [[UInt8]], path: String, line: Int
    ) throws(EvaluationError) {
        var row = EvaluationRow()
        for (role, cell) in zip(roles, cells) {
            if role == .identifier {
                try join(String(decoding: cell, as: UTF8.self), &row, path: path, line: line)
            } else if let reason = set(role, cell, &row) {
                throw .row(path: path, line: line, reason: "\(names[role.rawValue] ?? ""): \(reason)")
            }
        }
        table.append(row)
    }

    private func join(_ id: String, _ row: inout EvaluationRow, path: String, line: Int) throws(EvaluationError) {
        guard let payments else { return }
        guard try payments.find(id) else {
            throw .row(
                path: path, line: line,
                reason: "the payments have no \(id) behind the row before; both must come from one run of shroff score")
        }
        for (role, value) in zip(joined, payments.values) {
            if let reason = set(role, Array(value.utf8), &row) {
                throw .row(path: path, line: line, reason: "payment \(id), \(names[role.rawValue] ?? ""): \(reason)")
            }
        }
    }

    /// Puts a cell into the row; returns what is wrong with it.
    private func set(_ role: Role, _ cell: [UInt8], _ row: inout EvaluationRow) -> String? {
        let text = String(decoding: cell, as: UTF8.self)
        switch role {
        case .time:
            guard let time = Timestamp.nanoseconds(parsing: cell.span) else { return "\(text) is no RFC 3339 time" }
            row.eventTime = time
        case .labelTime:
            guard !cell.isEmpty else { return nil }
            guard let time = Timestamp.nanoseconds(parsing: cell.span) else { return "\(text) is no RFC 3339 time" }
            row.labelledAt = time
        case .score, .amount, .probability:
            guard let value = Self.number(text) else { return "\(text) is no number" }
            return set(role, value, text, &row)
        case .label:
            switch text {
            case "": row.label = .unknown
            case "0", "0.0", "legitimate", "false": row.label = .legitimate
            case "1", "1.0", "fraud", "true": row.label = .fraud
            default: return "\(text) is no label; it is 1 for fraud, 0 for legitimate, empty where unknown"
            }
        case .entity: row.entity = text
        case .segment: row.segment = text
        case .decision: row.decision = text
        case .identifier: break
        }
        return nil
    }

    private func set(_ role: Role, _ value: Double, _ text: String, _ row: inout EvaluationRow) -> String? {
        switch role {
        case .amount:
            guard value.isNaN || value >= 0 && value.isFinite else { return "\(text) is no amount of money" }
            row.amount = value
        case .probability:
            if case .logOdds = source.probability {
                row.probability = logistic(value)
                return nil
            }
            guard value.isNaN || (0...1).contains(value) else { return "\(text) is no probability, 0 to 1" }
            row.probability = value
        default: row.score = value
        }
        return nil
    }

    /// NaN for what stands for a missing value; nil for what is no number.
    private static func number(_ text: String) -> Double? {
        switch text {
        case "", "nan", "NaN", "null": .nan
        default: Double(text)
        }
    }

    private static func platform<Value>(_ body: () throws(PlatformError) -> Value) throws(EvaluationError) -> Value {
        do throws(PlatformError) {
            return try body()
        } catch {
            throw .unreadable(error)
        }
    }

    private static func row<Value>(
        _ path: String, _ lines: LineReader, _ body: () throws(CSVError) -> Value
    ) throws(EvaluationError) -> Value {
        do throws(CSVError) {
            return try body()
        } catch {
            throw .row(path: path, line: lines.lineNumber, reason: error.description)
        }
    }
}
