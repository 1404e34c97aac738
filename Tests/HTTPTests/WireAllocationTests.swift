// What the parser asks of malloc once it is warm: nothing, whatever the request holds.
import AllocationCounter
import Testing

@testable import HTTP

@Suite(.enabled(if: AllocationCounter.isOn, "allocations are not counted here")) struct WireAllocationTests {
    @Test(
        arguments: [
            "GET /a/b%2Fc?d HTTP/1.1\r\nHost: [2001:db8::1]:80\r\nConnection: keep-alive, te\r\n\r\n",
            "POST http://h:80/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nT: v\r\n\r\n",
        ])
    func `a warm parser allocates nothing for a request`(wire: String) {
        let bytes = Array(wire.utf8)
        var parser = RequestParser()
        var store = ByteStore()
        var whole = 0
        func run() {
            store.append(bytes)
            _ = parser.advance(&store)
            parser.receiveBody(limit: 10)
            if parser.advance(&store) == .complete { whole += 1 }
            store.consume(parser.consumedBytes)
            parser.reset()
        }
        run()
        #expect(AllocationCounter.allocations { for _ in 0..<100 { run() } } == 0)
        #expect(whole == 101)
    }
}
