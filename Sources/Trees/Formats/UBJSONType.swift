// The types of UBJSON, draft 12, by the byte that marks each.

enum UBJSONType: UInt8 {
    case null = 0x5A  // Z
    case yes = 0x54  // T
    case no = 0x46  // F
    case int8 = 0x69  // i
    case uint8 = 0x55  // U
    case int16 = 0x49  // I
    case int32 = 0x6C  // l
    case int64 = 0x4C  // L
    case float32 = 0x64  // d
    case float64 = 0x44  // D
    case decimal = 0x48  // H: a number's text, of any precision
    case character = 0x43  // C
    case string = 0x53  // S
    case array = 0x5B  // [
    case object = 0x7B  // {

    /// Stands for nothing, wherever a marker may stand.
    static let noOperation = UInt8(ascii: "N")

    var kind: DocumentKind {
        switch self {
        case .null: .null
        case .yes, .no: .bool
        case .int8, .uint8, .int16, .int32, .int64, .float32, .float64, .decimal: .number
        case .character, .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Bytes of a value behind its marker, where all values have as many.
    var fixedBytes: Int? {
        switch self {
        case .null, .yes, .no: 0
        case .int8, .uint8, .character: 1
        case .int16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        case .decimal, .string, .array, .object: nil
        }
    }

    /// Bytes of the shortest value, behind its marker: an end, or a length of one byte.
    var leastBytes: Int {
        switch self {
        case .decimal, .string: 2
        case .array, .object: 1
        default: fixedBytes ?? 0
        }
    }
}
