// The machine: one loop over the instructions, on one row of values in which columns, constants and registers have their
// places. Only control and the commonest comparisons stand in the loop; an
// operation whose operand is missing or failed is skipped and hands the failure on, the left operand's before the
// right's.

/// Instructions whose operands are places in one row of values.
struct LinkedCode: Sendable {
    var instructions: [LinkedInstruction] = []
    /// Where in its text each instruction comes from.
    var offsets: [Int32] = []
    var text: [UInt8] = []
    var lists: [ConstantList] = []
    var functions: [HostFunction] = []
    var generals: [GeneralCode] = []
    /// Places before it are columns, by their own numbers.
    var columnCount = 0

    /// Bytes that one evaluation may join; a longer text is an error of range.
    static let maximumJoinedBytes = 65_536

    /// - Parameters:
    ///   - row: The row that the code was linked for, constants in their places.
    ///   - columns: What the general evaluator reads; nil where that is the row.
    func run(
        _ row: inout [Slot], columns: Span<Slot>?, _ frameText: Span<UInt8>, _ arena: inout [UInt8],
        _ sets: (any SetProvider)?
    ) {
        let instructions = instructions.span
        var values = row.mutableSpan
        var stepsLeft = 0
        var pc = 0
        while pc < instructions.count {
            let instruction = instructions[pc]
            let target = Int(instruction.target)
            pc &+= 1
            let a = values[Int(instruction.a)]
            switch instruction.code {
            case .begin:
                arena.removeAll(keepingCapacity: true)
                stepsLeft = Int(instruction.extra)
            case .move:
                values[target] = named(a, instruction.a)
            case .andThen:
                if a.state == .present, a.bits == 0 { pc = Int(instruction.extra) }
            case .orElse:
                if a.isTrue { pc = Int(instruction.extra) }
            case .conjunction:
                values[target] = Self.combine(a, named(values[Int(instruction.b)], instruction.b), deciding: 0)
            case .disjunction:
                values[target] = Self.combine(a, named(values[Int(instruction.b)], instruction.b), deciding: 1)
            case .branch:
                if a.state != .present {
                    values[target] = named(a, instruction.a)
                    pc = Int(instruction.b)
                } else if a.bits == 0 {
                    pc = Int(instruction.extra)
                }
            case .jump:
                pc = Int(instruction.extra)
            case .has:
                values[target] = a.state == .error ? a : Slot(bool: a.state == .present)
            case .callHost:
                values[target] = call(instruction, values.span, frameText, arena.span, at: pc - 1)
            case .evaluate:
                let part = generals[Int(instruction.extra)]
                let value: Value
                if let columns {
                    value = part.evaluate(columns, frameText, sets, stepsLeft: &stepsLeft)
                } else {
                    value = part.evaluate(values.span, frameText, sets, stepsLeft: &stepsLeft)
                }
                values[target] = part.slot(value, &arena)
            default:
                guard a.state == .present else {
                    values[target] = named(a, instruction.a)
                    continue
                }
                guard instruction.code != .memberOfSet else {
                    values[target] = located(member(a, instruction, frameText, arena.span, sets), pc - 1)
                    continue
                }
                guard instruction.code.hasTwoOperands else {
                    values[target] = located(unary(instruction, a, frameText, &arena), pc - 1)
                    continue
                }
                let b = values[Int(instruction.b)]
                guard b.state == .present else {
                    values[target] = named(b, instruction.b)
                    continue
                }
                values[target] = binary(instruction, a, b, frameText, &arena, at: pc - 1)
            }
        }
    }

    /// A missing column is read as a missing value that names the column.
    @inline(__always)
    func named(_ slot: Slot, _ place: Int32) -> Slot {
        slot.state == .missing && place < columnCount ? Slot(bits: UInt64(place), state: .missing) : slot
    }

    /// `&&` and `||` of two results neither of which was known to decide before.
    @inline(__always)
    private static func combine(_ a: Slot, _ b: Slot, deciding: UInt64) -> Slot {
        if b.state == .present, b.bits == deciding { return b }
        return a.state == .present ? b : a
    }

    private func located(_ result: Slot, _ instruction: Int) -> Slot {
        guard result.state == .error, let failure = result.failure else { return result }
        return Slot(failure: failure, offset: Int(offsets[instruction]))
    }

    private func call(
        _ instruction: LinkedInstruction, _ values: Span<Slot>, _ frameText: Span<UInt8>, _ arena: Span<UInt8>,
        at index: Int
    ) -> Slot {
        let first = Int(instruction.target)
        let arguments = values.extracting(first..<first + Int(instruction.b))
        for argument in arguments.indices where arguments[argument].state != .present { return arguments[argument] }
        let reader = TextReader(frame: frameText, constants: text.span, scratch: arena)
        return located(functions[Int(instruction.extra)].body(arguments, reader), index)
    }

    private func member(
        _ element: Slot, _ instruction: LinkedInstruction, _ frameText: Span<UInt8>, _ arena: Span<UInt8>,
        _ sets: (any SetProvider)?
    ) -> Slot {
        guard let sets else { return Slot(failure: .function) }
        let reader = TextReader(frame: frameText, constants: text.span, scratch: arena)
        return Slot(bool: sets.contains(element, set: Int(instruction.extra), text: reader))
    }

    // MARK: Two operands

    @inline(__always)
    private func binary(
        _ instruction: LinkedInstruction, _ a: Slot, _ b: Slot, _ frameText: Span<UInt8>, _ arena: inout [UInt8],
        at index: Int
    ) -> Slot {
        switch instruction.code {
        case .compareInt: return Slot(bool: instruction.detail & Order.of(a.int, b.int) != 0)
        case .compareUInt: return Slot(bool: instruction.detail & Order.of(a.bits, b.bits) != 0)
        case .compareDouble: return Slot(bool: instruction.detail & Order.of(a.double, b.double) != 0)
        case .addDouble: return Slot(double: a.double + b.double)
        case .subtractDouble: return Slot(double: a.double - b.double)
        case .multiplyDouble: return Slot(double: a.double * b.double)
        case .divideDouble: return Slot(double: a.double / b.double)
        case .compareIntUInt: return Slot(bool: instruction.detail & MixedIntegers.order(int: a.int, uint: b.bits) != 0)
        case .compareUIntInt:
            // The mask is of the swapped comparison.
            return Slot(bool: instruction.detail & MixedIntegers.order(int: b.int, uint: a.bits) != 0)
        case .joinText: return located(join(a, b, frameText, &arena), index)
        case .compareText, .equalText, .startsWith, .endsWith, .contains:
            return Slot(bool: compareTexts(instruction, a, b, frameText, arena.span))
        default:
            return located(Arithmetic.apply(instruction.code, a.bits, b.bits), index)
        }
    }

    private func compareTexts(
        _ instruction: LinkedInstruction, _ a: Slot, _ b: Slot, _ frameText: Span<UInt8>, _ arena: Span<UInt8>
    ) -> Bool {
        let reader = TextReader(frame: frameText, constants: text.span, scratch: arena)
        let left = reader.bytes(of: a)
        let right = reader.bytes(of: b)
        switch instruction.code {
        case .compareText: return instruction.detail & Bytes.order(left, right) != 0
        case .startsWith: return Bytes.starts(left, with: right)
        case .endsWith: return Bytes.ends(left, with: right)
        case .contains: return Bytes.contains(left, right)
        default: return Bytes.equal(left, right) == (instruction.detail & Order.equal.rawValue != 0)
        }
    }

    // MARK: One operand

    private func unary(
        _ instruction: LinkedInstruction, _ a: Slot, _ frameText: Span<UInt8>, _ arena: inout [UInt8]
    ) -> Slot {
        switch instruction.code {
        case .not: return Slot(bool: a.bits == 0)
        case .intToDouble: return Slot(double: Double(a.int))
        case .memberOfBits: return Slot(bool: lists[Int(instruction.extra)].contains(a.bits))
        case .memberOfDoubles:
            // Minus zero equals zero, whose bits the list has; adding zero makes one of the other.
            return Slot(bool: lists[Int(instruction.extra)].contains((a.double + 0).bitPattern))
        case .memberOfTexts, .textSize, .textToDouble, .textToInt, .textToUInt, .textToBool:
            return ofText(instruction, a, frameText, arena.span)
        case .timestampField:
            let field = TimeField(rawValue: UInt32(instruction.detail)) ?? .fullYear
            return Slot(int: field.of(timestamp: a.int, offsetSeconds: Int(instruction.extra)))
        case .durationField:
            return Slot(int: (TimeField(rawValue: UInt32(instruction.detail)) ?? .seconds).of(duration: a.int))
        case .intToText, .uintToText, .doubleToText, .boolToText, .timestampToText, .durationToText:
            return format(instruction.code, a, &arena)
        default:
            return Arithmetic.apply(instruction.code, a.bits)
        }
    }

    private func ofText(
        _ instruction: LinkedInstruction, _ a: Slot, _ frameText: Span<UInt8>, _ arena: Span<UInt8>
    ) -> Slot {
        let reader = TextReader(frame: frameText, constants: text.span, scratch: arena)
        let bytes = reader.bytes(of: a)
        switch instruction.code {
        case .memberOfTexts:
            return Slot(bool: lists[Int(instruction.extra)].contains(bytes, constants: text.span))
        case .textSize: return Slot(int: Int64(Bytes.codePoints(bytes)))
        case .textToDouble: return TextConversion.double(bytes)
        case .textToInt: return TextConversion.int(bytes)
        case .textToUInt: return TextConversion.uint(bytes)
        default: return TextConversion.bool(bytes)
        }
    }
}

// MARK: New texts

extension LinkedCode {
    /// A text that ends the arena is continued there, so that a chain of `+` copies each byte once.
    private func join(_ a: Slot, _ b: Slot, _ frameText: Span<UInt8>, _ arena: inout [UInt8]) -> Slot {
        let continues = a.bits >> 62 == TextSpace.scratch.rawValue && a.textOffset + a.textCount == arena.count
        let added = continues ? b.textCount : a.textCount + b.textCount
        guard arena.count + added <= Self.maximumJoinedBytes else { return Slot(failure: .outOfRange) }
        let offset = continues ? a.textOffset : arena.count
        if !continues { copy(a, frameText, &arena) }
        copy(b, frameText, &arena)
        return Slot(space: .scratch, offset: offset, count: arena.count - offset)
    }

    private func copy(_ slot: Slot, _ frameText: Span<UInt8>, _ arena: inout [UInt8]) {
        let range = slot.textOffset..<slot.textOffset + slot.textCount
        switch slot.bits >> 62 {
        case TextSpace.frame.rawValue:
            frameText.extracting(range).withUnsafeBufferPointer { arena.append(contentsOf: $0) }
        case TextSpace.constants.rawValue:
            text.span.extracting(range).withUnsafeBufferPointer { arena.append(contentsOf: $0) }
        default:
            arena.reserveCapacity(arena.count + range.count)
            for index in range { arena.append(arena[index]) }
        }
    }

    private func format(_ code: Code, _ a: Slot, _ arena: inout [UInt8]) -> Slot {
        let offset = arena.count
        guard offset + TextConversion.longestFormat <= Self.maximumJoinedBytes else {
            return Slot(failure: .outOfRange)
        }
        switch code {
        case .intToText: TextConversion.append(a.int, to: &arena)
        case .uintToText: TextConversion.append(magnitude: a.bits, to: &arena)
        case .doubleToText: TextConversion.append(a.double, to: &arena)
        case .boolToText: for byte in (a.bool ? "true" : "false").utf8 { arena.append(byte) }
        case .timestampToText: TimeText.append(timestamp: a.int, to: &arena)
        default: TimeText.append(duration: a.int, to: &arena)
        }
        return Slot(space: .scratch, offset: offset, count: arena.count - offset)
    }
}
