// When people pay: a week of hourly rates on their own clocks, from which the time of the next payment is drawn
// exactly, by running through the summed rate (a Poisson process whose rate changes with the hour).

struct ActivityProfile: Sendable {
    static let hoursPerWeek = 168
    /// A longer pause is cut, so that time does not run over: nineteen years, past the end of any simulation.
    private static let longestPauseWeeks = 1_000.0

    /// The rate summed up to the beginning of each hour of the week from Monday; the mean rate is 1 an hour.
    private let sumBefore: [Double]

    private static let workday: [Double] = [
        4, 2, 1.5, 1, 1, 3, 12, 28, 36, 34, 38, 52, 74, 62, 48, 46, 56, 82, 96, 86, 66, 46, 26, 11,
    ]
    private static let weekend: [Double] = [
        10, 6, 3, 2, 1.5, 2, 5, 12, 28, 56, 78, 88, 90, 84, 78, 74, 76, 78, 82, 78, 62, 48, 34, 20,
    ]

    /// - Parameter hoursLater: How much later than others these people rise and rest.
    init(hoursLater: Int) {
        var sums = [0.0]
        for day in 0..<7 {
            for hour in 0..<24 {
                let from = (hour - hoursLater + 24) % 24
                let share = day < 5 ? Self.workday[from] : Self.weekend[from]
                sums.append(sums[sums.count - 1] + share)
            }
        }
        let scale = Double(Self.hoursPerWeek) / sums[Self.hoursPerWeek]
        sumBefore = sums.map { $0 * scale }
    }

    static let all = [ActivityProfile(hoursLater: 0), ActivityProfile(hoursLater: -1), ActivityProfile(hoursLater: 3)]
    /// Cumulative shares of people who live by each.
    static let shares = [0.62, 0.82, 1.0]

    /// The next instant of a process of so many events an hour on average, on clocks `offset` ahead of UTC.
    func next(after time: Int64, offset: Int64, perHour: Double, random: inout RandomSource) -> Int64 {
        let week = Int64(Self.hoursPerWeek) * Nanoseconds.hour
        let toMonday = 3 * Nanoseconds.day  // 1970-01-01 was a Thursday
        let local = time + offset + toMonday
        let weekStart = local - local % week
        let hoursIn = Double(local - weekStart) / Double(Nanoseconds.hour)
        let hour = min(Int(hoursIn), Self.hoursPerWeek - 1)
        var sum = sumBefore[hour] + (hoursIn - Double(hour)) * (sumBefore[hour + 1] - sumBefore[hour])
        sum += random.exponential(mean: 1 / perHour)

        let perWeek = sumBefore[Self.hoursPerWeek]
        let wholeWeeks = (sum / perWeek).rounded(.down)
        sum -= wholeWeeks * perWeek
        let weeks = min(wholeWeeks, Self.longestPauseWeeks)
        var low = 0
        var high = Self.hoursPerWeek - 1
        while low < high {
            let middle = (low + high) / 2
            if sumBefore[middle + 1] > sum { high = middle } else { low = middle + 1 }
        }
        let into = min(max((sum - sumBefore[low]) / (sumBefore[low + 1] - sumBefore[low]), 0), 1)
        let inWeek = Nanoseconds.hours(Double(low) + into)
        let result = weekStart + Int64(weeks) * week + inWeek - offset - toMonday
        return max(Nanoseconds.wholeMilliseconds(result), time)
    }
}
