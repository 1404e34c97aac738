// uri-host [ ":" port ]: what Host holds, and what stands in a target of absolute form (RFC 9110 section 7.2, RFC 3986
// section 3.2). An IPv6 literal is counted group by group, so that nothing passes here that no resolver would take.

/// Whether `range` is uri-host [ ":" port ]. An empty range is: a client whose target has no authority sends an empty
/// Host (RFC 9112 section 3.2).
func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var cursor = range.lowerBound
    if cursor < range.upperBound, bytes[cursor] == UInt8(ascii: "[") {
        // A literal ends at its bracket; zones (RFC 6874) and future versions (IPvFuture) are not served.
        var close = cursor + 1
        while close < range.upperBound && bytes[close] != UInt8(ascii: "]") { close += 1 }
        guard close < range.upperBound, isIPv6Address(bytes, (cursor + 1)..<close) else { return false }
        cursor = close + 1
    } else {
        while cursor < range.upperBound, CharacterSet128.registeredName.contains(bytes[cursor]) {
            if bytes[cursor] == UInt8(ascii: "%") {
                guard let byte = escapedByte(bytes, cursor..<range.upperBound), !isControl(byte) else { return false }
                cursor += 2
            }
            cursor += 1
        }
        // A port without a host is no authority.
        if cursor == range.lowerBound { return range.isEmpty }
    }
    return cursor == range.upperBound || isPort(bytes, cursor..<range.upperBound)
}

/// ":" and up to five digits, at most 65535. None at all is legal: the scheme's own port (RFC 3986 section 3.2.3).
private func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard bytes[range.lowerBound] == UInt8(ascii: ":"), range.count <= 6 else { return false }
    var port = 0
    for index in (range.lowerBound + 1)..<range.upperBound {
        if !isDigit(bytes[index]) { return false }
        port = port * 10 + Int(bytes[index] &- 48)
    }
    return port <= 65_535
}

/// IPv6address (RFC 3986 section 3.2.2): eight groups of one to four hexadecimal digits, the last two perhaps as an
/// IPv4 address, and one "::" at most, which stands for one group or more.
func isIPv6Address(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var cursor = range.lowerBound
    var groups = 0
    var hasGap = false
    if range.count >= 2, bytes[cursor] == UInt8(ascii: ":") {
        if bytes[cursor + 1] != UInt8(ascii: ":") { return false }
        hasGap = true
        cursor += 2
    }
    while cursor < range.upperBound {
        let start = cursor
        while cursor < range.upperBound && hexadecimalValue(bytes[cursor]) != nil { cursor += 1 }
        if cursor < range.upperBound, bytes[cursor] == UInt8(ascii: ".") {
            groups += 2
            guard isIPv4Address(bytes, start..<range.upperBound) else { return false }
            break
        }
        guard cursor > start, cursor - start <= 4 else { return false }
        groups += 1
        if cursor == range.upperBound { break }
        guard bytes[cursor] == UInt8(ascii: ":") else { return false }
        cursor += 1
        if cursor == range.upperBound { return false }
        if bytes[cursor] == UInt8(ascii: ":") {
            if hasGap { return false }
            hasGap = true
            cursor += 1
        }
    }
    return hasGap ? groups < 8 : groups == 8
}

/// IPv4address (RFC 3986 section 3.2.2): four numbers to 255 without leading zeros.
private func isIPv4Address(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    var cursor = range.lowerBound
    for part in 0..<4 {
        if part > 0 {
            guard cursor < range.upperBound, bytes[cursor] == UInt8(ascii: ".") else { return false }
            cursor += 1
        }
        let start = cursor
        var value = 0
        while cursor < range.upperBound, cursor - start < 3, isDigit(bytes[cursor]) {
            value = value * 10 + Int(bytes[cursor] &- 48)
            cursor += 1
        }
        guard cursor > start, value <= 255, cursor - start == 1 || bytes[start] != UInt8(ascii: "0") else {
            return false
        }
    }
    return cursor == range.upperBound
}
