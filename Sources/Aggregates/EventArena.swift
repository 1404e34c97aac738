// Where events lie: chunks of a few sizes, each the events of one entity. Chunks of one size fill pages of their own
// without a gap: when one is given back, the last chunk of its size moves into its place, and whoever owns that one
// learns its new place. So memory follows use, whatever the order in which entities grow and leave. A chunk larger than
// a fifth of a page is an array of its own.
//
//   chunk   owner | events, `capacity` of them | an index of each column, if the capacity is large

struct EventArena: Sendable {
    /// Words of a page: 32 KiB.
    static let pageWords = 4_096
    static let largestSharedChunk = pageWords / 5
    /// Above this many events a chunk has an index of the values of each column; up to it they are searched.
    static let indexThreshold = 48

    /// A chunk's place.
    struct Reference: Equatable {
        var page: Int
        var offset: Int

        var packed: UInt64 { joined(low: offset, high: page) }

        init(page: Int, offset: Int) {
            self.page = page
            self.offset = offset
        }

        @inline(__always)
        init(packed: UInt64) {
            page = highHalf(packed)
            offset = lowHalf(packed)
        }
    }

    private struct SizeClass: Sendable {
        let capacity: Int
        let words: Int
        /// 1 for a chunk that is an array of its own.
        let chunksPerPage: Int
        let isShared: Bool
        var pages: [Int] = []
        var chunks = 0
    }

    var pages: [[UInt64]] = []
    private var classes: [SizeClass] = []
    private var freePages: [Int] = []
    private var freeNumbers: [Int] = []
    private(set) var bytes = 0

    /// Sizes 1 to 8, then four for each doubling: 10, 12, 14, 16, 20, ... up to a third more than an entity may have:
    /// so a full history moves to the front of its chunk only once in a third of its length.
    init(layout: Layout, eventsPerEntity: Int) {
        let largest = eventsPerEntity + eventsPerEntity / 3 + 1
        var capacity = 1
        while true {
            let words = Self.words(capacity: capacity, layout: layout)
            let isShared = words <= Self.largestSharedChunk
            classes.append(
                SizeClass(
                    capacity: capacity, words: words, chunksPerPage: isShared ? Self.pageWords / words : 1,
                    isShared: isShared))
            if capacity >= largest { break }
            capacity += max(1, 1 << (Int.bitWidth - 1 - capacity.leadingZeroBitCount) / 4)
        }
    }

    /// Slots of a column's index, a power of two at least twice the capacity; 0 for a chunk without.
    @inline(__always)
    static func indexSlots(capacity: Int) -> Int {
        guard capacity > indexThreshold else { return 0 }
        return 1 << (Int.bitWidth - (2 * capacity - 1).leadingZeroBitCount)
    }

    /// Words of a chunk.
    static func words(capacity: Int, layout: Layout) -> Int {
        1 + capacity * layout.eventWords + layout.columns.count * indexWords(capacity: capacity)
    }

    /// Four slots share a word.
    static func indexWords(capacity: Int) -> Int { indexSlots(capacity: capacity) / 4 }

    /// The smallest capacity of at least `events`.
    func capacity(for events: Int) -> Int {
        guard events > 8 else { return events }
        let step = 1 << (Int.bitWidth - 1 - (events - 1).leadingZeroBitCount) / 4
        return (events + step - 1) / step * step
    }

    /// The place of a capacity among the sizes.
    private func number(capacity: Int) -> Int {
        guard capacity > 4 else { return capacity - 1 }
        let exponent = Int.bitWidth - 1 - capacity.leadingZeroBitCount
        return 4 * exponent - 5 + (capacity >> (exponent - 2)) & 3
    }

    /// A chunk of the capacity; what it holds is undefined but for its owner.
    mutating func allocate(capacity: Int, owner: Int) -> Reference {
        let size = number(capacity: capacity)
        let reference: Reference
        if classes[size].isShared {
            let slot = classes[size].chunks % classes[size].chunksPerPage
            if slot == 0 {
                let page = sharedPage()
                classes[size].pages.append(page)
            }
            classes[size].chunks += 1
            let page = classes[size].pages[classes[size].pages.count - 1]
            reference = Reference(page: page, offset: slot * classes[size].words)
        } else {
            reference = Reference(page: ownPage(words: classes[size].words), offset: 0)
        }
        pages[reference.page][reference.offset] = UInt64(owner)
        return reference
    }

    /// Gives a chunk back.
    ///
    /// - Returns: The owner of the chunk that moved into its place, if one did.
    mutating func release(_ reference: Reference, capacity: Int) -> Int? {
        let size = number(capacity: capacity)
        guard classes[size].isShared else {
            pages[reference.page] = []
            freeNumbers.append(reference.page)
            bytes -= classes[size].words * MemoryLayout<UInt64>.stride
            return nil
        }
        classes[size].chunks -= 1
        let words = classes[size].words
        let slot = classes[size].chunks % classes[size].chunksPerPage
        let last = Reference(page: classes[size].pages[classes[size].pages.count - 1], offset: slot * words)
        if slot == 0 {
            freePages.append(classes[size].pages.removeLast())
        }
        if last == reference { return nil }
        copy(words: words, from: last, to: reference)
        return Int(pages[reference.page][reference.offset])
    }

    /// Copies words between chunks, which do not overlap.
    mutating func copy(words: Int, from source: Reference, to target: Reference) {
        let targetRange = target.offset..<target.offset + words
        let sourceRange = source.offset..<source.offset + words
        if source.page == target.page {
            pages[target.page].withUnsafeMutableBufferPointer { page in
                _ = page.extracting(targetRange).update(fromContentsOf: page.extracting(sourceRange))
            }
        } else {
            let sourcePage = pages[source.page]
            pages[target.page].withUnsafeMutableBufferPointer { page in
                sourcePage.withUnsafeBufferPointer { other in
                    _ = page.extracting(targetRange).update(fromContentsOf: other.extracting(sourceRange))
                }
            }
        }
    }

    private mutating func sharedPage() -> Int {
        if let page = freePages.popLast() { return page }
        let page = number(for: [UInt64](repeating: 0, count: Self.pageWords))
        bytes += Self.pageWords * MemoryLayout<UInt64>.stride
        return page
    }

    private mutating func ownPage(words: Int) -> Int {
        bytes += words * MemoryLayout<UInt64>.stride
        return number(for: [UInt64](repeating: 0, count: words))
    }

    private mutating func number(for page: consuming [UInt64]) -> Int {
        if let number = freeNumbers.popLast() {
            pages[number] = page
            return number
        }
        pages.append(page)
        return pages.count - 1
    }
}
