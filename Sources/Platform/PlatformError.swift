// PlatformError.swift: what the operating system or zlib refused: which operation, on which path, and why.
import Glibc

/// A call of the system or of zlib that failed.
public struct PlatformError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried, as a verb: "open", "read", "decompress".
    public var operation: String
    /// The path it was tried on; "-" is standard input.
    public var path: String
    /// The system's error number, or nil when the reason is not the system's.
    public var code: Int32?
    /// Why it failed, in the words of the system or of the check that failed.
    public var reason: String

    public init(operation: String, path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.code = nil
        self.reason = reason
    }

    /// An error with the system's own number and text.
    public init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
        self.reason = Self.text(of: code)
    }

    public var description: String { "cannot \(operation) \(path): \(reason)" }

    /// The system's text for an error number.
    public static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer -> String in
            guard let start = buffer.baseAddress else { return "error \(code)" }
            buffer.initialize(repeating: 0)
            return strerror_r(code, start, buffer.count) == 0 ? String(cString: start) : "error \(code)"
        }
    }
}
