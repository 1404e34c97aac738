// SHA256.swift: SHA-256 and HMAC-SHA-256 over OpenSSL's block-level calls. A context is a plain struct of 112 bytes, so
// starting, copying and finishing a hash takes no heap; that is what lets a keyed hash keep its key's two pads already
// compressed, and pay only for the message and one more block.
import COpenSSL

/// A SHA-256 in progress: bytes are added in pieces, the digest is taken at the end.
///
/// Source: FIPS 180-4.
public struct SHA256: Sendable {
    private var context = SHA256_CTX()

    public init() {
        SHA256_Init(&context)
    }

    /// Adds bytes to what is hashed.
    public mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress {
                SHA256_Update(&context, start, buffer.count)
            }
        }
    }

    /// Returns the digest of all bytes so far. The hash starts afresh.
    public mutating func finalize() -> SHA256Digest {
        let digest = SHA256Digest(finishing: &context)
        SHA256_Init(&context)
        return digest
    }

    /// The digest of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// The digest of the text's UTF-8.
    public static func hash(_ text: String) -> SHA256Digest {
        var hash = SHA256()
        var text = text
        text.withUTF8 { hash.update($0.span) }
        return hash.finalize()
    }
}

/// HMAC-SHA-256 under one key, with both of the key's pads compressed beforehand.
///
/// Source: RFC 2104; test vectors of RFC 4231.
public struct KeyedHash: Sendable {
    private static let blockBytes = 64

    private let inner: SHA256_CTX
    private let outer: SHA256_CTX

    /// A key longer than 64 bytes is hashed first, as the RFC says; a shorter one is padded with zeros.
    public init(key: [UInt8]) {
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        if key.count > Self.blockBytes {
            let digest = SHA256.hash(key.span)
            for index in 0..<SHA256Digest.byteCount { block[index] = digest[index] }
        } else {
            block.replaceSubrange(0..<key.count, with: key)
        }
        inner = Self.state(afterBlock: block.map { $0 ^ 0x36 })
        outer = Self.state(afterBlock: block.map { $0 ^ 0x5c })
    }

    private static func state(afterBlock block: [UInt8]) -> SHA256_CTX {
        var context = SHA256_CTX()
        SHA256_Init(&context)
        SHA256_Update(&context, block, block.count)
        return context
    }

    /// The authentication code of `bytes`.
    ///
    /// - Complexity: the message's blocks and two more. Allocates nothing.
    public func authenticate(_ bytes: Span<UInt8>) -> SHA256Digest {
        var context = inner
        bytes.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress {
                SHA256_Update(&context, start, buffer.count)
            }
        }
        let digest = SHA256Digest(finishing: &context)
        context = outer
        var wire = digest.bigEndianWords
        withUnsafeBytes(of: &wire) { raw in
            if let start = raw.baseAddress {
                SHA256_Update(&context, start, raw.count)
            }
        }
        return SHA256Digest(finishing: &context)
    }
}

extension SHA256Digest {
    /// Takes the digest out of a context, which is spent by it.
    fileprivate init(finishing context: inout SHA256_CTX) {
        var wire: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &wire) { raw in
            if let start = raw.baseAddress {
                SHA256_Final(start.assumingMemoryBound(to: UInt8.self), &context)
            }
        }
        self.init(words: (wire.0.bigEndian, wire.1.bigEndian, wire.2.bigEndian, wire.3.bigEndian))
    }

    /// The words such that their memory is the digest's bytes in order.
    fileprivate var bigEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }
}
