// SHA256Tests.swift: the hash against the published vectors of FIPS 180-4 and RFC 4231, and against itself in pieces.
import Platform
import Testing

@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `a text has the digest that FIPS 180-4 gives it`(text: String, expected: String) {
        #expect(SHA256.hash(text).hexadecimal == expected)
        #expect(SHA256.hash(Array(text.utf8).span).hexadecimal == expected)
    }

    @Test func `a million times the letter a has its published digest`() {
        var hash = SHA256()
        let block = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
        for _ in 0..<100 { hash.update(block.span) }
        #expect(
            hash.finalize().hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(hash.finalize() == SHA256.hash(""), "a finished hash starts afresh")
    }

    @Test func `the digest is the same however the bytes are cut`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = SHA256.hash(bytes.span)
        for cut in 0...bytes.count {
            var hash = SHA256()
            hash.update(bytes.span.extracting(0..<cut))
            hash.update(bytes.span.extracting(cut..<bytes.count))
            #expect(hash.finalize() == whole)
        }
    }

    @Test func `a digest is read back from its digits, and from nothing else`() {
        let digest = SHA256.hash("abc")
        #expect(SHA256Digest(hexadecimal: digest.hexadecimal) == digest)
        #expect(SHA256Digest(hexadecimal: digest.hexadecimal.uppercased()) == digest)
        #expect(SHA256Digest(hexadecimal: digest.hexadecimal.dropLast()) == nil)
        #expect(SHA256Digest(hexadecimal: digest.hexadecimal + "0") == nil)
        #expect(SHA256Digest(hexadecimal: "g" + digest.hexadecimal.dropFirst()) == nil)
        #expect(digest.prefix64 == 0xba78_16bf_8f01_cfea)
        #expect(digest[0] == 0xba && digest[31] == 0xad)
        var digits: [UInt8] = []
        digest.appendHexadecimal(to: &digits, digestBytes: 4)
        #expect(String(decoding: digits, as: UTF8.self) == "ba7816bf")
        #expect(equals(digest, digest.hexadecimal))
        #expect(!equals(digest, SHA256.hash("abd").hexadecimal))
        #expect(!equals(digest, String(digest.hexadecimal.dropLast())))
    }

    @Test func `each byte is two digits, however many are asked for`() {
        for text in ["", "a", "b", "c", "d"] {
            let digest = SHA256.hash(text)
            for count in 0...SHA256Digest.byteCount {
                var digits = Array("before ".utf8)
                digest.appendHexadecimal(to: &digits, digestBytes: count)
                var expected = "before "
                for index in 0..<count {
                    expected += (digest[index] < 16 ? "0" : "") + String(digest[index], radix: 16)
                }
                #expect(String(decoding: digits, as: UTF8.self) == expected)
            }
        }
    }

    private func equals(_ digest: SHA256Digest, _ text: String) -> Bool {
        let digits = Array(text.utf8)
        return digest.equals(hexadecimal: digits.span)
    }

    /// RFC 4231, test cases 1 to 4, 6 and 7 (5 is a truncation).
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            Array(1...25), [UInt8](repeating: 0xcd, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array(
                """
                This is a test using a larger than block-size key and a larger than block-size data. \
                The key needs to be hashed before being used by the HMAC algorithm.
                """.utf8),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func `a keyed hash gives the codes of RFC 4231`(key: [UInt8], message: [UInt8], expected: String) {
        let keyed = KeyedHash(key: key)
        #expect(keyed.authenticate(message.span).hexadecimal == expected)
        #expect(keyed.authenticate(message.span).hexadecimal == expected, "the key's state is not used up")
    }

    @Test func `a key of a whole block is used as it is, one byte more is hashed first`() {
        let message = Array("payment".utf8)
        for length in [63, 64, 65] {
            let key = (0..<length).map { UInt8($0) }
            #expect(KeyedHash(key: key).authenticate(message.span) == plainHMAC(key: key, message: message))
        }
    }

    /// The definition of RFC 2104, written out.
    private func plainHMAC(key: [UInt8], message: [UInt8]) -> SHA256Digest {
        func bytes(_ digest: SHA256Digest) -> [UInt8] { (0..<32).map { digest[$0] } }
        var block = key.count > 64 ? bytes(SHA256.hash(key.span)) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        let inner = block.map { $0 ^ 0x36 } + message
        return SHA256.hash((block.map { $0 ^ 0x5c } + bytes(SHA256.hash(inner.span))).span)
    }

    @Test func `random bytes are as many as asked for and differ`() {
        #expect(randomBytes(0).isEmpty)
        #expect(randomBytes(32).count == 32)
        #expect(randomBytes(32) != randomBytes(32))
    }
}
