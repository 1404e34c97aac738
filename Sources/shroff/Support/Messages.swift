// What is said on standard error: whole lines, and on a terminal one line of progress that is written over. Progress
// begins after a second and comes at most twice a second; into a file or a pipe none is written.

import Glibc

final class Messages {
    private static let progressAfter = Duration.seconds(1)
    private static let progressEvery = Duration.milliseconds(500)
    private static let clearLine = "\r\u{1B}[K"

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?
    private var isProgressShown = false

    /// Seconds since this was made.
    var elapsedSeconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Writes a line, above the progress.
    func say(_ line: String) {
        clearProgress()
        write(line.hasSuffix("\n") ? line : line + "\n")
    }

    /// Shows how far the work is; `text` is only made when it is shown.
    func progress(_ text: () -> String) {
        guard isTerminal else { return }
        let now = ContinuousClock.now
        guard now - start >= Self.progressAfter, shownAt.map({ now - $0 >= Self.progressEvery }) ?? true else { return }
        shownAt = now
        isProgressShown = true
        write(Self.clearLine + text())
    }

    func clearProgress() {
        guard isProgressShown else { return }
        isProgressShown = false
        write(Self.clearLine)
    }

    /// Nobody can be told that standard error can't be written, so nobody is.
    private func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(STDERR_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno != EINTR { return }
                done += max(0, count)
            }
        }
    }
}

/// `1234567` as `1,234,567`.
func grouped(_ number: some BinaryInteger) -> String {
    var digits = Array(String(number).reversed())
    var place = 3
    while place < digits.count, digits[place].isNumber {
        digits.insert(",", at: place)
        place += 4
    }
    return String(digits.reversed())
}

/// A number with so many decimals.
func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var scale: Double = 1
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((abs(value) * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(scaled) }
    let digits = String(scaled)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}
