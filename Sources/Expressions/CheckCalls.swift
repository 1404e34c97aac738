// CEL's own functions: conversions, texts, times. What the machine has no instruction for is left to the general
// evaluator.

/// The names of the language.
enum Builtin {
    static let globalNames = Set(Function.allCases.filter(\.isGlobal).map(\.rawValue))
    static let textMethods: Set<String> = ["startsWith", "endsWith", "contains"]
    static let methodNames = Set(Function.allCases.filter(\.isMethod).map(\.rawValue))
        .union(TimeField.functions.keys).union(Macro.names)
}

extension Checker {
    // MARK: Functions

    mutating func checkGlobal(
        _ name: String, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        guard let function = Function(rawValue: name) else { throw unknownFunction(name, expression) }
        guard function != .matches, function != .type, function != .bytes else {
            return try checkFunction(function, arguments, expression)
        }
        guard arguments.count == 1 else {
            throw ExpressionError("\(name)() takes one argument, but here are \(arguments.count)", at: expression.place)
        }
        let argument = try check(arguments[0])
        guard argument.type.isScalar || function == .dyn else {
            return try generalCall(function, [argument], expression)
        }
        let place = expression.place
        switch name {
        case "dyn":
            return argument
        case "size":
            return try checkSize(argument, expression)
        case "timestamp" where argument.constantText != nil:
            return Checked(.constant(.bits(try timestampLiteral(argument, arguments[0]))), .timestamp, place)
        case "duration" where argument.constantText != nil:
            return Checked(.constant(.bits(try durationLiteral(argument, arguments[0]))), .duration, place)
        default:
            if argument.type.description == name { return argument }
            if name == "timestamp" || name == "duration", argument.type == .string {
                return general(expression, name == "timestamp" ? .timestamp : .duration)
            }
            guard let (code, type) = Self.conversion(to: name, from: argument.type) else {
                throw ExpressionError("\(name)() does not take \(argument.type.withArticle)", at: place)
            }
            return Checked(code, [argument], type, place)
        }
    }

    private static func conversion(to name: String, from type: ValueType) -> (Code, ValueType)? {
        switch (name, type) {
        case ("bool", .string): (.textToBool, .bool)
        case ("int", .uint): (.uintToInt, .int)
        case ("int", .double): (.doubleToInt, .int)
        case ("int", .string): (.textToInt, .int)
        case ("int", .timestamp): (.timestampToInt, .int)
        case ("uint", .int): (.intToUInt, .uint)
        case ("uint", .double): (.doubleToUInt, .uint)
        case ("uint", .string): (.textToUInt, .uint)
        case ("double", .int): (.intToDouble, .double)
        case ("double", .uint): (.uintToDouble, .double)
        case ("double", .string): (.textToDouble, .double)
        case ("timestamp", .int): (.intToTimestamp, .timestamp)
        case ("string", .int): (.intToText, .string)
        case ("string", .uint): (.uintToText, .string)
        case ("string", .double): (.doubleToText, .string)
        case ("string", .bool): (.boolToText, .string)
        case ("string", .timestamp): (.timestampToText, .string)
        case ("string", .duration): (.durationToText, .string)
        default: nil
        }
    }

    private func timestampLiteral(_ argument: Checked, _ source: Expression) throws(ExpressionError) -> UInt64 {
        guard let text = argument.constantText else {
            throw ExpressionError("timestamp() takes a literal text or an int of seconds", at: source)
        }
        switch TimeText.timestampNanoseconds(text) {
        case .nanoseconds(let value): return UInt64(bitPattern: value)
        case .outOfRange:
            throw ExpressionError("the timestamp is outside the years 1678 to 2261", at: source)
        case .malformed:
            throw ExpressionError(
                "this is no RFC 3339 timestamp, such as \"2018-07-01T12:30:00Z\" or \"2018-07-01T12:30:00.5+02:00\"",
                at: source)
        }
    }

    private func durationLiteral(_ argument: Checked, _ source: Expression) throws(ExpressionError) -> UInt64 {
        guard let text = argument.constantText else {
            throw ExpressionError("duration() takes a literal text, such as \"1h30m\"", at: source)
        }
        if let value = TimeText.durationNanoseconds(text) { return UInt64(bitPattern: value) }
        guard TimeText.durationNanoseconds(text, allowingDays: true) == nil else {
            throw ExpressionError("durations have no days: write \"24h\" for a day", at: source)
        }
        throw ExpressionError(
            "this is no duration, such as \"1h30m\" or \"1.5s\" (units h, m, s, ms, us, ns; at most 292 years)",
            at: source)
    }

    private func checkSize(_ argument: Checked, _ expression: Expression) throws(ExpressionError) -> Checked {
        if !argument.type.isScalar { return try generalCall(.size, [argument], expression) }
        guard argument.type == .string else {
            throw ExpressionError(
                "size() takes a string, but this is \(argument.type.withArticle)", at: expression.place)
        }
        return Checked(.textSize, [argument], .int, expression.place)
    }

    // MARK: Functions behind a value

    mutating func checkMethod(
        _ name: String, _ receiver: Expression, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        guard Builtin.methodNames.contains(name) else { throw unknownMethod(name, receiver, expression) }
        let value = try check(receiver)
        if name == "size" {
            guard arguments.isEmpty else { throw count(name, "no argument", arguments, expression) }
            return try checkSize(value, expression)
        }
        if let field = TimeField.functions[name] { return try checkTime(name, field, value, arguments, expression) }
        if Macro.names.contains(name) {
            throw ExpressionError("'\(name)' takes a variable and what is asked of it", at: expression.place)
        }
        if let function = Function(rawValue: name), !Builtin.textMethods.contains(name) || value.type.isDyn {
            return try checkFunction(function, of: value, arguments, expression)
        }
        guard arguments.count == 1 else { throw count(name, "one argument", arguments, expression) }
        guard value.type == .string else {
            throw ExpressionError("'\(name)' is of strings, but this is \(value.type.withArticle)", at: receiver)
        }
        let argument = try check(arguments[0])
        if argument.type.isDyn { return general(expression, .bool) }
        guard argument.type == .string else {
            throw ExpressionError(
                "'\(name)' takes a string, but this is \(argument.type.withArticle)", at: arguments[0])
        }
        let code: Code =
            switch name {
            case "startsWith": .startsWith
            case "endsWith": .endsWith
            default: .contains
            }
        return Checked(code, [value, argument], .bool, expression.place)
    }

    private func count(
        _ name: String, _ wanted: String, _ arguments: [Expression], _ expression: Expression
    ) -> ExpressionError {
        ExpressionError("'\(name)' takes \(wanted), but here are \(arguments.count)", at: expression.place)
    }

    /// A function for the general evaluator.
    mutating func checkFunction(
        _ function: Function, of value: Checked? = nil, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        var checked = value.map { [$0] } ?? []
        for argument in arguments { checked.append(try check(argument)) }
        return try generalCall(function, checked, expression)
    }

    private func unknownMethod(_ name: String, _ receiver: Expression, _ expression: Expression) -> ExpressionError {
        if Builtin.globalNames.contains(name) || environment.functions[name] != nil || resolver.names.contains(name) {
            return ExpressionError("'\(name)' is called as \(name)(…), not behind a value", at: expression.place)
        }
        let known = Array(Builtin.methodNames) + environment.functions.keys
        let suggestion = Suggestion.suffix(for: name, among: known)
        return ExpressionError("unknown function '\(name)'\(suggestion)", at: expression.place)
    }

    private mutating func checkTime(
        _ name: String, _ field: TimeField, _ value: Checked, _ arguments: [Expression], _ expression: Expression
    ) throws(ExpressionError) -> Checked {
        let detail = UInt8(field.rawValue)
        switch value.type {
        case .duration where field.isOfDuration:
            guard arguments.isEmpty else { throw count(name, "no argument", arguments, expression) }
            return Checked(.durationField, detail: detail, [value], .int, expression.place)
        case .timestamp:
            guard arguments.count <= 1 else { throw count(name, "at most a time zone", arguments, expression) }
            var offset = 0
            if let zone = arguments.first {
                guard let fixed = try zoneOffset(zone) else { return general(expression, .int) }
                offset = fixed
            }
            return Checked(.timestampField, detail: detail, extra: Int32(offset), [value], .int, expression.place)
        case .general(.dyn):
            for argument in arguments { _ = try zoneOffset(argument) }
            return general(expression, .int)
        default:
            let owners = field.isOfDuration ? "timestamps and durations" : "timestamps"
            throw ExpressionError(
                "'\(name)' is of \(owners), but this is \(value.type.withArticle)", at: expression.place)
        }
    }

    /// The seconds of a fixed offset; nil of a named zone, which only the general evaluator knows.
    private mutating func zoneOffset(_ zone: Expression) throws(ExpressionError) -> Int? {
        guard let text = try check(zone).constantText else {
            throw ExpressionError("the time zone must be a literal text, such as \"+02:00\"", at: zone)
        }
        if let offset = TimeText.zoneOffsetSeconds(text) { return offset }
        guard text.utf8.first?.isNameStart == true else {
            throw ExpressionError("\(Literal.quoted(text)) is no offset from UTC, such as \"+02:00\"", at: zone)
        }
        guard TimeZones.zone(text) != nil else {
            throw ExpressionError(
                "this machine's time zone database has no \(Literal.quoted(text)); write an offset such as \"+02:00\"",
                at: zone)
        }
        return nil
    }
}
