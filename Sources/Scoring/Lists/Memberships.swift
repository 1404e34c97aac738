// `card.bin in list("blocked-bins")`: at load the question becomes a number, one for each field and list, and what may not
// be looked up in a list is refused with a caret; at evaluation the number finds the list.

import Expressions

/// One question to a list.
struct Membership: Sendable, Hashable {
    let field: PaymentField
    /// Index of the list in `ScoringPlan.lists`.
    let list: Int
}

/// Collects the questions while expressions are compiled; a question's number is its place.
struct MembershipCatalog: Sendable {
    /// Questions to lists of addresses, which are answered beforehand, a bit each.
    static let maximumAddressQuestions = UInt64.bitWidth

    var lists: [NamedList] = []
    fileprivate(set) var questions: [Membership] = []

    fileprivate mutating func number(of question: Membership) -> Int {
        if let known = questions.firstIndex(of: question) { return known }
        questions.append(question)
        return questions.count - 1
    }
}

extension HistoryCatalog {
    var listNames: [String] { memberships.lists.map(\.name) }

    mutating func resolveMembership(
        of element: Expression, type: ValueType, listName: String, place: Expression
    ) throws(ExpressionError) -> Int? {
        let lists = memberships.lists
        guard let index = lists.firstIndex(where: { $0.name == listName }) else { return nil }
        let fields = lists[index].kind.fields
        guard let field = fields.first(where: { $0.name == element.dottedName }) else {
            let wanted = fields.map(\.name).joined(separator: ", ")
            throw ExpressionError(
                "\(listName) is a list of type \(lists[index].kind.rawValue); what may be looked up in it: \(wanted)",
                at: element)
        }
        let addresses = lists.count { $0.kind == .ip }
        guard addresses <= MembershipCatalog.maximumAddressQuestions else {
            throw ExpressionError(
                "there are \(addresses) lists of type ip; at most \(MembershipCatalog.maximumAddressQuestions)",
                at: place)
        }
        return memberships.number(of: Membership(field: field, list: index))
    }
}

/// The lists of a plan and the questions to them, for as long as the plan.
final class ListShelf: Sendable {
    let lists: [NamedList]
    let questions: [Membership]
    /// The questions to lists of addresses; each has its bit in `Lookup.addressBits`.
    private let addressQuestions: [Int]

    init(_ catalog: MembershipCatalog) {
        lists = catalog.lists
        questions = catalog.questions
        addressQuestions = catalog.questions.indices.filter { catalog.lists[catalog.questions[$0].list].kind == .ip }
    }

    var isAsked: Bool { !questions.isEmpty }

    /// What a payment's expressions ask.
    func lookup(_ payment: borrowing Payment) -> Lookup {
        let time = payment.eventTimeNanoseconds
        var bits: UInt64 = 0
        if let address = payment.address {
            for i in addressQuestions.indices {
                let list = questions[addressQuestions[i]].list
                if lists[list].table.contains(address, at: time) { bits |= 1 << UInt64(i) }
            }
        }
        return Lookup(shelf: self, time: time, addressBits: bits)
    }

    /// The same of a payment whose address nobody knows any more: the lists that it was in then say it.
    func lookup(_ payment: borrowing Payment, addressLists: [String]) -> Lookup {
        var bits: UInt64 = 0
        for i in addressQuestions.indices
        where addressLists.contains(lists[questions[addressQuestions[i]].list].name) {
            bits |= 1 << UInt64(i)
        }
        return Lookup(shelf: self, time: payment.eventTimeNanoseconds, addressBits: bits)
    }

    /// The names of the lists whose bits are set.
    func addressLists(of bits: UInt64) -> [String] {
        addressQuestions.indices.filter { bits & 1 << UInt64($0) != 0 }
            .map { lists[questions[addressQuestions[$0]].list].name }
    }

    fileprivate func bit(of question: Int) -> UInt64 {
        for i in addressQuestions.indices where addressQuestions[i] == question { return 1 << UInt64(i) }
        return 0
    }
}

/// Three words, so that handing it to an evaluation allocates nothing.
struct Lookup: SetProvider {
    fileprivate let shelf: ListShelf
    fileprivate let time: Int64
    let addressBits: UInt64

    func contains(_ element: Slot, set: Int, text: borrowing TextReader) -> Bool {
        let list = shelf.questions[set].list
        if shelf.lists[list].table.kind == .ip { return addressBits & shelf.bit(of: set) != 0 }
        return shelf.lists[list].table.contains(text.bytes(of: element), at: time)
    }
}
