// What all TLS connections of one time have in common: SSL_CTX* with certificate, key, authorities and the choice of
// versions and suites. A reload makes a new one; the connections of the old one keep it until they end.
//
// The choice is Mozilla's "intermediate" of 2024 narrowed to the suites that are authenticated ciphers with forward
// secrecy: TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305, and TLS 1.3. No compression (RFC 7525 section 3.3), no
// renegotiation (a client could make the server work by it), no early data (it can be replayed, RFC 8446 section 8).
import COpenSSL
import Glibc

// Unchecked: an SSL_CTX may be used by many threads as long as nobody changes its settings (openssl-threads(7)). They
// are set in init; the ticket keys, which change later, only by TLSShared under its lock on the handshaker's thread.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let certificate: CertificateSummary

    /// The order is the server's: AES-128 costs least where the processor has instructions for it, and a client that
    /// puts ChaCha20 first says that its own has none.
    private static let suites12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let suites13 =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"
    /// Keys of 112 bits of strength at least: RSA of 2,048, and no SHA-1 in signatures.
    private static let securityLevel: Int32 = 2
    /// Certificates between a client's and its authority's.
    private static let verifyDepth: Int32 = 8
    /// Sessions of another service that shares a certificate with this one are not resumed here.
    private static let sessionContext = Array("shroff".utf8)

    /// Reads the files and checks that they fit together.
    init(_ configuration: TLSConfiguration) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else {
            throw .unsupported(setting: "tls", reason: Self.takeReason())
        }
        do throws(TLSError) {
            try Self.choose(pointer, configuration)
            let summary = try Self.loadCertificate(pointer, configuration)
            try Self.loadKey(pointer, configuration)
            try Self.loadAuthorities(pointer, configuration.clientCertificates)
            // Last, so that deinit does not run for what is freed below.
            self.pointer = pointer
            certificate = summary
        } catch {
            SSL_CTX_free(pointer)
            ERR_clear_error()
            throw error
        }
        Self.setSessions(pointer, seconds: configuration.sessionSeconds)
        SSL_CTX_set_info_callback(pointer) { ssl, _, _ in TLSLink.watch(ssl) }
        SSL_CTX_set_alpn_select_cb(
            pointer,
            { _, chosen, bytes, offered, offeredBytes, _ in
                selectProtocol(chosen, bytes, offered, offeredBytes)
            }, nil)
    }

    deinit { SSL_CTX_free(pointer) }

    // MARK: Settings

    private static func choose(_ context: OpaquePointer, _ configuration: TLSConfiguration) throws(TLSError) {
        SSL_CTX_set_security_level(context, securityLevel)
        SSL_CTX_set_options(
            context,
            SHROFF_SSL_OP_NO_COMPRESSION | SHROFF_SSL_OP_NO_RENEGOTIATION | SHROFF_SSL_OP_IGNORE_UNEXPECTED_EOF
                | SHROFF_SSL_OP_CIPHER_SERVER_PREFERENCE | SHROFF_SSL_OP_PRIORITIZE_CHACHA)
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        let minimum = configuration.minimumVersion
        guard SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, minimum.rawValue, nil) == 1,
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, TLSVersion.tls13.rawValue, nil) == 1
        else { throw .unsupported(setting: "TLS from version \(minimum)", reason: takeReason()) }
        guard SSL_CTX_set_cipher_list(context, suites12) == 1, SSL_CTX_set_ciphersuites(context, suites13) == 1 else {
            throw .unsupported(setting: "cipher suites", reason: takeReason())
        }
        var names = Array(groups.utf8CString)
        guard SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, &names) == 1 else {
            throw .unsupported(setting: "groups \(groups)", reason: takeReason())
        }
    }

    /// Sessions live in tickets that the clients keep; the server keeps none.
    private static func setSessions(_ context: OpaquePointer, seconds: Int) {
        SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        SSL_CTX_set_timeout(context, max(0, seconds))
        SSL_CTX_set_session_id_context(context, sessionContext, UInt32(sessionContext.count))
        SSL_CTX_set_max_early_data(context, 0)
        SSL_CTX_set_recv_max_early_data(context, 0)
    }

    // MARK: Files

    private static func loadCertificate(
        _ context: OpaquePointer, _ configuration: TLSConfiguration
    ) throws(TLSError) -> CertificateSummary {
        let file = configuration.certificateFile
        try checkReadable(file)
        guard SSL_CTX_use_certificate_chain_file(context, file) == 1 else {
            if try !holds(certificateMark, file) { throw .noCertificate(file: file) }
            throw .refused(file: file, reason: takeReason())
        }
        guard let certificate = SSL_CTX_get0_certificate(context) else { throw .noCertificate(file: file) }
        return CertificateSummary(certificate)
    }

    private static func loadKey(_ context: OpaquePointer, _ configuration: TLSConfiguration) throws(TLSError) {
        let file = configuration.keyFile
        try checkReadable(file)
        // Without this callback the library would ask on the terminal.
        var wasAskedForPassword = false
        let isLoaded = withUnsafeMutablePointer(to: &wasAskedForPassword) { asked in
            SSL_CTX_set_default_passwd_cb_userdata(context, asked)
            SSL_CTX_set_default_passwd_cb(context) { _, _, _, asked in
                asked?.assumingMemoryBound(to: Bool.self).pointee = true
                return -1
            }
            defer { SSL_CTX_set_default_passwd_cb_userdata(context, nil) }
            return SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1
        }
        if wasAskedForPassword { throw .encryptedKey(file: file) }
        let isOfThisCertificate = isLoaded && SSL_CTX_check_private_key(context) == 1
        if isOfThisCertificate { return }
        let reason = ERR_GET_REASON(ERR_peek_last_error())
        if isLoaded || reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH {
            throw .keyOfAnotherCertificate(keyFile: file, certificateFile: configuration.certificateFile)
        }
        if try !holds(keyMark, file) { throw .noKey(file: file) }
        throw .refused(file: file, reason: takeReason())
    }

    private static func loadAuthorities(_ context: OpaquePointer, _ wanted: ClientCertificates) throws(TLSError) {
        guard let file = wanted.authoritiesFile else {
            return SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        }
        try checkReadable(file)
        guard SSL_CTX_load_verify_file(context, file) == 1, let names = SSL_load_client_CA_file(file) else {
            if try !holds(certificateMark, file) { throw .noCertificate(file: file) }
            throw .refused(file: file, reason: takeReason())
        }
        // The names help a client to choose among its certificates.
        SSL_CTX_set_client_CA_list(context, names)
        SSL_CTX_set_verify_depth(context, verifyDepth)
        var mode = SSL_VERIFY_PEER
        if case .required = wanted { mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT }
        SSL_CTX_set_verify(context, mode, nil)
    }

    // MARK: Errors

    private static let certificateMark = " CERTIFICATE-----"
    private static let keyMark = "PRIVATE KEY-----"

    private static func checkReadable(_ file: String) throws(TLSError) { _ = try holds("", file) }

    /// Whether a file has this text in its first mebibyte.
    private static func holds(_ text: String, _ file: String) throws(TLSError) -> Bool {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(file: file, code: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1_048_576)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw .unreadable(file: file, code: errno) }
        return String(decoding: bytes[..<count], as: UTF8.self).contains(text)
    }

    private static func takeReason() -> String {
        let code = ERR_peek_error()
        defer { ERR_clear_error() }
        guard let text = ERR_reason_error_string(code) else { return "refused by the library (error \(code))" }
        return String(cString: text)
    }
}

/// ALPN (RFC 7301): a client that names protocols must name ours, or its handshake ends with no_application_protocol.
private func selectProtocol(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ chosenBytes: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?, _ offeredBytes: UInt32
) -> Int32 {
    // Names with a length before each; the library has checked that they fill the list.
    let list = UnsafeBufferPointer(start: offered, count: Int(offeredBytes))
    let name: StaticString = "http/1.1"
    var place = 0
    while place < list.count {
        let start = place + 1
        let end = start + Int(list[place])
        if end > list.count { break }
        if end - start == name.utf8CodeUnitCount, let base = list.baseAddress,
            memcmp(base + start, name.utf8Start, name.utf8CodeUnitCount) == 0
        {
            chosen?.pointee = base + start
            chosenBytes?.pointee = list[place]
            return SSL_TLSEXT_ERR_OK
        }
        place = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
