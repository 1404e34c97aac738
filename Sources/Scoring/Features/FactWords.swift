// The words of a past payment's facts, as text that stands in a frame behind a payment's own.
//
//   approvereviewchallengedeclineauthorizeddeclinedcapturedrefundedvoidedfraudlegitimate

import Aggregates
import Expressions

/// The words of decision, outcome and label, as text behind a payment's own.
struct FactWords {
    static var labels: Int { 3 }
    static var outcomes: Int { 6 }

    let text: [UInt8]
    /// Where each word stands, by the ordinal of its case; the first label and outcome are none.
    private let verdicts: [Range<Int>]
    private let outcomeWords: [Range<Int>]
    private let labelWords: [Range<Int>]

    init() {
        var text: [UInt8] = []
        func add(_ words: [String]) -> [Range<Int>] {
            words.map { word in
                let start = text.count
                text += word.utf8
                return start..<text.count
            }
        }
        verdicts = add(Verdict.allCases.map(\.rawValue))
        outcomeWords = add(OutcomeState.allCases.dropFirst().map(\.word))
        labelWords = add(LabelState.allCases.dropFirst().map(\.word))
        self.text = text
    }

    func slot(of verdict: Verdict?, behind offset: Int) -> Slot {
        guard let verdict else { return .missing }
        return slot(verdicts[verdict.place], offset)
    }

    func slot(ofOutcome outcome: Int, behind offset: Int) -> Slot {
        outcome == 0 ? .missing : slot(outcomeWords[outcome - 1], offset)
    }

    func slot(ofLabel label: Int, behind offset: Int) -> Slot {
        label == 0 ? .missing : slot(labelWords[label - 1], offset)
    }

    private func slot(_ range: Range<Int>, _ offset: Int) -> Slot {
        Slot(textOffset: offset + range.lowerBound, count: range.count)
    }
}

extension Verdict {
    /// Its place in `allCases`, which is made anew at each use.
    fileprivate var place: Int {
        switch self {
        case .approve: 0
        case .review: 1
        case .challenge: 2
        case .decline: 3
        }
    }
}

extension OutcomeState {
    fileprivate var word: String { "\(self)" }
}

extension LabelState {
    fileprivate var word: String { "\(self)" }
}
