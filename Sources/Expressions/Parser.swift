// A parser by precedence, as CEL's grammar has it:
//
//   ?:  right associative  <  ||  <  &&  <  == != < <= > >= in  <  + -  <  * / %  <  ! -  <  . () []
//
// Every level of recursion and every node is counted against a limit, so that hostile text ends in an error.

struct Parser {
    private var lexer: Lexer
    private let limits: ExpressionLimits
    private var token: Token
    private var depth = 0
    private var nodes = 0

    init(_ text: String, limits: ExpressionLimits) throws(ExpressionError) {
        lexer = try Lexer(text, limits: limits)
        self.limits = limits
        token = try lexer.next()
    }

    mutating func parse() throws(ExpressionError) -> Expression {
        if token.kind == .end { throw ExpressionError("the expression is empty", at: token.range) }
        let expression = try parseConditional()
        guard token.kind == .end else {
            throw ExpressionError("unexpected \(token.name) after the expression", at: token.range)
        }
        return expression
    }

    // MARK: Tokens

    private mutating func take() throws(ExpressionError) -> Token {
        let taken = token
        token = try lexer.next()
        return taken
    }

    private mutating func take(_ symbol: Symbol) throws(ExpressionError) -> Token? {
        token.kind == .symbol(symbol) ? try take() : nil
    }

    private mutating func expect(_ symbol: Symbol, _ purpose: String) throws(ExpressionError) -> Token {
        guard token.kind == .symbol(symbol) else {
            throw ExpressionError("expected '\(symbol.rawValue)' \(purpose), found \(token.name)", at: token.range)
        }
        return try take()
    }

    // MARK: Nodes

    private mutating func node(
        _ kind: Expression.Kind, from start: SourceRange, to end: SourceRange, place: SourceRange? = nil
    ) throws(ExpressionError) -> Expression {
        let expression = Expression(kind, range: start.joined(with: end), place: place)
        nodes += 1
        guard nodes <= limits.nodes else {
            throw ExpressionError("the expression has more than \(limits.nodes) parts", at: expression.place)
        }
        guard expression.height <= limits.nesting else { throw tooDeep(at: expression.place) }
        return expression
    }

    private func tooDeep(at range: SourceRange) -> ExpressionError {
        ExpressionError("the expression is nested more than \(limits.nesting) deep", at: range)
    }

    private mutating func descend() throws(ExpressionError) {
        depth += 1
        guard depth <= limits.nesting else { throw tooDeep(at: token.range) }
    }

    // MARK: Operators

    private mutating func parseConditional() throws(ExpressionError) -> Expression {
        try descend()
        let condition = try parseLogical(.or)
        var result = condition
        if let question = try take(.question) {
            let then = try parseLogical(.or)
            _ = try expect(.colon, "between the branches of '?:'")
            let otherwise = try parseConditional()
            result = try node(
                .conditional(condition, then: then, otherwise: otherwise), from: condition.range, to: otherwise.range,
                place: question.range)
        }
        depth -= 1
        return result
    }

    private mutating func parseLogical(_ logical: LogicalOperator) throws(ExpressionError) -> Expression {
        let symbol: Symbol = logical == .and ? .and : .or
        let first = logical == .or ? try parseLogical(.and) : try parseBinary(precedence: 3)
        guard token.kind == .symbol(symbol) else { return first }
        let place = token.range
        var operands = [first]
        while try take(symbol) != nil {
            operands.append(logical == .or ? try parseLogical(.and) : try parseBinary(precedence: 3))
            nodes += 1
        }
        let end = operands[operands.count - 1].range
        return try node(.logical(logical, operands), from: first.range, to: end, place: place)
    }

    private func binaryOperator() -> BinaryOperator? {
        switch token.kind {
        case .symbol(let symbol): symbol.binaryOperator
        case .identifier("in"): .in
        default: nil
        }
    }

    private mutating func parseBinary(precedence: Int) throws(ExpressionError) -> Expression {
        var left = try parseUnary()
        while let found = binaryOperator(), found.precedence >= precedence {
            let place = try take().range
            let right = try parseBinary(precedence: found.precedence + 1)
            left = try node(.binary(found, left, right), from: left.range, to: right.range, place: place)
        }
        return left
    }

    private mutating func parseUnary() throws(ExpressionError) -> Expression {
        let start = token.range
        if try take(.not) != nil {
            try descend()
            let operand = try parseUnary()
            depth -= 1
            return try node(.not(operand), from: start, to: operand.range, place: start)
        }
        if try take(.minus) != nil {
            // A minus directly before a number belongs to it, so that the least int can be written.
            if let literal = try negativeLiteral(from: start) { return try parseMembers(of: literal) }
            try descend()
            let operand = try parseUnary()
            depth -= 1
            return try node(.negate(operand), from: start, to: operand.range, place: start)
        }
        return try parseMembers(of: try parsePrimary())
    }

    private mutating func negativeLiteral(from start: SourceRange) throws(ExpressionError) -> Expression? {
        let literal: Literal
        switch token.kind {
        case .int(let magnitude): literal = .int(Int64(truncatingIfNeeded: 0 &- magnitude))
        case .double(let value): literal = .double(-value)
        case .uint: throw ExpressionError("a uint has no sign", at: start.joined(with: token.range))
        default: return nil
        }
        return try node(.literal(literal), from: start, to: try take().range)
    }

    // MARK: Members and primaries

    private mutating func parseMembers(of start: Expression) throws(ExpressionError) -> Expression {
        var result = start
        while true {
            if try take(.dot) != nil {
                result = try parseMember(of: result)
            } else if let bracket = try take(.openBracket) {
                let index = try parseConditional()
                let end = try expect(.closeBracket, "after the index").range
                result = try node(.index(result, index), from: result.range, to: end, place: bracket.range)
            } else if token.kind == .symbol(.openBrace) {
                throw ExpressionError("messages with '{…}' are not supported", at: token.range)
            } else {
                return result
            }
        }
    }

    private mutating func parseMember(of receiver: Expression) throws(ExpressionError) -> Expression {
        if case .quotedName(let name) = token.kind {
            let place = try take().range
            return try node(.select(receiver, field: name), from: receiver.range, to: place)
        }
        guard case .identifier(let name) = token.kind, !Self.keywords.contains(name) else {
            throw ExpressionError("expected a field or a function after '.', found \(token.name)", at: token.range)
        }
        let place = try take().range
        guard token.kind == .symbol(.openParenthesis) else {
            return try node(.select(receiver, field: name), from: receiver.range, to: place)
        }
        let (arguments, end) = try parseArguments(of: name)
        return try node(
            .call(name: name, receiver: receiver, arguments: arguments), from: receiver.range, to: end, place: place)
    }

    private mutating func parseArguments(
        of name: String
    ) throws(ExpressionError) -> (arguments: [Expression], end: SourceRange) {
        _ = try expect(.openParenthesis, "after '\(name)'")
        var arguments: [Expression] = []
        if let end = try take(.closeParenthesis) { return (arguments, end.range) }
        repeat {
            try checkElements(arguments.count + 1, "the arguments of '\(name)' are")
            arguments.append(try parseConditional())
        } while try take(.comma) != nil
        return (arguments, try expect(.closeParenthesis, "after the arguments of '\(name)'").range)
    }

    private func checkElements(_ count: Int, _ subject: String) throws(ExpressionError) {
        guard count <= limits.listElements else {
            throw ExpressionError("\(subject) more than \(limits.listElements)", at: token.range)
        }
    }

    private mutating func parsePrimary() throws(ExpressionError) -> Expression {
        let range = token.range
        switch token.kind {
        case .int(let magnitude):
            guard magnitude <= Int64.max else {
                throw ExpressionError("the number is too large for an int", at: range)
            }
            return try parseLiteral(.int(Int64(magnitude)))
        case .uint(let value): return try parseLiteral(.uint(value))
        case .double(let value): return try parseLiteral(.double(value))
        case .string(let value): return try parseLiteral(.string(value))
        case .bytes(let value): return try parseLiteral(.bytes(value))
        case .identifier(let name): return try parseNamed(name)
        case .symbol(.dot): return try parseRootName()
        case .symbol(.openParenthesis):
            _ = try take()
            let inside = try parseConditional()
            _ = try expect(.closeParenthesis, "to close the '(' of column \(range.start.column)")
            return inside
        case .symbol(.openBracket): return try parseList()
        case .symbol(.openBrace): return try parseMap()
        case .symbol, .quotedName, .end: throw ExpressionError("expected an expression, found \(token.name)", at: range)
        }
    }

    private mutating func parseLiteral(_ literal: Literal) throws(ExpressionError) -> Expression {
        let range = try take().range
        return try node(.literal(literal), from: range, to: range)
    }

    private mutating func parseList() throws(ExpressionError) -> Expression {
        let start = try take().range
        var elements: [Expression] = []
        while token.kind != .symbol(.closeBracket) {
            try checkElements(elements.count + 1, "the elements of the list are")
            elements.append(try parseConditional())
            guard try take(.comma) != nil else { break }
        }
        let end = try expect(.closeBracket, "after the elements of the list").range
        return try node(.list(elements), from: start, to: end)
    }

    private mutating func parseMap() throws(ExpressionError) -> Expression {
        let start = try take().range
        var entries: [MapEntry] = []
        while token.kind != .symbol(.closeBrace) {
            try checkElements(entries.count + 1, "the entries of the map are")
            let key = try parseConditional()
            _ = try expect(.colon, "between a key and its value")
            entries.append(MapEntry(key: key, value: try parseConditional()))
            guard try take(.comma) != nil else { break }
        }
        let end = try expect(.closeBrace, "after the entries of the map").range
        return try node(.map(entries), from: start, to: end)
    }

    /// `.name`: a name that is looked up past the variables of macros.
    private mutating func parseRootName() throws(ExpressionError) -> Expression {
        let start = try take().range
        guard case .identifier(let name) = token.kind, !Self.keywords.contains(name), !Self.reserved.contains(name)
        else { throw ExpressionError("expected a name after '.', found \(token.name)", at: token.range) }
        let end = try take().range
        guard token.kind == .symbol(.openParenthesis) else { return try node(.name("." + name), from: start, to: end) }
        let (arguments, last) = try parseArguments(of: name)
        return try node(.call(name: name, receiver: nil, arguments: arguments), from: start, to: last, place: end)
    }

    private mutating func parseNamed(_ name: String) throws(ExpressionError) -> Expression {
        let place = token.range
        switch name {
        case "true", "false": return try parseLiteral(.bool(name == "true"))
        case "null": return try parseLiteral(.null)
        case "in": throw ExpressionError("expected an expression, found 'in'", at: place)
        default: break
        }
        guard !Self.reserved.contains(name) else {
            throw ExpressionError("'\(name)' is a reserved word and cannot be a name", at: place)
        }
        _ = try take()
        guard token.kind == .symbol(.openParenthesis) else {
            return try node(.name(name), from: place, to: place)
        }
        let (arguments, end) = try parseArguments(of: name)
        guard name == "has" else {
            return try node(
                .call(name: name, receiver: nil, arguments: arguments), from: place, to: end, place: place)
        }
        guard arguments.count == 1 else {
            throw ExpressionError("has() takes one field, such as has(card.bin)", at: place)
        }
        return try node(.presence(arguments[0]), from: place, to: end, place: place)
    }

    static let keywords: Set<String> = ["true", "false", "null", "in"]
    static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]
}
