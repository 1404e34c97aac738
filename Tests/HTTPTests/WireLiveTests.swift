// The table of wire cases over sockets, against a running server: the status of each answer, what the handler saw, and
// whether the connection goes on or ends.
import Testing
import Waiting

@testable import HTTP

extension WireTransport: CustomTestStringConvertible {
    var testDescription: String { name }
}

/// Answers with what it saw, in the form of the table.
private final class SeenHandler: RequestHandler {
    func bodyLimitBytes(_ request: borrowing Request) -> Int { 1_000 }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        response.body = array(request.methodName) + [32] + array(request.path)
        if request.body.count > 0 { response.body += [32] + array(request.body) }
        return .answered
    }
}

@Suite(.serialized) struct WireLiveTests {
    private func withSeeingServer(over transport: WireTransport, _ body: (Server) throws -> Void) throws {
        var configuration = ServerConfiguration(loops: 1)
        let folder = TestFolder()
        configuration.listen(over: transport.transport, folder)
        let server = Server(configuration: configuration) { _ in SeenHandler() }
        try server.start()
        defer { server.stop() }
        try body(server)
    }

    /// The next answer that is not "100 Continue".
    private func answer(_ client: any WireConnection) -> LiveResponse? {
        var response = client.receive(isHead: false)
        while response?.status == 100 { response = client.receive(isHead: false) }
        return response
    }

    /// What is expected of one request of the table, and whether more may follow it.
    private func check(_ request: ParsedRequest, _ client: any WireConnection, _ wireCase: WireCase) {
        let response = answer(client)
        let isKnown = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"].contains(request.method)
        #expect(response?.status == (isKnown ? 200 : 501), "\(wireCase.name)")
        if isKnown {
            let seen = request.method + " " + request.path + (request.body.isEmpty ? "" : " " + text(request.body))
            #expect(response?.body == seen, "\(wireCase.name)")
        }
        #expect((response?.fields["connection"] == "close") == !request.keepsAlive, "\(wireCase.name)")
    }

    private func run(_ wireCase: WireCase, _ client: any WireConnection, pieceBytes: Int) {
        for start in stride(from: 0, to: wireCase.bytes.count, by: pieceBytes) {
            // When the server has already ended the connection, its answer can still be read.
            if !client.send(Array(wireCase.bytes[start..<min(start + pieceBytes, wireCase.bytes.count)])) { break }
        }
        var twin = PlainParser(wireCase.bytes, bodyLimit: 1_000, discardLimit: 2_000)
        let stream = twin.parse()
        for request in stream.requests {
            check(request, client, wireCase)
            if !request.keepsAlive {
                #expect(client.isEnded(), "\(wireCase.name)")
                return
            }
        }
        switch wireCase.outcome {
        case .refused(let refusal, _):
            let response = answer(client)
            #expect(response?.status == refusal.status, "\(wireCase.name)")
            #expect(response?.fields["connection"] == "close", "\(wireCase.name)")
            #expect(response?.fields["content-type"] == "application/problem+json", "\(wireCase.name)")
            #expect(client.isEnded(), "\(wireCase.name)")
        case .incomplete:
            client.finishSending()
            #expect(client.isEnded(), "\(wireCase.name)")
        case .requests:
            client.send(Array(WireCase.get("/alive").utf8))
            #expect(answer(client)?.body == "GET /alive", "\(wireCase.name)")
        }
    }

    @Test(arguments: WireTransport.all, [Int.max, 1])
    func `every case of the grammar has its answer over a connection of its own`(
        transport: WireTransport, pieceBytes: Int
    ) throws {
        try withSeeingServer(over: transport) { server in
            for wireCase in WireCase.all {
                run(
                    wireCase, transport.connect(server.livePort(transport.transport)),
                    pieceBytes: min(pieceBytes, wireCase.bytes.count))
            }
            #expect(eventually { server.statistics.connectionsOpen == 0 })
            #expect(server.statistics.connectionsAccepted == WireCase.all.count)
        }
    }

    @Test(arguments: WireTransport.all)
    func `100 Continue goes once, and only to who waits for it`(transport: WireTransport) throws {
        let waiting = "HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
        try withSeeingServer(over: transport) { server in
            let client = transport.connect(server.livePort(transport.transport))
            for framing in ["Content-Length: 2\r\n\r\n|xx", "Transfer-Encoding: chunked\r\n\r\n|2\r\nxx\r\n0\r\n\r\n"] {
                let halves = framing.components(separatedBy: "|")
                client.send(Array("POST /a \(waiting)\(halves[0])".utf8))
                #expect(client.receive(isHead: false)?.status == 100)
                client.send(Array(halves[1].utf8))
                #expect(client.receive(isHead: false)?.body == "POST /a xx")
            }
            // Without content there is nothing to wait for, and a client of 1.0 could not read it.
            for head in ["GET /b \(waiting)\r\n", "POST /b \(waiting)Content-Length: 0\r\n\r\n"] {
                client.send(Array(head.utf8))
                #expect(client.receive(isHead: false)?.status == 200)
            }
            client.send(Array("POST /c HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8))
            client.send([120, 120])
            #expect(client.receive(isHead: false)?.body == "POST /c xx")
            #expect(client.isEnded())
        }
    }

    @Test(arguments: WireTransport.all)
    func `every case that leaves its connection in order can follow every other on one connection`(
        transport: WireTransport
    ) throws {
        let orderly = WireCase.all.filter { wireCase in
            if case .requests = wireCase.outcome { return !wireCase.closes }
            return false
        }
        try withSeeingServer(over: transport) { server in
            let client = transport.connect(server.livePort(transport.transport))
            for wireCase in orderly + orderly.reversed() {
                run(wireCase, client, pieceBytes: wireCase.bytes.count)
            }
            #expect(server.statistics.connectionsAccepted == 1)
        }
    }
}
