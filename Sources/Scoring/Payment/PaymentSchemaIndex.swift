// The schema table turned into what a one-pass reader and writer ask: in this object, what does this key mean, and
// which members stand under it? Everything is flat arrays of plain values, so that no string is compared and nothing
// is retained on the way of a payment.
//
//   objects: [ payment | card | merchant | … ]        members of one object stand side by side
//   members: [ transaction_id, event_time, …, card ▸ 1, merchant ▸ 2, … | fingerprint, bin, … | … ]

import Glibc

/// A member of an object of the schema: a field, or an object of its own.
struct SchemaMember: Sendable {
    let key: StaticString
    /// nil: an object.
    let field: PaymentField?
    /// Index of the object in `SchemaIndex.objects`; -1 where it is a field.
    let object: Int
    /// The fields at or below this member, a bit each.
    var fields: UInt64
}

struct SchemaObject: Sendable {
    /// Its members in `SchemaIndex.members`.
    let members: Range<Int>
    /// Its part of `SchemaIndex.table`.
    let table: Int
    let tableMask: Int
}

struct SchemaIndex: Sendable {
    static let shared = SchemaIndex()
    static let root = 0
    /// A table of members has at least so many places a member, so that nearly every key is found at the first look.
    private static let placesPerMember = 4

    private(set) var objects: [SchemaObject] = []
    private(set) var members: [SchemaMember] = []
    /// Open addressing: position among the members of the object plus 1; 0 is empty.
    private var table: [UInt8] = []
    /// RFC 6901 pointer of each object; empty for the payment itself.
    private(set) var pointers: [String] = []
    /// By the raw value of the field.
    private(set) var rules: [FieldRule] = []
    private(set) var choices: [[[UInt8]]] = []
    private(set) var requiredFields: [PaymentField] = []

    private init() {
        precondition(PaymentField.count <= UInt64.bitWidth, "a set of fields is one word")
        var drafts = [Draft(pointer: "")]
        for definition in PaymentSchema.definitions {
            rules.append(FieldRule(definition.kind))
            choices.append(definition.kind.choices)
            if definition.isRequired { requiredFields.append(definition.field) }
            var object = Self.root
            for key in definition.path.dropLast() { object = Draft.child(of: object, key: key, in: &drafts) }
            drafts[object].members.append((definition.path[definition.path.count - 1], definition.field, -1))
        }
        for draft in drafts { append(draft) }
        for i in members.indices.reversed() where members[i].object >= 0 {
            for child in objects[members[i].object].members { members[i].fields |= members[child].fields }
        }
    }

    /// An object while the table is read: its members in the order in which they first occur.
    private struct Draft {
        let pointer: String
        var members: [(key: StaticString, field: PaymentField?, object: Int)] = []

        static func child(of object: Int, key: StaticString, in drafts: inout [Draft]) -> Int {
            if let known = drafts[object].members.first(where: { $0.key.description == key.description }) {
                precondition(known.object >= 0, "\(key) is a field and an object")
                return known.object
            }
            drafts.append(Draft(pointer: drafts[object].pointer + "/" + key.description))
            drafts[object].members.append((key, nil, drafts.count - 1))
            return drafts.count - 1
        }
    }

    private mutating func append(_ draft: Draft) {
        precondition(draft.members.count < UInt64.bitWidth, "what was seen of an object is one word")
        var places = 1
        while places < draft.members.count * Self.placesPerMember { places *= 2 }
        let object = SchemaObject(
            members: members.count..<(members.count + draft.members.count), table: table.count, tableMask: places - 1)
        table.append(contentsOf: repeatElement(0, count: places))
        for (position, member) in draft.members.enumerated() {
            let bytes = Array(member.key.description.utf8)
            var place = Self.hash(bytes.span) & object.tableMask
            while table[object.table + place] != 0 { place = (place + 1) & object.tableMask }
            table[object.table + place] = UInt8(position + 1)
            members.append(
                SchemaMember(
                    key: member.key, field: member.field, object: member.object,
                    fields: member.field.map { 1 << UInt64($0.rawValue) } ?? 0))
        }
        objects.append(object)
        pointers.append(draft.pointer)
    }

    /// Index of the member in `members`, or nil.
    func member(_ key: Span<UInt8>, in object: Int) -> Int? {
        let object = objects[object]
        var place = Self.hash(key) & object.tableMask
        while true {
            let position = Int(table[object.table + place])
            if position == 0 { return nil }
            let member = object.members.lowerBound + position - 1
            if isKey(key, of: member) { return member }
            place = (place + 1) & object.tableMask
        }
    }

    func isKey(_ key: Span<UInt8>, of member: Int) -> Bool {
        let known = members[member].key
        guard known.utf8CodeUnitCount == key.count else { return false }
        return key.withUnsafeBytes { key in
            guard let start = key.baseAddress else { return true }
            return memcmp(known.utf8Start, start, key.count) == 0
        }
    }

    /// RFC 6901 pointer of a member.
    func pointer(of member: Int, in object: Int) -> String {
        pointers[object] + "/" + members[member].key.description
    }

    /// Length, first, middle and last byte tell the keys of one object nearly apart; the comparison does the rest. A key
    /// that a sender chose costs at most a walk over the object's own members.
    private static func hash(_ key: Span<UInt8>) -> Int {
        guard !key.isEmpty else { return 0 }
        let mixed =
            key.count &+ Int(key[0]) &* 7 &+ Int(key[key.count / 2]) &* 31 &+ Int(key[key.count - 1]) &* 131
        return mixed &* 0x9E37_79B9 >> 12
    }
}
