// Why certificates and keys cannot be used: the file, what is wrong with it, and what to do. Never shows their content.
import Glibc

/// Certificates, keys or settings with which no TLS can be served.
public enum TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// errno says why the file cannot be read.
    case unreadable(file: String, code: Int32)
    case noCertificate(file: String)
    case noKey(file: String)
    case encryptedKey(file: String)
    case keyOfAnotherCertificate(keyFile: String, certificateFile: String)
    /// What the library says of the file's content.
    case refused(file: String, reason: String)
    /// The library cannot serve these settings.
    case unsupported(setting: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let code):
            "\(file): \(String(cString: strerror(code))) (errno \(code)); give a file that this process may read"
        case .noCertificate(let file):
            "\(file): there is no certificate in it; it must be in PEM form, with BEGIN CERTIFICATE lines"
        case .noKey(let file):
            "\(file): there is no private key in it; it must be in PEM form, with a BEGIN PRIVATE KEY line"
        case .encryptedKey(let file):
            "\(file): the key is encrypted; decrypt it (openssl pkey -in … -out …) and let only the service read it"
        case .keyOfAnotherCertificate(let keyFile, let certificateFile):
            "\(keyFile): this key does not belong to the first certificate in \(certificateFile); the server's own"
                + " certificate comes first, then the intermediate ones"
        case .refused(let file, let reason): "\(file): \(reason)"
        case .unsupported(let setting, let reason): "\(setting): \(reason)"
        }
    }
}
