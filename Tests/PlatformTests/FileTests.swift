// FileTests.swift: files in a temporary folder: gzip whole and cut short, lines however long, writing all or nothing.
import Glibc
import Platform
import Testing

/// A folder that is removed with everything in it when the test is over.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/shroff-test-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nowhere"
    }

    func file(_ name: String) -> String { path + "/" + name }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in (try? fileNames(in: path)) ?? [] {
            let inner = path + "/" + name
            if unlink(inner) != 0 { remove(inner) }
        }
        rmdir(path)
    }
}

func textBytes(count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(ascii: "a") + UInt8(state >> 60)
    }
}

func readAll(_ path: String, blockBytes: Int = 70_000) throws(PlatformError) -> [UInt8] {
    let source = try ByteSource(path: path)
    var block = [UInt8](repeating: 0, count: blockBytes)
    var bytes: [UInt8] = []
    while true {
        let count = try source.read(into: &block)
        if count == 0 { return bytes }
        bytes.append(contentsOf: block[..<count])
    }
}

func allLines(_ path: String, limit: Int = 1_000) throws -> [String] {
    let reader = try LineReader(path: path, maximumLineBytes: limit)
    var line: [UInt8] = []
    var lines: [String] = []
    while try reader.next(into: &line) {
        lines.append(String(decoding: line, as: UTF8.self))
        #expect(reader.lineNumber == lines.count)
    }
    return lines
}

@Suite struct FileTests {
    let folder = TemporaryFolder()

    @Test(arguments: [0, 1, 2, 1_000, 131_072, 500_000])
    func `a compressed file reads as the plain one`(count: Int) throws {
        let bytes = textBytes(count: count)
        try writeFileAtomically(folder.file("plain"), bytes)
        try Gzip.compress(file: folder.file("plain"), to: folder.file("packed"))
        #expect(try readFile(folder.file("plain")) == bytes)
        #expect(try readAll(folder.file("plain")) == bytes)
        #expect(try readAll(folder.file("packed")) == bytes)
        #expect(try readAll(folder.file("packed"), blockBytes: 333) == bytes)
        #expect(try ByteSource(path: folder.file("packed")).isCompressed)
        #expect(try fileNames(in: folder.path) == ["packed", "plain"], "no temporary file stays")
    }

    @Test func `members one after another are one stream`() throws {
        let bytes = textBytes(count: 100_000)
        var packed: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 9_999) {
            packed += try Gzip.compress(bytes.span.extracting(start..<min(bytes.count, start + 9_999)))
        }
        try writeFileAtomically(folder.file("members.gz"), packed)
        #expect(try readAll(folder.file("members.gz")) == bytes)
        #expect(try readAll(folder.file("members.gz"), blockBytes: 1) == bytes)
        #expect(try Gzip.decompress(packed.span, maximumBytes: bytes.count) == bytes)
        #expect(throws: PlatformError.self) { try Gzip.decompress(packed.span, maximumBytes: bytes.count - 1) }
    }

    @Test func `a gzip file that ends anywhere before its end is refused`() throws {
        let bytes = textBytes(count: 300)
        let packed = try Gzip.compress(bytes.span)
        for length in 2..<packed.count {
            try writeFileAtomically(folder.file("cut.gz"), Array(packed[..<length]))
            #expect(throws: PlatformError.self) { try readAll(folder.file("cut.gz")) }
        }
    }

    @Test func `a gzip file with a flipped bit or other bytes behind it is refused`() throws {
        let packed = try Gzip.compress(textBytes(count: 300).span)
        for index in packed.indices where index >= 10 {
            var damaged = packed
            damaged[index] ^= 0x10
            try writeFileAtomically(folder.file("bad.gz"), damaged)
            #expect(throws: PlatformError.self) { try readAll(folder.file("bad.gz")) }
        }
        try writeFileAtomically(folder.file("more.gz"), packed + [0])
        #expect(throws: PlatformError.self) { try readAll(folder.file("more.gz")) }
    }

    @Test func `lines come without their newline, the last with or without one`() throws {
        for text in ["", "a", "a\n", "a\nb", "\n\n", "a\r\nb\n"] {
            try writeFileAtomically(folder.file("lines"), Array(text.utf8))
            var expected = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).map { String($0) ?? "?" }
            if expected.last == "" { expected.removeLast() }
            #expect(try allLines(folder.file("lines")) == expected)
        }
    }

    @Test func `lines longer than the reader's block are whole, and their offsets are right`() throws {
        let long = textBytes(count: ByteSource.blockBytes * 2 + 17)
        try writeFileAtomically(folder.file("long"), Array("x\n".utf8) + long + Array("\nlast".utf8))
        let reader = try LineReader(path: folder.file("long"))
        var line: [UInt8] = []
        #expect(try reader.next(into: &line))
        #expect(try reader.next(into: &line))
        #expect(line == long && reader.lineOffset == 2 && reader.lineWasTerminated)
        #expect(try reader.next(into: &line))
        #expect(reader.lineOffset == UInt64(long.count + 3) && !reader.lineWasTerminated)
        #expect(try !reader.next(into: &line))
    }

    @Test func `a line at the limit is read and one byte more is refused`() throws {
        try writeFileAtomically(folder.file("limit"), Array("12345678\n12345678\n".utf8))
        #expect(try allLines(folder.file("limit"), limit: 8).count == 2)
        let error = #expect(throws: PlatformError.self) { try allLines(folder.file("limit"), limit: 7) }
        #expect(error?.operation == "read line 1 of")
    }

    @Test func `a file is replaced whole, and its folder must exist`() throws {
        try writeFileAtomically(folder.file("it"), Array("old".utf8))
        try writeFileAtomically(folder.file("it"), Array("new".utf8))
        #expect(try readFile(folder.file("it")) == Array("new".utf8))
        #expect(try readFile(folder.file("it"), maximumBytes: 3).count == 3)
        #expect(throws: PlatformError.self) { try readFile(folder.file("it"), maximumBytes: 2) }
        #expect(throws: PlatformError(operation: "open", path: folder.file("none"), code: ENOENT)) {
            try readFile(folder.file("none"))
        }
        #expect(throws: PlatformError.self) { try writeFileAtomically(folder.file("no/it"), []) }
        #expect(throws: PlatformError.self) { try ByteSource(path: folder.path).isCompressed }
        try makeDirectory(folder.file("a/b/c"))
        try makeDirectory(folder.file("a/b/c"))
        #expect(throws: PlatformError.self) { try makeDirectory(folder.file("it/b")) }
    }
}
