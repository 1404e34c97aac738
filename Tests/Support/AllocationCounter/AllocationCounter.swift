// What a piece of code asks of malloc, counted exactly on its own thread.
import CAllocationCounter

public enum AllocationCounter {
    /// False under a sanitizer, and where the C library is not glibc: tests that count are skipped there.
    public static var isOn: Bool { allocation_counter_is_on() }

    /// Calls of malloc, calloc, realloc and the aligned ones while `body` runs, on this thread.
    @inline(never)
    public static func allocations(in body: () throws -> Void) rethrows -> Int {
        let before = allocation_counter_of_this_thread()
        try body()
        return Int(allocation_counter_of_this_thread() - before)
    }

    /// Bytes that those calls ask for.
    @inline(never)
    public static func bytes(in body: () throws -> Void) rethrows -> Int {
        let before = allocation_counter_bytes_of_this_thread()
        try body()
        return Int(allocation_counter_bytes_of_this_thread() - before)
    }
}
