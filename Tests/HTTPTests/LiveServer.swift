// A server with a handler for every way to answer, on a free port.
import Dispatch
import Glibc
import Testing

@testable import HTTP

/// Answers by path: /echo, /held, /held-then-deferred, /busy, /deferred, /twice, /never, /big, /fields, /close, /clock; else with the path itself.
final class LiveHandler: RequestHandler {
    static let bodyLimit = 1_000
    static let bigBytes = 200_000
    /// A thread of its own: the tests block those of the global queues.
    private static let later = DispatchQueue(label: "deferred answers")
    private var held: [Int: String] = [:]
    private var deferrals: [Int: Deferral] = [:]
    private var tickets = 0
    private var batches = 0

    func bodyLimitBytes(_ request: borrowing Request) -> Int {
        request.pathEquals("/large") ? 1_000_000 : Self.bodyLimit
    }

    func handle(_ request: borrowing Request, _ response: Response) -> Disposition {
        let path = text(array(request.path))
        let query = text(array(request.query))
        if request.pathHasPrefix("/held") {
            tickets += 1
            held[tickets] = path
            deferrals[tickets] = request.deferral
            return .held(ticket: tickets)
        }
        if request.pathHasPrefix("/deferred") {
            let deferral = request.deferral
            let milliseconds = Int(query) ?? 1
            Self.later.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                deferral.complete(
                    status: 202, contentType: "text/plain", headers: [("X-Late", "yes"), ("bad name", "no")],
                    body: Array(path.utf8))
            }
            return .deferred
        }
        if request.pathEquals("/twice") {
            let deferral = request.deferral
            deferral.complete(status: 200, body: Array("first".utf8))
            deferral.complete(status: 200, body: Array("second".utf8))
            return .deferred
        }
        if request.pathEquals("/never") { return .deferred }
        fill(request, path, query, response)
        return .answered
    }

    private func fill(_ request: borrowing Request, _ path: String, _ query: String, _ response: Response) {
        switch path {
        case "/echo", "/large": response.body = array(request.body)
        case "/big": response.body = [UInt8](repeating: 120, count: Self.bigBytes)
        case "/fields":
            response.status = 201
            response.addHeader("X-Given", "a\r\nInjected: b")
            if let given = request.header("x-asked") { response.addHeader("X-Asked", given) }
            response.body = Array("\(request.headerCount("x-asked")) \(request.method) \(query)".utf8)
        case "/close": response.closeAfter = true
        case "/empty": response.status = 204
        case "/busy":
            usleep((UInt32(query) ?? 1) * 1_000)
            response.body = Array("busy".utf8)
        case "/clock":
            let age = MonotonicClock.nanoseconds() - request.firstByteNanoseconds
            response.body = Array("\(age / 1_000_000)".utf8)
        default: response.body = Array(path.utf8)
        }
    }

    func batchEnded() { batches += 1 }

    func finish(ticket: Int, _ response: Response) -> HeldDisposition {
        let path = held.removeValue(forKey: ticket) ?? "?"
        if path == "/held-then-deferred", let deferral = deferrals.removeValue(forKey: ticket) {
            Self.later.async { deferral.complete(status: 203, body: Array(path.utf8)) }
            return .deferred
        }
        response.body = Array("\(path) \(batches > 0)".utf8)
        return .answered
    }
}

/// Runs `body` against a server of its own, and stops that afterwards.
func withServer(
    over transport: LiveTransport = .plain, _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (Server, LivePort) throws -> Void
) throws {
    var configuration = ServerConfiguration(address: "127.0.0.1", port: 0, loops: 2)
    let folder = TestFolder()
    configuration.listen(over: transport, folder)
    change(&configuration)
    let server = Server(configuration: configuration) { _ in LiveHandler() }
    try server.start()
    defer { server.stop() }
    try body(server, server.livePort(transport))
}
