// Certificates for the tests, made by libcrypto when they are needed: no tool and no file has to be there beforehand.
import COpenSSL
import Glibc

/// A certificate and its key in PEM form.
public struct TestCertificate: Sendable {
    public enum Use: Sendable { case authority, server, client }

    public let certificate: String
    public let key: String

    /// - Parameter issuer: nil makes one that signs itself.
    public init(
        _ name: String, _ use: Use, issuer: TestCertificate? = nil, days: Int = 30, keyName: String = "P-256"
    ) {
        let pair = Self.makeKey(keyName)
        let made = X509_new()
        X509_set_version(made, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(made), Int.random(in: 1...Int.max / 2))
        X509_gmtime_adj(X509_getm_notBefore(made), -86_400)
        X509_gmtime_adj(X509_getm_notAfter(made), days * 86_400)
        X509_set_pubkey(made, pair)
        Self.addName(name, to: X509_get_subject_name(made))
        let signer = issuer.map { Self.read($0) }
        X509_set_issuer_name(made, X509_get_subject_name(signer?.certificate ?? made))
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, signer?.certificate ?? made, made, nil, nil, 0)
        for (kind, value) in Self.extensions(use) {
            let part = X509V3_EXT_conf_nid(nil, &context, kind, value)
            X509_add_ext(made, part, -1)
            X509_EXTENSION_free(part)
        }
        X509_sign(made, signer?.key ?? pair, EVP_sha256())
        certificate = Self.text { PEM_write_bio_X509($0, made) }
        key = Self.text { PEM_write_bio_PrivateKey($0, pair, nil, nil, 0, nil, nil) }
        X509_free(made)
        EVP_PKEY_free(pair)
        X509_free(signer?.certificate)
        EVP_PKEY_free(signer?.key)
    }

    /// The key once more, under a password.
    public var encryptedKey: String {
        let (certificate, pair) = Self.read(self)
        defer {
            X509_free(certificate)
            EVP_PKEY_free(pair)
        }
        var password = Array("secret".utf8)
        let count = Int32(password.count)
        return Self.text { PEM_write_bio_PrivateKey($0, pair, EVP_aes_128_cbc(), &password, count, nil, nil) }
    }

    // MARK: Shared ones

    public static let authority = TestCertificate("authority", .authority)
    public static let otherAuthority = TestCertificate("other authority", .authority)
    public static let server = TestCertificate("localhost", .server, issuer: authority)
    public static let secondServer = TestCertificate("second", .server, issuer: authority)
    public static let client = TestCertificate("client", .client, issuer: authority)
    public static let strangeClient = TestCertificate("strange client", .client, issuer: otherAuthority)

    // MARK: Making

    private static func makeKey(_ name: String) -> OpaquePointer? {
        let isRSA = name.hasPrefix("RSA")
        let context = EVP_PKEY_CTX_new_id(isRSA ? EVP_PKEY_RSA : EVP_PKEY_EC, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if isRSA {
            EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(name.dropFirst(4)) ?? 2_048)
        } else {
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
        }
        var key: OpaquePointer?
        EVP_PKEY_keygen(context, &key)
        return key
    }

    private static func addName(_ name: String, to subject: OpaquePointer?) {
        let bytes = Array(name.utf8)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0)
    }

    private static func extensions(_ use: Use) -> [(Int32, String)] {
        switch use {
        case .authority: [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign")]
        case .server: [(NID_ext_key_usage, "serverAuth"), (NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1")]
        case .client: [(NID_ext_key_usage, "clientAuth")]
        }
    }

    /// Certificate and key as objects, which the caller frees.
    public static func read(_ pair: TestCertificate) -> (certificate: OpaquePointer?, key: OpaquePointer?) {
        let certificateMemory = BIO_new(BIO_s_mem())
        let keyMemory = BIO_new(BIO_s_mem())
        BIO_write(certificateMemory, pair.certificate, Int32(pair.certificate.utf8.count))
        BIO_write(keyMemory, pair.key, Int32(pair.key.utf8.count))
        defer {
            BIO_free(certificateMemory)
            BIO_free(keyMemory)
        }
        return (
            PEM_read_bio_X509(certificateMemory, nil, nil, nil), PEM_read_bio_PrivateKey(keyMemory, nil, nil, nil)
        )
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        _ = write(memory)
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return String(decoding: bytes[..<max(0, Int(count))], as: UTF8.self)
    }
}
