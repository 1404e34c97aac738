// Labels by transaction, as they are known at last: a later label replaces an earlier one.

import JSON
import Platform
import Scoring

public enum LabelFileError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(PlatformError)
    case line(path: String, number: Int, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .line(let path, let number, let reason): "\(path):\(number): \(reason)"
        }
    }
}

public struct LabelBook: Sendable {
    private var labels: [String: Label] = [:]
    /// Every label, in the order in which they were added: revisions too.
    public private(set) var told: [Label] = []

    public init() {}

    public var count: Int { labels.count }

    public subscript(transactionID: String) -> Label? { labels[transactionID] }

    /// Keeps the label unless a later one of the transaction is there.
    ///
    /// - Parameter isTold: Whether it is also one of those in `told`.
    public mutating func add(_ label: Label, isTold: Bool = true) {
        if isTold { told.append(label) }
        if let known = labels[label.transactionID], known.labelledAtNanoseconds > label.labelledAtNanoseconds { return }
        labels[label.transactionID] = label
    }

    /// Reads a file of labels: a JSON object a line, plain or gzipped.
    public mutating func read(path: String) throws(LabelFileError) {
        let lines = try Self.platform { () throws(PlatformError) in try LineReader(path: path) }
        var line: [UInt8] = []
        while try Self.platform({ () throws(PlatformError) in try lines.next(into: &line) }) {
            if line.isEmpty { continue }
            add(try Self.label(line, path: path, number: lines.lineNumber))
        }
    }

    private static func platform<Value>(
        _ body: () throws(PlatformError) -> Value
    ) throws(LabelFileError) -> Value {
        do throws(PlatformError) {
            return try body()
        } catch {
            throw .unreadable(error)
        }
    }

    private static func label(_ line: [UInt8], path: String, number: Int) throws(LabelFileError) -> Label {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line.span)
        } catch {
            throw .line(path: path, number: number, reason: "\(error)")
        }
        do throws(PaymentProblem) {
            return try Label(value)
        } catch {
            let reason = error.fieldProblems.map { "\($0.pointer) \($0.detail)" }.joined(separator: "; ")
            throw .line(path: path, number: number, reason: reason)
        }
    }
}
