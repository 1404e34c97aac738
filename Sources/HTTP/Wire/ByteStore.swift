// The bytes of one direction of one connection: a raw allocation with a readable window.
//
//      0 ........ start ........ end ........ capacity
//        consumed |   readable   |    free
//
// All offsets that callers see count from `start`. This file is the one place of the wire layer that touches raw
// memory: every access is checked against the window, memory is owned by exactly one store (the type is not copyable),
// and a Span of it borrows the store, so the compiler keeps it from being changed or freed while the Span is in use.
import Glibc

struct ByteStore: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private(set) var capacity: Int
    private var start = 0
    private var end = 0

    /// An empty store without memory; it takes some at the first append.
    init() {
        base = nil
        capacity = 0
    }

    init(_ bytes: Span<UInt8>) {
        self.init()
        append(bytes)
    }

    deinit { free(base) }

    /// Readable bytes.
    var count: Int { end - start }
    var isEmpty: Bool { end == start }
    /// Bytes that can be received without growing or moving.
    var freeBytes: Int { capacity - end }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let buffer = UnsafeRawBufferPointer(start: base, count: end)
            let span = Span<UInt8>(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            return _overrideLifetime(span, borrowing: self)
        }
    }

    subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count, "byte \(offset) of \(count)")
        return base.unsafelyUnwrapped.load(fromByteOffset: start &+ offset, as: UInt8.self)
    }

    /// Offset of the first `byte` in `range`, which must lie in the window.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        guard !range.isEmpty, let base else { return nil }
        let from = base + start + range.lowerBound
        guard let found = memchr(from, Int32(byte), range.count) else { return nil }
        return range.lowerBound + (found - from)
    }

    // MARK: Changing the window

    mutating func removeAll() {
        start = 0
        end = 0
    }

    /// Drops bytes at the front.
    mutating func consume(_ bytes: Int) {
        precondition(bytes >= 0 && bytes <= count, "consume \(bytes) of \(count)")
        start += bytes
        if start == end { removeAll() }
    }

    /// Drops bytes in the middle; what follows moves down.
    mutating func remove(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "remove \(range) of \(count)")
        guard !range.isEmpty, let base else { return }
        memmove(base + start + range.lowerBound, base + start + range.upperBound, count - range.upperBound)
        end -= range.count
    }

    /// Copies `count` bytes from one offset down to another, both inside the window; they may overlap.
    mutating func move(_ bytes: Int, from source: Int, to target: Int) {
        precondition(bytes >= 0 && target >= 0 && target <= source && source + bytes <= count, "move inside the window")
        guard bytes > 0, source != target, let base else { return }
        memmove(base + start + target, base + start + source, bytes)
    }

    /// Makes room for `bytes` more: by moving the window to the front if that is enough, else by growing.
    @inline(__always)
    mutating func reserve(_ bytes: Int) {
        if freeBytes < bytes { makeRoom(bytes) }
    }

    @inline(never)
    private mutating func makeRoom(_ bytes: Int) {
        if start > 0, let base {
            memmove(base, base + start, count)
            end -= start
            start = 0
            if freeBytes >= bytes { return }
        }
        let wanted = max(capacity * 2, end + bytes, 512)
        guard let grown = realloc(base, wanted) else { fatalError("out of memory for \(wanted) bytes") }
        base = grown
        capacity = wanted
    }

    // MARK: Appending

    mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { append(raw: $0) }
    }

    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append(raw: $0) }
    }

    mutating func append(_ text: StaticString) {
        append(raw: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    /// Appends digits without sign; `value` must not be negative.
    mutating func append(decimal value: Int) {
        precondition(value >= 0, "a length is never negative")
        reserve(Self.mostDigits)
        var digits = 1
        var bound = 10
        while digits < Self.mostDigits - 1 && value >= bound {
            digits += 1
            bound *= 10
        }
        if value >= bound { digits += 1 }
        var rest = value
        for offset in stride(from: end + digits - 1, through: end, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest % 10) + 48
            base.unsafelyUnwrapped.storeBytes(of: digit, toByteOffset: offset, as: UInt8.self)
            rest /= 10
        }
        end += digits
    }

    /// Decimal digits of the largest Int.
    private static let mostDigits = 19

    private mutating func append(raw bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(base.unsafelyUnwrapped + end, from, bytes.count)
        end += bytes.count
    }

    /// Appends what `fill` writes into the free space; it returns how many bytes those are (negative means none).
    mutating func appendUnchecked(_ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        guard let base else { return 0 }
        let written = fill(UnsafeMutableRawBufferPointer(start: base + end, count: freeBytes))
        precondition(written <= freeBytes, "more was written than there is room for")
        end += max(0, written)
        return written
    }

    // MARK: Lending

    /// Takes the memory out of an empty store, for a pool.
    fileprivate mutating func takeMemory() -> UnsafeMutableRawPointer? {
        precondition(isEmpty, "memory in use is not lent")
        let taken = base
        base = nil
        capacity = 0
        removeAll()
        return taken
    }

    fileprivate mutating func giveMemory(_ memory: UnsafeMutableRawPointer, bytes: Int) {
        free(base)
        base = memory
        capacity = bytes
        removeAll()
    }
}

/// Spare memory of one event loop. A connection holds memory only while it has bytes in it, so ten thousand idle
/// connections hold none, and busy ones take turns with blocks that are warm in the cache.
struct BytePool: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []
    let blockBytes: Int
    let maximumBlocks: Int

    init(blockBytes: Int, maximumBlocks: Int) {
        self.blockBytes = blockBytes
        self.maximumBlocks = maximumBlocks
        blocks.reserveCapacity(maximumBlocks)
    }

    deinit { for block in blocks { free(block) } }

    /// Gives memory to a store that has none.
    mutating func lend(to store: inout ByteStore) {
        guard store.capacity == 0 else { return }
        if let block = blocks.popLast() {
            store.giveMemory(block, bytes: blockBytes)
        } else {
            store.reserve(blockBytes)
        }
    }

    /// Takes the memory of an empty store back. What has grown past a block is freed, so one large request leaves none.
    mutating func reclaim(from store: inout ByteStore) {
        guard store.capacity > 0 else { return }
        let isBlock = store.capacity == blockBytes
        guard let memory = store.takeMemory() else { return }
        if isBlock && blocks.count < maximumBlocks { blocks.append(memory) } else { free(memory) }
    }
}
