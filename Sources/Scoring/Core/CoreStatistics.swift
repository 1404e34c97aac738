// What a core counts of itself, for the metrics.

import Aggregates

public struct CoreStatistics: Sendable, Equatable {
    public let aggregates: AggregateStatistics
    public let transactions: Int
    public let transactionsForgottenEarly: Int
    public let feedback: FeedbackStatistics
}
