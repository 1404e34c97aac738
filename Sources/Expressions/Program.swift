// A compiled expression: a flat array of instructions over registers, the frame's columns and the program's constants.
// The program is immutable and shared by all threads; what changes stands in a scratch that each thread owns.

/// The row of values of one program, and the arena in which texts are joined; one a thread, used again by every program.
public struct ProgramScratch: Sendable {
    var values: [Slot]
    var text: [UInt8]
    /// Who answers `in list(…)`; without one that is a failure of a function.
    public var sets: (any SetProvider)?

    public init(registerCapacity: Int = 64, textCapacity: Int = 256) {
        values = Array(repeating: .missing, count: registerCapacity)
        text = []
        text.reserveCapacity(textCapacity)
    }
}

/// A compiled expression. Equal frames give equal results, on any machine and any thread.
public struct Program: Sendable {
    public let resultType: ValueType
    /// The columns that it may read, in ascending order, each once.
    public let slots: [Int]
    /// The sets that it may ask for, in ascending order, each once.
    public var sets: [Int] { code.sets }
    /// The calls that the resolver answered, by their canonical text.
    public let resolvedCalls: [String: ResolvedSlot]

    /// Steps of an evaluation at worst: nodes, elements and sixteen bytes of text are one each.
    public var worstSteps: Int { code.worstSteps }

    let resolvedSets: [String: Int]
    let code: ProgramCode
    private let linked: LinkedProgram

    /// Checks an expression against an environment and compiles it.
    ///
    /// - Parameter expecting: The types that the result may have; nil allows all.
    public init(
        compiling expression: Expression, environment: inout Environment, resolver: inout some CallResolver,
        expecting: [ValueType]? = nil, limits: ExpressionLimits = .standard
    ) throws(ExpressionError) {
        var checker = Checker(environment: environment, resolver: resolver)
        var checked = try checker.check(expression)
        environment = checker.environment
        resolver = checker.resolver
        if checked.type.isDyn, let expecting, expecting.count == 1 {
            checked = checker.general(expression, expecting[0])
        }
        if let expecting, !expecting.contains(checked.type) {
            let wanted = expecting.map(\.description).joined(separator: " or ")
            throw ExpressionError("expected \(wanted), but this is \(checked.type.withArticle)", at: expression)
        }
        guard checked.type.isScalar else {
            throw ExpressionError(
                "the result cannot be \(checked.type.withArticle); ask something of it", at: expression)
        }
        resultType = checked.type
        resolvedCalls = checker.resolvedCalls
        resolvedSets = checker.resolvedSets
        let compiler = ValueCompiler(
            environment: environment, resolvedCalls: resolvedCalls, resolvedSets: resolvedSets)
        code = try Emitter.emit(checked, compiler: compiler, limits: limits)
        slots = code.columns
        linked = LinkedProgram(code)
        guard worstSteps <= limits.costSteps else {
            throw ExpressionError(
                "the expression may take \(worstSteps) steps, the limit is \(limits.costSteps)", at: expression)
        }
    }

    /// Parses, checks and compiles a text that calls no history.
    public init(
        compiling text: String, environment: Environment, expecting: [ValueType]? = nil
    ) throws(ExpressionError) {
        var environment = environment
        var resolver = NoCalls()
        try self.init(
            compiling: Expression(parsing: text), environment: &environment, resolver: &resolver, expecting: expecting)
    }

    /// Evaluates over a frame.
    ///
    /// - Precondition: The frame has a slot for every column in `slots`.
    /// - Complexity: O(instructions), plus the bytes of the texts that are compared and the logarithm of long lists.
    ///   Allocates nothing but what `double(string)` and `string(double)` may, and the arena's growth.
    public func evaluate(_ frame: borrowing Frame, scratch: inout ProgramScratch) -> Slot {
        evaluate(slots: frame.slots.span, text: frame.text.span, scratch: &scratch)
    }

    /// Evaluates over columns and their texts.
    public func evaluate(slots: Span<Slot>, text: Span<UInt8>, scratch: inout ProgramScratch) -> Slot {
        linked.run(slots: slots, text: text, scratch: &scratch)
    }

    /// The bytes of a text that `evaluate` returned, valid until the scratch is used again.
    @_lifetime(copy text, borrow self, borrow scratch)
    public func bytes(of result: Slot, text: Span<UInt8>, scratch: borrowing ProgramScratch) -> Span<UInt8> {
        TextReader(frame: text, constants: code.text.span, scratch: scratch.text.span).bytes(of: result)
    }

    /// The text that `evaluate` returned, as a string.
    public func string(of result: Slot, frame: borrowing Frame, scratch: borrowing ProgramScratch) -> String {
        let bytes = bytes(of: result, text: frame.text.span, scratch: scratch)
        return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    /// A result that stands by itself in the frame: a text is appended to the frame's, all else is returned as it is.
    public func stored(_ result: Slot, in frame: inout Frame, scratch: borrowing ProgramScratch) -> Slot {
        guard resultType.isText, result.isPresent, result.bits >> 62 != TextSpace.frame.rawValue else { return result }
        let offset = frame.text.count
        let isConstant = result.bits >> 62 == TextSpace.constants.rawValue
        let start = result.textOffset
        for index in start..<start + result.textCount {
            frame.text.append(isConstant ? code.text[index] : scratch.text[index])
        }
        return Slot(textOffset: offset, count: result.textCount)
    }
}

extension ValueType {
    var withArticle: String {
        switch self {
        case .int, .identifier: "an \(self)"
        case .bool, .uint, .double, .string, .timestamp, .duration, .list, .emptyList, .general: "a \(self)"
        }
    }
}
