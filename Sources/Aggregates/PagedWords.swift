// Words by number, in pages: growing adds a page and moves nothing, and a copy shares every page that is not written
// after it. Items of a fixed number of words do not cross pages.

struct PagedWords: Sendable {
    /// Words of a page, about: 32 KiB. Larger ones take longer to copy, smaller ones are more references to copy.
    static var pageWords: Int { 4_096 }

    let itemWords: Int
    private let itemsPerPageShift: Int
    var pages: [[UInt64]] = []
    private(set) var count = 0

    /// As many items share a page as fit, rounded down to a power of two.
    init(itemWords: Int, pageWords: Int = Self.pageWords) {
        self.itemWords = itemWords
        let items = max(1, pageWords / itemWords)
        itemsPerPageShift = Int.bitWidth - 1 - items.leadingZeroBitCount
    }

    private var itemsPerPage: Int { 1 << itemsPerPageShift }

    var bytes: Int { pages.count * itemsPerPage * itemWords * MemoryLayout<UInt64>.stride }

    /// Adds an item of zeros and gives its number.
    mutating func append() -> Int {
        if count == pages.count * itemsPerPage {
            pages.append([UInt64](repeating: 0, count: itemsPerPage * itemWords))
        }
        count += 1
        return count - 1
    }

    @inline(__always)
    func page(of item: Int) -> Int { item &>> itemsPerPageShift }

    @inline(__always)
    func offset(of item: Int) -> Int { (item & (itemsPerPage &- 1)) &* itemWords }

    /// One word of an item.
    subscript(item: Int, word: Int) -> UInt64 {
        @inline(__always) get { pages[page(of: item)][offset(of: item) + word] }
        @inline(__always) set { pages[page(of: item)][offset(of: item) + word] = newValue }
    }
}
