// The writer: commas in their places, escapes as few as the standard allows, what is written reads back.

import JSON
import Testing

@Suite struct WriterTests {
    @Test func `the writer places the commas`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(1)
        writer.beginArray()
        writer.endArray()
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.endArray()
        writer.key("name" as String)
        writer.string("x" as String)
        writer.key(bytes: [UInt8](#"q"uote"#.utf8).span)
        writer.string(utf8: [UInt8]("é".utf8).span)
        writer.key("t")
        writer.bool(true)
        writer.key("f")
        writer.bool(false)
        writer.key("u")
        writer.unsigned(.max)
        writer.key("i")
        writer.integer(.min)
        writer.key("d")
        writer.double(0.5)
        writer.key("g")
        writer.float(0.1)
        writer.key("r")
        writer.raw("[1,2]")
        writer.raw([UInt8](#""s":2,"t":3"#.utf8).span)
        writer.raw("")
        writer.key("z")
        writer.double(.nan)
        writer.endObject()
        let expected =
            #"{"a":[1,[],{},null],"name":"x","q\"uote":"é","t":true,"f":false,"u":18446744073709551615,"#
            + #""i":-9223372036854775808,"d":0.5,"g":0.1,"r":[1,2],"s":2,"t":3,"z":null}"#
        #expect(text(writer.bytes) == expected)
    }

    @Test func `members may be written without an object around them`() {
        var writer = JSONWriter()
        writer.key("kind")
        writer.string("payment")
        writer.key("n")
        writer.integer(1)
        #expect(text(writer.bytes) == #""kind":"payment","n":1"#)
        writer.removeAll()
        writer.integer(2)
        #expect(text(writer.bytes) == "2")
    }

    @Test func `every ASCII character is escaped only if it must be, wherever it stands`() throws {
        for value in UInt8(0)..<0x80 {
            let expected =
                switch value {
                case 0x22: "\\\""
                case 0x5C: "\\\\"
                case 0x08: "\\b"
                case 0x09: "\\t"
                case 0x0A: "\\n"
                case 0x0C: "\\f"
                case 0x0D: "\\r"
                case 0..<0x20: "\\u00" + (value < 0x10 ? "0" : "") + String(value, radix: 16)
                default: text([value])
                }
            for before in 0..<18 {
                for after in [0, 1, 7, 8, 9] {
                    let (left, right) = (String(repeating: "é", count: before), String(repeating: "x", count: after))
                    let plain = left + text([value]) + right
                    var writer = JSONWriter()
                    writer.string(plain)
                    #expect(text(writer.bytes) == "\"" + left + expected + right + "\"")
                    #expect(try JSONValue(parsing: writer.bytes.span) == .string(plain))
                }
            }
        }
    }

    @Test func `integers print as Swift prints them`() {
        var rng = SplitMix64(seed: 3)
        for shift in 0..<64 {
            for _ in 0..<50 {
                let value = rng.next() >> UInt64(shift)
                var writer = JSONWriter()
                writer.beginArray()
                writer.unsigned(value)
                writer.integer(Int64(bitPattern: value))
                writer.endArray()
                #expect(text(writer.bytes) == "[\(value),\(Int64(bitPattern: value))]")
            }
        }
    }

    @Test func `a literal and a string are written alike`() {
        var writer = JSONWriter()
        writer.string("a\"b\n")
        let literal = writer.bytes
        writer.removeAll()
        writer.string("a\"b\n" as String)
        #expect(writer.bytes == literal)
        #expect(text(literal) == #""a\"b\n""#)
    }

    @Test(arguments: [0, 1, 7, 60])
    func `an object of numbers is as if written member by member`(count: Int) {
        var rng = SplitMix64(seed: 11)
        var keys: [UInt8] = []
        var ranges: [Range<Int>] = []
        var values: [Double] = []
        var plain = JSONWriter()
        plain.beginArray()
        plain.beginObject()
        for i in 0..<count {
            let key = JSONWriter.rendered(key: String(repeating: "k", count: i % 5) + "\(i)")
            ranges.append(keys.count..<(keys.count + key.count))
            keys += key
            let special: [Double] = [
                .nan, -.infinity, -0.0, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 1e15, 12,
            ]
            values.append(i % 2 == 0 ? special[i / 2 % 7] : Double(bitPattern: rng.next()))
            plain.key(String(repeating: "k", count: i % 5) + "\(i)")
            plain.double(values[i])
        }
        plain.endObject()
        plain.null()
        plain.endArray()
        var writer = JSONWriter(capacity: 0)
        writer.beginArray()
        writer.object(keys: keys, keyRanges: ranges, values: values)
        writer.null()
        writer.endArray()
        #expect(text(writer.bytes) == text(plain.bytes))
    }
}

extension JSONWriter {
    fileprivate static func rendered(key: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.key(key)
        return writer.bytes
    }
}
