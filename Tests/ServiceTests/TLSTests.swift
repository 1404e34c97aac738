// The TLS port of a service: from its keys to its certificates. What TLS itself does is tested with the server.
import HTTP
import JSON
import Scoring
import TestCertificates
import Testing

@testable import Service

@Suite struct TLSTests {
    private static func withTLS(_ more: String = "") throws -> TestConfiguration {
        let configuration = try TestConfiguration(more: "tls: { certificate: tls.crt, key: tls.key, port: 0\(more) }")
        try write(TestCertificate.server, to: configuration)
        return configuration
    }

    private static func write(_ pair: TestCertificate, to configuration: TestConfiguration) throws {
        try configuration.folder.write("config/tls.crt", pair.certificate)
        try configuration.folder.write("config/tls.key", pair.key)
    }

    @Test func `a service listens on both ports, shows its certificate, and takes a new one while it serves`() throws {
        let configuration = try Self.withTLS()
        let service = try TestService(configuration)
        #expect(service.running.port != 0 && service.running.tlsPort != 0)
        #expect(service.running.certificate?.subject == "CN=localhost")
        let client = try service.client()
        let metrics = try Metrics(parsing: client.get("/metrics").text)
        #expect(metrics["shroff_tls_certificate_expiry_seconds"] ?? 0 > 1_700_000_000)
        #expect(metrics[#"shroff_tls_handshakes_total{version="1.3"}"#] == 0)

        try Self.write(.secondServer, to: configuration)
        try service.running.reloadCertificates()
        #expect(service.running.certificate?.subject == "CN=second")

        try configuration.folder.write("config/tls.key", TestCertificate.server.key)
        #expect(throws: TLSError.self) { try service.running.reloadCertificates() }
        #expect(service.running.certificate?.subject == "CN=second")
        // The connection of before goes on.
        #expect(try client.score(Body("t_1").text).status == 200)
    }

    @Test func `without a plain port there is only the other`() throws {
        let service = try TestService(try Self.withTLS(", only: true"))
        #expect(service.running.port == 0)
        #expect(service.running.tlsPort != 0)
    }

    @Test func `a key of another certificate keeps a service from starting`() throws {
        let configuration = try Self.withTLS()
        try configuration.folder.write("config/tls.key", TestCertificate.client.key)
        #expect(throws: ServiceError.self) { _ = try TestService(configuration) }
    }

    static let contradictions: [(lines: String, key: String, says: String)] = [
        ("key: a", "tls.certificate", "beside tls.key"), ("certificate: a", "tls.key", "beside tls.certificate"),
        ("only: true", "tls.certificate", "for tls.only"),
        ("client_certificates: required", "tls.certificate", "for tls.client_certificates"),
        ("certificate: a, key: b, port: 8080", "tls.port", "another than http.port"),
        ("certificate: a, key: b, client_certificates: optional", "tls.client_authorities", "while"),
        ("certificate: a, key: b, client_authorities: c", "tls.client_authorities", "of no use"),
        ("certificate: a, key: b, client_certificates: always", "tls.client_certificates", "none, optional, required"),
        ("certificate: a, key: b, minimum_version: 1.1", "tls.minimum_version", "1.2 or 1.3"),
    ]

    @Test(arguments: contradictions)
    func `keys that contradict each other are refused by name`(lines: String, key: String, says: String) {
        do {
            _ = try ServiceConfiguration(yaml: "tls: { \(lines) }", file: "shroff.yaml", environment: [:])
            Issue.record("\(lines) was taken")
        } catch {
            #expect(error.description.contains(key), "\(error)")
            #expect(error.description.contains(says), "\(error)")
        }
    }

    @Test func `all keys of TLS reach the server`() throws {
        let read = try ServiceConfiguration(
            yaml: """
                http: { port: 1 }
                tls: { certificate: a, key: /b, port: 2, minimum_version: "1.3", client_certificates: required,
                       client_authorities: c, handshake_timeout: 3s, only: true }
                """, file: "etc/shroff.yaml", environment: ["SHROFF_TLS_KEY": "k"])
        var expected = TLSConfiguration(port: 2, certificateFile: "etc/a", keyFile: "k")
        expected.minimumVersion = .tls13
        expected.clientCertificates = .required(authoritiesFile: "etc/c")
        expected.handshakeMilliseconds = 3_000
        #expect(read.http.tls == expected)
        #expect(!read.http.listensPlain)
    }
}
