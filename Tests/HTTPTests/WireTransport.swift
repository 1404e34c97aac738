// How a wire test reaches a server: plainly, or through whatever else carries the same bytes.
@testable import HTTP

/// What a wire test needs of a client.
protocol WireConnection {
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool
    /// The next response, or nil at the end of the stream.
    func receive(isHead: Bool) -> LiveResponse?
    /// Ends this direction; what was sent is still answered.
    func finishSending()
    /// Whether the server ends the stream, with nothing before that.
    func isEnded() -> Bool
}

extension LiveClient: WireConnection {}

/// A way to carry the bytes; each wire test runs over every one.
struct WireTransport: Sendable {
    let name: String
    let transport: LiveTransport
    /// Connects to a server on this machine.
    let connect: @Sendable (_ port: LivePort) -> any WireConnection

    static let all = LiveTransport.allCases.map { transport in
        WireTransport(name: "\(transport)", transport: transport) { LiveClient(port: $0) }
    }
}
