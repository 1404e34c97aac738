// shroff simulate: payments of invented customers, merchants and fraudsters, a request a line, and what becomes known of
// them later.

import ArgumentParser
import JSON
import Scoring
import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Makes payments from a seed, as request JSON, a line each.",
        discussion: """
            Equal options give equal bytes. Examples:
              shroff simulate --days 90 -o payments.ndjson --labels labels.ndjson
              shroff simulate --days 7 | gzip > week.ndjson.gz

            Labels tell fraud or not, and when that became known (labelled_at), which may be after the last payment. \
            Payments without a label are those of which nobody ever says anything.
            """)

    @Option(help: ArgumentHelp("What everything is drawn from.", valueName: "n"))
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Simulated days.", valueName: "n"))
    var days = SimulationConfiguration().days

    @Option(help: ArgumentHelp("Customers.", valueName: "n"))
    var customers = SimulationConfiguration().customers

    @Option(help: ArgumentHelp("Merchants; at least 16.", valueName: "n"))
    var merchants = SimulationConfiguration().merchants

    @Option(help: ArgumentHelp("The first instant, RFC 3339.", valueName: "time"))
    var start = Timestamp.text(nanoseconds: SimulationConfiguration().startNanoseconds)

    @Option(help: ArgumentHelp("Payments of a customer a day, on average.", valueName: "x"))
    var paymentsPerDay = SimulationConfiguration().paymentsPerCustomerPerDay

    @Option(help: ArgumentHelp("Expected part of the payments that is fraud; 0 to 0.2.", valueName: "x"))
    var fraudShare = SimulationConfiguration().fraudShare

    @Option(name: .shortAndLong, help: ArgumentHelp("Where payments go; - is standard output.", valueName: "file"))
    var output = Output.standard

    @Option(help: ArgumentHelp("Where labels go, the bodies of POST /v1/labels; none without.", valueName: "file"))
    var labels: String?

    func validate() throws {
        if output == labels { throw ValidationError("--output and --labels name the same place: \(output)") }
        guard Timestamp.nanoseconds(parsing: Array(start.utf8).span) != nil else {
            throw ValidationError("--start \(start) is no RFC 3339 time, such as 2026-06-01T00:00:00Z")
        }
    }

    mutating func run() throws {
        let messages = Messages()
        var simulator = try Simulator(settings())
        let paymentOutput = try Output(path: output)
        let labelOutput = try labels.map { path in try Output(path: path) }
        var json = JSONWriter(capacity: 4_096)
        var paymentCount = 0
        var labelCount = 0
        while let payment = simulator.next() {
            json.removeAll()
            payment.writeRequest(to: &json)
            paymentOutput.append(line: json.bytes)
            try paymentOutput.flushIfFull()
            paymentCount += 1
            if let labelOutput {
                json.removeAll()
                if payment.writeLabel(to: &json) {
                    labelOutput.append(line: json.bytes)
                    try labelOutput.flushIfFull()
                    labelCount += 1
                }
            }
            if paymentCount & 0xFFF == 0 {
                messages.progress { "\(grouped(paymentCount)) payments" }
            }
        }
        try paymentOutput.flush()
        try labelOutput?.flush()
        let told = labelOutput == nil ? "" : ", \(grouped(labelCount)) labels"
        messages.say("\(grouped(paymentCount)) payments\(told) in \(fixed(messages.elapsedSeconds, 1)) s")
    }

    private func settings() -> SimulationConfiguration {
        var configuration = SimulationConfiguration()
        configuration.seed = seed
        configuration.days = days
        configuration.customers = customers
        configuration.merchants = merchants
        configuration.paymentsPerCustomerPerDay = paymentsPerDay
        configuration.fraudShare = fraudShare
        if let nanoseconds = Timestamp.nanoseconds(parsing: Array(start.utf8).span) {
            configuration.startNanoseconds = nanoseconds
        }
        return configuration
    }
}
