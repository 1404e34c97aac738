// The TLS port of a server: where it listens, who shakes hands on it, and how its certificates are changed.
import Glibc

/// The descriptors that a server listens on, and their ports.
struct Listeners: Sendable {
    /// The loop that accepts owns it once it runs; nil without a plain port.
    private(set) var plain: Int32?
    private(set) var port = 0
    /// The handshaker owns it once it runs; nil without a TLS port.
    private(set) var tls: Int32?
    private(set) var tlsPort = 0

    /// Listens on all ports, or on none.
    init(_ configuration: ServerConfiguration) throws(ServerError) {
        guard configuration.listensPlain || configuration.tls != nil else {
            throw ServerError(operation: "listening on neither a plain nor a TLS port", code: EINVAL)
        }
        do throws(ServerError) {
            if configuration.listensPlain { (plain, port) = try Self.listen(configuration, configuration.port) }
            if let wanted = configuration.tls { (tls, tlsPort) = try Self.listen(configuration, wanted.port) }
        } catch {
            close()
            throw error
        }
    }

    private static func listen(_ configuration: ServerConfiguration, _ port: Int) throws(ServerError) -> (Int32, Int) {
        try Sockets.listen(address: configuration.address, port: port, backlog: configuration.backlog)
    }

    /// Only before anybody owns them.
    func close() {
        for descriptor in [plain, tls] {
            if let descriptor { Sockets.close(descriptor) }
        }
    }
}

extension Server {
    /// Owns `set` from now on.
    func startHandshaker(_ shared: ServerShared, _ listeners: Listeners, set: Int32) throws(ServerError) {
        guard let tls = shared.tls, let listener = listeners.tls else { return Sockets.close(set) }
        do throws(ServerError) {
            try LowPriorityThread.start("tls-handshakes", group: running) {
                var handshaker = Handshaker(shared: shared, tls: tls, set: set, listener: listener)
                handshaker.run()
            }
        } catch {
            Sockets.close(set)
            throw error
        }
    }

    /// Reads certificate, key and authorities anew from the configured files. New connections take them, established
    /// ones go on as they are. Sessions of before can still be resumed, unless clients show certificates: those are
    /// judged anew. Without a running TLS port nothing happens.
    ///
    /// - Throws: What is wrong with which file; then everything stays as it was.
    public func reloadCertificates() throws(TLSError) { try runningTLS?.reload() }

    /// The certificate that new connections are shown; nil without a running TLS port.
    public var certificate: CertificateSummary? { runningTLS?.certificate }

    private var runningTLS: TLSShared? {
        state.withLock { if case .running(let shared, _) = $0 { shared.tls } else { nil } }
    }
}
