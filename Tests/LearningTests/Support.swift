// What the tests of this target share.
import Foundation
import Scoring
import Testing

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "shroff-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path).appending(path: name))
        return path + "/" + name
    }
}

/// Folder of the shared data, beside the checkout or where the environment says.
let sharedData: String? = {
    if let path = ProcessInfo.processInfo.environment["SHROFF_SHARED_DATA"] { return path }
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    while folder.path != "/" {
        let candidate = folder.appending(path: "shared/data").path
        if FileManager.default.fileExists(atPath: candidate) { return candidate }
        folder = folder.deletingLastPathComponent()
    }
    return nil
}()

let handbookMap = """
    payment:
      transaction_id: { column: transaction_id, prefix: handbook- }
      event_time: { column: timestamp }
      amount: { column: amount, unit: major }
      currency: { value: EUR }
      card.fingerprint: { column: customer_id, prefix: card- }
      customer.id: { column: customer_id, prefix: customer- }
      merchant.id: { column: terminal_id, prefix: merchant- }
      merchant.terminal_id: { column: terminal_id, prefix: terminal- }
    label: { column: fraud, fraud: "1", source: chargeback, known_after: 7d }
    """

func read(_ body: [UInt8]) throws(PaymentProblem) -> Payment {
    var reader = PaymentReader()
    var payment = Payment()
    try reader.read(body.span, into: &payment)
    return payment
}
