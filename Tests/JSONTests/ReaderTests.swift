// The reader as a schema uses it: tokens in order, kinds told apart, texts compared and copied, nothing allocated.

import Foundation
import JSON
import Testing

@Suite struct ReaderTests {
    @Test func `a schema reads its fields in one pass`() throws {
        let document = Array(
            #"{"id":"t\u0031","amount":1299,"card":{"last4":"1111"},"x":[1,{}],"p":0.5,"ok":true}"#.utf8)
        var reader = JSONReader(document.span)
        var fields: [String] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "id") {
                fields.append(reader.string(try reader.readString()))
            } else if reader.equals(key, "amount") {
                fields.append("\(try reader.readInteger())")
            } else if reader.equals(key, "card") {
                try reader.beginObject()
                while let inner = try reader.nextKey() {
                    fields.append(reader.string(inner) + "=" + reader.string(try reader.readString()))
                }
            } else if reader.equals(key, "p") {
                fields.append("\(try reader.readDouble())")
            } else if reader.equals(key, "ok") {
                fields.append("\(try reader.readBool())")
            } else {
                let start = reader.offset
                try reader.skipValue()
                fields.append("skipped \(reader.offset - start)")
            }
        }
        try reader.finish()
        #expect(fields == ["t1", "value(1299)", "last4=1111", "skipped 6", "0.5", "true"])
    }

    @Test func `peek tells every kind and consumes no value`() throws {
        let document = Array(" [ {} , [] , \"\" , 1 , -1 , true , false , null ] ".utf8)
        var reader = JSONReader(document.span)
        var kinds: [JSONKind] = []
        try reader.beginArray()
        while try reader.nextElement() {
            kinds.append(try reader.peek())
            let again = try reader.peek()
            #expect(again == kinds.last)
            try reader.skipValue()
        }
        try reader.finish()
        #expect(kinds == [.object, .array, .string, .number, .number, .bool, .bool, .null])
    }

    @Test func `a value of the wrong kind is told, and may be skipped`() throws {
        let document = Array(#"["a",1,true,null,{"k":[]},[0]]"#.utf8)
        let kinds: [JSONKind] = [.string, .number, .bool, .null, .object, .array]
        for wanted in kinds {
            var reader = JSONReader(document.span)
            var mismatches: [JSONKind] = []
            try reader.beginArray()
            while try reader.nextElement() {
                let found = try reader.peek()
                guard found != wanted else {
                    try reader.skipValue()
                    continue
                }
                let place = reader.offset
                do throws(JSONError) {
                    switch wanted {
                    case .string: _ = try reader.readString()
                    case .number: _ = try reader.readInteger()
                    case .bool: _ = try reader.readBool()
                    case .null: try reader.readNull()
                    case .object: try reader.beginObject()
                    case .array: try reader.beginArray()
                    }
                    Issue.record("\(found) was read as \(wanted)")
                } catch {
                    #expect(error == JSONError(offset: place, reason: .wrongKind(expected: wanted, found: found)))
                    #expect(error.isRecoverable)
                    mismatches.append(found)
                    try reader.skipValue()
                }
            }
            try reader.finish()
            #expect(mismatches == kinds.filter { $0 != wanted })
        }
    }

    @Test(arguments: [
        (#""""#, ""), (#""abc""#, "abc"), (#""\u0061bc""#, "abc"), (#""a\nb\/\"\\""#, "a\nb/\"\\"),
        (#""\ud83d\ude00!""#, "😀!"), (#""\u0000x""#, "\u{0}x"), (#""\u00e9\u20ac\b\f\r\t""#, "é€\u{8}\u{C}\r\t"),
    ])
    func `a text is decoded alike by string and append`(document: String, expected: String) throws {
        var reader = JSONReader(document.utf8Span.span)
        let key = try reader.readString()
        let decoded = reader.string(key)
        #expect(decoded.utf8.elementsEqual(expected.utf8))
        var buffer: [UInt8] = [1]
        reader.append(key, to: &buffer)
        #expect(buffer == [1] + Array(expected.utf8))
        #expect(key.hasEscapes == document.contains("\\"))
        #expect(key.range == 1..<document.utf8.count - 1)
    }

    @Test func `equality is of the decoded text, whole`() throws {
        for document in [#""abc""#, #""\u0061bc""#, #""a\u0062c""#, #""ab\u0063""#] {
            #expect(try isText(document, "abc"))
            for other in ["abd", "ab", "abcd", ""] as [StaticString] { #expect(try !isText(document, other)) }
        }
        #expect(try isText(#""\u0000""#, "\0"))
        #expect(try !isText(#""\u0000""#, ""))
        #expect(try isText(#""é\u00e9\ud83d\ude00""#, "éé😀"))
        #expect(try !isText(#""é\u00e9\ud83d\ude00""#, "éé😁"))
    }

    @Test func `a key is found in a schema's keys, escaped or not`() throws {
        let names: [StaticString] = [
            "transaction_id", "event_time", "amount", "currency", "card", "merchant", "customer", "device", "", "é",
            "deadline_ms", "type", "stage", "channel", "a", "b", "ab", "ba", "aab", "aba",
        ]
        let keys = JSONKeys(names)
        func escaped(_ text: String) -> String {
            "\"" + text.utf16.map { "\\u" + String(format: "%04x", $0) }.joined() + "\""
        }
        for (position, name) in names.enumerated() {
            #expect(try index(of: "\"\(name)\"", in: keys) == position)
            #expect(try index(of: escaped(name.description), in: keys) == position)
        }
        for other in ["amoun", "amounts", "Amount", "x", "abb", "bab", "transaction-id", "e"] {
            #expect(try index(of: "\"\(other)\"", in: keys) == nil)
            #expect(try index(of: escaped(other), in: keys) == nil)
        }
        #expect(try index(of: "\"a\"", in: JSONKeys([])) == nil)
    }

    @Test func `keys that look alike are told apart`() throws {
        let names: [StaticString] = [
            "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k00", "k01", "k10", "k11", "0k", "1k", "k",
            "12345678", "123456789", "1234567", "12345678_12345678", "12345678-12345678", "12345678__12345678",
        ]
        let keys = JSONKeys(names)
        for (position, name) in names.enumerated() { #expect(try index(of: "\"\(name)\"", in: keys) == position) }
        #expect(try index(of: "\"12345678+12345678\"", in: keys) == nil)
    }

    @Test func `a copy of the reader is a bookmark`() throws {
        let document = Array(#"{"a":[1,2,3],"b":4}"#.utf8)
        var reader = JSONReader(document.span)
        try reader.beginObject()
        _ = try reader.nextKey()
        var bookmark = reader
        try reader.skipValue()
        let next = try reader.nextKey()
        #expect(next != nil)
        let value = try bookmark.readValue()
        #expect(value == .array([.integer(1), .integer(2), .integer(3)]))
    }

    private func isText(_ document: String, _ literal: StaticString) throws(JSONError) -> Bool {
        var reader = JSONReader(document.utf8Span.span)
        let text = try reader.readString()
        return reader.equals(text, literal)
    }

    private func index(of document: String, in keys: JSONKeys) throws(JSONError) -> Int? {
        var reader = JSONReader(document.utf8Span.span)
        let text = try reader.readString()
        return reader.index(of: text, in: keys)
    }
}
