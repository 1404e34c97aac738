// The server's parts one by one: dates, responses, deadlines, byte stores.
import Testing

@testable import HTTP

@Suite struct ServerPartTests {
    private func serialize(_ response: Response, _ shape: AnswerShape, second: Int64 = 784_111_777) -> String {
        var serializer = ResponseSerializer(serverName: "")
        var output = ByteStore()
        serializer.write(response.content, shape, second: second, into: &output)
        return text(array(output.span))
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String)])
    func `a second is written as a date of RFC 9110`(second: Int64, expected: String) {
        var line: [UInt8] = []
        appendDateLine(second, to: &line)
        #expect(text(line) == "Date: \(expected)\r\n")
    }

    @Test func `a response is written byte for byte`() {
        let response = Response()
        response.body = Array("{}".utf8)
        response.addHeader("X-A", "b")
        #expect(
            serialize(response, AnswerShape())
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
                + "Content-Length: 2\r\nX-A: b\r\n\r\n{}")
        #expect(
            serialize(response, AnswerShape(isHead: true, minorVersion: 0, keepsAlive: true))
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
                + "Content-Length: 2\r\nConnection: keep-alive\r\nX-A: b\r\n\r\n")
        response.reset()
        response.status = 304
        #expect(
            serialize(response, AnswerShape(keepsAlive: false))
                == "HTTP/1.1 304 Not Modified\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n\r\n")
    }

    @Test func `the Server field is sent if it has a name, without what could break its line`() {
        var serializer = ResponseSerializer(serverName: "shroff\r\nX: y")
        var output = ByteStore()
        serializer.write(ResponseContent(), AnswerShape(), second: 0, into: &output)
        #expect(text(array(output.span)).contains("\r\nServer: shroffX: y\r\n"))
    }

    @Test func `a thousand requests are parsed and answered in the memory of the first`() {
        let wire = Array(
            ("POST /v1/score?a=b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
                + "Accept: */*\r\nUser-Agent: test\r\nContent-Length: 600\r\n\r\n"
                + String(repeating: "x", count: 600)).utf8)
        let content = [UInt8](repeating: 121, count: 400)
        var parser = RequestParser()
        var input = ByteStore()
        var output = ByteStore()
        var serializer = ResponseSerializer(serverName: "shroff")
        let response = Response()
        var places: Set<[UInt]> = []
        for index in 0..<1_000 {
            input.append(wire)
            #expect(parser.advance(&input) == .head)
            parser.receiveBody(limit: 1_000)
            #expect(parser.advance(&input) == .complete)
            #expect(parser.body.count == 600)
            response.reset()
            response.body.append(contentsOf: content)
            response.addHeader("X-Index", "value")
            serializer.write(response.content, AnswerShape(), second: Int64(index / 10), into: &output)
            places.insert([
                place(input.span), place(output.span), place(response.body.span),
                place(response.content.fieldLines.span),
                parser.fields.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) },
            ])
            input.consume(parser.consumedBytes)
            parser.reset()
            output.consume(output.count)
        }
        #expect(places.count == 1)
    }

    private func place(_ span: Span<UInt8>) -> UInt { span.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `deadlines expire like those of a plain table`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var timeouts = ServerTimeouts()
        timeouts.idleMilliseconds = 50
        timeouts.headMilliseconds = 10
        timeouts.bodyMilliseconds = 30
        var deadlines = Deadlines(timeouts: timeouts, graceMilliseconds: 5)
        let milliseconds: [DeadlineKind: UInt64] = [.idle: 50, .head: 10, .body: 30]
        var table: [Int: (kind: DeadlineKind, at: UInt64)] = [:]
        for _ in 0..<20 { deadlines.addSlot() }
        var now: UInt64 = 0
        for _ in 0..<2_000 {
            now += UInt64.random(in: 0...3_000_000, using: &random)
            let slot = Int.random(in: 0..<20, using: &random)
            if Int.random(in: 0..<5, using: &random) == 0 {
                deadlines.remove(slot)
                table[slot] = nil
            } else {
                let kind = [.idle, .head, .body].randomElement(using: &random) ?? DeadlineKind.idle
                deadlines.set(slot, kind, now: now)
                table[slot] = (kind, now + (milliseconds[kind] ?? 0) * 1_000_000)
            }
            #expect(deadlines.next == table.values.map(\.at).min())
            var expired: [Int: DeadlineKind] = [:]
            while let (slot, kind) = deadlines.takeExpired(now: now) { expired[slot] = kind }
            #expect(expired == table.filter { $0.value.at <= now }.mapValues(\.kind))
            table = table.filter { $0.value.at > now }
        }
    }

    @Test func `a store moves, removes and grows without losing a byte`() {
        var random = SplitMix64(seed: 7)
        var store = ByteStore()
        var plain: [UInt8] = []
        for round in 0..<2_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let bytes = (0..<Int.random(in: 0...40, using: &random)).map { UInt8(truncatingIfNeeded: $0 &+ round) }
                store.append(bytes)
                plain += bytes
            case 2:
                let count = Int.random(in: 0...plain.count, using: &random)
                store.consume(count)
                plain.removeFirst(count)
            default:
                let start = Int.random(in: 0...plain.count, using: &random)
                let range = start..<Int.random(in: start...plain.count, using: &random)
                store.remove(range)
                plain.removeSubrange(range)
            }
            let bytes = array(store.span)
            #expect(bytes == plain)
        }
    }

    @Test(arguments: [0, 9, 10, 99, 100, 4_095, 999_999_999, 1_000_000_000_000_000_000, Int.max - 1, Int.max])
    func `a length is written in all its digits`(value: Int) {
        var store = ByteStore()
        store.append(decimal: value)
        #expect(text(array(store.span)) == String(value))
    }

    @Test func `every byte is judged alike at every place of a value`() {
        for length in 1...17 {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 97, count: length)
                    bytes[place] = byte
                    let expected = byte >= 32 && byte != 127 || byte == 9 ? nil : place
                    if firstForbiddenByte(bytes.span, 0..<length) != expected {
                        Issue.record("byte \(byte) at \(place) of \(length)")
                    }
                }
            }
        }
    }

    @Test func `memory goes back to the pool only while it is of the pool's size`() {
        var pool = BytePool(blockBytes: 1_024, maximumBlocks: 1)
        var store = ByteStore()
        pool.lend(to: &store)
        let lent = store.capacity
        #expect(lent == 1_024)
        store.append([1, 2, 3])
        store.removeAll()
        pool.reclaim(from: &store)
        let kept = store.capacity
        #expect(kept == 0)
        pool.lend(to: &store)
        store.append([UInt8](repeating: 0, count: 5_000))
        store.removeAll()
        pool.reclaim(from: &store)
        pool.lend(to: &store)
        let again = store.capacity
        #expect(again == 1_024)
    }
}
