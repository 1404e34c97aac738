// Measures Shroff's Trees against the libraries, model by model, in one process on one thread, and prints tables.

import Glibc
import Peers
import Trees

@main
enum BenchmarkTrees {
    static func main() {
        let options = Options(CommandLine.arguments.dropFirst())
        let pinned = peers_pin(options.processor) != 0
        let ticksPerSecond = peers_ticks_per_second()
        print("Machine: \(machineDescription()).\n")
        print("Versions: \(firstLine(of: "\(options.folder)/versions.txt") ?? "unknown").\n")
        print(
            "Microseconds; one thread\(pinned ? ", pinned to one core" : ""); medians of \(options.effort.rounds) rounds. "
                + "× is the peer's time over Shroff's.\n")
        var reasons: [(model: String, findings: [ExplanationFinding])] = []
        let libraries = readLibraries(folder: options.folder)
        let switchesBefore = peers_involuntary_switches()
        for name in options.models {
            guard let fixture = Fixture(name: name, folder: options.folder) else {
                fail("\(options.folder) has no complete \(name).")
            }
            var contest = Contest(fixture, libraries: libraries, effort: options.effort)
            reasons.append((name, contest.run(ticksPerSecond: ticksPerSecond)))
            printTable(name, contest.findings)
            if contest.unstableCalls > 0 {
                print("\(contest.unstableCalls) timed calls gave another margin than the first pass.\n")
            }
            fflush(nil)
        }
        printExplanations(reasons)
        print("Switches that the thread did not ask for: \(peers_involuntary_switches() - switchesBefore).")
    }
}
