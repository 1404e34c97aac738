// After warm-up neither reading nor writing allocates anything.

import AllocationCounter
import JSON
import Testing

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here")) struct AllocationTests {
    static let payment = Array(
        #"""
        {"transaction_id":"txn_01HF8ZK3Q9","event_time":"2026-11-20T14:03:27.123Z","amount":129900,"currency":"EUR",
         "card":{"fingerprint":"fp_\u0039f8e","bin":"411111","exp_year":2029},"tags":["é","\ud83d\ude00",null,true],
         "risk":{"km":12.75,"exact":0.04123771823651234567890,"far":1e-200},"big":123456789012345678901234567890}
        """#.utf8)
    static let keys = JSONKeys(["transaction_id", "event_time", "amount", "currency", "card", "risk"])

    @Test func `the instrument sees an array that is freed at once`() {
        var sum = 0
        let allocations = AllocationCounter.allocations {
            let array = [UInt8](repeating: 1, count: 100)
            sum += array.withUnsafeBufferPointer { Int($0[$0.count / 2]) }
        }
        #expect(allocations == 1)
        #expect(sum > 0)
    }

    @Test func `reading allocates nothing`() throws {
        var buffer: [UInt8] = []
        buffer.reserveCapacity(512)
        var known = 0
        func read() throws(JSONError) {
            buffer.removeAll(keepingCapacity: true)
            var reader = JSONReader(Self.payment.span)
            try readObject(&reader, &buffer, &known)
            try reader.finish()
        }
        try read()
        var failures = 0
        let allocations = AllocationCounter.allocations { do { try read() } catch { failures += 1 } }
        #expect(allocations == 0)
        #expect(failures == 0)
        #expect(text(buffer).contains("fp_9f8e"))
        #expect(known > 0)
    }

    // Refusing is not counted here: the test library takes a backtrace of whatever is thrown, and allocates for it.
    @Test func `skipping allocates nothing`() {
        var refusals = 0
        func skip() { if refusal(of: Self.payment) != nil { refusals += 1 } }
        skip()
        let allocations = AllocationCounter.allocations { skip() }
        #expect(allocations == 0)
        #expect(refusals == 0)
    }

    @Test func `writing into a warm writer allocates nothing`() {
        var writer = JSONWriter(capacity: 700)
        let numbers = [0.1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 5, -0.0, .nan]
        let name = "a name that is longer than a small string holds"
        func write() {
            writer.removeAll()
            writer.beginObject()
            writer.key("transaction_id")
            writer.string("txn_1")
            writer.key(name)
            writer.string(name)
            writer.key("escaped")
            writer.string("tab\t quote\" nul\0 é")
            writer.key("numbers")
            writer.beginArray()
            for i in numbers.indices { writer.double(numbers[i]) }
            writer.float(0.0412)
            writer.integer(.min)
            writer.unsigned(.max)
            writer.endArray()
            writer.key("raw")
            writer.raw("{}")
            writer.key("flag")
            writer.bool(true)
            writer.endObject()
        }
        write()
        #expect(AllocationCounter.allocations { write() } == 0)
        #expect(refusal(of: writer.bytes) == nil)
    }

    private func readObject(
        _ reader: inout JSONReader, _ buffer: inout [UInt8], _ known: inout Int
    ) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.index(of: key, in: Self.keys) != nil { known += 1 }
            if reader.equals(key, "amount") { known += 1 }
            switch try reader.peek() {
            case .object: try readObject(&reader, &buffer, &known)
            case .string: reader.append(try reader.readString(), to: &buffer)
            case .number:
                if reader.equals(key, "amount") { _ = try reader.readInteger() } else { _ = try reader.readDouble() }
            default: try reader.skipValue()
            }
        }
    }
}
