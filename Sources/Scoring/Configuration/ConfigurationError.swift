// A mistake in a configuration file, told so that it can be mended: which file, which line, which key, what to write.

public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// 1-based; 0 where the mistake is the file itself.
    public var line: Int
    /// Dotted path of the key, such as `rules[3].when`; empty at the top.
    public var path: String
    public var message: String

    public init(file: String, line: Int = 0, path: String = "", message: String) {
        self.file = file
        self.line = line
        self.path = path
        self.message = message
    }

    public var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
    }
}
