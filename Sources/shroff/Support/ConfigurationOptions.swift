// The configuration that a command works with: the file that --config names, with SHROFF_… variables laid over it.

import ArgumentParser
import FoundationEssentials
import Platform
import Scoring
import Service

struct ConfigurationOptions: ParsableArguments {
    static let defaultFile = "config/shroff.yaml"

    @Option(
        name: [.customLong("config"), .customShort("c")],
        help: ArgumentHelp(
            "The configuration. Any key of it may also be set in the environment: SHROFF_HTTP_PORT for http.port.",
            valueName: "file"))
    var file: String = Self.defaultFile

    /// - Parameter overrides: By key, such as `http.port`; they stand above the environment.
    func load(overrides: [String: String] = [:]) throws(ConfigurationError) -> ServiceConfiguration {
        var environment = ProcessInfo.processInfo.environment
        for (key, value) in overrides { environment[ServiceConfiguration.variable(of: key)] = value }
        do throws(ConfigurationError) {
            return try ServiceConfiguration(file: file, environment: environment)
        } catch {
            guard !isThere else { throw error }
            throw ConfigurationError(
                file: file, message: "there is no such file; name the configuration with --config FILE")
        }
    }

    var isThere: Bool { exists(file) }
}
