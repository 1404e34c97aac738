// A few cells of a CSV line, by their place, without the others: tables of features are wide, and a judgement needs five
// columns of them. The rules are those of `CSVRow`, cell for cell.

/// Finds the wanted cells of a line and counts all of them.
struct CellScanner {
    /// Where the wanted cells stand, in the order in which they were asked for; the same place may be asked for twice.
    private let places: [Int]
    /// For each place in the line, whether it is wanted at all.
    private let isWanted: [Bool]
    private(set) var cells: [[UInt8]]

    /// - Parameters:
    ///   - places: Places in the line, from 0.
    ///   - cellCount: How many cells the header has.
    init(places: [Int], cellCount: Int) {
        precondition(places.allSatisfy { $0 < cellCount }, "a cell behind the last")
        self.places = places
        var isWanted = [Bool](repeating: false, count: cellCount)
        for place in places { isWanted[place] = true }
        self.isWanted = isWanted
        cells = [[UInt8]](repeating: [], count: places.count)
    }

    /// Reads the line; returns how many cells it has.
    mutating func scan(_ line: [UInt8]) throws(CSVError) -> Int {
        for wanted in cells.indices { cells[wanted].removeAll(keepingCapacity: true) }
        let end = line.last == 0x0D ? line.count - 1 : line.count
        var position = 0
        var place = 0
        while true {
            let keep = place < isWanted.count && isWanted[place]
            if position < end, line[position] == 0x22 {
                position = try quoted(line, position, end, place: place, keep: keep)
            } else {
                let start = position
                while position < end, line[position] != 0x2C { position += 1 }
                if keep { add(line[start..<position], at: place) }
            }
            place += 1
            guard position < end else { return place }
            position += 1
        }
    }

    private mutating func quoted(
        _ line: [UInt8], _ opening: Int, _ end: Int, place: Int, keep: Bool
    ) throws(CSVError) -> Int {
        var position = opening + 1
        var start = position
        while true {
            guard position < end else { throw .unterminatedQuote(column: place + 1) }
            guard line[position] == 0x22 else {
                position += 1
                continue
            }
            if keep { add(line[start..<position], at: place) }
            position += 1
            guard position < end else { return position }
            if line[position] == 0x2C { return position }
            guard line[position] == 0x22 else { throw .textAfterQuote(column: place + 1) }
            start = position  // the second of two quotes is text
            position += 1
        }
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>, at place: Int) {
        for (wanted, other) in places.enumerated() where other == place { cells[wanted].append(contentsOf: bytes) }
    }
}
