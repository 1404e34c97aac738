// What is done with a payment, and who has the last word on it: the rules' actions, or the score's band.
//
//   strongest action of the rules        band: approve   review     challenge   decline
//   approve                                    approve   approve    approve     approve
//   decline                                    decline   decline    decline     decline
//   challenge                                  challenge challenge  challenge   decline
//   review                                     review    review     challenge   decline
//   none                                       approve   review     challenge   decline

/// What is done with a payment. By severity: approve, review (it goes through a person's hands), challenge (the customer
/// must prove that it is he), decline.
public enum Verdict: String, Sendable, CaseIterable, Comparable {
    case approve, review, challenge, decline

    private var severity: Int {
        switch self {
        case .approve: 0
        case .review: 1
        case .challenge: 2
        case .decline: 3
        }
    }

    public static func < (a: Verdict, b: Verdict) -> Bool { a.severity < b.severity }
}

/// The order in which rules and score are heard.
enum Precedence {
    /// The strongest action so far, and one more: an approval stands above all, then the severest.
    static func strongest(_ a: Verdict?, _ b: Verdict) -> Verdict {
        guard let a else { return b }
        if a == .approve || b == .approve { return .approve }
        return max(a, b)
    }

    /// A rule that approves decides alone; every other one may make the band's decision severer, never milder.
    ///
    /// - Parameter rules: The strongest action of the rules that matched; nil where none has one.
    static func verdict(rules: Verdict?, band: Verdict) -> Verdict {
        guard let rules else { return band }
        return rules == .approve ? .approve : max(rules, band)
    }
}
