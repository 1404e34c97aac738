// Nothing acknowledged is lost: the process is killed with SIGKILL while clients post, started again on its folder, and
// asked for every decision that it gave.

import Foundation
import Synchronization
import Testing

@Suite(.serialized) struct KillTests {
    @Test(arguments: ["interval", "always", "never"])
    func `a service killed under load has every acknowledged decision when it starts again`(sync: String) throws {
        let fixture = try Fixture()
        try fixture.simulate(days: 4)
        let payments = try fixture.read("payments.ndjson").split(separator: UInt8(ascii: "\n")).map(Array.init)
        let state = "state:\n  snapshot_every: \(sync == "always" ? "never" : "20ms")\n"
        try fixture.write(
            "config/shroff.yaml",
            Fixture.scoring + "data: { directory: ../data }\nlog: { sync: \(sync), segment_bytes: 262144 }\n" + state)

        let service = try Service(fixture, data: "data")
        let acknowledged = Mutex<[String: String]>([:])
        let clients = 6
        let done = DispatchGroup()
        for client in 0..<clients {
            let share = stride(from: client, to: payments.count, by: clients).map { payments[$0] }
            let port = service.port
            DispatchQueue(label: "client-\(client)").async(group: done) {
                guard let connection = PlainConnection(port: port) else { return }
                for payment in share {
                    guard let answer = connection.post("/v1/score", payment), answer.status == 200,
                        let transaction = answer.object?["transaction_id"] as? String
                    else { return }
                    // One that took longer than a payment may wait was told that it is not on the disk yet.
                    guard answer.object?["recorded"] as? Bool == true else { continue }
                    acknowledged.withLock { $0[transaction] = answer.text }
                }
            }
        }
        while acknowledged.withLock({ $0.count }) < payments.count / 3, done.wait(timeout: .now()) == .timedOut {
            Thread.sleep(forTimeInterval: 0.002)
        }
        service.end()
        done.wait()
        let given = acknowledged.withLock { $0 }
        #expect(given.count >= payments.count / 3, "only \(given.count) were recorded in time")
        #expect(given.count < payments.count, "the kill came after the last payment")

        let again = try Service(fixture, data: "data")
        defer { again.end() }
        let connection = try #require(PlainConnection(port: again.port))
        for payment in payments {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(payment)) as? [String: Any])
            let transaction = try #require(object["transaction_id"] as? String)
            guard let first = given[transaction] else { continue }
            let answer = try #require(connection.post("/v1/score", payment))
            #expect(answer.text == first, "the stored decision of \(transaction) is another")
        }
        #expect(again.stop() == 0)
        let verified = try fixture.run(["log", "verify", "data"])
        #expect(verified.code == 0, "\(verified.text) \(verified.errors)")
    }
}
