// The command line: parses, calls, prints, exits. Data goes to standard output, everything else to standard error; the
// exit code is 0 done, 1 found wanting, 2 wrong usage or input.

import ArgumentParser
import Glibc
import Service

@main
struct Shroff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shroff",
        abstract: "Scores payments for fraud, in real time or from files.",
        discussion: """
            Begin with a service on this machine and a payment for it:

              shroff serve &
              shroff simulate --days 1 | head -n 1 > payment.json
              curl --json @payment.json http://127.0.0.1:8080/v1/score

            Exit codes: 0 done, 1 found wanting (a refused model, a damaged log, a missed objective, an invalid \
            payment), 2 wrong usage or input.
            """,
        version: "shroff 0.1.0",
        subcommands: [
            ServeCommand.self, ScoreCommand.self, DatasetCommand.self, SimulateCommand.self, LoadTestCommand.self,
            ModelCommand.self, LogCommand.self, ConfigCommand.self, RulesCommand.self,
            EvaluateCommand.self,
        ])

    static func main() {
        // A reader of standard output that leaves is an error of the next write, which ends the command quietly.
        signal(SIGPIPE, SIG_IGN)
        Glibc.exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        let messages = Messages()
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            return ExitStatus.done
        } catch OutputError.closed {
            return ExitStatus.done
        } catch {
            messages.clearProgress()
            return report(error, messages)
        }
    }

    private static func report(_ error: any Error, _ messages: Messages) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        switch exitCode(for: error) {
        case .success:
            return print(fullMessage(for: error), messages)  // --help, --version
        case .validationFailure:
            messages.say(fullMessage(for: error))
        default:
            messages.say("shroff: \(error)")
            if case ServiceError.log(.damaged) = error { return ExitStatus.foundWanting }
        }
        return ExitStatus.wrongUsage
    }

    private static func print(_ text: String, _ messages: Messages) -> Int32 {
        do throws(OutputError) {
            try Output.report(text + "\n")
            return ExitStatus.done
        } catch {
            messages.say("shroff: \(error)")
            return ExitStatus.wrongUsage
        }
    }
}

enum ExitStatus {
    static let done: Int32 = 0
    static let foundWanting: Int32 = 1
    static let wrongUsage: Int32 = 2
}

extension ExitCode {
    /// The work was done, and what it looked at is not as it should be; what is wrong was said already.
    static let foundWanting = ExitCode(ExitStatus.foundWanting)
    static let wrongUsage = ExitCode(ExitStatus.wrongUsage)
}
