// Gzip.swift: gzip (RFC 1952) by zlib: whole buffers, whole files, and the streaming inflater under ByteSource. A gzip
// file may be several members one after another; each member's length and CRC are checked; a file that ends inside a
// member, or has other bytes behind the last one, is refused.
import CZlib
import Glibc

/// Compression to gzip, and back.
public enum Gzip {
    /// zlib's own default, between its fastest (1) and its smallest (9).
    public static let defaultLevel: Int32 = 6

    /// Whether the bytes begin as a gzip member does.
    public static func isGzip(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
    }

    /// Compresses `bytes` into one gzip member.
    public static func compress(
        _ bytes: Span<UInt8>, level: Int32 = defaultLevel
    ) throws(PlatformError) -> [UInt8] {
        let deflater = try Deflater(level: level, path: "bytes")
        var output: [UInt8] = []
        try deflater.add(bytes, last: true) { (block) throws(PlatformError) in
            block.withUnsafeBufferPointer { output.append(contentsOf: $0) }
        }
        return output
    }

    /// Decompresses gzip bytes of one or more members into at most `maximumBytes` bytes.
    public static func decompress(_ bytes: Span<UInt8>, maximumBytes: Int) throws(PlatformError) -> [UInt8] {
        let inflater = try Inflater(path: "bytes")
        var output: [UInt8] = []
        var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
        var offset = 0
        while offset < bytes.count {
            let (taken, made) = try inflater.inflate(bytes.extracting(offset..<bytes.count), into: &block)
            offset += taken
            guard output.count + made <= maximumBytes else {
                throw PlatformError(
                    operation: "decompress", path: "bytes", reason: "it inflates to more than \(maximumBytes) bytes")
            }
            output.append(contentsOf: block[..<made])
        }
        while true {
            let (_, made) = try inflater.inflate(bytes.extracting(bytes.count..<bytes.count), into: &block)
            if made == 0 { break }
            guard output.count + made <= maximumBytes else {
                throw PlatformError(
                    operation: "decompress", path: "bytes", reason: "it inflates to more than \(maximumBytes) bytes")
            }
            output.append(contentsOf: block[..<made])
        }
        try inflater.finish()
        return output
    }

    /// Compresses the file at `source` into a gzip file at `destination`, which appears whole and flushed, or not at all.
    public static func compress(
        file source: String, to destination: String, level: Int32 = defaultLevel
    ) throws(PlatformError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw PlatformError(operation: "open", path: source, code: errno) }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0 else { throw PlatformError(operation: "examine", path: source, code: errno) }
        let temporary = temporaryPath(beside: destination)
        do throws(PlatformError) {
            let output = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
            guard output >= 0 else { throw PlatformError(operation: "create", path: temporary, code: errno) }
            defer { close(output) }
            let deflater = try Deflater(level: level, path: source)
            var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
            var count = 0
            repeat {
                count = try readBlock(input, path: source, into: &block)
                try deflater.add(block.span.extracting(0..<count), last: count == 0) { (made) throws(PlatformError) in
                    try writeAll(output, made, path: temporary)
                }
            } while count > 0
            guard fsync(output) == 0 else { throw PlatformError(operation: "flush", path: temporary, code: errno) }
            try moveIntoPlace(temporary, destination)
        } catch {
            unlink(temporary)
            throw error
        }
    }
}

/// A deflate stream in gzip's frame. zlib keeps the stream's address, so it lives on the heap and never moves.
final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let path: String
    private var block = [UInt8](repeating: 0, count: ByteSource.blockBytes)

    init(level: Int32, path: String) throws(PlatformError) {
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard shroff_deflateInit2(stream, level, gzipWindowBits) == Z_OK else {
            stream.deallocate()
            throw PlatformError(
                operation: "compress", path: path, reason: "zlib refuses level \(level) or has no memory")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses `bytes`, giving what comes out to `write` in blocks; `last` closes the member.
    func add(
        _ bytes: Span<UInt8>, last: Bool, _ write: (Span<UInt8>) throws(PlatformError) -> Void
    ) throws(PlatformError) {
        var offset = 0
        while true {
            let space = block.count
            let status = bytes.extracting(offset..<bytes.count).withUnsafeBufferPointer { input in
                block.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                    stream.pointee.avail_in = uInt(min(input.count, Int(uInt.max)))
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = uInt(space)
                    let before = stream.pointee.avail_in
                    let status = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH)
                    offset += Int(before - stream.pointee.avail_in)
                    return status
                }
            }
            guard status != Z_STREAM_ERROR else {
                throw PlatformError(operation: "compress", path: path, reason: "zlib's stream is inconsistent")
            }
            let made = space - Int(stream.pointee.avail_out)
            if made > 0 {
                let output = block  // a second name, not a copy; gone before the block is written to again
                try write(output.span.extracting(0..<made))
            }
            if last ? status == Z_STREAM_END : (offset == bytes.count && stream.pointee.avail_out > 0) { return }
        }
    }
}

/// An inflate stream over gzip members, strict about how they end.
final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let path: String
    /// Whether a member has begun and not ended.
    private var insideMember = false
    private var anyMember = false

    init(path: String) throws(PlatformError) {
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard shroff_inflateInit2(stream, gzipWindowBits) == Z_OK else {
            stream.deallocate()
            throw PlatformError(operation: "decompress", path: path, reason: "zlib has no memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates from `input` into the start of `output`. Returns bytes taken and bytes made; both may be 0 when `input`
    /// is empty and nothing is left inside.
    func inflate(
        _ input: Span<UInt8>, into output: inout [UInt8]
    ) throws(PlatformError) -> (taken: Int, made: Int) {
        if !insideMember {
            if input.isEmpty { return (0, 0) }
            if anyMember { inflateReset(stream) }
            insideMember = true
            anyMember = true
        }
        let offered = min(input.count, Int(uInt.max))
        let space = min(output.count, Int(uInt.max))
        let status = input.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.pointee.avail_in = uInt(offered)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = uInt(space)
                return CZlib.inflate(stream, Z_NO_FLUSH)
            }
        }
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: insideMember = false
        default:
            let message = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
            throw PlatformError(operation: "decompress", path: path, reason: "the gzip data is damaged: \(message)")
        }
        return (offered - Int(stream.pointee.avail_in), space - Int(stream.pointee.avail_out))
    }

    /// Called when the input is at its end: it must not be inside a member.
    func finish() throws(PlatformError) {
        guard !insideMember, anyMember else {
            throw PlatformError(operation: "decompress", path: path, reason: "the gzip data ends in the middle")
        }
    }
}

/// 15 bits of window, and 16 for zlib's "in gzip's frame".
private let gzipWindowBits: Int32 = 15 + 16
