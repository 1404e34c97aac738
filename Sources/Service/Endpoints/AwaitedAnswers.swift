// With `sync: always` a flush of the disk takes milliseconds, and a loop that waited for it could read nobody's payment
// meanwhile. So the answers of a batch wait elsewhere, in the order of the batches, and the loop goes on; all batches that
// came while the disk was busy share its next flush.
//
//   loop ──▶ decide, put in line ──▶ queue: [ wait for the record, or the batch's deadline ] ──▶ mailbox ──▶ loop: write

import DecisionLog
import Dispatch
import HTTP
import Scoring

/// An answer that is rendered, and says in one place whether it is recorded.
struct AwaitedAnswer: Sendable {
    let deferral: Deferral?
    let headers: [(String, String)]
    let body: [UInt8]
    let recordedOffset: Int
    let count: PaymentCount
}

/// Where the answers of one loop wait.
final class AwaitedAnswers: Sendable {
    private let queue: DispatchQueue
    private let log: DecisionLogWriter
    private let metrics: LoopMetrics

    init(log: DecisionLogWriter, metrics: LoopMetrics) {
        queue = DispatchQueue(label: "shroff.answers", qos: .userInteractive)
        self.log = log
        self.metrics = metrics
    }

    /// Sends the answers when the log has their records, or at the deadline.
    func add(_ answers: [AwaitedAnswer], through sequence: UInt64, by deadline: UInt64) {
        queue.async {
            let isRecorded = self.log.commit(through: sequence, by: deadline)
            self.metrics.update { counts in
                for answer in answers { answer.count.add(to: &counts, isRecorded: isRecorded) }
            }
            for answer in answers {
                let isWhole = isRecorded && !answer.count.wasDropped
                let body = isWhole ? answer.body : ServiceHandler.unrecorded(answer.body, at: answer.recordedOffset)
                answer.deferral?.complete(status: 200, headers: answer.headers, body: body)
            }
        }
    }
}
