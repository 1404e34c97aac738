// Every bound of the server has a name, a unit and a default here.

/// Times after which a connection is given up. Each runs from the start of its phase and no byte extends it, so a
/// client that sends or takes a byte a second gains nothing.
public struct ServerTimeouts: Sendable, Equatable {
    /// Between two requests (or before the first): closed without a word.
    public var idleMilliseconds = 60_000
    /// From a request's first byte to the end of its head: 408.
    public var headMilliseconds = 10_000
    /// From the end of the head to the end of the body: 408.
    public var bodyMilliseconds = 30_000
    /// From the first short write of an answer until the client has taken all of it: cut.
    public var writeMilliseconds = 30_000
    /// How long a connection that the server ends is read on, so that the client can read its last answer.
    public var lingerMilliseconds = 2_000

    public init() {}
}

/// What a server listens on and what it bears.
public struct ServerConfiguration: Sendable, Equatable {
    /// A numeric IPv4 or IPv6 address.
    public var address: String
    /// 0 takes a free port; `Server.port` tells which.
    public var port: Int
    /// Event loops, one thread each; 0 means one a core.
    public var loops: Int
    public var limits = WireLimits()
    public var timeouts = ServerTimeouts()
    /// Past it a connection is answered with 503 and closed.
    public var maximumConnections = 10_000
    /// A body over the handler's limit is read and thrown away up to this many bytes, so that the connection can go
    /// on; past it the connection closes after the answer.
    public var discardBytes = 16 * 1_048_576
    /// While more output than this waits for a client, nothing more of it is parsed or read.
    public var pendingOutputBytes = 262_144
    /// Connections that wait in the kernel to be accepted.
    public var backlog = 1_024
    /// At the start of a drain, a connection that was used within this time may still send one request, so that a
    /// client that is just sending does not run into a closed connection. Connections idle for longer close at once.
    public var drainGraceMilliseconds = 200
    /// Which answers are compressed.
    public var compression = AnswerCompression()
    /// Sent as `Server`, unless empty.
    public var serverName = ""

    public init(address: String = "127.0.0.1", port: Int = 0, loops: Int = 0) {
        self.address = address
        self.port = port
        self.loops = loops
    }
}
