// Entities in the order in which they were last seen: a list with links both ways, apart from the entities so that
// moving one to the front touches three words in little memory. A word holds an entity's newer and older neighbour,
// each as its number plus one; 0 is none.

struct RecencyList: Sendable {
    /// Words of a page: 8 KiB, because a payment writes to three of them and needs a word of each.
    static var pageWords: Int { 1_024 }

    private var links = PagedWords(itemWords: 1, pageWords: Self.pageWords)
    private var newest = -1
    private(set) var oldest = -1

    var bytes: Int { links.bytes }

    /// Takes a new entity, whose number is the next, as the newest.
    mutating func append() -> Int {
        let entity = links.append()
        pushNewest(entity)
        return entity
    }

    /// Makes a known entity the newest.
    mutating func touch(_ entity: Int) {
        if entity == newest { return }
        let word = links[entity, 0]
        let newer = lowHalf(word) - 1
        let older = highHalf(word) - 1
        links[newer, 0] = joined(low: lowHalf(links[newer, 0]), high: older + 1)
        if older >= 0 {
            links[older, 0] = joined(low: newer + 1, high: highHalf(links[older, 0]))
        } else {
            oldest = newer
        }
        pushNewest(entity)
    }

    /// The entity that was seen next after, -1 after the newest.
    func newer(than entity: Int) -> Int { lowHalf(links[entity, 0]) - 1 }

    /// Reads the links that moving the entity to the front changes.
    func touchLinks(of entity: Int) -> UInt64 {
        let word = links[entity, 0]
        let newer = max(lowHalf(word) - 1, 0)
        let older = max(highHalf(word) - 1, 0)
        return links[newer, 0] ^ links[older, 0]
    }

    private mutating func pushNewest(_ entity: Int) {
        links[entity, 0] = joined(low: 0, high: newest + 1)
        if newest >= 0 {
            links[newest, 0] = joined(low: entity + 1, high: highHalf(links[newest, 0]))
        } else {
            oldest = entity
        }
        newest = entity
    }
}
