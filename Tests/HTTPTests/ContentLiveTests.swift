// Codings over real sockets: bodies in, answers out, whichever way a handler answers.
import Dispatch
import Testing

@testable import HTTP

/// Decodes bodies on the loop (/echo) or elsewhere (/later); makes answers of a size (/now?n, /held?n, /late?n) and
/// answers with something particular about their content.
private final class ContentHandler: RequestHandler {
    static let limits = InflateLimits(maximumBytes: 100_000)
    static let later = DispatchQueue(label: "coded answers")
    private var decoder = BodyDecoder()
    private var tickets: [Int: Int] = [:]

    func bodyLimitBytes(_ request: borrowing Request) -> Int { Self.limits.maximumBytes }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        let size = Int(text(array(request.query))) ?? 0
        switch text(array(request.path)) {
        case "/echo":
            do throws(ContentError) {
                try decoder.decode(request.body, request.contentCoding, Self.limits, into: &response.body)
            } catch {
                response.become(error)
            }
        case "/later": return later(request, response)
        case "/now": response.body = jsonBody(bytes: size)
        case "/held":
            tickets[tickets.count] = size
            return .held(ticket: tickets.count - 1)
        case "/late":
            let deferral = request.deferral
            Self.later.async { deferral.complete(status: 200, body: jsonBody(bytes: size)) }
            return .deferred
        case "/late-coded":
            request.deferral.complete(
                status: 200, headers: [("content-Encoding", "x")], body: jsonBody(bytes: 2_000))
            return .deferred
        case let path: fill(path, response)
        }
        return .answered
    }

    private func fill(_ path: String, _ response: Response) {
        response.body = jsonBody(bytes: 2_000)
        switch path {
        case "/image": response.contentType = "image/png"
        case "/coded": response.addHeader("content-encoding", "x")
        case "/plain": response.mayBeCoded = false
        case "/partial": response.status = 206
        case "/problem": response.contentType = Response.problem
        case "/made": response.gzippedBody = gzip(jsonBody(bytes: 2_000), level: 9)
        case "/noise":
            var random = SplitMix64(seed: 1)
            response.body = (0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        default: response.status = 404
        }
    }

    private func later(_ request: borrowing Request, _ response: Response) -> Disposition {
        let coding: ContentCoding
        do throws(ContentError) { coding = try request.contentCoding } catch {
            response.become(error)
            return .answered
        }
        let deferral = request.deferral
        let body = array(request.body)
        Self.later.async {
            var decoder = BodyDecoder()
            var bytes: [UInt8] = []
            do throws(ContentError) {
                try decoder.decode(body.span, coding, Self.limits, into: &bytes)
                deferral.complete(status: 200, body: bytes)
            } catch {
                deferral.complete(status: error.status, body: Array(error.code.description.utf8))
            }
        }
        return .deferred
    }

    func finish(ticket: Int, _ response: Response) -> HeldDisposition {
        response.body = jsonBody(bytes: tickets.removeValue(forKey: ticket) ?? 0)
        return .answered
    }
}

@Suite(.serialized) struct ContentLiveTests {
    private func withContentServer(
        _ change: (inout ServerConfiguration) -> Void = { _ in }, _ body: (LiveClient) throws -> Void
    ) throws {
        var configuration = ServerConfiguration(address: "127.0.0.1", port: 0, loops: 2)
        change(&configuration)
        let server = Server(configuration: configuration) { _ in ContentHandler() }
        try server.start()
        defer { server.stop() }
        try body(LiveClient(port: server.port))
    }

    private func get(
        _ client: LiveClient, _ target: String, accepting: String? = "gzip", method: String = "GET"
    ) -> LiveResponse {
        let field = accepting.map { "Accept-Encoding: \($0)\r\n" } ?? ""
        client.send("\(method) \(target) HTTP/1.1\r\nHost: h\r\n\(field)\r\n")
        return client.receive(isHead: method == "HEAD") ?? LiveResponse()
    }

    private func post(_ client: LiveClient, _ path: String, _ body: [UInt8], _ fields: String) -> LiveResponse {
        let head = "POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.count)\r\n\(fields)\r\n"
        client.send(Array(head.utf8) + body)
        return client.receive() ?? LiveResponse()
    }

    @Test(arguments: ["/echo", "/later"])
    func `a coded body reaches its handler as it was, or is refused with a reason`(path: String) throws {
        try withContentServer { client in
            let body = jsonBody(bytes: 600)
            for (coding, coded) in [("gzip", gzip(body)), ("X-GZIP", gzip(body)), ("deflate", zlib(body))] {
                let answer = post(client, path, coded, "Content-Encoding: \(coding)\r\n")
                #expect(answer.status == 200)
                #expect(answer.bytes == body)
            }
            #expect(post(client, path, body, "Content-Encoding: identity\r\n").bytes == body)
            let refused = post(client, path, body, "Content-Encoding: br\r\n")
            #expect(refused.status == 415)
            #expect(refused.fields["accept-encoding"] == "gzip, deflate")
            #expect(refused.body.contains("unsupported_content_coding"))
            let twice = post(client, path, gzip(gzip(body)), "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n")
            #expect(twice.status == 415)
            let damaged = post(client, path, Array(gzip(body).dropLast()), "Content-Encoding: gzip\r\n")
            #expect(damaged.status == 400)
            #expect(damaged.fields["accept-encoding"] == nil)
            #expect(damaged.body.contains("malformed_content_coding"))
            let large = post(client, path, gzip(jsonBody(bytes: 100_001)), "Content-Encoding: gzip\r\n")
            #expect(large.status == 413)
            #expect(large.body.contains("body_too_large"))
            let dense = post(client, path, gzip([UInt8](repeating: 0, count: 20_000)), "Content-Encoding: gzip\r\n")
            #expect(dense.status == 413)
            #expect(dense.body.contains("compression_ratio_too_high"))
            // The connection has borne all of it.
            #expect(post(client, path, gzip(body), "Content-Encoding: gzip\r\n").bytes == body)
        }
    }

    @Test func `a coded body may come in chunks`() throws {
        try withContentServer { client in
            let body = jsonBody(bytes: 5_000)
            let fields = "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
            var wire = Array("POST /echo HTTP/1.1\r\n\(fields)\r\n".utf8)
            let coded = gzip(body)
            for start in stride(from: 0, to: coded.count, by: 100) {
                let chunk = coded[start..<min(start + 100, coded.count)]
                wire += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
            }
            client.send(wire + Array("0\r\n\r\n".utf8))
            #expect(client.receive()?.bytes == body)
        }
    }

    @Test(arguments: ["/now", "/held", "/late"])
    func `an answer is compressed from the threshold on, where the client asks for it`(path: String) throws {
        try withContentServer { client in
            for size in [1_024, 4_096, 32_768] {
                let coded = get(client, "\(path)?\(size)")
                #expect(coded.fields["content-encoding"] == "gzip")
                #expect(coded.fields["vary"] == "Accept-Encoding")
                #expect(coded.fields["content-length"] == String(coded.bytes.count))
                #expect(coded.bytes.count < size / 2)
                #expect(PlainInflate.gunzip(coded.bytes) == jsonBody(bytes: size))
                let head = get(client, "\(path)?\(size)", method: "HEAD")
                for field in ["content-encoding", "vary", "content-length", "content-type"] {
                    #expect(head.fields[field] == coded.fields[field])
                }
                for accepting in [nil, "br", "gzip;q=0", "identity;q=0"] {
                    let plain = get(client, "\(path)?\(size)", accepting: accepting)
                    #expect(plain.fields["content-encoding"] == nil)
                    #expect(plain.fields["vary"] == "Accept-Encoding")
                    #expect(plain.bytes == jsonBody(bytes: size))
                }
            }
            let small = get(client, "\(path)?1023")
            #expect(small.fields["content-encoding"] == nil)
            #expect(small.fields["vary"] == nil)
            #expect(small.bytes == jsonBody(bytes: 1_023))
            // For who takes nothing else, gzip it is.
            let only = get(client, "\(path)?10", accepting: "gzip, identity;q=0")
            #expect(only.fields["content-encoding"] == "gzip")
            #expect(PlainInflate.gunzip(only.bytes) == jsonBody(bytes: 10))
            #expect(get(client, "\(path)?0", accepting: "gzip, identity;q=0").fields["content-encoding"] == nil)
        }
    }

    @Test func `beyond the loop's bound only answers from other threads are compressed`() throws {
        try withContentServer { client in
            for path in ["/now", "/held"] {
                let plain = get(client, "\(path)?32769")
                #expect(plain.fields["content-encoding"] == nil)
                #expect(plain.fields["vary"] == nil)
                #expect(plain.bytes == jsonBody(bytes: 32_769))
            }
            let coded = get(client, "/late?300000")
            #expect(coded.fields["content-encoding"] == "gzip")
            #expect(PlainInflate.gunzip(coded.bytes)?.count == 300_000)
        }
    }

    @Test(arguments: ["/image", "/coded", "/plain", "/partial", "/late-coded"])
    func `what is coded already or must not be stays as it is`(path: String) throws {
        try withContentServer { client in
            let answer = get(client, path)
            #expect(answer.bytes == jsonBody(bytes: 2_000))
            #expect(answer.fields["content-encoding"] == (path.hasSuffix("coded") ? "x" : nil))
            #expect(answer.fields["vary"] == nil)
        }
    }

    @Test func `content that gzip does not shrink goes out as it is`() throws {
        try withContentServer { client in
            let noise = get(client, "/noise")
            #expect(noise.fields["content-encoding"] == nil)
            #expect(noise.fields["vary"] == "Accept-Encoding")
            #expect(noise.bytes.count == 2_000)
            #expect(PlainInflate.gunzip(get(client, "/problem").bytes) == jsonBody(bytes: 2_000))
        }
    }

    @Test func `content that was compressed beforehand goes out to who takes gzip`() throws {
        try withContentServer { client in
            let coded = get(client, "/made")
            #expect(coded.fields["content-encoding"] == "gzip")
            #expect(coded.bytes == gzip(jsonBody(bytes: 2_000), level: 9))
            #expect(get(client, "/made", method: "HEAD").fields["content-length"] == String(coded.bytes.count))
            let plain = get(client, "/made", accepting: nil)
            #expect(plain.fields["vary"] == "Accept-Encoding")
            #expect(plain.bytes == jsonBody(bytes: 2_000))
        }
    }

    @Test func `threshold, bound and the whole of it can be set`() throws {
        let change: (inout ServerConfiguration) -> Void = {
            $0.compression.thresholdBytes = 300
            $0.compression.loopBytes = 400
            $0.compression.level = 9
        }
        try withContentServer(change) { client in
            for (size, isCoded) in [(299, false), (300, true), (400, true), (401, false)] {
                #expect((get(client, "/now?\(size)").fields["content-encoding"] == "gzip") == isCoded, "\(size)")
            }
        }
        try withContentServer({ $0.compression.isOn = false }) { client in
            for target in ["/now?5000", "/held?5000", "/late?5000", "/made"] {
                let plain = get(client, target, accepting: "gzip, identity;q=0")
                #expect(plain.fields["content-encoding"] == nil)
                #expect(plain.fields["vary"] == nil)
            }
        }
    }

    @Test func `pipelined answers of all kinds keep their order and their codings`() throws {
        try withContentServer { client in
            var wire = ""
            let targets = (0..<60).map { ["/now", "/held", "/late"][$0 % 3] + "?\(500 + $0 * 97)" }
            for (number, target) in targets.enumerated() {
                let field = number % 2 == 0 ? "Accept-Encoding: gzip\r\n" : ""
                wire += "GET \(target) HTTP/1.1\r\nHost: h\r\n\(field)\r\n"
            }
            client.send(wire)
            for number in 0..<60 {
                let answer = client.receive() ?? LiveResponse()
                let size = 500 + number * 97
                let isCoded = number % 2 == 0 && size >= 1_024
                #expect((answer.fields["content-encoding"] == "gzip") == isCoded)
                #expect((isCoded ? PlainInflate.gunzip(answer.bytes) : answer.bytes) == jsonBody(bytes: size))
            }
        }
    }
}
