// What is between a live test's client and server: the same tests run over each.
import TestCertificates

@testable import HTTP

enum LiveTransport: Sendable, CaseIterable {
    case plain, tls12, tls13

    static let secured: [LiveTransport] = [.tls12, .tls13]

    var version: TLSVersion? {
        switch self {
        case .plain: nil
        case .tls12: .tls12
        case .tls13: .tls13
        }
    }
}

/// Where a client connects, and how.
struct LivePort: Sendable {
    var number: Int
    var transport: LiveTransport
}

extension ServerConfiguration {
    /// Sets the one port; the files go to `folder`.
    mutating func listen(over transport: LiveTransport, _ folder: TestFolder) {
        if transport == .plain { return }
        listensPlain = false
        tls = TLSConfiguration(
            certificateFile: folder.write("server.pem", TestCertificate.server.certificate),
            keyFile: folder.write("server.key", TestCertificate.server.key))
    }
}

extension Server {
    func livePort(_ transport: LiveTransport) -> LivePort {
        LivePort(number: transport == .plain ? port : tlsPort, transport: transport)
    }
}

extension LiveSocket {
    /// To the port as it is, beside TLS.
    convenience init(port: LivePort, receiveBufferBytes: Int32? = nil) {
        self.init(port: port.number, receiveBufferBytes: receiveBufferBytes)
    }

    func connect(port: LivePort) -> Connect { connect(port: port.number) }
}
