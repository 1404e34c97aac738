// Programs that are always evaluated together, as one: their instructions stand one behind another over one row of values,
// and each puts its result where those behind it, and whoever asks, find it. What a program costs beside its
// instructions is paid once for all.

/// Programs in a row, over a frame.
public struct ProgramBatch: Sendable {
    private var code = LinkedCode()
    /// Constants of all programs, from the first slot that is the batch's own on.
    private var constants: [Slot] = []
    private let firstSlot: Int
    private let registerCount: Int
    /// Slots of the frame, with those that are the batch's own at its end.
    public let slotCount: Int

    /// - Parameters:
    ///   - programs: In the order of evaluation, each with the slot of its result. A program may read the results of those
    ///     before it. No result is a text.
    ///   - slotCount: Slots of the frame; those from there on become the batch's.
    public init(_ programs: [(program: Program, slot: Int)], slotCount: Int) {
        firstSlot = slotCount
        registerCount = programs.map(\.program.code.registerCount).max() ?? 0
        let firstRegister = slotCount + programs.reduce(0) { $0 + $1.program.code.constants.count }
        self.slotCount = firstRegister + registerCount
        code.columnCount = slotCount
        for (program, slot) in programs {
            precondition(!program.resultType.isText, "a text has no place to stay")
            let first = firstSlot + constants.count
            let text = code.text.count
            for (i, constant) in program.code.constants.enumerated() {
                constants.append(program.code.textConstants.contains(i) ? constant.moved(by: text) : constant)
            }
            _ = code.append(
                program.code,
                LinkedCode.Places(
                    firstRegister: firstRegister, constants: Array(first..<firstSlot + constants.count), columns: nil),
                result: slot)
        }
    }

    /// Makes room for the batch in a frame, behind the frame's columns and the batches that were installed before.
    public func install(in frame: inout Frame) {
        precondition(frame.slots.count == firstSlot, "batches are installed in the order in which they were made")
        frame.slots += constants
        frame.slots += Array(repeating: .missing, count: registerCount)
    }

    /// Evaluates all programs and puts their results into their slots.
    ///
    /// - Precondition: The batch is installed in the frame.
    /// - Complexity: As of `Program.evaluate`, for all of them.
    public func evaluate(_ frame: inout Frame, scratch: inout ProgramScratch) {
        precondition(frame.slots.count >= slotCount, "the batch is installed")
        var text: [UInt8] = []
        swap(&text, &frame.text)
        code.run(&frame.slots, columns: nil, text.span, &scratch.text, scratch.sets)
        swap(&text, &frame.text)
    }
}
