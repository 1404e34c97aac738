// Nothing is allocated on the way of a row, told by malloc's own books. What runs is given a thread of its own, whose
// cache of freed blocks is empty: so even an allocation that is freed at once shows, since its block is taken from the
// arena and stays in the cache, which the books count as used. Other tests run beside these, so a quiet moment is
// waited for: one exact zero is proof.
import Glibc
import Testing
import Trees

/// mallinfo2, which the Glibc module does not show. It returns a struct of ten words, of which the eighth is the bytes
/// in use; on x86-64 the caller passes the struct's address as if it were the first argument.
private typealias MallocInfo = @convention(c) (UnsafeMutablePointer<UInt>) -> UnsafeMutableRawPointer?

#if arch(x86_64)
    private let mallocInfo = dlsym(nil, "mallinfo2").map { unsafeBitCast($0, to: MallocInfo.self) }
#else
    private let mallocInfo: MallocInfo? = nil
#endif

private func bytesInUse() -> Int {
    withUnsafeTemporaryAllocation(of: UInt.self, capacity: 10) { words in
        words.initialize(repeating: 0)
        _ = mallocInfo?(words.baseAddress!)
        return Int(bitPattern: words[7])
    }
}

/// A body on its way to another thread, and what it took on its way back.
private final class Errand {
    let body: () -> Void
    var taken = 0
    init(_ body: @escaping () -> Void) { self.body = body }

    func run() {
        // The thread's cache itself is allocated with its first block, which is kept so that it serves nobody else.
        let first = malloc(1)
        let before = bytesInUse()
        body()
        taken = bytesInUse() - before
        free(first)
    }
}

/// Bytes that malloc counts as used when `body` has run on a new thread, less those before.
private func bytesTaken(by body: () -> Void) -> Int {
    withoutActuallyEscaping(body) { body in
        let errand = Errand(body)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Errand>.fromOpaque(context!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(errand).toOpaque())
        precondition(status == 0, "no thread")
        pthread_join(thread, nil)
        return errand.taken
    }
}

enum AllocationBooks {
    static let areOpen = mallocInfo != nil

    /// True when some run of `body`, among many, takes exactly nothing.
    static func takesNothing(tries: Int = 10_000, _ body: () -> Void) -> Bool {
        for attempt in 0..<tries {
            if bytesTaken(by: body) == 0 { return true }
            if attempt > 50 { usleep(1_000) }
        }
        return false
    }
}

@Suite(.enabled(if: AllocationBooks.areOpen, "malloc's books cannot be read here"))
struct AllocationTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        var engine: ModelSummary.Engine
        var splits: Int
        var categorical: Bool
        var testDescription: String { "\(engine)" }

        func model() throws -> TreeModel {
            var rng = SplitMix64(seed: 5)
            let trees = (0..<20).map { _ in
                TreeText.random(splits: splits, features: 4, categorical: categorical, using: &rng)
            }
            return try ModelText(trees: trees, features: 4).model()
        }
    }

    @Test(arguments: [
        Case(engine: .heap, splits: 6, categorical: false), Case(engine: .treelets, splits: 60, categorical: true),
    ])
    private func `margin, probability and attribution allocate nothing`(item: Case) throws {
        let model = try item.model()
        #expect(model.summary.engine == item.engine)
        let scratch = model.makeScratch()
        let row = [1, 2, Double.nan, 0.5]
        var contributions = [Double](repeating: 0, count: 5)
        var margins = [0.0]
        var sum = 0.0
        let nothing = AllocationBooks.takesNothing {
            sum += model.margin(of: row.span, scratch: scratch)
            sum += model.margin(ofFirst: 1, of: row.span, scratch: scratch)
            sum += model.probability(ofMargin: sum)
            model.margins(of: row.span, into: &margins, scratch: scratch)
            sum += model.pathAttribution(of: row.span, into: &contributions, scratch: scratch)
            sum += model.shapleyValues(of: row.span, into: &contributions, scratch: scratch)
        }
        #expect(nothing)
        #expect(sum.isFinite)
    }

    @Test func `the books show an allocation that is freed at once`() {
        var sum = 0
        let nothing = AllocationBooks.takesNothing(tries: 40) {
            let block = malloc(40)
            sum += block == nil ? 0 : 1
            free(block)
        }
        #expect(!nothing)
        #expect(sum == 40)
    }
}
