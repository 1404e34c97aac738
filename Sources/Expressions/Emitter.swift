// From the checked tree to instructions. A node is emitted into the register that its parent names, and may use that
// register and all after it; columns and constants are used where they stand, so a comparison of a column with a
// constant is one instruction.

struct Emitter {
    private var instructions: [Instruction] = []
    private var offsets: [Int32] = []
    private var constants: [Slot] = []
    private var textConstants: Set<Int> = []
    private var constantIndices: [ConstantKey: Int] = [:]
    private var text: [UInt8] = []
    private var lists: [ConstantList] = []
    private var functions: [HostFunction] = []
    private var generals: [GeneralCode] = []
    private var compiler: ValueCompiler?
    private var limits = ExpressionLimits.standard
    private var steps = 0
    private var columns: Set<Int> = []
    private var sets: Set<Int> = []
    private var registerCount = 1
    private var joinsText = false

    private struct ConstantKey: Hashable {
        var bits: UInt64
        var state: Slot.State
        var text: [UInt8]?
    }

    static let maximumRegisters = 4_096

    /// - Parameter compiler: Compiles what is left to the general evaluator; a tree without such parts needs none.
    static func emit(
        _ checked: Checked, compiler: ValueCompiler? = nil, limits: ExpressionLimits = .standard
    ) throws(ExpressionError) -> ProgramCode {
        var emitter = Emitter()
        emitter.compiler = compiler
        emitter.limits = limits
        let result = try emitter.emit(checked, into: 0)
        return ProgramCode(
            instructions: emitter.instructions, offsets: emitter.offsets, constants: emitter.constants,
            textConstants: emitter.textConstants, text: emitter.text, lists: emitter.lists,
            functions: emitter.functions,
            generals: emitter.generals,
            columns: emitter.columns.sorted(), sets: emitter.sets.sorted(), registerCount: emitter.registerCount,
            result: result,
            joinsText: emitter.joinsText, maximumSteps: limits.costSteps, worstSteps: emitter.steps)
    }

    private mutating func append(_ instruction: Instruction, _ place: SourceRange) {
        steps += instruction.code.steps(textBytes: limits.columnTextBytes)
        instructions.append(instruction)
        offsets.append(Int32(place.start.offset))
    }

    private mutating func use(_ register: Int, _ place: SourceRange) throws(ExpressionError) {
        guard register < Self.maximumRegisters else {
            throw ExpressionError("the expression needs more than \(Self.maximumRegisters) registers", at: place)
        }
        registerCount = max(registerCount, register + 1)
    }

    private mutating func emit(_ node: Checked, into target: Int) throws(ExpressionError) -> Operand {
        try use(target, node.place)
        switch node.kind {
        case .constant(let constant):
            return self.constant(constant)
        case .column(let column):
            columns.insert(column)
            return Operand(.column, column)
        case .has(let column):
            columns.insert(column)
            append(Instruction(code: .has, target: UInt16(target), a: Operand(.column, column)), node.place)
        case .strict(let code, let detail, let extra, let operands):
            try emitStrict(code, detail: detail, extra: extra, operands, node, into: target)
        case .logical(let logical, let operands):
            try emitLogical(logical, operands, node, into: target)
        case .conditional(let condition, let then, let otherwise):
            try emitConditional(condition, then, otherwise, node, into: target)
        case .member(let code, let value, let elements):
            let list = appendList(code, elements)
            try emitStrict(code, detail: 0, extra: list, [value], node, into: target)
        case .host(let function, let arguments):
            try emitCall(function, arguments, node, into: target)
        case .general(let expression):
            try emitGeneral(expression, node, into: target)
        }
        return Operand(.register, target)
    }

    /// Emits a node so that its value stands in the target.
    private mutating func emit(_ node: Checked, exactlyInto target: Int) throws(ExpressionError) {
        let operand = try emit(node, into: target)
        guard operand != Operand(.register, target) else { return }
        append(Instruction(code: .move, target: UInt16(target), a: operand), node.place)
    }

    private mutating func emitStrict(
        _ code: Code, detail: UInt8, extra: Int32, _ operands: [Checked], _ node: Checked, into target: Int
    ) throws(ExpressionError) {
        let first = try emit(operands[0], into: target)
        var instruction = Instruction(code: code, detail: detail, target: UInt16(target), a: first, extra: extra)
        if operands.count > 1 {
            let isFree = first != Operand(.register, target)
            instruction.b = try emit(operands[1], into: isFree ? target : target + 1)
        }
        joinsText = joinsText || code.joinsText
        if code == .memberOfSet { sets.insert(Int(extra)) }
        append(instruction, node.place)
    }

    private mutating func emitLogical(
        _ logical: LogicalOperator, _ operands: [Checked], _ node: Checked, into target: Int
    ) throws(ExpressionError) {
        var jumps: [Int] = []
        try emit(operands[0], exactlyInto: target)
        let accumulator = Operand(.register, target)
        for operand in operands.dropFirst() {
            jumps.append(instructions.count)
            append(
                Instruction(code: logical == .and ? .andThen : .orElse, target: UInt16(target), a: accumulator),
                node.place)
            let next = try emit(operand, into: target + 1)
            append(
                Instruction(
                    code: logical == .and ? .conjunction : .disjunction, target: UInt16(target), a: accumulator,
                    b: next), node.place)
        }
        for jump in jumps { instructions[jump].extra = Int32(instructions.count) }
    }

    private mutating func emitConditional(
        _ condition: Checked, _ then: Checked, _ otherwise: Checked, _ node: Checked, into target: Int
    ) throws(ExpressionError) {
        let question = try emit(condition, into: target)
        let branch = instructions.count
        append(Instruction(code: .branch, target: UInt16(target), a: question), node.place)
        try emit(then, exactlyInto: target)
        let jump = instructions.count
        append(Instruction(code: .jump, target: UInt16(target), a: .none), node.place)
        instructions[branch].extra = Int32(instructions.count)
        try emit(otherwise, exactlyInto: target)
        instructions[branch].b = Operand(.register, instructions.count)
        instructions[jump].extra = Int32(instructions.count)
    }

    private mutating func emitCall(
        _ function: HostFunction, _ arguments: [Checked], _ node: Checked, into target: Int
    ) throws(ExpressionError) {
        for (index, argument) in arguments.enumerated() {
            try emit(argument, exactlyInto: target + index)
        }
        functions.append(function)
        append(
            Instruction(
                code: .callHost, target: UInt16(target), a: .none, b: Operand(.register, arguments.count),
                extra: Int32(functions.count - 1)), node.place)
    }

    private mutating func emitGeneral(
        _ expression: Expression, _ node: Checked, into target: Int
    ) throws(ExpressionError) {
        guard var compiler, node.type.isScalar else {
            throw ExpressionError("\(node.type.withArticle) cannot be used here; ask something of it", at: node.place)
        }
        let compiled = compiler.compile(expression)
        var cost = ValueCost(
            columnTextBytes: limits.columnTextBytes, localCount: compiler.localCount,
            limit: limits.costSteps - steps)
        _ = cost.add(compiled)
        try cost.check(expression)
        steps += cost.steps
        columns.formUnion(compiler.columns)
        sets.formUnion(compiler.sets)
        generals.append(
            GeneralCode(node: compiled, localCount: compiler.localCount, type: node.type))
        joinsText = joinsText || node.type.isText
        append(
            Instruction(code: .evaluate, target: UInt16(target), a: .none, extra: Int32(generals.count - 1)),
            node.place)
    }

    // MARK: Constants

    private mutating func constant(_ constant: Constant) -> Operand {
        let key: ConstantKey
        switch constant {
        case .bits(let bits):
            key = ConstantKey(bits: bits, state: .present, text: nil)
        case .failure(let reason, let offset):
            let slot = Slot(failure: reason, offset: offset)
            key = ConstantKey(bits: slot.bits, state: slot.state, text: nil)
        case .text(let bytes):
            key = ConstantKey(bits: 0, state: .present, text: bytes)
        }
        if let known = constantIndices[key] { return Operand(.constant, known) }
        if key.text != nil { textConstants.insert(constants.count) }
        constants.append(key.text.map { append(text: $0) } ?? Slot(bits: key.bits, state: key.state))
        constantIndices[key] = constants.count - 1
        return Operand(.constant, constants.count - 1)
    }

    private mutating func append(text bytes: [UInt8]) -> Slot {
        let offset = text.count
        text.append(contentsOf: bytes)
        return Slot(space: .constants, offset: offset, count: bytes.count)
    }

    private mutating func appendList(_ code: Code, _ elements: [Constant]) -> Int32 {
        if code == .memberOfTexts {
            let texts = elements.compactMap { if case .text(let bytes) = $0 { bytes } else { nil } }
            lists.append(ConstantList(texts: texts) { append(text: $0) })
        } else {
            lists.append(ConstantList(bits: elements.compactMap { if case .bits(let bits) = $0 { bits } else { nil } }))
        }
        return Int32(lists.count - 1)
    }
}

extension Code {
    /// True where the result is a new text in the arena.
    fileprivate var joinsText: Bool {
        switch self {
        case .joinText, .intToText, .uintToText, .doubleToText, .boolToText, .timestampToText, .durationToText: true
        default: false
        }
    }

    /// What the instruction takes at worst, in the steps of the general evaluator: texts are compared by the C
    /// library in blocks, and searched from each of their bytes.
    fileprivate func steps(textBytes: Int) -> Int {
        switch self {
        case .contains: Weight.ofText(textBytes)
        case .compareText, .equalText, .startsWith, .endsWith, .joinText, .textSize, .memberOfTexts, .memberOfSet,
            .textToDouble, .textToInt, .textToUInt:
            1 + textBytes / 256
        default: 1
        }
    }
}
