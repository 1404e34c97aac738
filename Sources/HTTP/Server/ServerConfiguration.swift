// Every bound of the server has a name, a unit and a default here.

/// Times after which a connection is given up. Each runs from the start of its phase and no byte extends it, so a
/// client that sends or takes a byte a second gains nothing; only one that keeps up `leastBytesPerSecond` does.
public struct ServerTimeouts: Sendable, Equatable {
    /// From the accept to the first byte of the first request: closed without a word.
    public var firstByteMilliseconds = 30_000
    /// Between two requests: closed without a word.
    public var idleMilliseconds = 60_000
    /// From a request's first byte to the end of its head: 408.
    public var headMilliseconds = 10_000
    /// From the end of the head to the end of the body: 408.
    public var bodyMilliseconds = 30_000
    /// From the first short write of an answer until the client has taken all of it: cut.
    public var writeMilliseconds = 30_000
    /// A client that has moved at least so many bytes a second when the time for a body or for taking answers is over
    /// gets the same time once more: a batch over a slow line ends in the body's size divided by this, and one small
    /// body still has `bodyMilliseconds`. A body that is only read to be thrown away gets no more. 0 extends nothing.
    public var leastBytesPerSecond = 16_384
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
    /// Whether there is a port without TLS; without it, `tls` is needed.
    public var listensPlain = true
    /// A second port, for TLS, on the same address; nil: none.
    public var tls: TLSConfiguration?
    /// Event loops, one thread each; 0 means one a core.
    public var loops: Int
    public var limits = WireLimits()
    public var timeouts = ServerTimeouts()
    /// Past it a connection is answered with 503 and closed.
    public var maximumConnections = 10_000
    /// Of one client address (of IPv6, one network of 64 bits), loopback included; past it a connection is answered
    /// with 503 and closed. 0 sets no limit. By default one address can take half of all places. Behind a proxy all
    /// clients have the proxy's address: set this to what the proxies may open, or to 0.
    public var maximumConnectionsPerAddress = 5_000
    /// The answer to the last of them says `Connection: close`, and what was pipelined behind it is not handled. 0 sets
    /// no limit.
    public var maximumRequestsPerConnection = 100_000
    /// A body over the handler's limit is read and thrown away up to this many bytes, so that the connection can go
    /// on; past it the connection closes after the answer.
    public var discardBytes = 16 * 1_048_576
    /// While more output than this waits for a client, nothing more of it is parsed or read.
    public var pendingOutputBytes = 262_144
    /// Connections that wait in the kernel to be accepted.
    public var backlog = 1_024
    /// From the start of a drain, a connection without a request may still send one for this long, and is told with its
    /// answer that it was the last. What is pipelined behind that answer is answered too; after this time, no more.
    ///
    /// Set it longer than the usual time between two requests of a connection: who is just sending when the server
    /// closes an idle connection gets no answer, and HTTP/1.1 has no means against that.
    public var drainGraceMilliseconds = 1_000
    /// Which answers are compressed.
    public var compression = AnswerCompression()
    /// From the start of a drain, handshakes that have begun may be completed for this long, and are served. A client
    /// that begins one meanwhile hears nothing, tries again after a second, and is then refused.
    public var drainHandshakeMilliseconds = 50
    /// Sent as `Server`, unless empty.
    public var serverName = ""

    public init(address: String = "127.0.0.1", port: Int = 0, loops: Int = 0) {
        self.address = address
        self.port = port
        self.loops = loops
    }
}
