// What the names of an expression mean: typed columns, host functions, and a resolver for calls that become columns.

/// A column that a call was resolved to.
public struct ResolvedSlot: Sendable, Hashable {
    public var slot: Int
    public var type: ValueType

    public init(slot: Int, type: ValueType) {
        self.slot = slot
        self.type = type
    }
}

/// Answers calls that neither the language nor the environment knows, such as `count(card, "10m")`, with a column.
public protocol CallResolver {
    /// The column that stands for the call, or nil where the name is unknown here too.
    ///
    /// Equal calls (equal `description`s) are asked once a program. The arguments are unchecked syntax.
    mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot?

    /// The number by which the provider of sets knows the list of `element in list("listName")`, or nil where there is
    /// no such list. Zero or above, and at most `Int32.max`.
    ///
    /// A list whose entries are of another type than the element is an error at the place.
    ///
    /// - Parameters:
    ///   - element: The unchecked syntax on the left of `in`; a field is known by its `dottedName`.
    ///   - type: The element's type.
    ///   - place: Where the list is named, for errors.
    mutating func resolveMembership(
        of element: Expression, type: ValueType, listName: String, place: Expression
    ) throws(ExpressionError) -> Int?

    /// The names that `resolve` answers, for "did you mean".
    var names: [String] { get }

    /// The names that `resolveMembership` answers, for "did you mean".
    var listNames: [String] { get }
}

extension CallResolver {
    public var names: [String] { [] }

    public var listNames: [String] { [] }

    public mutating func resolveMembership(
        of element: Expression, type: ValueType, listName: String, place: Expression
    ) throws(ExpressionError) -> Int? {
        nil
    }
}

/// Knows no call.
public struct NoCalls: CallResolver, Sendable {
    public init() {}

    public mutating func resolve(
        name: String, arguments: [Expression], environment: inout Environment
    ) throws(ExpressionError) -> ResolvedSlot? {
        nil
    }
}

/// A pure function of the host: equal arguments give equal results, and it does no I/O.
///
/// It is called only with arguments that are all present. It may answer `.missing` or a failure. A text that it
/// returns must be one of its arguments.
public typealias HostFunctionBody = @Sendable (Span<Slot>, borrowing TextReader) -> Slot

struct HostFunction: Sendable {
    let name: String
    let parameters: [ValueType]
    let result: ValueType
    let body: HostFunctionBody
}

/// The columns and functions that an expression may name.
public struct Environment: Sendable {
    /// A declared column. An unnamed one (a history, a hidden helper) has a label that no expression can write.
    public struct Column: Sendable, Hashable {
        public let name: String
        public let type: ValueType
        public let isNamed: Bool
    }

    /// In slot order.
    public private(set) var columns: [Column] = []
    private var slots: [String: Int] = [:]
    private(set) var functions: [String: [HostFunction]] = [:]

    public init() {}

    public var slotCount: Int { columns.count }

    /// Declares a column and returns its slot.
    ///
    /// - Parameter name: A name of the language, with dots where the field is within others: `card.bin`.
    /// - Precondition: The name is new and the type is not a list.
    @discardableResult
    public mutating func declare(_ name: String, _ type: ValueType) -> Int {
        precondition(slots[name] == nil, "column \(name) is declared twice")
        slots[name] = columns.count
        return append(Column(name: name, type: type, isNamed: true))
    }

    /// Adds a column that no text can name, such as that of a history, and returns its slot.
    public mutating func addUnnamed(_ type: ValueType, label: String) -> Int {
        append(Column(name: label, type: type, isNamed: false))
    }

    private mutating func append(_ column: Column) -> Int {
        precondition(column.type.isScalar, "column \(column.name) is no scalar")
        columns.append(column)
        return columns.count - 1
    }

    /// Declares a host function; several of one name must differ in their parameters.
    public mutating func declareFunction(
        _ name: String, parameters: [ValueType], result: ValueType, body: @escaping HostFunctionBody
    ) {
        let known = functions[name, default: []]
        precondition(!known.contains { $0.parameters == parameters }, "function \(name) is declared twice")
        let function = HostFunction(name: name, parameters: parameters, result: result, body: body)
        functions[name] = known + [function]
    }

    /// The column of a name.
    public func column(_ name: String) -> ResolvedSlot? {
        slots[name].map { ResolvedSlot(slot: $0, type: columns[$0].type) }
    }

    /// Every name that a text may use for a column.
    public var columnNames: [String] { Array(slots.keys) }
}
