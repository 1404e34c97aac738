// Hummingbird with one route, as its documentation shows it: collects the body and returns a constant. Nothing is
// logged for a request; event loops as it makes them by itself, one a core.

import Hummingbird
import Logging
import PeerSupport

@main
enum HummingbirdPeer {
    static func main() async throws {
        let arguments = PeerArguments()
        let answer = ByteBuffer(bytes: arguments.answer)
        let router = Router()
        router.post(RouterPath(PeerArguments.path)) { request, _ in
            let body = try await request.body.collect(upTo: PeerArguments.bodyBytes)
            guard body.readableBytes > 0 else { throw HTTPError(.badRequest) }
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: answer))
        }
        var logger = Logger(label: "hummingbird")
        logger.logLevel = .error
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: arguments.port)), logger: logger)
        try await application.runService()
    }
}
