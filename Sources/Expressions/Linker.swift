// Linking: every operand of a program becomes a place in one row of values. A program by itself has a row of its own, into
// which its few columns are copied; programs of a batch share the frame's, behind whose columns their constants and
// registers stand.
//
//   one program   [ registers | constants | columns it reads ]
//   a batch       [ the frame's columns | constants of all | registers, which all use ]

struct LinkedInstruction: Sendable {
    var code: Code
    /// See `Instruction`.
    var detail: UInt8
    var target: Int32
    var a: Int32
    /// A place, a jump's end (of `branch`) or a count of arguments (of `callHost`).
    var b: Int32
    var extra: Int32
}

extension LinkedCode {
    /// Where a program's registers, constants and columns stand.
    struct Places {
        let firstRegister: Int
        let constants: [Int]
        /// By number; nil: each stands at its own.
        let columns: [Int: Int]?

        func of(_ operand: Operand) -> Int {
            switch operand.space {
            case .register: firstRegister + operand.index
            case .column: columns.map { $0[operand.index] ?? 0 } ?? operand.index
            case .constant: constants[operand.index]
            }
        }
    }

    /// Appends a program.
    ///
    /// - Parameter result: Where its result is put; nil: where it arises.
    /// - Returns: Where the result stands.
    mutating func append(_ code: ProgramCode, _ places: Places, result: Int? = nil) -> Int {
        if code.joinsText || !code.generals.isEmpty { appendBegin(code) }
        let first = instructions.count
        let bases = Bases(jump: first, list: lists.count, function: functions.count, general: generals.count)
        for instruction in code.instructions { instructions.append(link(instruction, places, bases)) }
        offsets += code.offsets
        lists += code.lists.map { $0.moved(by: text.count) }
        text += code.text
        functions += code.functions
        generals += code.generals
        guard let result else { return places.of(code.result) }
        if Self.onlyLastWritesResult(code) {
            instructions[instructions.count - 1].target = Int32(result)
        } else {
            appendMove(from: places.of(code.result), to: result)
        }
        return result
    }

    private struct Bases {
        let jump: Int
        let list: Int
        let function: Int
        let general: Int
    }

    /// Whether the last instruction may put its result elsewhere: nothing else uses that register.
    private static func onlyLastWritesResult(_ code: ProgramCode) -> Bool {
        guard code.result == Operand(.register, 0), let last = code.instructions.last, !last.code.isControl else {
            return false
        }
        return last.a != code.result && (!last.code.hasTwoOperands || last.b != code.result)
            && code.instructions.dropLast().allSatisfy { $0.target != 0 }
    }

    private mutating func appendBegin(_ code: ProgramCode) {
        instructions.append(
            LinkedInstruction(code: .begin, detail: 0, target: 0, a: 0, b: 0, extra: Int32(code.maximumSteps)))
        offsets.append(0)
    }

    private mutating func appendMove(from place: Int, to target: Int) {
        instructions.append(
            LinkedInstruction(code: .move, detail: 0, target: Int32(target), a: Int32(place), b: 0, extra: 0))
        offsets.append(0)
    }

    private func link(_ instruction: Instruction, _ places: Places, _ bases: Bases) -> LinkedInstruction {
        var linked = LinkedInstruction(
            code: instruction.code, detail: instruction.detail,
            target: Int32(places.firstRegister + Int(instruction.target)), a: Int32(places.of(instruction.a)),
            b: Int32(places.of(instruction.b)), extra: instruction.extra)
        switch instruction.code {
        case .andThen, .orElse, .jump: linked.extra += Int32(bases.jump)
        case .branch:
            linked.extra += Int32(bases.jump)
            linked.b = Int32(instruction.b.index + bases.jump)
        case .callHost:
            linked.extra += Int32(bases.function)
            linked.b = Int32(instruction.b.index)
        case .evaluate: linked.extra += Int32(bases.general)
        case .memberOfBits, .memberOfDoubles, .memberOfTexts: linked.extra += Int32(bases.list)
        default: break
        }
        return linked
    }
}

extension Code {
    fileprivate var isControl: Bool { rawValue < Code.not.rawValue }
}

/// One program and how its row is filled.
struct LinkedProgram: Sendable {
    private let code: LinkedCode
    private let constants: [Slot]
    private let columns: [Int]
    private let registerCount: Int
    private let rowCount: Int
    private let result: Int

    init(_ program: ProgramCode) {
        registerCount = program.registerCount
        constants = program.constants
        columns = program.columns
        rowCount = registerCount + constants.count + columns.count
        let firstColumn = registerCount + constants.count
        var code = LinkedCode()
        result = code.append(
            program,
            LinkedCode.Places(
                firstRegister: 0, constants: Array(registerCount..<firstColumn),
                columns: Dictionary(
                    uniqueKeysWithValues: columns.enumerated().map { ($0.element, firstColumn + $0.offset) })))
        self.code = code
    }

    func run(slots: Span<Slot>, text: Span<UInt8>, scratch: inout ProgramScratch) -> Slot {
        if scratch.values.count < rowCount { scratch.values = Array(repeating: .missing, count: rowCount) }
        for i in constants.indices { scratch.values[registerCount + i] = constants[i] }
        let firstColumn = registerCount + constants.count
        for i in columns.indices {
            let slot = slots[columns[i]]
            // A missing column is read as a missing value that names the column.
            scratch.values[firstColumn + i] =
                slot.state == .missing ? Slot(bits: UInt64(columns[i]), state: .missing) : slot
        }
        code.run(&scratch.values, columns: slots, text, &scratch.text, scratch.sets)
        return scratch.values[result]
    }
}
