// How much a piece of code allocates, counting what is freed again at once, by the C library's own account of its heap.
//
// A freed block of up to about a kilobyte goes into a cache of its thread, and the account counts it as in use. A new
// thread's cache is empty, so what it allocates must come from the heap, and freeing it does not give back: the growth of
// the heap shows every such block. Larger blocks show only if they stay; a test keeps documents and buffers below that.

import Glibc

/// One account of the C library, in the XML that malloc_info writes (`<malloc.h>` is not in the Glibc module).
private final class HeapAccount {
    private typealias WriteAccount = @convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt
    private static let textBytes = 262_144

    private let text: UnsafeMutablePointer<CChar>
    private let stream: UnsafeMutablePointer<FILE>
    private let writeAccount: WriteAccount

    init?() {
        guard let function = dlsym(dlopen(nil, RTLD_NOW), "malloc_info") else { return nil }
        text = .allocate(capacity: Self.textBytes)
        guard let stream = fmemopen(text, Self.textBytes, "w+") else { return nil }
        self.stream = stream
        setvbuf(stream, nil, _IOFBF, Self.textBytes)
        writeAccount = unsafeBitCast(function, to: WriteAccount.self)
        take()
    }

    deinit {
        fclose(stream)
        text.deallocate()
    }

    /// Writes the account as of now, and allocates nothing.
    func take() {
        rewind(stream)
        _ = writeAccount(0, stream)
        fflush(stream)
    }

    /// Bytes in use in all arenas when it was taken: what they have of the system, less what is free in them.
    var bytesInUse: Int {
        last("<system type=\"current\" size=\"") - last("<total type=\"fast\" count=\"", "size=\"")
            - last("<total type=\"rest\" count=\"", "size=\"")
    }

    /// The number behind the last place of `mark`, and behind `then` after that: the totals stand at the end.
    private func last(_ mark: String, _ then: String = "") -> Int {
        var found: UnsafeMutablePointer<CChar>?
        var next = strstr(text, mark)
        while let place = next {
            found = place + mark.utf8.count
            next = strstr(place + 1, mark)
        }
        if !then.isEmpty, let place = found { found = strstr(place, then).map { $0 + then.utf8.count } }
        return found.map { atol($0) } ?? 0
    }
}

/// What a new thread is given: code to run between two accounts.
private final class Run {
    private let before: HeapAccount
    private let after: HeapAccount
    private let body: () -> Void

    init?(_ body: @escaping () -> Void) {
        guard let before = HeapAccount(), let after = HeapAccount() else { return nil }
        self.before = before
        self.after = after
        self.body = body
    }

    /// Runs the code on a thread of its own and waits for it.
    func growthOnNewThread() -> Int? {
        var thread = pthread_t()
        let context = Unmanaged.passUnretained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let run = Unmanaged<Run>.fromOpaque(context).takeUnretainedValue()
                run.before.take()
                run.body()
                run.after.take()
                return nil
            }, context)
        guard status == 0, pthread_join(thread, nil) == 0 else { return nil }
        return after.bytesInUse - before.bytesInUse
    }
}

/// Bytes by which the heap grew while `body` ran, as above; 0 when it allocated nothing. nil without an account.
///
/// Other threads disturb a run now and then, so this is the most frequent growth of `runs` runs. Two of these at a time
/// disturb each other always: the tests that call it stand in one serialized suite.
func heapGrowth(runs: Int = 200, during body: () -> Void) -> Int? {
    withoutActuallyEscaping(body) { body in
        guard let run = Run(body) else { return nil }
        var frequency: [Int: Int] = [:]
        for _ in 0..<runs {
            guard let growth = run.growthOnNewThread() else { return nil }
            frequency[growth, default: 0] += 1
        }
        return frequency.max { $0.value < $1.value }?.key
    }
}
