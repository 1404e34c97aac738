// ByteSource.swift: bytes from a file, from a gzip file (told by its first two bytes, whatever its name), or from standard
// input ("-"), in blocks; and lines over them. One reader, one thread: nothing here is shared.
import Glibc

/// A stream of bytes to read once, from start to end.
public final class ByteSource {
    /// Bytes read from the system at once.
    public static let blockBytes = 131_072

    /// The path as given; "-" is standard input.
    public let path: String
    /// Whether the bytes came compressed.
    public let isCompressed: Bool

    private let descriptor: Int32
    private let inflater: Inflater?
    private var raw: [UInt8]
    private var rawStart = 0
    private var rawEnd = 0
    private var ended = false

    /// Opens a file, or standard input for "-", and looks at its first bytes.
    public init(path: String) throws(PlatformError) {
        self.path = path
        let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PlatformError(operation: "open", path: path, code: errno) }
        do throws(PlatformError) {
            var first = [UInt8](repeating: 0, count: 2)
            var have = 0
            while have < 2 {
                var rest = [UInt8](repeating: 0, count: 2 - have)
                let count = try readBlock(descriptor, path: path, into: &rest)
                if count == 0 { break }
                for index in 0..<count { first[have + index] = rest[index] }
                have += count
            }
            isCompressed = Gzip.isGzip(first.span.extracting(0..<have))
            inflater = isCompressed ? try Inflater(path: path) : nil
            raw = [UInt8](repeating: 0, count: Self.blockBytes)
            for index in 0..<have { raw[index] = first[index] }
            rawEnd = have
        } catch {
            if descriptor != 0 { close(descriptor) }
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        if descriptor != 0 { close(descriptor) }
    }

    /// Fills the start of `buffer` with the next bytes and returns how many; 0 only at the end.
    ///
    /// - Precondition: `buffer` is not empty; its count is the most that is read.
    public func read(into buffer: inout [UInt8]) throws(PlatformError) -> Int {
        precondition(!buffer.isEmpty, "a read needs room")
        guard let inflater else { return try readPlain(into: &buffer) }
        while true {
            if rawStart == rawEnd && !ended {
                rawEnd = try readBlock(descriptor, path: path, into: &raw)
                rawStart = 0
                ended = rawEnd == 0
            }
            let input = raw  // a second name, not a copy; gone before the block is read into again
            let (taken, made) = try inflater.inflate(input.span.extracting(rawStart..<rawEnd), into: &buffer)
            rawStart += taken
            if made > 0 { return made }
            if ended && rawStart == rawEnd {
                try inflater.finish()
                return 0
            }
        }
    }

    private func readPlain(into buffer: inout [UInt8]) throws(PlatformError) -> Int {
        if rawStart == rawEnd { return try readBlock(descriptor, path: path, into: &buffer) }
        let count = min(buffer.count, rawEnd - rawStart)
        for index in 0..<count { buffer[index] = raw[rawStart + index] }
        rawStart += count
        return count
    }
}

/// Lines of a `ByteSource`, without their newline. A carriage return before it is left to the format that is read.
public final class LineReader {
    /// Lines given so far: after a `next`, the number of that line, from 1.
    public private(set) var lineNumber = 0
    /// Where the last line began, in bytes of the uncompressed stream.
    public private(set) var lineOffset: UInt64 = 0
    /// Whether the last line ended in a newline; only the last line of a file may lack it.
    public private(set) var lineWasTerminated = true
    /// Bytes that one line may have at most.
    public let maximumLineBytes: Int

    public var path: String { source.path }

    private let source: ByteSource
    private var block: [UInt8]
    private var start = 0
    private var end = 0
    private var offset: UInt64 = 0

    public init(path: String, maximumLineBytes: Int = 16_777_216) throws(PlatformError) {
        source = try ByteSource(path: path)
        self.maximumLineBytes = maximumLineBytes
        block = [UInt8](repeating: 0, count: ByteSource.blockBytes)
    }

    /// Moves on to where a line begins, without giving out the lines before it; they are counted.
    ///
    /// - Parameter target: In bytes of the uncompressed stream, not before what was read already.
    /// - Returns: False where the stream ends earlier, or no line begins there.
    public func skip(to target: UInt64) throws(PlatformError) -> Bool {
        guard target >= offset else { return false }
        var isLineStart = target == offset && (lineWasTerminated || offset == 0)
        while offset < target {
            if start == end {
                start = 0
                end = try source.read(into: &block)
                if end == 0 { return false }
            }
            let count = Int(min(UInt64(end - start), target - offset))
            let (newlines, endsLine) = block.withUnsafeBytes { bytes -> (Int, Bool) in
                guard var place = bytes.baseAddress?.advanced(by: start) else { return (0, false) }
                let stop = place + count
                var newlines = 0
                while place < stop, let found = memchr(place, 0x0a, stop - place) {
                    newlines += 1
                    place = UnsafeRawPointer(found) + 1
                }
                return (newlines, place == stop)
            }
            lineNumber += newlines
            isLineStart = endsLine
            start += count
            offset += UInt64(count)
        }
        return isLineStart
    }

    /// Puts the next line into `line`, in place of what was there; false at the end.
    public func next(into line: inout [UInt8]) throws(PlatformError) -> Bool {
        line.removeAll(keepingCapacity: true)
        lineOffset = offset
        lineWasTerminated = false
        while true {
            if start == end {
                start = 0
                end = try source.read(into: &block)
                if end == 0 {
                    guard !line.isEmpty else { return false }
                    lineNumber += 1
                    return true
                }
            }
            let available = end - start
            let length = block.withUnsafeBytes { bytes -> Int? in
                guard let from = bytes.baseAddress?.advanced(by: start) else { return nil }
                return memchr(from, 0x0a, available).map { UnsafeRawPointer($0) - from }
            }
            let count = length ?? available
            guard line.count + count <= maximumLineBytes else {
                throw PlatformError(
                    operation: "read line \(lineNumber + 1) of", path: path,
                    reason: "it is longer than \(maximumLineBytes) bytes")
            }
            block.withUnsafeBufferPointer { line.append(contentsOf: $0[start..<(start + count)]) }
            start += count
            offset += UInt64(count)
            if length != nil {
                start += 1
                offset += 1
                lineNumber += 1
                lineWasTerminated = true
                return true
            }
        }
    }
}
