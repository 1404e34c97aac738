// A coded body, and what it was before. The body is there as a whole, so how much may come out of it is known before
// the first byte does: the resource's limit, or what the ratio allows for a body of that size, whichever is less. Not
// one byte more than that and one to notice is ever made, whatever the stream says of its size.
//
// A payment takes 3 µs and may be inflated on its event loop; a megabyte takes 2 ms and belongs in the background.

/// How much may come out of a coded body. Both limits are inclusive.
public struct InflateLimits: Sendable, Equatable {
    /// Bytes of the body as it was before it was coded.
    public var maximumBytes: Int
    /// How many times the coded body's size may come out. deflate reaches 1,032; JSON of a thousand payments that
    /// differ only in their numbers some 30.
    public var maximumRatio = 100
    /// Up to this size any ratio will do: a small body is no bomb.
    public var ratioFloorBytes = 16_384

    /// - Parameter maximumBytes: What the same resource takes of a body that is not coded.
    public init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// What may come out of a coded body of that size, and what is wrong where more would.
    func bound(codedBytes: Int) -> (bytes: Int, error: ContentError) {
        let (product, overflows) = codedBytes.multipliedReportingOverflow(by: maximumRatio)
        let byRatio = max(ratioFloorBytes, overflows ? .max : product)
        return maximumBytes <= byRatio
            ? (max(0, maximumBytes), .tooLarge(limitBytes: maximumBytes))
            : (max(0, byRatio), .ratioTooHigh(maximumRatio: maximumRatio))
    }
}

/// Decodes one body after another. Holds memory from the first coded body on (some 60 KB) and then allocates nothing; a
/// handler keeps one, work in the background makes its own. Not to be used by two threads at a time.
public struct BodyDecoder: ~Copyable, Sendable {
    private var stream = ZlibStream(inflating: true)

    public init() {}

    /// Puts the body as it was before it was coded into `bytes`, whose storage is used again and grows to the limit at
    /// most. Where it throws, `bytes` is empty: nothing unchecked comes out.
    ///
    /// gzip members may follow one another (RFC 1952 section 2.2), within the limits; nothing else may follow the end.
    ///
    /// - Complexity: O(coded bytes + decoded bytes).
    public mutating func decode(
        _ body: Span<UInt8>, _ coding: ContentCoding, _ limits: InflateLimits, into bytes: inout [UInt8]
    ) throws(ContentError) {
        bytes.removeAll(keepingCapacity: true)
        do throws(ContentError) {
            switch coding {
            case .identity: try copy(body, limits, into: &bytes)
            case .gzip: try inflate(body, .gzip, limits, into: &bytes)
            case .deflate: try inflate(body, .zlib, limits, into: &bytes)
            }
        } catch {
            bytes.removeAll(keepingCapacity: true)
            throw error
        }
    }

    private func copy(_ body: Span<UInt8>, _ limits: InflateLimits, into bytes: inout [UInt8]) throws(ContentError) {
        if body.count > limits.maximumBytes { throw .tooLarge(limitBytes: limits.maximumBytes) }
        body.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    private mutating func inflate(
        _ body: Span<UInt8>, _ frame: ZlibStream.Frame, _ limits: InflateLimits, into bytes: inout [UInt8]
    ) throws(ContentError) {
        let bound = limits.bound(codedBytes: body.count)
        var taken = 0
        stream.beginInflating(frame)
        while true {
            // One byte past the bound is enough to know.
            let room = min(bound.bytes - bytes.count, ZlibStream.blockBytes - 1) + 1
            let step = stream.step(body.extracting(taken..<body.count), room: room)
            taken += step.takenBytes
            if step.madeBytes > bound.bytes - bytes.count { throw bound.error }
            Self.makeRoom(in: &bytes, for: step.madeBytes, atMost: bound.bytes)
            stream.append(step.madeBytes, to: &bytes)
            switch step.outcome {
            case .goingOn:
                if step.takenBytes == 0 && step.madeBytes == 0 { throw .truncated(offset: taken) }
            case .damaged: throw damage(at: taken)
            case .ended:
                if taken == body.count { return }
                guard frame == .gzip, Self.isMember(body, from: taken) else { throw .trailingBytes(offset: taken) }
                stream.beginInflating(.gzip)
            }
        }
    }

    /// Doubling, as an array does by itself, but never past the bound.
    private static func makeRoom(in bytes: inout [UInt8], for more: Int, atMost bound: Int) {
        let needed = bytes.count + more
        if needed > bytes.capacity { bytes.reserveCapacity(min(bound, max(needed, bytes.capacity * 2))) }
    }

    /// Whether what follows begins as a gzip member does, as far as it goes (RFC 1952 section 2.3.1).
    private static func isMember(_ body: Span<UInt8>, from start: Int) -> Bool {
        body[start] == 0x1F && (start + 1 == body.count || body[start + 1] == 0x8B)
    }

    private func damage(at offset: Int) -> ContentError {
        let reason = stream.damage
        switch reason {
        case "incorrect data check", "incorrect length check", "header crc mismatch":
            return .wrongChecksum(offset: offset)
        default: return .damaged(reason: reason, offset: offset)
        }
    }
}
