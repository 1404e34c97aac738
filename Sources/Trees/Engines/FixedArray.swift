// A buffer that is filled once and then only read. Unlike an Array it has no reference count, so a thread that reads a
// shared model writes to no shared cache line.

/// Elements on a 64-byte boundary, owned by whoever owns this value.
struct FixedArray<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        let bytes = max(elements.count, 1) * MemoryLayout<Element>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        let memory = raw.bindMemory(to: Element.self, capacity: elements.count)
        elements.withUnsafeBufferPointer { elements in
            if let first = elements.baseAddress { memory.initialize(from: first, count: elements.count) }
        }
        base = UnsafePointer(memory)
        count = elements.count
    }

    deinit { UnsafeMutableRawPointer(mutating: base).deallocate() }

    var bytes: Int { count * MemoryLayout<Element>.stride }
}

// Proof: the memory is written in `init` alone, before any other thread can see the value, and freed by its one owner.
extension FixedArray: @unchecked Sendable where Element: Sendable {}
