// The client's side of TLS over two pieces of memory: what is to be sent comes out as bytes, what was received is fed
// in, so that a test decides how the bytes are cut and when they go.
import COpenSSL
import TestCertificates

@testable import HTTP

/// What a client asks for.
struct TLSClientOptions {
    var versions = TLSVersion.tls12...TLSVersion.tls13
    var protocols: [String] = []
    var certificate: TestCertificate?
    var session: TLSClientSession?
    var suites12: String?
}

extension TLSVersion: Comparable {
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }
}

/// A session to resume.
final class TLSClientSession {
    fileprivate let pointer: OpaquePointer
    fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }
}

final class TLSEngine {
    enum Step: Equatable { case done, needsBytes, failed }

    private let context: OpaquePointer?
    let ssl: OpaquePointer?
    private let input: OpaquePointer?
    private let output: OpaquePointer?

    init(_ options: TLSClientOptions) {
        context = SSL_CTX_new(TLS_client_method())
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, options.versions.lowerBound.rawValue, nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, options.versions.upperBound.rawValue, nil)
        if let suites = options.suites12 { SSL_CTX_set_cipher_list(context, suites) }
        if let certificate = options.certificate {
            let (shown, key) = TestCertificate.read(certificate)
            SSL_CTX_use_certificate(context, shown)
            SSL_CTX_use_PrivateKey(context, key)
            X509_free(shown)
            EVP_PKEY_free(key)
        }
        ssl = SSL_new(context)
        input = BIO_new(BIO_s_mem())
        output = BIO_new(BIO_s_mem())
        // Empty is "not yet", and not the end.
        BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        let list = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
        if let session = options.session { SSL_set_session(ssl, session.pointer) }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        ERR_clear_error()
    }

    /// What the last failure was, by OpenSSL's number; 0 without one.
    private(set) var reason: Int32 = 0

    func handshake() -> Step { step { SSL_do_handshake(ssl) } }

    private func step(_ act: () -> Int32) -> Step {
        ERR_clear_error()
        let result = act()
        if result > 0 { return .done }
        let error = SSL_get_error(ssl, result)
        if error == SSL_ERROR_WANT_READ { return .needsBytes }
        if error == SSL_ERROR_SSL { reason = ERR_GET_REASON(ERR_peek_error()) }
        ERR_clear_error()
        return .failed
    }

    func feed(_ bytes: ArraySlice<UInt8>) {
        _ = bytes.withUnsafeBytes { BIO_write(input, $0.baseAddress, Int32($0.count)) }
    }

    /// What is to be sent.
    func takeOutput() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        if !bytes.isEmpty { BIO_read(output, &bytes, Int32(bytes.count)) }
        return bytes
    }

    /// Encrypts; false when the connection is broken.
    func write(_ bytes: [UInt8]) -> Bool {
        bytes.isEmpty || step { SSL_write(ssl, bytes, Int32(bytes.count)) } == .done
    }

    /// Appends what was decrypted.
    func read(into bytes: inout [UInt8]) -> Step {
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            var count: Int32 = 0
            let result = step {
                count = SSL_read(ssl, &piece, Int32(piece.count))
                return count
            }
            if result != .done { return result }
            bytes += piece[..<Int(count)]
        }
    }

    /// Makes close_notify.
    func end() {
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// Makes a change of keys that asks the other side for one too.
    func updateKeys() {
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        _ = handshake()
    }

    /// Asks for another handshake on the same connection (TLS 1.2).
    func renegotiate() {
        SSL_renegotiate(ssl)
        _ = handshake()
    }

    // MARK: What came of it

    var sawEnd: Bool { SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }
    var version: TLSVersion? { TLSVersion(rawValue: Int(SSL_version(ssl))) }
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }
    var suite: String { String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))) }

    /// The session as of now. TLS 1.3 has one that can be resumed once something was read after the handshake.
    var session: TLSClientSession? { SSL_get1_session(ssl).map(TLSClientSession.init) }

    var chosenProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Certificates that the server sent.
    var chainLength: Int { Int(OPENSSL_sk_num(SSL_get_peer_cert_chain(ssl))) }

    /// The common name of the server's certificate.
    var serverName: String {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return "" }
        var name = [CChar](repeating: 0, count: 256)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &name, 256)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
