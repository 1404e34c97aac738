// Every bound that the loader keeps, so that a hostile document costs no more than its own bytes allow. Nothing is
// ever reserved by a count that a document declares: counts are compared with what was really read.

/// Bounds on a model document. A document past one of them is refused with `ModelError.Reason.limit`.
public struct ModelLimits: Sendable, Equatable {
    /// Bytes of the whole document.
    public var documentBytes = 512 << 20
    /// Nesting of objects and arrays; a trainer's own file needs eight.
    public var nesting = 32
    /// Bytes of one string (a feature name, a parameter).
    public var stringBytes = 65_536
    /// Bytes of one number's text.
    public var numberBytes = 512
    /// Values of one UBJSON container that take no bytes, such as a hundred times true.
    public var valuesWithoutBytes = 1 << 20
    public var trees = 100_000
    public var nodesPerTree = 1 << 20
    public var totalNodes = 1 << 24
    public var features = 65_536
    /// Category codes listed by the splits of one tree.
    public var categoriesPerTree = 1 << 22
    /// 32-bit words of category sets in the whole model (4 bytes each).
    public var categoryWords = 1 << 24
    /// Parameters of the training that are reported.
    public var trainingFacts = 1_024

    public static let standard = ModelLimits()

    public init() {}
}
