// shroff serve: the service on its socket, until a signal asks it to stop.

import ArgumentParser
import Logging
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves scores over HTTP until SIGTERM or SIGINT.",
        discussion: """
            Example:
              shroff serve --config config/shroff.yaml --port 8080 --data /var/lib/shroff

            On SIGTERM it takes no more payments, answers those that are under way, closes the log and exits 0. What \
            happens is told on standard error.
            """)

    @OptionGroup var configured: ConfigurationOptions

    @Option(help: ArgumentHelp("The TCP port, above http.port; 0 takes a free one.", valueName: "n"))
    var port: Int?

    @Option(help: ArgumentHelp("The address to listen at, above http.address.", valueName: "ip"))
    var address: String?

    @Option(help: ArgumentHelp("The data folder, above data.directory.", valueName: "folder"))
    var data: String?

    func validate() throws {
        if let port, !(0...65_535).contains(port) { throw ValidationError("--port \(port) is not from 0 to 65535") }
    }

    mutating func run() throws {
        var overrides: [String: String] = [:]
        overrides["http.port"] = port.map(String.init)
        overrides["http.address"] = address
        overrides["data.directory"] = data
        let configuration = try configured.load(overrides: overrides)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        throw ExitCode(try ServiceRunner(configuration: configuration, logger: Logger(label: "shroff")).run())
    }
}
