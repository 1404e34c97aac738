// What a team finds that looks at a fixed number a day: of payments (alerts), or of cards.

/// Frauds among the highest scores of a day.
struct AlertDay: Equatable {
    /// Payments looked at: the budget, or all of a day that has fewer.
    var alerts = 0.0
    /// Where the budget ends within equal scores, their frauds count by the share that is looked at: what drawing among
    /// them at random finds on average.
    var frauds = 0.0
    var fraudValue = 0.0
}

enum DailyBudget {
    /// What each day's alerts find.
    ///
    /// - Parameter weights: How often each cluster counts; nil is once.
    /// - Complexity: O(rows).
    static func alerts(_ sample: RankedSample, perDay budget: Double, weights: [Double]? = nil) -> [AlertDay] {
        sample.days.indices.map { day in
            var found = AlertDay()
            var position = sample.dayStarts[day]
            let end = sample.dayStarts[day + 1]
            while position < end, found.alerts < budget {
                let score = sample.scores[Int(sample.dayRows[position])]
                var group = AlertDay()
                while position < end, sample.scores[Int(sample.dayRows[position])] == score {
                    let row = Int(sample.dayRows[position])
                    let weight = weights.map { $0[Int(sample.clusters[row])] } ?? 1
                    group.alerts += weight
                    if sample.isFraud[row] {
                        group.frauds += weight
                        if sample.hasAmounts { group.fraudValue += weight * sample.amounts[row] }
                    }
                    position += 1
                }
                guard group.alerts > 0 else { continue }
                let share = min(1, (budget - found.alerts) / group.alerts)
                found.alerts += share * group.alerts
                found.frauds += share * group.frauds
                found.fraudValue += share * group.fraudValue
            }
            return found
        }
    }
}

/// Card precision, as the Fraud Detection Handbook defines it: each day the cards in order of their highest score, the share
/// of the first k that had a fraud that day. A card so detected leaves the set for the days after.
///
/// The Handbook's period is a week of seven days: the set is whole again when the next week begins. Equal scores are in
/// order of the card's place. The share is of k, also on a day that has fewer cards. The order of a day's cards does not
/// depend on who has left, so it is found once for all resamplings.
struct CardPrecision {
    private struct Card {
        let entity: Int32
        let cluster: Int32
        let score: Double
        var isFraud: Bool
    }

    private let days: [(week: Int64, cards: [Card])]

    /// - Parameters:
    ///   - places: The order of the entities, by their number; a negative place is a payment without an entity.
    ///   - firstDay: The day that begins the first week.
    /// - Complexity: O(n log n).
    init(_ sample: RankedSample, places: [Int32], firstDay: Int64) {
        days = sample.days.indices.map { day in
            var cards: [Card] = []
            var seen: [Int32: Int] = [:]
            for position in sample.dayStarts[day]..<sample.dayStarts[day + 1] {
                let row = Int(sample.dayRows[position])
                let entity = sample.entities[row]
                if places[Int(entity)] < 0 { continue }
                if let known = seen[entity] {
                    if sample.isFraud[row] { cards[known].isFraud = true }
                    continue
                }
                seen[entity] = cards.count
                cards.append(
                    Card(
                        entity: entity, cluster: sample.clusters[row], score: sample.scores[row],
                        isFraud: sample.isFraud[row]))
            }
            cards.sort { a, b in
                a.score == b.score ? places[Int(a.entity)] < places[Int(b.entity)] : a.score > b.score
            }
            return ((sample.days[day] - firstDay) / EvaluationSelection.weekDays, cards)
        }
    }

    /// The precision of each day.
    ///
    /// - Parameter weights: How often each cluster, here an entity, counts; nil is once.
    func days(perDay k: Double, weights: [Double]? = nil) -> [Double] {
        var detected: Set<Int32> = []
        var week = Int64.min
        return days.map { day in
            if day.week != week { detected.removeAll() }
            week = day.week
            var left = k
            var found = 0.0
            for card in day.cards {
                guard left > 0 else { break }
                let weight = weights.map { $0[Int(card.cluster)] } ?? 1
                guard weight > 0, !detected.contains(card.entity) else { continue }
                let looked = min(left, weight)
                left -= looked
                if card.isFraud {
                    found += looked
                    detected.insert(card.entity)
                }
            }
            return found / k
        }
    }
}
