// The keys of the TLS port, and what they make together: no certificate, no TLS.

import HTTP
import Scoring

extension ServiceConfiguration {
    /// The values of `tls.*` as they are read, one after another.
    struct TLSKeys {
        static let names = [
            "tls.certificate", "tls.key", "tls.port", "tls.only", "tls.minimum_version", "tls.client_certificates",
            "tls.client_authorities", "tls.handshake_timeout",
        ]

        private enum Clients: String { case none, optional, required }

        private var certificateFile: String?
        private var keyFile: String?
        private var port = 8_443
        private var isOnly = false
        private var minimumVersion = TLSVersion.tls12
        private var clients = Clients.none
        private var authoritiesFile: String?
        private var handshakeMilliseconds = 10_000

        /// - Returns: Whether it is a key of these.
        mutating func apply(
            _ key: String, _ node: ConfigurationNode, _ folder: String
        ) throws(ConfigurationError) -> Bool {
            switch key {
            case "tls.certificate": certificateFile = try ServiceConfiguration.path(node, folder)
            case "tls.key": keyFile = try ServiceConfiguration.path(node, folder)
            case "tls.port": port = try node.integer(in: 0...65_535)
            case "tls.only": isOnly = try node.boolean()
            case "tls.minimum_version": minimumVersion = try version(node)
            case "tls.client_certificates":
                guard let named = Clients(rawValue: try node.string()) else {
                    throw node.error("must be one of none, optional, required")
                }
                clients = named
            case "tls.client_authorities": authoritiesFile = try ServiceConfiguration.path(node, folder)
            case "tls.handshake_timeout": handshakeMilliseconds = try ServiceConfiguration.milliseconds(node)
            default: return false
            }
            return true
        }

        private func version(_ node: ConfigurationNode) throws(ConfigurationError) -> TLSVersion {
            let text = try node.string()
            guard let version = TLSVersion.allCases.first(where: { $0.description == text }) else {
                throw node.error("must be 1.2 or 1.3")
            }
            return version
        }

        /// Puts the TLS port into what the server listens on.
        func complete(_ http: inout ServerConfiguration, file: String) throws(ConfigurationError) {
            func contradiction(_ key: String, _ message: String) -> ConfigurationError {
                ConfigurationError(file: file, path: key, message: message)
            }
            guard let certificateFile else {
                if keyFile != nil { throw contradiction("tls.certificate", "is needed beside tls.key") }
                if isOnly { throw contradiction("tls.certificate", "is needed for tls.only") }
                if clients != .none {
                    throw contradiction("tls.certificate", "is needed for tls.client_certificates")
                }
                return
            }
            guard let keyFile else { throw contradiction("tls.key", "is needed beside tls.certificate") }
            if !isOnly, port != 0, port == http.port {
                throw contradiction("tls.port", "must be another than http.port, unless tls.only is true")
            }
            var tls = TLSConfiguration(port: port, certificateFile: certificateFile, keyFile: keyFile)
            tls.minimumVersion = minimumVersion
            tls.handshakeMilliseconds = handshakeMilliseconds
            switch (clients, authoritiesFile) {
            case (.none, nil): break
            case (.none, _?):
                throw contradiction("tls.client_authorities", "is of no use while tls.client_certificates is none")
            case (_, nil):
                throw contradiction(
                    "tls.client_authorities", "is needed while tls.client_certificates is \(clients.rawValue)")
            case (.optional, let file?): tls.clientCertificates = .optional(authoritiesFile: file)
            case (.required, let file?): tls.clientCertificates = .required(authoritiesFile: file)
            }
            http.tls = tls
            http.listensPlain = !isOnly
        }
    }
}
