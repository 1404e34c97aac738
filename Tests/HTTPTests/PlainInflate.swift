// gzip the plain way, from RFC 1951 and RFC 1952: bit by bit and symbol by symbol. What the tests hold zlib's work, and
// the code around it, against. It reads only what is whole and right; anything else is nil.

struct PlainInflate {
    private let input: [UInt8]
    private var bit: Int
    private var output: [UInt8] = []

    /// The content of gzip members one after another.
    static func gunzip(_ bytes: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        var start = 0
        repeat {
            guard let data = headerEnd(bytes, start) else { return nil }
            var plain = PlainInflate(input: bytes, bit: data * 8)
            guard plain.inflate() else { return nil }
            let end = (plain.bit + 7) / 8
            guard end + 8 <= bytes.count, number(bytes, end) == checksum(plain.output),
                number(bytes, end + 4) == UInt32(truncatingIfNeeded: plain.output.count)
            else { return nil }
            content += plain.output
            start = end + 8
        } while start < bytes.count
        return content
    }

    /// Behind a header without optional parts.
    private static func headerEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        guard start + 18 <= bytes.count, Array(bytes[start..<(start + 4)]) == [0x1F, 0x8B, 8, 0] else { return nil }
        return start + 10
    }

    private static func number(_ bytes: [UInt8], _ start: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
    }

    /// CRC-32 (RFC 1952 section 8).
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var register = UInt32.max
        for byte in bytes {
            register ^= UInt32(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1 }
        }
        return ~register
    }

    /// The same content in zlib's frame (RFC 1950): the data of one gzip member between two bytes and an Adler-32.
    static func zlibFrame(ofMember member: [UInt8], content: [UInt8]) -> [UInt8] {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in content {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        let sum = high << 16 | low
        let tail = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> UInt32($0)) }
        return [0x78, 0x01] + member[10..<(member.count - 8)] + tail
    }

    // MARK: Blocks

    private init(input: [UInt8], bit: Int) {
        self.input = input
        self.bit = bit
    }

    private mutating func bits(_ count: Int) -> Int? {
        var value = 0
        for place in 0..<count {
            guard bit / 8 < input.count else { return nil }
            value |= Int(input[bit / 8] >> UInt8(bit % 8) & 1) << place
            bit += 1
        }
        return value
    }

    private mutating func inflate() -> Bool {
        while true {
            guard let last = bits(1), let kind = bits(2) else { return false }
            let isRight: Bool
            switch kind {
            case 0: isRight = copyStored()
            case 1: isRight = copySymbols(Code(Self.fixedLengths), Code(Array(repeating: 5, count: 30)))
            case 2: isRight = copyDynamic()
            default: isRight = false
            }
            if !isRight { return false }
            if last == 1 { return true }
        }
    }

    private mutating func copyStored() -> Bool {
        bit = (bit + 7) / 8 * 8
        guard let count = bits(16), let inverse = bits(16), count == ~inverse & 0xFFFF else { return false }
        for _ in 0..<count {
            guard let byte = bits(8) else { return false }
            output.append(UInt8(byte))
        }
        return true
    }

    private mutating func copyDynamic() -> Bool {
        guard let literals = bits(5), let distances = bits(5), let codes = bits(4) else { return false }
        var codeLengths = [Int](repeating: 0, count: 19)
        for place in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].prefix(codes + 4) {
            guard let length = bits(3) else { return false }
            codeLengths[place] = length
        }
        let code = Code(codeLengths)
        var lengths: [Int] = []
        while lengths.count < literals + 257 + distances + 1 {
            guard let symbol = symbol(code) else { return false }
            switch symbol {
            case 16:
                guard let times = bits(2), let previous = lengths.last else { return false }
                lengths += Array(repeating: previous, count: times + 3)
            case 17:
                guard let times = bits(3) else { return false }
                lengths += Array(repeating: 0, count: times + 3)
            case 18:
                guard let times = bits(7) else { return false }
                lengths += Array(repeating: 0, count: times + 11)
            default: lengths.append(symbol)
            }
        }
        let split = literals + 257
        return copySymbols(Code(Array(lengths[..<split])), Code(Array(lengths[split...])))
    }

    private mutating func copySymbols(_ literals: Code, _ distances: Code) -> Bool {
        while let symbol = symbol(literals) {
            if symbol < 256 {
                output.append(UInt8(symbol))
                continue
            }
            if symbol == 256 { return true }
            guard symbol < 286, let more = bits(Self.lengthBits(symbol)), let code = self.symbol(distances), code < 30,
                let further = bits(max(0, code / 2 - 1))
            else { return false }
            let distance = (code < 2 ? code : (2 + code % 2) << (code / 2 - 1)) + 1 + further
            guard distance <= output.count else { return false }
            for _ in 0..<(Self.lengthBase(symbol) + more) { output.append(output[output.count - distance]) }
        }
        return false
    }

    /// A canonical code (RFC 1951 section 3.2.2): symbols in order of their codes, and how many there are of a length.
    private struct Code {
        var symbols: [Int] = []
        var counts = [Int](repeating: 0, count: 16)

        init(_ lengths: [Int]) {
            for length in 1...15 {
                for symbol in lengths.indices where lengths[symbol] == length {
                    symbols.append(symbol)
                    counts[length] += 1
                }
            }
        }
    }

    private mutating func symbol(_ code: Code) -> Int? {
        var value = 0
        var first = 0
        var passed = 0
        for length in 1...15 {
            guard let next = bits(1) else { return nil }
            value = value << 1 | next
            if value - first < code.counts[length] { return code.symbols[passed + value - first] }
            passed += code.counts[length]
            first = (first + code.counts[length]) << 1
        }
        return nil
    }

    private static let fixedLengths: [Int] = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }

    private static func lengthBits(_ symbol: Int) -> Int { symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4 }

    private static func lengthBase(_ symbol: Int) -> Int {
        if symbol == 285 { return 258 }
        if symbol < 265 { return symbol - 254 }
        return ((symbol - 261) % 4 + 4) << ((symbol - 261) / 4) + 3
    }
}
