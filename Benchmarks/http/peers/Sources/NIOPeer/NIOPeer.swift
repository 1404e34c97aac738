// SwiftNIO without a framework: its own HTTP/1 parser and serializer, and one handler that counts the body and answers
// with a constant. One event loop a core. Without NIO's handlers for pipelined requests and for protocol errors, which
// this one does not need: it answers at the end of a request, in order.

import NIOCore
import NIOHTTP1
import NIOPosix
import PeerSupport

@main
enum NIOPeer {
    static func main() throws {
        let arguments = PeerArguments()
        let answer = ByteBuffer(bytes: arguments.answer)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let channel = try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try pipeline.addHandler(ConstantHandler(answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: arguments.port).wait()
        try channel.closeFuture.wait()
    }
}

/// Answers POST on the one path with the constant, everything else with 404.
private final class ConstantHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: ByteBuffer
    private let headers: HTTPHeaders
    private var isKnown = false
    private var keepsAlive = true
    private var bodyBytes = 0

    init(answer: ByteBuffer) {
        self.answer = answer
        headers = ["content-type": "application/json", "content-length": String(answer.readableBytes)]
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isKnown = head.method == .POST && head.uri == PeerArguments.path
            keepsAlive = head.isKeepAlive
            bodyBytes = 0
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
        case .end:
            respond(context)
        }
    }

    private func respond(_ context: ChannelHandlerContext) {
        if isKnown, bodyBytes > 0, bodyBytes <= PeerArguments.bodyBytes {
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(answer))), promise: nil)
        } else {
            let head = HTTPResponseHead(version: .http1_1, status: .notFound, headers: ["content-length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }
        let end = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !keepsAlive { end.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }
}
