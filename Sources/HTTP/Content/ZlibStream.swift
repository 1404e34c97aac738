// zlib behind a safe type: one stream, and one block of memory that what it makes goes through. This is the one file of
// HTTP that calls zlib. Input is a Span and output is read out of the block, so no pointer of a caller is kept; a size
// that a stream declares is never believed, because what it makes comes a block at a time.
//
//   input ─▶ zlib ─▶ block (16 KiB) ─▶ the caller's array
import CZlib

/// A stream of one direction, used again and again. It takes its memory at the first `begin`.
///
/// Sendable: the memory belongs to one value, which can't be copied, and no pointer to it leaves this type.
struct ZlibStream: ~Copyable, @unchecked Sendable {
    /// What surrounds the compressed data; the numbers are what zlib calls window bits.
    enum Frame: Int32 {
        /// RFC 1950, with an Adler-32.
        case zlib = 15
        /// RFC 1952, one member, with a CRC-32 and a length.
        case gzip = 31
    }

    enum Outcome: Equatable {
        /// More input or more room is needed; without progress, it is.
        case goingOn
        /// The stream ended and its checksum is right.
        case ended
        /// The input is not what its frame says.
        case damaged
    }

    struct Step {
        var outcome: Outcome
        var takenBytes: Int
        var madeBytes: Int
    }

    static let blockBytes = 16_384
    /// zlib's usual: smaller tables gain nothing that could be measured at 700 bytes, and cost half as much again at 64 KiB.
    private static let deflateMemoryLevel: Int32 = 8

    private var stream: UnsafeMutablePointer<z_stream>?
    private var block: UnsafeMutablePointer<UInt8>?
    private let isInflating: Bool

    init(inflating: Bool) { isInflating = inflating }

    deinit {
        guard let stream, let block else { return }
        if isInflating { inflateEnd(stream) } else { deflateEnd(stream) }
        stream.deallocate()
        block.deallocate()
    }

    /// zlib's word for the damage that was found last.
    var damage: String {
        guard let message = stream?.pointee.msg else { return "a preset dictionary" }
        return String(cString: message)
    }

    /// Starts a stream to inflate.
    mutating func beginInflating(_ frame: Frame) {
        precondition(isInflating, "a stream has one direction")
        if let stream {
            check(inflateReset2(stream, frame.rawValue))
        } else {
            check(inflateInit2_(takeMemory(), frame.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)))
        }
    }

    /// Starts a gzip member to deflate; the level is that of the first call.
    mutating func beginDeflating(level: Int32) {
        precondition(!isInflating, "a stream has one direction")
        if let stream {
            check(deflateReset(stream))
        } else {
            check(
                deflateInit2_(
                    takeMemory(), level, Z_DEFLATED, Frame.gzip.rawValue, Self.deflateMemoryLevel, Z_DEFAULT_STRATEGY,
                    ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)))
        }
    }

    private mutating func takeMemory() -> UnsafeMutablePointer<z_stream> {
        let taken = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        taken.initialize(to: z_stream())
        stream = taken
        block = .allocate(capacity: Self.blockBytes)
        return taken
    }

    /// zlib refuses memory or parameters here; the latter are ours, and without the former nothing goes on.
    private func check(_ status: Int32) {
        if status != Z_OK { fatalError("zlib has no memory, or its parameters are wrong (\(status))") }
    }

    /// Goes on with all of `input`, which is the rest of the whole, and makes at most `room` bytes.
    mutating func step(_ input: Span<UInt8>, room: Int) -> Step {
        guard let stream, let block else { preconditionFailure("the stream was not begun") }
        let offered = min(input.count, Int(uInt.max))
        let space = max(0, min(room, Self.blockBytes))
        let status = input.withUnsafeBufferPointer { source in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.pointee.avail_in = uInt(offered)
            stream.pointee.next_out = block
            stream.pointee.avail_out = uInt(space)
            // Z_FINISH in both directions: for inflate, it saves the window of a body that fits into one block.
            let flush = offered == input.count ? Z_FINISH : Z_NO_FLUSH
            return isInflating ? inflate(stream, flush) : deflate(stream, flush)
        }
        // The input belongs to the caller; zlib forgets where it was.
        stream.pointee.next_in = nil
        let taken = offered - Int(stream.pointee.avail_in)
        let made = space - Int(stream.pointee.avail_out)
        return Step(outcome: outcome(status), takenBytes: taken, madeBytes: made)
    }

    private func outcome(_ status: Int32) -> Outcome {
        switch status {
        case Z_OK, Z_BUF_ERROR: .goingOn
        case Z_STREAM_END: .ended
        case Z_DATA_ERROR, Z_NEED_DICT: .damaged
        default: fatalError("zlib has no memory, or its stream is inconsistent (\(status))")
        }
    }

    /// Appends what the last step made.
    func append(_ madeBytes: Int, to bytes: inout [UInt8]) {
        precondition(madeBytes <= Self.blockBytes, "a step makes a block at most")
        bytes.append(contentsOf: UnsafeBufferPointer(start: block, count: madeBytes))
    }
}
