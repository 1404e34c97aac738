// A server that cannot start says which call of the system failed, and how.
import Glibc

/// Why a server could not start.
public struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call that failed, with what it was asked to do.
    public let operation: String
    /// errno.
    public let code: Int32
    /// Set when it is the TLS port that cannot be served; `code` is EINVAL then.
    public let tls: TLSError?

    public init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
        tls = nil
    }

    init(_ error: TLSError) {
        operation = "loading certificates"
        code = EINVAL
        tls = error
    }

    public var description: String {
        if let tls { return "\(operation): \(tls)" }
        return "\(operation): \(String(cString: strerror(code))) (errno \(code))"
    }
}
