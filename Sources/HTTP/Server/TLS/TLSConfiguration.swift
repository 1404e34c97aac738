// What the TLS port of a server needs to know. Files are in PEM form; they are read at the start, at a reload and by a
// check, and never in between.

/// Versions of TLS that are spoken here; what is older is broken (RFC 8996).
public enum TLSVersion: Int, Sendable, Equatable, CaseIterable, CustomStringConvertible {
    case tls12 = 0x0303
    case tls13 = 0x0304

    public var description: String { self == .tls12 ? "1.2" : "1.3" }
}

/// Whether clients show certificates of their own (mutual TLS).
public enum ClientCertificates: Sendable, Equatable {
    /// They are not asked.
    case none
    /// Who shows one must have it from these authorities; who has none is served all the same.
    case optional(authoritiesFile: String)
    /// Who has none from these authorities is refused in the handshake.
    case required(authoritiesFile: String)

    var authoritiesFile: String? {
        switch self {
        case .none: nil
        case .optional(let file), .required(let file): file
        }
    }
}

/// The TLS port and what it takes to serve it.
public struct TLSConfiguration: Sendable, Equatable {
    /// 0 takes a free port; `Server.tlsPort` tells which.
    public var port: Int
    /// The server's certificate, then the intermediate ones, in this order.
    public var certificateFile: String
    /// The key of the first certificate, not encrypted.
    public var keyFile: String
    public var minimumVersion = TLSVersion.tls12
    public var clientCertificates = ClientCertificates.none
    /// From the accepted connection to the end of its handshake; no byte extends it.
    public var handshakeMilliseconds = 10_000
    /// Handshakes under way at a time; at the bound, further clients wait in the kernel's queue.
    public var maximumHandshakes = 1_000
    /// How long a session can be resumed. The keys of the tickets live six times as long, then new ones are made.
    public var sessionSeconds = 7_200

    public init(port: Int = 0, certificateFile: String, keyFile: String) {
        self.port = port
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }

    /// Reads the files and builds all that a server would, without a server.
    ///
    /// - Returns: What the certificate says of itself. One that has expired is no error here: the clock may be wrong,
    ///   and it is the clients who judge it; `CertificateSummary.notAfter` tells.
    public func check() throws(TLSError) -> CertificateSummary { try TLSContext(self).certificate }
}
