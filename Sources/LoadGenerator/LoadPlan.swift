// What a load test does: the target, the schedule of the requests, and how long. A plan is checked as a whole before
// the first socket is opened, and refuses a target that is not this machine unless it was allowed.

/// How the intended send times of an open loop are spread.
public enum Arrivals: Sendable, Hashable {
    /// Request k is due exactly k / rate seconds after the start.
    case constant
    /// Gaps are exponential with mean 1 / rate (a Poisson process), the same ones for the same seed.
    case exponential(seed: UInt64)
}

/// One header of every request, as it goes on the wire.
public struct LoadHeader: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A load test: where to, how fast, how long, over how many connections.
public struct LoadPlan: Sendable, Hashable {
    /// Bounds of the fields, so that a slip of the keyboard does not become a flood.
    public enum Limits {
        public static let requestsPerSecond = 5_000_000.0
        public static let seconds = 86_400.0
        public static let connections = 16_384
        public static let threads = 64
        public static let timeoutMilliseconds = 600_000
        /// Largest body that is sent.
        public static let bodyBytes = 64 * 1024 * 1024
    }

    /// A name or an address: `127.0.0.1`, `::1`, `localhost`.
    public var host: String
    public var port: Int
    public var path: String
    public var method = "POST"
    /// Besides `Host` and `Content-Length`, which are written for each request.
    public var headers = [LoadHeader("Content-Type", "application/json")]
    /// Requests a second on a fixed schedule (open loop); nil sends as fast as answers come back (closed loop).
    public var requestsPerSecond: Double?
    public var arrivals = Arrivals.constant
    /// Time whose requests are counted, after the warm-up.
    public var seconds: Double
    /// Time before it: the same load, not counted.
    public var warmUpSeconds = 0.0
    public var connections = 64
    /// Loops that share the connections and the rate, each on a thread of its own.
    public var threads = 1
    /// From the send of a request, or the start of a connect, until it is given up.
    public var timeoutMilliseconds = 5_000
    /// Answers later than this, from their intended send time, are counted apart.
    public var deadlineMilliseconds = 50.0
    /// A target that is not this machine is refused unless this is set.
    public var allowRemote = false

    public init(
        host: String = "127.0.0.1", port: Int = 8080, path: String = "/v1/score", requestsPerSecond: Double?,
        seconds: Double
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.requestsPerSecond = requestsPerSecond
        self.seconds = seconds
    }

    /// Throws on the first field that makes no sense.
    public func validate() throws(LoadError) {
        try check(
            !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }, "host",
            "\"\(host)\" is not a name or an address")
        try check((1...65_535).contains(port), "port", "\(port) is not in 1...65535")
        try check(
            path.utf8.first == UInt8(ascii: "/") && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "path",
            "must start with / and hold no space or control character")
        try check(Self.isToken(method), "method", "\"\(method)\" is not an HTTP method")
        for header in headers {
            try check(Self.isToken(header.name), "headers", "\"\(header.name)\" is not a header name")
            try check(
                header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }, "headers",
                "the value of \(header.name) holds a control character")
            try check(
                !["host", "content-length", "transfer-encoding"].contains(header.name.lowercased()), "headers",
                "\(header.name) is written by the generator itself")
        }
        if let rate = requestsPerSecond {
            try check(
                rate > 0 && rate <= Limits.requestsPerSecond, "requestsPerSecond",
                "\(rate) is not above 0 and at most \(Int(Limits.requestsPerSecond))")
        }
        try check(seconds > 0 && seconds <= Limits.seconds, "seconds", "\(seconds) is not above 0 and at most a day")
        try check(
            warmUpSeconds >= 0 && warmUpSeconds <= Limits.seconds, "warmUpSeconds",
            "\(warmUpSeconds) is not between 0 and a day")
        try check(
            (1...Limits.connections).contains(connections), "connections",
            "\(connections) is not in 1...\(Limits.connections)")
        try check((1...Limits.threads).contains(threads), "threads", "\(threads) is not in 1...\(Limits.threads)")
        try check(threads <= connections, "threads", "\(threads) threads can't share \(connections) connections")
        try check(
            (1...Limits.timeoutMilliseconds).contains(timeoutMilliseconds), "timeoutMilliseconds",
            "\(timeoutMilliseconds) is not in 1...\(Limits.timeoutMilliseconds)")
        try check(
            deadlineMilliseconds > 0 && deadlineMilliseconds.isFinite, "deadlineMilliseconds",
            "\(deadlineMilliseconds) is not above 0")
    }

    private func check(_ holds: Bool, _ field: String, _ reason: String) throws(LoadError) {
        if !holds { throw .invalidPlan(field: field, reason: reason) }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
