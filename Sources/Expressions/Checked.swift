// An expression after the checker: every node has a type and a meaning, what is constant is folded, and only operations
// of the machine are left.

/// A value that is known at load.
enum Constant: Sendable, Equatable {
    case bits(UInt64)
    case text([UInt8])
    case failure(FailureReason, offset: Int)
}

struct Checked: Sendable {
    indirect enum Kind: Sendable {
        case constant(Constant)
        case column(Int)
        case has(column: Int)
        /// One or two operands, all of which must be present.
        case strict(Code, detail: UInt8, extra: Int32, [Checked])
        case logical(LogicalOperator, [Checked])
        case conditional(Checked, then: Checked, otherwise: Checked)
        case member(Code, Checked, of: [Constant])
        case host(HostFunction, [Checked])
        /// Left to the general evaluator, as it was written.
        case general(Expression)
    }

    var kind: Kind
    var type: ValueType
    /// Where it is shown in an error.
    var place: SourceRange

    init(_ kind: Kind, _ type: ValueType, _ place: SourceRange) {
        self.kind = kind
        self.type = type
        self.place = place
    }

    init(
        _ code: Code, detail: UInt8 = 0, extra: Int32 = 0, _ operands: [Checked], _ type: ValueType,
        _ place: SourceRange
    ) {
        self.init(.strict(code, detail: detail, extra: extra, operands), type, place)
    }

    var constant: Constant? {
        if case .constant(let constant) = kind { constant } else { nil }
    }

    /// The value of a constant string.
    var constantText: String? {
        guard type == .string, case .text(let bytes)? = constant else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private var constantBool: Bool? {
        guard type == .bool, case .bits(let bits)? = constant else { return nil }
        return bits != 0
    }

    /// The node, or the constant that it always is.
    func folded() throws(ExpressionError) -> Checked {
        switch kind {
        case .strict(let code, _, _, let operands):
            // What is in a list of the host is known at evaluation only.
            guard code != .memberOfSet, operands.allSatisfy({ $0.constant != nil }) else { return self }
            return try computed()
        case .member(_, let value, _):
            return value.constant == nil ? self : try computed()
        case .logical(let logical, let operands):
            return folded(logical, operands)
        case .conditional(let condition, let then, let otherwise):
            if let value = condition.constantBool { return value ? then : otherwise }
            if let failure = condition.constant { return Checked(.constant(failure), type, place) }
            return self
        case .constant, .column, .has, .host, .general:
            return self
        }
    }

    /// Operands that cannot decide are dropped; one that always decides is the result.
    private func folded(_ logical: LogicalOperator, _ operands: [Checked]) -> Checked {
        let deciding = logical == .or
        if operands.contains(where: { $0.constantBool == deciding }) {
            return Checked(.constant(.bits(deciding ? 1 : 0)), .bool, place)
        }
        let rest = operands.filter { $0.constantBool == nil }
        switch rest.count {
        case 0: return Checked(.constant(.bits(deciding ? 0 : 1)), .bool, place)
        case 1: return rest[0]
        default: return Checked(.logical(logical, rest), .bool, place)
        }
    }

    /// Runs the node, all of whose operands are constants, on the machine itself.
    private func computed() throws(ExpressionError) -> Checked {
        let code = try Emitter.emit(self)
        var scratch = ProgramScratch(registerCapacity: code.registerCount)
        let slots: [Slot] = []
        let text: [UInt8] = []
        let result = LinkedProgram(code).run(slots: slots.span, text: text.span, scratch: &scratch)
        let constant: Constant
        switch result.state {
        case .error:
            constant = .failure(result.failure ?? .column, offset: result.failureOffset ?? 0)
        case .missing:
            preconditionFailure("a constant cannot be missing")
        case .present where type.isText:
            let reader = TextReader(frame: text.span, constants: code.text.span, scratch: scratch.text.span)
            constant = .text(Array(Bytes.string(reader.bytes(of: result)).utf8))
        case .present:
            constant = .bits(result.bits)
        }
        return Checked(.constant(constant), type, place)
    }
}
