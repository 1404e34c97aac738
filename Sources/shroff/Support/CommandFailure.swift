// What ends a command that was used wrongly, where no part below it has an error of its own: what, where, what to do.

struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
