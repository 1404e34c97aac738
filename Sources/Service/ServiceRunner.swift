// The life of the service: start, serve, read certificates and configuration anew on SIGHUP, drain on SIGTERM or SIGINT, close the log. Signals
// come through Dispatch.

import Dispatch
import Glibc
import HTTP
import Logging
import Platform
import Scoring
import Synchronization

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
        let signals = Signals()
        let engine = try ScoringEngine(configuration)
        report(engine)
        let service = RunningService(engine)
        try service.start()
        var listening: Logger.Metadata = ["address": "\(configuration.http.address)"]
        if configuration.http.listensPlain { listening["port"] = "\(service.port)" }
        if configuration.http.tls != nil { listening["tls_port"] = "\(service.tlsPort)" }
        logger.info("serving", metadata: listening)
        report(service.certificate)
        signals.wait {
            reloadCertificates(of: service)
            reload(engine)
        }
        logger.info("stopping")
        let isClean = service.stop(timeoutMilliseconds: configuration.drainTimeoutMilliseconds)
        logger.info("stopped", metadata: ["clean": "\(isClean)"])
        return isClean ? 0 : 1
    }

    /// On SIGHUP: what renews certificates on the disk sends it, and no connection is closed for it.
    private func reloadCertificates(of service: RunningService) {
        guard configuration.http.tls != nil else {
            return logger.info("SIGHUP: there is no TLS port, so no certificate to renew")
        }
        do throws(TLSError) {
            try service.reloadCertificates()
            report(service.certificate)
        } catch {
            logger.error(
                "the certificates were not renewed; those of before stay", metadata: ["problem": "\(error)"])
        }
    }

    /// On SIGHUP too: the same as POST /v1/admin/reload.
    private func reload(_ engine: ScoringEngine) {
        do throws(ReloadProblem) {
            let report = try engine.reload()
            logger.info(
                "configuration reloaded",
                metadata: [
                    "rules_added": "\(report.changes.rulesAdded.count)",
                    "rules_removed": "\(report.changes.rulesRemoved.count)",
                    "rules_changed": "\(report.changes.rulesChanged.count)",
                    "histories_added": "\(report.historiesAdded.count)", "pause_us": "\(report.pauseMicroseconds)",
                ])
            if let problem = report.keepingProblem { warn(problem) }
        } catch {
            logger.error("the configuration was not reloaded; the old one stays", metadata: ["problem": "\(error)"])
        }
    }

    private func report(_ certificate: CertificateSummary?) {
        guard let certificate else { return }
        let isExpired = certificate.notAfter * 1_000_000_000 < WallClock.nanosecondsSince1970()
        logger.log(
            level: isExpired ? .error : .info, isExpired ? "the certificate has expired" : "certificate loaded",
            metadata: [
                "subject": "\(certificate.subject)",
                "until": "\(Timestamp.text(nanoseconds: certificate.notAfter * 1_000_000_000))",
            ])
    }

    private func warn(_ keepingProblem: PlatformError) {
        logger.warning(
            "the files of the configuration were not kept beside the log; shroff log replay will ask for them",
            metadata: ["problem": "\(keepingProblem)"])
    }

    private func reportSnapshots(_ engine: ScoringEngine) {
        for refused in engine.recovery.refused {
            logger.warning(
                "a snapshot was not used", metadata: ["path": "\(refused.path)", "problem": "\(refused.reason)"])
        }
        let logger = logger
        engine.snapshots.report { event in
            switch event {
            case .written(let sequence, let bytes, let seconds):
                logger.info(
                    "snapshot written",
                    metadata: ["sequence": "\(sequence)", "bytes": "\(bytes)", "seconds": "\(seconds)"])
            case .postponed(let reason): logger.info("no snapshot was taken", metadata: ["reason": "\(reason)"])
            case .failed(let reason): logger.error("no snapshot was written", metadata: ["problem": "\(reason)"])
            }
        }
        engine.earlierLog.report { damage in
            logger.error("an earlier part of the log is damaged", metadata: ["problem": "\(damage)"])
        }
    }

    private func report(_ engine: ScoringEngine) {
        let recovery = engine.recovery
        logger.info(
            "recovered",
            metadata: [
                "records": "\(recovery.report.records)", "payments": "\(recovery.payments)",
                "last_sequence": "\(recovery.report.lastSequence)", "seconds": "\(recovery.seconds)",
                "snapshot": "\(recovery.report.startedAfter)", "snapshot_seconds": "\(recovery.snapshotSeconds)",
            ])
        reportSnapshots(engine)
        if let problem = engine.keepingProblem { warn(problem) }
        if let torn = recovery.report.torn {
            logger.warning(
                torn.damage.isTornTail
                    ? "a torn last record was set aside" : "what a loss of power left of the log's end was set aside",
                metadata: [
                    "kept_as": "\(torn.keptAs)", "bytes": "\(torn.bytes)",
                    "whole_segments": "\(torn.laterSegments.joined(separator: " "))",
                ])
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
    /// 0 without a TLS port.
    public var tlsPort: Int { server.tlsPort }
    public var certificate: CertificateSummary? { server.certificate }

    /// Reads the files of the TLS port anew; established connections go on.
    public func reloadCertificates() throws(TLSError) { try server.reloadCertificates() }

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

/// SIGTERM, SIGINT and SIGHUP as something to wait for.
private final class Signals {
    private enum Wish { case stop, reload }

    private let arrived = DispatchSemaphore(value: 0)
    private let wishes: WishList
    private let sources: [any DispatchSourceSignal]

    private final class WishList: Sendable {
        private let list = Mutex<[Wish]>([])
        func append(_ wish: Wish) { list.withLock { $0.append(wish) } }
        func next() -> Wish? { list.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    init() {
        let (arrived, wishes) = (arrived, WishList())
        let queue = DispatchQueue(label: "shroff.signals")
        self.wishes = wishes
        sources = [SIGTERM, SIGINT, SIGHUP].map { signal in
            Glibc.signal(signal, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                if signal != SIGHUP { Glibc.signal(signal, SIG_DFL) }
                wishes.append(signal == SIGHUP ? .reload : .stop)
                arrived.signal()
            }
            source.resume()
            return source
        }
        // A client that leaves is an error of its own write, not the end of the process.
        Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when the process is to stop; calls `reload` on this thread for each SIGHUP before.
    func wait(reload: () -> Void) {
        while true {
            arrived.wait()
            switch wishes.next() {
            case .stop: return
            case .reload: reload()
            case nil: break
            }
        }
    }
}
