// The calls, and which read each is. A condition may stand last in every one; it is about the past payment.
//
//   count(card, "1h")                      payments
//   sum · mean · min · max · stddev(card, amount, "1d")    of an int or double over the past payment
//   distinct(card, merchant.id, "1d")      different values of a field
//   since_first(card) · since_last(card)   durations; since_last is to the payment before
//   first_seen(card, merchant.id, "90d")   whether no other payment of the window has this payment's value
//   fraud_count · fraud_rate(terminal, "28d")    of those known to be fraud; FraudRate.swift
//   streak · streak_age · streak_gap(terminal, label == "fraud")    of the latest payments in a row
//   ewm_count(card, "7d") · ewm_sum · ewm_mean(card, amount, "7d")  each payment weighs half as much a half-life later

import Aggregates
import Expressions

/// A call, understood.
struct HistoryCall {
    let read: HistoryRead
    let type: ValueType
    var measure: Int?
    var condition: Int?
    var among: Int?
    /// Whether the payment that asks can be in it at all.
    var mayCountItself = true

    init(_ read: HistoryRead, _ type: ValueType, measure: Int? = nil, condition: Int? = nil) {
        self.read = read
        self.type = type
        self.measure = measure
        self.condition = condition
    }
}

extension HistoryCatalog {
    /// Each name with the arguments that it needs, and how it is written.
    private static let forms: [(name: String, needed: Int, form: String)] = [
        ("count", 2, #"count(card, "1h")"#), ("sum", 3, #"sum(card, amount, "1h")"#),
        ("mean", 3, #"mean(card, amount, "30d")"#), ("min", 3, #"min(card, amount, "30d")"#),
        ("max", 3, #"max(card, amount, "30d")"#), ("stddev", 3, #"stddev(card, amount, "30d")"#),
        ("distinct", 3, #"distinct(card, merchant.id, "1d")"#), ("since_first", 1, "since_first(card)"),
        ("since_last", 1, "since_last(card)"), ("first_seen", 2, #"first_seen(card, merchant.id, "90d")"#),
        ("fraud_count", 2, #"fraud_count(terminal, "28d")"#), ("fraud_rate", 2, #"fraud_rate(terminal, "28d")"#),
        ("streak", 2, #"streak(terminal, label == "fraud")"#),
        ("streak_age", 2, #"streak_age(terminal, label == "fraud")"#),
        ("streak_gap", 2, #"streak_gap(terminal, label == "fraud")"#), ("ewm_count", 2, #"ewm_count(card, "7d")"#),
        ("ewm_sum", 3, #"ewm_sum(card, amount, "7d")"#), ("ewm_mean", 3, #"ewm_mean(card, amount, "7d")"#),
    ]

    static let readNames = forms.map(\.name)

    /// The window of `first_seen` where none is written: 90 days.
    static let firstSeenWindowMicroseconds: Int64 = 90 * 86_400_000_000

    mutating func read(
        _ name: String, _ arguments: [Expression], _ present: Environment
    ) throws(ExpressionError) -> HistoryCall {
        let isWindowed = name == "first_seen" && arguments.count > 2 && arguments[2].stringLiteral != nil
        let needed = (Self.forms.first { $0.name == name }?.needed ?? 0) + (isWindowed ? 1 : 0)
        try expect(arguments, needed, of: name)
        var call: HistoryCall
        switch name {
        case "count", "fraud_count":
            call = HistoryCall(.count(windowMicroseconds: try window(arguments[1])), .int)
        case "sum", "mean", "min", "max", "stddev": call = try overMeasure(name, arguments, present)
        case "ewm_count", "ewm_sum", "ewm_mean": call = try decayed(name, arguments, present)
        case "distinct":
            let column = try column(arguments[1], of: "distinct counts")
            call = HistoryCall(.distinct(column: column, windowMicroseconds: try window(arguments[2])), .int)
        case "first_seen":
            let column = try column(arguments[1], of: "first_seen looks for")
            let window = isWindowed ? try window(arguments[2]) : Self.firstSeenWindowMicroseconds
            call = HistoryCall(.isFirst(column: column, windowMicroseconds: window), .bool)
            call.mayCountItself = false
        case "since_first": call = HistoryCall(.sinceFirst, .duration)
        case "since_last":
            call = HistoryCall(.sinceLast, .duration)
        default: return try streak(name, arguments, present)
        }
        let condition = arguments.count > needed ? arguments[needed] : nil
        if name == "fraud_count" {
            call.condition = try fraudCondition(and: condition, present)
        } else if let condition {
            call.condition = try self.condition(condition, present)
            if name.hasPrefix("ewm_") { try refuseKnowledge(call, condition) }
        }
        return call
    }

    private mutating func overMeasure(
        _ name: String, _ arguments: [Expression], _ present: Environment
    ) throws(ExpressionError) -> HistoryCall {
        let measure = try measure(arguments[1], present)
        let window = try window(arguments[2])
        let type = measures[measure].type
        switch name {
        case "sum": return HistoryCall(.sum(measure: measure, windowMicroseconds: window), type, measure: measure)
        case "mean": return HistoryCall(.mean(measure: measure, windowMicroseconds: window), .double, measure: measure)
        case "min": return HistoryCall(.minimum(measure: measure, windowMicroseconds: window), type, measure: measure)
        case "max": return HistoryCall(.maximum(measure: measure, windowMicroseconds: window), type, measure: measure)
        default:
            return HistoryCall(
                .standardDeviation(measure: measure, windowMicroseconds: window), .double, measure: measure)
        }
    }

    private mutating func decayed(
        _ name: String, _ arguments: [Expression], _ present: Environment
    ) throws(ExpressionError) -> HistoryCall {
        if name == "ewm_count" {
            return HistoryCall(.decayedCount(halfLifeMicroseconds: try window(arguments[1], "half-life")), .double)
        }
        let measure = try measure(arguments[1], present)
        let halfLife = try window(arguments[2], "half-life")
        let read: HistoryRead =
            name == "ewm_sum"
            ? .decayedSum(measure: measure, halfLifeMicroseconds: halfLife)
            : .decayedMean(measure: measure, halfLifeMicroseconds: halfLife)
        return HistoryCall(read, .double, measure: measure)
    }

    /// A decayed value is one running number: an event can't leave it when it becomes known to be something else.
    private func refuseKnowledge(_ call: HistoryCall, _ condition: Expression) throws(ExpressionError) {
        guard let index = call.condition, conditions[index].needs.isKnowledge else { return }
        throw ExpressionError(
            "a decayed history can't have a condition over label or outcome, which become known later; take a window",
            at: condition)
    }

    private mutating func streak(
        _ name: String, _ arguments: [Expression], _ present: Environment
    ) throws(ExpressionError) -> HistoryCall {
        let condition = try condition(arguments[1], present)
        let read: HistoryRead
        switch name {
        case "streak": read = .streak
        case "streak_age": read = .streakAge
        default: read = .streakGap
        }
        var call = HistoryCall(read, name == "streak" ? .int : .duration, condition: condition)
        if arguments.count > 2 { call.among = try self.condition(arguments[2], present) }
        call.mayCountItself = false
        return call
    }

    /// Refuses what has too few arguments, or more than these and a condition.
    func expect(_ arguments: [Expression], _ needed: Int, of name: String) throws(ExpressionError) {
        guard arguments.count < needed || arguments.count > needed + 1 else { return }
        let form = Self.forms.first { $0.name == name }?.form ?? name
        let place = arguments.count > needed ? arguments[needed + 1] : arguments[arguments.count - 1]
        throw ExpressionError(
            "\(name) takes \(needed) arguments, as in \(form), and at most a condition behind them", at: place)
    }

    func window(_ expression: Expression, _ what: String = "window") throws(ExpressionError) -> Int64 {
        guard let text = expression.stringLiteral, let nanoseconds = DurationText.nanoseconds(parsing: text) else {
            throw ExpressionError("a \(what) is text such as \"10m\", \"1h\", \"1d\" or \"30d\"", at: expression)
        }
        let microseconds = nanoseconds / 1_000
        guard microseconds > 0, microseconds <= HistoryPlan.maximumWindowMicroseconds else {
            throw ExpressionError("a \(what) is longer than 0 and at most 100 years", at: expression)
        }
        return microseconds
    }
}
