// What the emitter makes of one expression: instructions whose operands say of what they are the number.
//
//   amount > 100 && has(card.bin)
//     0  compareInt   r0 <- column 3, constant 0   (greater)
//     1  and          r0, end at 4                 (a present false decides)
//     2  has          r1 <- column 7
//     3  conjunction  r0 <- r0, r1

/// Where an operand stands: 2 bits that say of what, and 30 bits of index.
struct Operand: Sendable, Equatable {
    enum Space: UInt32 {
        case register = 0
        case column = 1
        case constant = 2
    }

    let bits: UInt32

    init(_ space: Space, _ index: Int) {
        bits = space.rawValue << 30 | UInt32(index)
    }

    static let none = Operand(.register, 0)

    var index: Int { Int(bits & 0x3FFF_FFFF) }
    var space: Space { Space(rawValue: bits >> 30) ?? .constant }
}

struct Instruction: Sendable {
    var code: Code
    /// A three-way mask, a field of time, or a pair of number types: see `Code`.
    var detail: UInt8 = 0
    /// The register of the result.
    var target: UInt16
    var a: Operand
    var b: Operand = .none
    /// A jump's end, a list, a host function, a zone's offset, a count of arguments.
    var extra: Int32 = 0
}

/// What a program is made of.
struct ProgramCode: Sendable {
    let instructions: [Instruction]
    /// Where in the text each instruction comes from.
    let offsets: [Int32]
    let constants: [Slot]
    /// Which of the constants are texts.
    let textConstants: Set<Int>
    let text: [UInt8]
    let lists: [ConstantList]
    let functions: [HostFunction]
    let generals: [GeneralCode]
    let columns: [Int]
    let sets: [Int]
    let registerCount: Int
    let result: Operand
    let joinsText: Bool
    /// What one evaluation may take of the general evaluator's steps, and what it takes in all at worst.
    let maximumSteps: Int
    let worstSteps: Int
}
