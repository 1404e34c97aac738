// The life of the service: start, serve, drain on SIGTERM or SIGINT, close the log. Signals come through Dispatch.

import Dispatch
import Glibc
import HTTP
import Logging
import Scoring

public struct ServiceRunner {
    private let configuration: ServiceConfiguration
    private let logger: Logger

    public init(configuration: ServiceConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until a signal asks to stop, then drains. Blocks.
    ///
    /// - Returns: 0 when every answer that was begun was given and every record written, 1 otherwise.
    public func run() throws(ServiceError) -> Int32 {
        // A second signal during the drain ends the process the ordinary way.
        let signals = StopSignals()
        let engine = try ScoringEngine(configuration)
        report(engine)
        let service = RunningService(engine)
        try service.start()
        logger.info(
            "serving",
            metadata: ["address": "\(configuration.http.address)", "port": "\(service.port)"])
        signals.wait()
        logger.info("stopping")
        let isClean = service.stop(timeoutMilliseconds: configuration.drainTimeoutMilliseconds)
        logger.info("stopped", metadata: ["clean": "\(isClean)"])
        return isClean ? 0 : 1
    }

    private func report(_ engine: ScoringEngine) {
        let recovery = engine.recovery
        logger.info(
            "recovered",
            metadata: [
                "records": "\(recovery.report.records)", "payments": "\(recovery.payments)",
                "last_sequence": "\(recovery.report.lastSequence)", "seconds": "\(recovery.seconds)",
            ])
        if let torn = recovery.report.torn {
            logger.warning(
                "a torn last record was set aside", metadata: ["kept_as": "\(torn.keptAs)", "bytes": "\(torn.bytes)"])
        }
        switch engine.assembly.model {
        case .serving(let model):
            logger.info(
                "model loaded",
                metadata: [
                    "version": "\(model.manifest.version)", "trees": "\(model.trees.summary.trees)",
                    "cost_us": "\(engine.assembly.costs.modelNanoseconds / 1_000)",
                ])
        case .none: logger.warning("no model is configured: the rules answer")
        case .refused:
            logger.error(
                "the model was refused: the rules answer",
                metadata: ["problem": "\(engine.assembly.modelProblem.map(\.description) ?? "")"])
        }
    }
}

/// A service on a socket: what a runner holds, and a test.
public final class RunningService: Sendable {
    public let engine: ScoringEngine
    private let server: Server

    public init(_ engine: ScoringEngine) {
        self.engine = engine
        server = Server(configuration: engine.configuration.http) { _ in ServiceHandler(engine: engine) }
    }

    public func start() throws(ServiceError) {
        do throws(ServerError) {
            try server.start()
        } catch {
            throw .server(error)
        }
        engine.attach(server)
    }

    public var port: Int { server.port }

    /// Stops taking payments, answers those that are under way, and closes the log.
    ///
    /// - Returns: Whether nothing was cut and everything was recorded.
    @discardableResult
    public func stop(timeoutMilliseconds: Int) -> Bool {
        engine.beginDrain()
        let cut = server.drainAndWait(timeoutMilliseconds: timeoutMilliseconds)
        let isRecorded = engine.close()
        return cut == 0 && isRecorded
    }
}

/// SIGTERM and SIGINT as something to wait for.
private final class StopSignals {
    private let arrived = DispatchSemaphore(value: 0)
    private let sources: [any DispatchSourceSignal]

    init() {
        let arrived = arrived
        let queue = DispatchQueue(label: "shroff.signals")
        sources = [SIGTERM, SIGINT].map { signal in
            Glibc.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                Glibc.signal(signal, SIG_DFL)
                arrived.signal()
            }
            source.resume()
            return source
        }
        // A client that leaves is an error of its own write, not the end of the process.
        Glibc.signal(SIGPIPE, SIG_IGN)
    }

    func wait() { arrived.wait() }
}
