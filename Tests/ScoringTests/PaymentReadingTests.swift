// What a request may say, and what of it stands in the slots afterwards.
import JSON
import Testing

@testable import Scoring

@Suite struct PaymentReadingTests {
    @Test func `a request with every field of the schema is read whole`() throws {
        let payment = try read(RequestText.full.text)
        for definition in PaymentSchema.definitions { #expect(payment.has(definition.field), "\(definition.name)") }
        #expect(RequestText.full.members.count == PaymentField.count)
        #expect(payment.string(.transactionID) == "txn_1")
        #expect(payment.integer(.amount) == 1_299)
        #expect(payment.deadlineMilliseconds == 50)
        #expect(payment.eventTimeNanoseconds == 1_795_428_900_000_000_000)
        #expect(payment.slots[PaymentField.recurring.rawValue].bool)
        #expect(!payment.slots[PaymentField.credentialOnFile.rawValue].bool)
        #expect(payment.string(.threeDSECI) == "05")
        #expect(payment.string(.metadata) == #"{"basket":3,"gift":true,"note":"x"}"#)
    }

    @Test(arguments: PaymentField.allCases)
    func `every field can be sent alone beside the required ones`(field: PaymentField) throws {
        let value = try #require(RequestText.full.members.first { $0.path == field.name }?.json)
        let payment = try read(RequestText.minimal.setting(field.name, value).text)
        #expect(payment.has(field))
        #expect(
            payment.slots.count { $0.isPresent } == Set(RequestText.minimal.members.map(\.path) + [field.name]).count)
    }

    @Test func `a customer without a card is enough, and a card without a customer`() throws {
        let onlyCustomer = RequestText.minimal.removing("card.fingerprint").setting("customer.id", #""c""#)
        #expect(try read(onlyCustomer.text).has(.customerID))
        #expect(try !read(RequestText.minimal.text).has(.customerID))
    }

    @Test(arguments: PaymentField.allCases)
    func `null is a missing field`(field: PaymentField) throws {
        let text = RequestText.full.setting(field.name, "null").text
        if PaymentSchema.required.contains(field) {
            #expect(refusals(text) == ["\(field.pointer) missing"])
        } else {
            let payment = try read(text)
            #expect(!payment.has(field))
            #expect(payment.slots.count { $0.isPresent } == PaymentField.count - 1)
        }
    }

    @Test func `an object that is null or empty has no field`() throws {
        let minimal = RequestText.minimal
        #expect(try contents(read(minimal.setting("device", "null").text)) == contents(read(minimal.text)))
        #expect(try contents(read(minimal.setting("device", "{}").text)) == contents(read(minimal.text)))
        #expect(try contents(read(minimal.setting("verification.three_ds", "{}").text)) == contents(read(minimal.text)))
    }

    @Test func `escapes in keys and values mean what they stand for`() throws {
        let text = RequestText.minimal.text.replacing(#""amount""#, with: #""am\u006funt""#)
            .replacing(#""fp_1""#, with: #""fp\u005f\ud83d\ude00\n\"\\""#)
            .replacing(#""fingerprint""#, with: #""\u0066ingerprint""#)
        let payment = try read(text)
        #expect(payment.integer(.amount) == 1_299)
        #expect(payment.string(.cardFingerprint) == "fp_😀\n\"\\")
    }

    @Test func `metadata keeps strings, numbers, booleans and null under escaped keys, in the order of keys`() throws {
        let metadata = #"{"z":"\u00e9\n","a\"b":1.50e2,"":null,"m":false,"é":-0,"aa":0.1}"#
        let payment = try read(RequestText.minimal.setting("metadata", metadata).text)
        #expect(payment.string(.metadata) == #"{"":null,"a\"b":1.50e2,"aa":0.1,"m":false,"z":"é\n","é":-0}"#)
    }

    @Test func `empty metadata stays an empty object`() throws {
        #expect(try read(RequestText.minimal.setting("metadata", "{ }").text).string(.metadata) == "{}")
    }

    @Test func `one reader reads payment after payment and forgets each`() throws {
        var reader = PaymentReader()
        var payment = Payment()
        let full = Array(RequestText.full.text.utf8)
        let minimal = Array(RequestText.minimal.text.utf8)
        let wrong = Array(RequestText.minimal.setting("amount", "-1").setting("x", "1").text.utf8)
        try reader.read(full.span, into: &payment)
        do {
            try reader.read(wrong.span, into: &payment)
            Issue.record("a wrong payment was taken")
        } catch {
            #expect(error.fieldProblems.count == 2)
        }
        try reader.read(minimal.span, into: &payment)
        #expect(contents(payment) == contents(try read(RequestText.minimal.text)))
    }

    @Test(arguments: [
        ("", 0), ("   ", 3), ("{", 1), (#"{"transaction_id":"x""#, 21), ("{]", 1), ("nul", 3), ("{\"a\":1,}", 7),
        ("{} {}", 3), ("\u{FEFF}{}", 0), (#"{"a":"\ud800"}"#, 6), (#"{"a":01}"#, 5), ("{\"a\":\"\u{1}\"}", 6),
    ])
    func `what is no JSON document is malformed at its place`(text: String, offset: Int) {
        guard case .malformed(let error) = problem(text) else {
            Issue.record("\(text) was read as JSON")
            return
        }
        #expect(error.offset == offset)
    }

    @Test func `invalid UTF-8 is malformed`() {
        var reader = PaymentReader()
        var payment = Payment()
        let bytes = Array(#"{"transaction_id":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
        #expect(throws: PaymentProblem.self) { try reader.read(bytes.span, into: &payment) }
    }

    @Test(arguments: ["[]", "1", #""text""#, "true", "null"])
    func `a document that is no object is one problem at the root, beside what is missing`(text: String) {
        #expect(refusals(text).first == " wrong_type")
    }

    @Test func `nesting within the limit is a field's problem, past it the document's`() {
        let inside = PaymentLimits.nestingDepth - 1
        let deep = RequestText.minimal.setting(
            "x", String(repeating: "[", count: inside) + String(repeating: "]", count: inside))
        #expect(refusals(deep.text) == ["/x unknown"])
        let deeper = RequestText.minimal.setting(
            "x", String(repeating: "[", count: inside + 1) + String(repeating: "]", count: inside + 1))
        guard case .malformed = problem(deeper.text) else {
            Issue.record("nesting past the limit was taken")
            return
        }
    }

    @Test func `a record may hold pseudonyms and what was screened when it came in`() throws {
        let record = RequestText.minimal.setting("device.ip", #""9f86d081884c7d659a2feaa0c55ad015""#)
            .setting("transaction_id", #""4111111111111111""#).setting("verification.cvc", #""123""#)
        #expect(throws: PaymentProblem.self) { try read(record.text) }
        #expect(try read(record.text, origin: .record).string(.transactionID) == "4111111111111111")
    }
}
