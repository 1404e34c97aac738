// Once buffers have grown, a payment is read, pseudonymised, decided and recorded without a single allocation.
//
// Told by malloc's own books: a new thread has an empty cache of freed blocks, so even what is freed at once shows as a
// block that was taken from the arena. Other tests run beside these; a run that takes exactly nothing is proof, and a
// quiet moment for it is waited for.
import Glibc
import Platform
import Testing

@testable import Scoring

/// mallinfo2 is not in the Glibc module. It returns ten words in memory, of which the eighth is the bytes in use; on
/// x86-64 the caller passes where to as if it were the first argument.
private typealias MallocInfo = @convention(c) (UnsafeMutablePointer<UInt>) -> UnsafeMutableRawPointer?

#if arch(x86_64)
    private let mallocInfo = dlsym(nil, "mallinfo2").map { unsafeBitCast($0, to: MallocInfo.self) }
#else
    private let mallocInfo: MallocInfo? = nil
#endif

private func bytesInUse() -> Int {
    withUnsafeTemporaryAllocation(of: UInt.self, capacity: 10) { words in
        words.initialize(repeating: 0)
        guard let start = words.baseAddress else { return 0 }
        _ = mallocInfo?(start)
        return Int(bitPattern: words[7])
    }
}

private final class Errand {
    let body: () -> Void
    var taken = 0

    init(_ body: @escaping () -> Void) { self.body = body }

    func run() {
        let first = malloc(1)  // makes the thread's cache, before the count
        let before = bytesInUse()
        body()
        taken = bytesInUse() - before
        free(first)
    }
}

/// Bytes that are in use after `body` ran on a thread of its own, less those before.
private func bytesTaken(by body: () -> Void) -> Int {
    withoutActuallyEscaping(body) { body in
        let errand = Errand(body)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Errand>.fromOpaque(context).takeUnretainedValue().run() }
                return nil
            }, Unmanaged.passUnretained(errand).toOpaque())
        precondition(status == 0, "no thread")
        pthread_join(thread, nil)
        return errand.taken
    }
}

/// True when one run of `body`, among many, takes exactly nothing.
private func takesNothing(tries: Int = 2_000, _ body: () -> Void) -> Bool {
    for attempt in 0..<tries {
        if bytesTaken(by: body) == 0 { return true }
        if attempt > 50 { usleep(1_000) }
    }
    return false
}

@Suite(.enabled(if: mallocInfo != nil, "malloc's books can't be read here"))
struct AllocationTests {
    @Test func `the books show an allocation that is freed at once`() {
        var addresses = 0  // looked at, so that the call is not optimised away
        let nothing = takesNothing(tries: 40) {
            let block = malloc(40)
            addresses &+= Int(bitPattern: block) >> 4
            free(block)
        }
        #expect(!nothing && addresses != 0)
    }

    @Test func `reading a payment and hiding its identifiers allocates nothing`() throws {
        var reader = PaymentReader()
        var payment = Payment()
        let pseudonymizer = Pseudonymizer(key: Array("key".utf8))
        let body = Array(RequestText.full.setting("metadata", #"{"b":"\u00e9","a":1.5,"c":true}"#).text.utf8)
        for _ in 0..<3 {
            try reader.read(body.span, into: &payment)
            pseudonymizer.apply(to: &payment)
        }
        var failures = 0
        let nothing = takesNothing {
            do throws(PaymentProblem) {
                try reader.read(body.span, into: &payment)
                pseudonymizer.apply(to: &payment)
            } catch {
                failures += 1
            }
        }
        #expect(nothing && failures == 0)
    }

    @Test(arguments: [false, true])
    func `deciding, answering and recording a payment that is approved allocates nothing`(withModel: Bool) throws {
        let plan = try makeRichPlan()
        let model: ModelState = withModel ? .serving(try BundleFixture(plan: plan).load()) : .none
        let limits = CoreLimits(submissions: SubmissionLimits(retentionNanoseconds: second, maximumTransactions: 1_000))
        var sequencer = Sequencer(
            core: try Core(
                plan: plan, model: model, costs: LadderCosts(rulesNanoseconds: 1, modelNanoseconds: 1), limits: limits))
        var reader = PaymentReader()
        var payments: [Payment] = []
        let (warmUp, tries) = (1_500, 1_500)
        for i in 0..<(warmUp + tries) {
            var payment = Payment()
            // One card every two hours: its histories grow and shrink, and stay as they are.
            let time = midnight + Int64(i) * 7_200 * second
            let request = RequestText.full.setting("transaction_id", "\"t\(i)\"").setting("amount", "500")
                .setting("event_time", "\"\(Timestamp.text(nanoseconds: time))\"")
            let body = Array(request.text.utf8)
            try reader.read(body.span, into: &payment)
            payments.append(payment)
        }
        var next = 0
        var recorded = 0
        var decided = 0
        let noTrace: [UInt8] = []
        func submit() {
            let payment = payments[next]
            next += 1
            let arrival = Arrival(receivedAtNanoseconds: payment.eventTimeNanoseconds, budgetNanoseconds: 50_000_000)
            let outcome = sequencer.submit(payment, arrival, traceParent: noTrace.span, clock: { 5 }) { _, body in
                recorded += body.count
                return RecordReference(segment: 1, offset: 2, length: 3)
            }
            if outcome == .decided, sequencer.core.decision.verdict == .approve { decided += 1 }
        }
        for _ in 0..<warmUp { submit() }
        #expect(takesNothing(tries: tries) { submit() })
        #expect(decided == next && recorded > 0)
    }
}
