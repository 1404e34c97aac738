// What walks write to, sized when a scratch is made, so that a row allocates nothing.

/// Memory that a walk writes to.
struct ScratchNeed: Sendable {
    /// Answers of the condition table, or the row of the compact nodes.
    var bytes = 0
    /// Trees whose exits are kept.
    var trees = 0

    func covers(_ other: ScratchNeed) -> Bool { bytes >= other.bytes && trees >= other.trees }
}

/// What a `ScratchNeed` asks for, owned by one scratch.
struct ScratchMemory: ~Copyable {
    let bytes: UnsafeMutableRawPointer
    let exits: UnsafeMutablePointer<UInt16>
    let list: UnsafeMutablePointer<UInt16>

    init(_ need: ScratchNeed) {
        let count = max(need.bytes, 1)
        bytes = .allocate(byteCount: count, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        let trees = max(need.trees, 1)
        exits = .allocate(capacity: trees)
        exits.initialize(repeating: 0, count: trees)
        list = .allocate(capacity: trees)
        list.initialize(repeating: 0, count: trees)
    }

    deinit {
        bytes.deallocate()
        exits.deallocate()
        list.deallocate()
    }
}
