// What is wrong with the files that are judged: where, and what to do.

import Platform

public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(PlatformError)
    case empty(path: String)
    /// A column that is needed is not there.
    case missingColumn(String, path: String, hint: String)
    case row(path: String, line: Int, reason: String)
    /// The files hold more rows than are read.
    case tooManyRows(limit: Int)
    /// Nothing is left to judge.
    case nothingToJudge(String)

    public var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .empty(let path): "\(path):1: is empty; it needs a header, as shroff score --features writes it"
        case .missingColumn(let name, let path, let hint): "\(path):1: the header has no column \(name); \(hint)"
        case .row(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .tooManyRows(let limit): "there are more than \(limit) rows; take a part with --from and --to"
        case .nothingToJudge(let reason): reason
        }
    }
}
