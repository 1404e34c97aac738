// Answers into gzip: one member, at a level for speed. An event loop has an encoder of its own; answers that come from
// other threads are coded there, by one that each loop's mailbox keeps for them.
import Synchronization

/// Codes one body after another; holds memory from the first on, and then allocates nothing but what `coded` must grow.
struct GzipEncoder: ~Copyable, Sendable {
    private var stream = ZlibStream(inflating: false)
    private let level: Int32

    /// - Parameter level: 1, the fastest, to 9.
    init(level: Int) { self.level = Int32(max(1, min(level, 9))) }

    /// Puts `body` as one gzip member into `coded`, whose storage is used again.
    mutating func encode(_ body: Span<UInt8>, into coded: inout [UInt8]) {
        coded.removeAll(keepingCapacity: true)
        stream.beginDeflating(level: level)
        var taken = 0
        while true {
            let step = stream.step(body.extracting(taken..<body.count), room: ZlibStream.blockBytes)
            taken += step.takenBytes
            stream.append(step.madeBytes, to: &coded)
            if step.outcome == .ended { return }
        }
    }
}

/// One encoder at rest, for threads that come now and then: to make one takes ten times as long as to code 2 KB with
/// it. Two at a time don't wait for each other: the second makes its own, and one of them is kept.
final class SpareEncoder: Sendable {
    private let spare = Mutex<GzipEncoder?>(nil)
    private let level: Int

    init(level: Int) { self.level = level }

    /// `body` as one gzip member.
    func encode(_ body: Span<UInt8>) -> [UInt8] {
        var encoder: GzipEncoder? = spare.withLock { $0.take() } ?? GzipEncoder(level: level)
        var coded: [UInt8] = []
        encoder?.encode(body, into: &coded)
        spare.withLock { swap(&$0, &encoder) }
        return coded
    }
}
