// What a bucket keeps of the events that were folded into it: for each condition and measure that a window's read is
// about, what they add up to. Windows share it, since a bucket is read by all of them.
//
//   row    first | last | events | level | sides
//   side   count | sum (2) | squares (4) | minimum, its time | maximum, its time; what no read needs is left out
//
// A group with a condition has a second side where payments without a label become legitimate with age: the first is
// as things were known when the events were folded, the second as they are once all have matured.

struct BucketLayout: Sendable {
    struct Group: Sendable {
        var condition: Int
        var measure: Int
        var kind: MeasureKind
        /// The first side's place in a row; the second stands behind it.
        var word = 0
        var sideWords = 1
        var matures: Bool
        /// Words of a side; -1 where no read needs them.
        var sum = -1
        var squares = -1
        var minimum = -1
        var maximum = -1
    }

    /// Doubles are summed as multiples of 2^-32 here, integers as they are: so 2^38 events add up without overflow.
    static func shift(_ kind: MeasureKind) -> Int128 { kind == .double ? 32 : 0 }

    // Words of a row.
    static var first: Int { 0 }
    static var last: Int { 1 }
    static var events: Int { 2 }
    static var level: Int { 3 }
    static var sides: Int { 4 }

    private(set) var groups: [Group] = []
    /// The group here of each of the layout's groups; -1 for those that no window with an end reads.
    private(set) var numbers: [Int] = []
    private(set) var rowWords = sides
    /// Kept columns whose values are sampled, and the sample of each kept column, -1 without one.
    private(set) var sampledColumns: [Int] = []
    private(set) var samples: [Int]

    init(groups all: [Layout.Group], windows: [Int64], operations: [Layout.Operation], columns: Int, matures: Bool) {
        samples = Array(repeating: -1, count: columns)
        for group in all {
            guard windows[group.window] != .max else {
                numbers.append(-1)
                continue
            }
            var number = groups.firstIndex { $0.condition == group.condition && $0.measure == group.measure }
            if number == nil {
                number = groups.count
                groups.append(
                    Group(
                        condition: group.condition, measure: group.measure, kind: group.kind,
                        matures: matures && group.condition >= 0))
            }
            guard let number else { continue }
            numbers.append(number)
            want(group.sum, \.sum, 2, number)
            want(group.squares, \.squares, 4, number)
            want(group.minimum, \.minimum, 2, number)
            want(group.maximum, \.maximum, 2, number)
        }
        for number in groups.indices {
            groups[number].word = rowWords
            rowWords += groups[number].sideWords * (groups[number].matures ? 2 : 1)
        }
        for operation in operations where operation.code == .distinct || operation.code == .isFirst {
            let column = Int(operation.column)
            guard operation.condition < 0, samples[column] < 0 else { continue }
            samples[column] = sampledColumns.count
            sampledColumns.append(column)
        }
    }

    private mutating func want(_ word: Int, _ field: WritableKeyPath<Group, Int>, _ words: Int, _ number: Int) {
        guard word >= 0, groups[number][keyPath: field] < 0 else { return }
        groups[number][keyPath: field] = groups[number].sideWords
        groups[number].sideWords += words
    }
}
