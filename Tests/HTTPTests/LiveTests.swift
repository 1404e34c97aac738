// The server over real sockets: framing, order, limits and faults as a client sees them.
import Glibc
import Testing

@testable import HTTP

@Suite(.serialized) struct LiveTests {
    @Test(arguments: LiveTransport.allCases)
    func `a connection serves one request after another`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            for path in ["/a", "/b", "/c"] { #expect(client.get(path)?.body == path) }
            let last = client.post("/echo", "hello")
            #expect(last?.body == "hello")
            #expect(last?.fields["content-length"] == "5")
            #expect(last?.fields["content-type"] == "application/json")
            #expect(last?.fields["date"]?.count == 29)
            #expect(last?.fields["connection"] == nil)
            #expect(server.statistics.requests == 4)
            #expect(server.statistics.connectionsAccepted == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a hundred pipelined requests are answered in order, however each is answered`(transport: LiveTransport) throws
    {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            let paths = (0..<100).map { ["/plain\($0)", "/held\($0)", "/deferred\($0)", "/more\($0)"][$0 % 4] }
            client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
            for path in paths {
                let expected = path.hasPrefix("/held") ? path + " true" : path
                #expect(client.receive()?.body == expected)
            }
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a chunked body arrives whole however it is cut`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            let wire =
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n"
            client.send(wire)
            #expect(client.receive()?.body == "hello!")
            for byte in wire.utf8 {
                client.send([byte])
                usleep(100)
            }
            #expect(client.receive()?.body == "hello!")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a body of many reads arrives whole`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let body = String(repeating: "0123456789", count: 90_000)
            #expect(LiveClient(port: port).post("/large", body)?.body == body)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `HEAD is answered like GET, without the body`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n")
            let head = client.receive(isHead: true)
            #expect(head?.status == 200)
            #expect(head?.fields["content-length"] == "4")
            #expect(client.get("/next")?.body == "/next")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `204 has neither body nor length`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            let empty = client.get("/empty")
            #expect(empty?.status == 204)
            #expect(empty?.fields["content-length"] == nil)
            #expect(client.get("/next")?.body == "/next")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `who expects 100-continue gets it, and then the answer`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(client.receive()?.status == 100)
            client.send("{}")
            #expect(client.receive()?.body == "{}")
            // Whose body is already there is not kept waiting.
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n[]")
            #expect(client.receive()?.body == "[]")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `who expects 100-continue for too large a body gets 413 at once, and the end`(transport: LiveTransport) throws
    {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
            let answer = client.receive()
            #expect(answer?.status == 413)
            #expect(answer?.fields["connection"] == "close")
            #expect(client.isEnded())
        }
    }

    @Test(arguments: [false, true], LiveTransport.allCases)
    func `a body over the limit gets 413, and the next request is served`(
        isChunked: Bool, transport: LiveTransport
    ) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            let body = String(repeating: "x", count: 300_000)
            let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 300000"
            let content = isChunked ? "493e0\r\n" + body + "\r\n0\r\n\r\n" : body
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n\(content)")
            let answer = client.receive()
            #expect(answer?.status == 413)
            #expect(answer?.fields["content-type"] == "application/problem+json")
            #expect(answer?.body.contains("\"status\":413") == true)
            #expect(client.post("/echo", String(repeating: "y", count: 1_000))?.status == 200)
            #expect(client.post("/echo", String(repeating: "y", count: 1_001))?.status == 413)
            #expect(server.statistics.bodiesTooLarge == 2)
            #expect(server.statistics.connectionsAccepted == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a body past the discard limit gets 413, readable to the end, and the connection closes`(
        transport: LiveTransport
    ) throws {
        try withServer(over: transport, { $0.discardBytes = 100_000 }) { _, port in
            let client = LiveClient(port: port)
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n")
            client.send([UInt8](repeating: 120, count: 50_000))
            let answer = client.receive()
            #expect(answer?.status == 413)
            #expect(answer?.fields["connection"] == "close")
            #expect(client.isEnded())
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `what is no request gets a problem document, and the connection closes`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            client.send("GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\nGET / HTTP/1.1\r\n")
            let answer = client.receive()
            #expect(answer?.status == 400)
            #expect(answer?.fields["content-type"] == "application/problem+json")
            #expect(answer?.fields["connection"] == "close")
            let start = "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
            #expect(answer?.body.hasPrefix(start) == true)
            #expect(answer?.body.contains("\"code\":\"whitespace_before_colon\"") == true)
            #expect(client.isEnded())
            #expect(server.statistics.refusals == [.whitespaceBeforeColon: 1])
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `an unknown method gets 501, and the next request is served`(transport: LiveTransport) throws {
        try withServer(over: transport) { server, port in
            let client = LiveClient(port: port)
            client.send("BREW / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\npot")
            #expect(client.receive()?.status == 501)
            #expect(client.get("/tea")?.body == "/tea")
            #expect(server.statistics.unknownMethods == 1)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `fields come and go, and no value can break its line`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("PUT /fields?q=1 HTTP/1.1\r\nHost: h\r\nX-ASKED:  one \r\nx-asked: two\r\n\r\n")
            let answer = client.receive()
            #expect(answer?.status == 201)
            #expect(answer?.fields["x-given"] == "a  Injected: b")
            #expect(answer?.fields["injected"] == nil)
            #expect(answer?.fields["x-asked"] == "one")
            #expect(answer?.body == "2 put q=1")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `connections persist or end as version and Connection say`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let old = LiveClient(port: port)
            old.send("GET /a HTTP/1.0\r\n\r\n")
            #expect(old.receive()?.fields["connection"] == "close")
            #expect(old.isEnded())
            let kept = LiveClient(port: port)
            kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(kept.receive()?.fields["connection"] == "keep-alive")
            kept.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n")
            #expect(kept.receive()?.fields["connection"] == "close")
            #expect(kept.isEnded())
            let server = LiveClient(port: port)
            #expect(server.get("/close")?.fields["connection"] == "close")
            #expect(server.isEnded())
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `held and deferred answers carry what they were given`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            #expect(client.get("/held")?.body == "/held true")
            let late = client.get("/deferred?20")
            #expect(late?.status == 202)
            #expect(late?.fields["content-type"] == "text/plain")
            #expect(late?.fields["x-late"] == "yes")
            #expect(late?.body == "/deferred")
            #expect(client.get("/twice")?.body == "first")
            #expect(client.get("/held2")?.body == "/held2 true")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a request's clock starts when its first byte is read`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send("GET /clock HTT")
            usleep(60_000)
            client.send("P/1.1\r\nHost: h\r\n\r\n")
            let age = Int(client.receive()?.body ?? "") ?? -1
            #expect(age >= 50)
            let next = Int(client.get("/clock")?.body ?? "") ?? -1
            #expect(next >= 0 && next < 50)
            // Pipelined behind a slow one: it has been here for as long as that took.
            client.send("GET /deferred?60 HTTP/1.1\r\nHost: h\r\n\r\nGET /clock HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.receive()?.status == 202)
            #expect(Int(client.receive()?.body ?? "") ?? -1 >= 50)
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a request's clock runs while the loop is busy with another`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.loops = 1 }) { _, port in
            let first = LiveClient(port: port)
            let second = LiveClient(port: port)
            #expect(first.get("/clock")?.status == 200)
            #expect(second.get("/clock")?.status == 200)
            first.send("GET /busy?100 HTTP/1.1\r\nHost: h\r\n\r\n")
            usleep(30_000)
            second.send("GET /clock HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(Int(second.receive()?.body ?? "") ?? -1 >= 20)
            #expect(first.receive()?.body == "busy")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `a held request may turn out to be answered from elsewhere`(transport: LiveTransport) throws {
        try withServer(over: transport) { _, port in
            let client = LiveClient(port: port)
            client.send(
                "GET /held-then-deferred HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.receive()?.status == 203)
            #expect(client.receive()?.body == "/after")
        }
    }

    @Test(arguments: LiveTransport.allCases)
    func `many held requests on one loop are all answered, in more than one batch`(transport: LiveTransport) throws {
        try withServer(over: transport, { $0.loops = 1 }) { _, port in
            let clients = (0..<40).map { _ in LiveClient(port: port) }
            for round in 0..<3 {
                clients[0].send("GET /busy?20 HTTP/1.1\r\nHost: h\r\n\r\n")
                for client in clients.dropFirst() {
                    client.send("GET /held/\(round) HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n")
                }
                #expect(clients[0].receive()?.body == "busy")
                for client in clients.dropFirst() {
                    #expect(client.receive()?.body == "/held/\(round) true")
                    #expect(client.receive()?.body == "/x")
                }
            }
        }
    }
}
