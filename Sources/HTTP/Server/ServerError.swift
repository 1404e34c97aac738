// A server that cannot start says which call of the system failed, and how.
import Glibc

/// Why a server could not start.
public struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call that failed, with what it was asked to do.
    public let operation: String
    /// errno.
    public let code: Int32

    public init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    public var description: String { "\(operation): \(String(cString: strerror(code))) (errno \(code))" }
}
