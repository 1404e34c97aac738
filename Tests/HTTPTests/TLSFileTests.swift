// Certificates and keys that are missing, damaged or of somebody else: each is told with its file, before anything is
// listened on.
import Glibc
import TestCertificates
import Testing

@testable import HTTP

@Suite struct TLSFileTests {
    private let folder = TestFolder()

    private func configuration() -> TLSConfiguration {
        TLSConfiguration(
            certificateFile: folder.write("chain.pem", TestCertificate.server.certificate),
            keyFile: folder.write("key.pem", TestCertificate.server.key))
    }

    @Test func `a certificate and its key are taken, and its summary is right`() throws {
        let summary = try configuration().check()
        #expect(summary.subject == "CN=localhost")
        let now = WallClock.nanosecondsSince1970() / 1_000_000_000
        #expect(abs(summary.notAfter - now - 30 * 86_400) < 3_600)
        #expect(abs(now - 86_400 - summary.notBefore) < 3_600)
    }

    @Test func `an RSA key of 2048 bits is taken, and one of 1024 is not`() throws {
        for (name, isStrong) in [("RSA-2048", true), ("RSA-1024", false)] {
            let pair = TestCertificate("localhost", .server, keyName: name)
            var configuration = configuration()
            configuration.certificateFile = folder.write("rsa.pem", pair.certificate)
            configuration.keyFile = folder.write("rsa.key", pair.key)
            if isStrong {
                #expect(try configuration.check().subject == "CN=localhost")
            } else {
                let file = configuration.certificateFile
                #expect(throws: TLSError.refused(file: file, reason: "ee key too small")) {
                    try configuration.check()
                }
            }
        }
    }

    @Test func `a file that is not there, or is a folder, is told with the reason of the system`() {
        var missing = configuration()
        missing.certificateFile = folder.path + "/none.pem"
        #expect(throws: TLSError.unreadable(file: missing.certificateFile, code: ENOENT)) { try missing.check() }
        var directory = configuration()
        directory.keyFile = folder.path
        #expect(throws: TLSError.unreadable(file: folder.path, code: EISDIR)) { try directory.check() }
        var authorities = configuration()
        authorities.clientCertificates = .required(authoritiesFile: "/nowhere/ca.pem")
        #expect(throws: TLSError.unreadable(file: "/nowhere/ca.pem", code: ENOENT)) { try authorities.check() }
    }

    @Test func `files that hold something else are told apart`() {
        var swapped = configuration()
        swap(&swapped.certificateFile, &swapped.keyFile)
        #expect(throws: TLSError.noCertificate(file: swapped.certificateFile)) { try swapped.check() }
        var noKey = configuration()
        noKey.keyFile = noKey.certificateFile
        #expect(throws: TLSError.noKey(file: noKey.keyFile)) { try noKey.check() }
        var empty = configuration()
        empty.certificateFile = folder.write("empty.pem", "")
        #expect(throws: TLSError.noCertificate(file: empty.certificateFile)) { try empty.check() }
        var authorities = configuration()
        authorities.clientCertificates = .optional(authoritiesFile: authorities.keyFile)
        #expect(throws: TLSError.noCertificate(file: authorities.keyFile)) { try authorities.check() }
    }

    @Test func `a damaged certificate is refused with what the library says`() {
        var damaged = configuration()
        var text = TestCertificate.server.certificate
        let place = text.index(text.startIndex, offsetBy: 100)
        text.replaceSubrange(place...place, with: "!")
        damaged.certificateFile = folder.write("damaged.pem", text)
        #expect {
            try damaged.check()
        } throws: { error in
            guard case .refused(let file, let reason)? = error as? TLSError else { return false }
            return file == damaged.certificateFile && !reason.isEmpty
        }
    }

    @Test(arguments: ["P-256", "RSA-2048"])
    func `a key of another certificate is refused`(keyName: String) {
        var other = configuration()
        let file = folder.write("other.key", TestCertificate("other", .server, keyName: keyName).key)
        other.keyFile = file
        let expected = TLSError.keyOfAnotherCertificate(keyFile: file, certificateFile: other.certificateFile)
        #expect(throws: expected) { try other.check() }
        #expect(expected.description.contains(file))
    }

    @Test func `an encrypted key is refused, and nobody is asked for its password`() {
        var locked = configuration()
        locked.keyFile = folder.write("locked.key", TestCertificate.server.encryptedKey)
        #expect(throws: TLSError.encryptedKey(file: locked.keyFile)) { try locked.check() }
    }

    @Test func `a server does not start with such files, nor without any port`() {
        var configuration = ServerConfiguration()
        configuration.tls = TLSConfiguration(certificateFile: "/nowhere/c.pem", keyFile: "/nowhere/k.pem")
        let reason = TLSError.unreadable(file: "/nowhere/c.pem", code: ENOENT)
        #expect {
            try Server(configuration: configuration) { _ in LiveHandler() }.start()
        } throws: { error in
            let error = error as? ServerError
            return error?.tls == reason && error?.description.contains("/nowhere/c.pem") == true
        }
        configuration.tls = nil
        configuration.listensPlain = false
        #expect(throws: ServerError(operation: "listening on neither a plain nor a TLS port", code: EINVAL)) {
            try Server(configuration: configuration) { _ in LiveHandler() }.start()
        }
    }
}
