// The command line, and words for the terminal.

import Glibc

/// What was asked for.
struct Options {
    static let usage = "Usage: BenchmarkTrees FOLDER [--quick] [--rounds N] [--processor N] [--model NAME]…"
    static let allModels = [
        "xgb_100_d6", "xgb_500_d8", "lgb_300_l31", "lgb_1000_l63", "xgb_cat_200_d6", "lgb_cat_300_l31", "cat_500_d6",
    ]
    static let smallModels = ["xgb_100_d6", "lgb_300_l31", "cat_500_d6"]

    /// Where prepare/ put models, rows, and links to the libraries.
    var folder = ""
    var models = allModels
    var effort = Effort()
    var processor: Int32 = 1

    init(_ arguments: some Sequence<String>) {
        var arguments = Array(arguments)[...]
        var chosen: [String] = []
        func value(of option: String) -> String {
            guard let value = arguments.popFirst() else { fail("\(option) needs a value.") }
            return value
        }
        while let argument = arguments.popFirst() {
            switch argument {
            case "--quick": (effort, models) = (.quick, Self.smallModels)
            case "--rounds":
                guard let rounds = Int(value(of: argument)), rounds > 0 else { fail("--rounds needs a number.") }
                effort.rounds = rounds
            case "--processor":
                guard let number = Int32(value(of: argument)), number >= 0 else { fail("--processor needs a number.") }
                processor = number
            case "--model": chosen.append(value(of: argument))
            default:
                guard folder.isEmpty, !argument.hasPrefix("-") else { fail("Unknown: \(argument). \(Self.usage)") }
                folder = argument
            }
        }
        if folder.isEmpty { fail(Self.usage) }
        if !chosen.isEmpty { models = chosen }
    }
}

func note(_ message: String) {
    let bytes = Array((message + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

func fail(_ message: String) -> Never {
    note(message)
    exit(2)
}
