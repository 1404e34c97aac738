// The TLS port as clients see it: versions, suites, protocols, resumption, certificates of both sides, reload.
import COpenSSL
import Glibc
import TestCertificates
import Testing
import Waiting

@testable import HTTP

@Suite(.serialized) struct TLSTests {
    /// A client that shook hands or failed to, and has been answered if it could be.
    private func client(_ port: LivePort, _ options: TLSClientOptions = TLSClientOptions()) -> (LiveClient, Int?) {
        let client = LiveClient(port: port, options: options)
        return (client, client.isSecured ? client.get("/a")?.status : nil)
    }

    @Test func `the newest version that both speak is spoken, and each is counted`() throws {
        try withServer(over: .tls13) { server, port in
            let (newest, answer) = client(port)
            #expect(newest.tls?.version == .tls13 && answer == 200)
            #expect(newest.tls?.suite == "TLS_AES_128_GCM_SHA256")
            let (older, olderAnswer) = client(port, TLSClientOptions(versions: .tls12...(.tls12)))
            #expect(older.tls?.version == .tls12 && olderAnswer == 200)
            #expect(older.tls?.suite == "ECDHE-ECDSA-AES128-GCM-SHA256")
            var expected = TLSStatistics()
            (expected.handshakes, expected.handshakes12, expected.handshakes13) = (2, 1, 1)
            #expect(server.statistics.tls == expected)
            #expect(server.statistics.connectionsAccepted == 2 && server.statistics.connectionsOpen == 2)
        }
    }

    @Test func `a version below the least is refused, and only that`() throws {
        try withServer(over: .tls13, { $0.tls?.minimumVersion = .tls13 }) { server, port in
            let (old, _) = client(port, TLSClientOptions(versions: .tls12...(.tls12)))
            #expect(!old.isSecured)
            #expect(old.tls?.reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
            #expect(client(port).1 == 200)
            #expect(eventually { server.statistics.tls.failed == 1 && server.statistics.tls.handshakes == 1 })
        }
    }

    @Test(
        arguments: [
            "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256",
        ])
    func `a suite without forward secrecy or authenticated encryption is refused`(suite: String) throws {
        try withServer(over: .tls12) { server, port in
            let (weak, _) = client(port, TLSClientOptions(versions: .tls12...(.tls12), suites12: suite))
            #expect(!weak.isSecured)
            #expect(eventually { server.statistics.tls.failed == 1 })
        }
    }

    @Test func `a client that names protocols must name http 1_1`() throws {
        try withServer(over: .tls13) { server, port in
            let (both, answer) = client(port, TLSClientOptions(protocols: ["h2", "http/1.1"]))
            #expect(both.tls?.chosenProtocol == "http/1.1" && answer == 200)
            let (silent, silentAnswer) = client(port)
            #expect(silent.tls?.chosenProtocol == "" && silentAnswer == 200)
            for protocols in [["h2"], ["http/1.0", "h2"], ["http/1.1x", "ttp/1.1"]] {
                let (other, _) = client(port, TLSClientOptions(protocols: protocols))
                #expect(!other.isSecured)
                #expect(other.tls?.reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)
            }
            #expect(eventually { server.statistics.tls.failed == 3 })
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `a session is resumed, also after a reload, and not by another server`(transport: LiveTransport) throws {
        let version = try #require(transport.version)
        var options = TLSClientOptions(versions: version...version)
        try withServer(over: transport) { server, port in
            let (first, answer) = client(port, options)
            #expect(answer == 200 && first.tls?.isResumed == false)
            options.session = first.tls?.session
            let (second, secondAnswer) = client(port, options)
            #expect(secondAnswer == 200 && second.tls?.isResumed == true)
            try server.reloadCertificates()
            options.session = second.tls?.session
            let (third, thirdAnswer) = client(port, options)
            #expect(thirdAnswer == 200 && third.tls?.isResumed == true)
            #expect(server.statistics.tls.resumed == 2)
            options.session = third.tls?.session
        }
        try withServer(over: transport) { server, port in
            let (stranger, answer) = client(port, options)
            #expect(answer == 200 && stranger.tls?.isResumed == false)
            #expect(server.statistics.tls.resumed == 0)
        }
    }

    @Test func `tickets of keys that have had their time lead to a full handshake`() throws {
        let folder = TestFolder()
        var configuration = ServerConfiguration()
        configuration.listen(over: .tls13, folder)
        let tls = try TLSShared(try #require(configuration.tls))
        var keys = [[UInt8]](repeating: [UInt8](repeating: 0, count: 80), count: 3)
        let start = MonotonicClock.nanoseconds()
        for (index, hours) in [0, 11, 13].enumerated() {
            let context = tls.contextForConnection(now: start + UInt64(hours) * 3_600_000_000_000)
            SSL_CTX_ctrl(context.pointer, SSL_CTRL_GET_TLSEXT_TICKET_KEYS, 80, &keys[index])
        }
        #expect(keys[0] == keys[1])
        #expect(keys[1] != keys[2])
    }

    @Test(arguments: LiveTransport.secured)
    func `client certificates are asked for, judged and counted as configured`(transport: LiveTransport) throws {
        let version = try #require(transport.version)
        let folder = TestFolder()
        let authorities = folder.write("authorities.pem", TestCertificate.authority.certificate)
        let right = TLSClientOptions(versions: version...version, certificate: .client)
        let none = TLSClientOptions(versions: version...version)
        let strange = TLSClientOptions(versions: version...version, certificate: .strangeClient)
        // A server's certificate is not one for clients, though the same authority signed it.
        let wrongUse = TLSClientOptions(versions: version...version, certificate: .secondServer)
        for (mode, served) in [
            (ClientCertificates.none, [true, true, true, true]),
            (.optional(authoritiesFile: authorities), [true, true, false, false]),
            (.required(authoritiesFile: authorities), [true, false, false, false]),
        ] {
            try withServer(over: transport, { $0.tls?.clientCertificates = mode }) { server, port in
                for (options, isServed) in zip([right, none, strange, wrongUse], served) {
                    // In TLS 1.3 the client learns of the judgement by the first read after its handshake.
                    #expect(client(port, options).1 == (isServed ? 200 : nil), "\(mode) \(isServed)")
                }
                let refused = served.count { !$0 }
                #expect(eventually { server.statistics.tls.failed == UInt64(refused) })
                #expect(server.statistics.tls.handshakes == UInt64(4 - refused))
                #expect(server.statistics.tls.clientCertificates == (mode == .none ? 0 : 1))
                #expect(server.statistics.requests == UInt64(4 - refused))
            }
        }
    }

    @Test(arguments: LiveTransport.secured)
    func `a session with a client certificate is resumed until the next reload`(transport: LiveTransport) throws {
        let version = try #require(transport.version)
        let folder = TestFolder()
        let authorities = folder.write("authorities.pem", TestCertificate.authority.certificate)
        try withServer(
            over: transport, { $0.tls?.clientCertificates = .required(authoritiesFile: authorities) }
        ) { server, port in
            var options = TLSClientOptions(versions: version...version, certificate: .client)
            let (first, _) = client(port, options)
            options.session = first.tls?.session
            let (second, answer) = client(port, options)
            #expect(answer == 200 && second.tls?.isResumed == true)
            #expect(server.statistics.tls.clientCertificates == 2)
            folder.write("authorities.pem", TestCertificate.otherAuthority.certificate)
            try server.reloadCertificates()
            options.session = second.tls?.session
            #expect(client(port, options).1 == nil)
            #expect(client(port, TLSClientOptions(versions: version...version, certificate: .strangeClient)).1 == 200)
        }
    }

    @Test func `a reload changes what new connections are shown, and leaves the open ones alone`() throws {
        let folder = TestFolder()
        try withServer(over: .tls13, { $0.listen(over: .tls13, folder) }) { server, port in
            let (old, _) = client(port)
            #expect(old.tls?.serverName == "localhost")
            folder.write("server.pem", TestCertificate.secondServer.certificate)
            // Half of a change: the key is still the old one.
            #expect(throws: TLSError.self) { try server.reloadCertificates() }
            #expect(server.certificate?.subject == "CN=localhost")
            #expect(client(port).0.tls?.serverName == "localhost")
            folder.write("server.key", TestCertificate.secondServer.key)
            try server.reloadCertificates()
            #expect(server.certificate?.subject == "CN=second")
            #expect(client(port).0.tls?.serverName == "second")
            #expect(old.get("/b")?.status == 200)
        }
    }

    @Test func `an intermediate certificate is sent along`() throws {
        let folder = TestFolder()
        let middle = TestCertificate("middle", .authority, issuer: .authority)
        let leaf = TestCertificate("leaf", .server, issuer: middle)
        try withServer(
            over: .tls13,
            { configuration in
                configuration.tls?.certificateFile = folder.write("chain.pem", leaf.certificate + middle.certificate)
                configuration.tls?.keyFile = folder.write("leaf.key", leaf.key)
            }
        ) { _, port in
            let (client, answer) = client(port)
            #expect(answer == 200 && client.tls?.serverName == "leaf")
            #expect(client.tls?.chainLength == 2)
        }
    }

    @Test func `a plain and a TLS port serve side by side`() throws {
        try withServer(over: .tls13, { $0.listensPlain = true }) { server, port in
            #expect(server.port > 0 && server.port != server.tlsPort)
            let plain = LiveClient(port: server.port)
            let (secured, answer) = client(port)
            #expect(plain.get("/a")?.status == 200 && answer == 200)
            #expect(server.statistics.connectionsOpen == 2)
            // TLS to the plain port is no request; plain HTTP to the TLS port no handshake.
            let crossed = LiveClient(port: server.port)
            crossed.sendBytes([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            #expect(crossed.receive()?.status == 400)
            let plainToTLS = LiveClient(port: server.tlsPort)
            plainToTLS.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(plainToTLS.isEnded())
            #expect(server.statistics.tls.plainRequests == 1 && server.statistics.tls.failed == 1)
            #expect(plain.get("/b")?.status == 200 && secured.get("/b")?.status == 200)
        }
    }
}
