// Why a model document was refused: what is wrong, where it stands in the document (path and byte), and, where the
// document is sound but of a kind that is not scored here, what is supported instead.

/// One refusal. `path` reads like `learner.gradient_booster.model.trees[3].split_indices[7]`.
public struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        /// The text is not what its format allows.
        case malformed(String)
        /// The document ends in the middle.
        case truncated
        case nestedTooDeeply(limit: Int)
        case wrongKind(expected: String, found: String)
        case missing(String)
        case duplicate(String)
        /// A sound document of a kind that is not scored: its name, and what is.
        case unsupported(String, supported: String)
        /// An array whose length disagrees with the rest of the document.
        case length(Int, expected: Int)
        /// A number that is no valid index, count or level; `allowed` says what is.
        case outOfRange(String, allowed: String)
        case notANumber(String)
        /// A node that is reached twice: by a cycle, or from two parents.
        case reachedTwice(node: Int)
        /// Nodes that the root does not lead to, and that nothing marks as deleted.
        case unreachable(nodes: Int, deleted: Int)
        case limit(String, maximum: Int)
    }

    public var reason: Reason
    /// Where in the document's structure; empty for the document as a whole.
    public var path: String
    /// Bytes from the start of the document.
    public var offset: Int

    public init(_ reason: Reason, path: String, offset: Int) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    public var description: String {
        "\(path.isEmpty ? "document" : path) (byte \(offset)): \(reason)"
    }
}

extension ModelError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let what): "malformed: \(what)"
        case .truncated: "the document ends here; it is not whole"
        case .nestedTooDeeply(let limit): "nested deeper than \(limit) levels"
        case .wrongKind(let expected, let found): "\(expected) expected, \(found) found"
        case .missing(let name): "\"\(name)\" is missing"
        case .duplicate(let name): "\"\(name)\" stands twice"
        case .unsupported(let name, let supported): "\(name) is not supported; supported: \(supported)"
        case .length(let count, let expected): "\(count) elements, where \(expected) are expected"
        case .outOfRange(let value, let allowed): "\(value) is out of range; allowed: \(allowed)"
        case .notANumber(let what): "\(what) is not a finite number"
        case .reachedTwice(let node): "node \(node) is reached twice: a cycle, or two parents"
        case .unreachable(let nodes, let deleted):
            "\(nodes) nodes are not reached from the root, but \(deleted) are said to be deleted"
        case .limit(let name, let maximum): "past the limit of \(maximum) \(name)"
        }
    }
}
