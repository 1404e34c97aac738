// Verification codes are three or four digits and look like anything; their name tells them.
//
//   "cvv2": "123"        "card.securityCode": 1234        "note": "CVC: 123"

extension CardDataScreen {
    static let verificationCodeDigits = 3...4

    /// Names that mean a code wherever a longer name ends with them.
    private static let endings: [StaticString] = [
        "cvc", "cvv", "securitycode", "verificationcode", "verificationvalue", "cardcode",
    ]
    /// Short names that other words end with too (`acid`): they must be a word of their own.
    private static let words: [StaticString] = ["cvn", "csc", "cid", "cav"]
    /// Words that may follow a name and change nothing.
    private static let followers: [StaticString] = ["code", "value", "number"]
    /// What names a code within a text.
    private static let namesInText: [StaticString] = ["cvc", "cvv", "securitycode"]

    /// Whether a member of this name with this value is a verification code: a name such as `cvv`, three or four digits.
    public static func isVerificationCode(name: Span<UInt8>, value: Span<UInt8>) -> Bool {
        guard looksLikeVerificationCode(value) else { return false }
        var name = Letters(before: name.count, in: name, skipping: { _ in true })
        if isName(name) { return true }
        for follower in followers where name.ends(with: follower) {
            name.removeLast(follower.utf8CodeUnitCount)
            return isName(name)
        }
        return false
    }

    /// Three or four digits and nothing else.
    public static func looksLikeVerificationCode(_ value: Span<UInt8>) -> Bool {
        guard verificationCodeDigits.contains(value.count) else { return false }
        for i in value.indices where !isDigit(value[i]) { return false }
        return true
    }

    /// Whether the three or four digits of a run stand behind the name of a code: `cvv: 123`, `CVC2=1234`.
    static func isNamedCode(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
        if run.upperBound < text.count, isLetter(text[run.upperBound]) { return false }
        var end = run.lowerBound
        while end > 0, run.lowerBound - end < 4, isBetween(text[end - 1]) { end -= 1 }
        guard end > 0, end < run.lowerBound else { return false }
        if text[end - 1] == UInt8(ascii: "2") { end -= 1 }
        let name = Letters(before: end, in: text) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "_") }
        for known in namesInText where name.endsWithWord(known) { return true }
        return false
    }

    private static func isBetween(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "#"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isName(_ name: Letters) -> Bool {
        for ending in endings where name.ends(with: ending) { return true }
        for word in words where name.endsWithWord(word) { return true }
        return false
    }

    /// The last letters of a name, small, without what stands between them.
    private struct Letters {
        private static let capacity = 24
        /// From the last letter back.
        private var letters = InlineArray<24, UInt8>(repeating: 0)
        /// Whether a word begins with the letter.
        private var begins = InlineArray<24, Bool>(repeating: false)
        private var first = 0
        private var end = 0

        /// - Parameter skipping: Which bytes that are no letters may stand between them; another ends the name.
        init(before position: Int, in text: Span<UInt8>, skipping: (UInt8) -> Bool) {
            var position = position
            while position > 0, end < Self.capacity {
                let byte = text[position - 1]
                position -= 1
                guard CardDataScreen.isLetter(byte) else {
                    if end > 0 { begins[end - 1] = true }
                    if skipping(byte) { continue }
                    return
                }
                letters[end] = byte | 0x20
                let isCapital = byte & 0x20 == 0
                begins[end] = position == 0 || (isCapital && text[position - 1] & 0x20 != 0)
                end += 1
            }
        }

        func ends(with name: StaticString) -> Bool {
            let count = name.utf8CodeUnitCount
            guard end - first >= count else { return false }
            for i in 0..<count where letters[first + i] != name.utf8Start[count - 1 - i] { return false }
            return true
        }

        /// Ends with the name, and a word begins there.
        func endsWithWord(_ name: StaticString) -> Bool {
            ends(with: name) && begins[first + name.utf8CodeUnitCount - 1]
        }

        mutating func removeLast(_ count: Int) { first += count }
    }
}
