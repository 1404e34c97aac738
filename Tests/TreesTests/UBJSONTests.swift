// UBJSON: the same models as in JSON, however they are written; and what a hostile document may say of itself.
import Testing
import Trees

@Suite struct UBJSONTests {
    /// Trees with numbers of every size, which take every type.
    private static let numbers = [
        "1", "200", "-300", "70000", "5000000000", "0.1", "-1e-45", "3.4028235e38", "0", "-0.0",
    ]

    private static func texts() -> [String] {
        var rng = SplitMix64(seed: 3)
        let grown = (0..<9).map { TreeText.random(splits: $0 * 3, features: 3, categorical: $0 > 5, using: &rng) }
        var dart = ModelText(trees: grown, features: 3, featureNames: #"["a","café","日本"]"#)
        dart.weights = grown.map { _ in "\(Float.random(in: 0...1, using: &rng))" }
        let early = ModelText(
            trees: [.leaf("1"), .leaf("2")], attributes: #"{"best_iteration":"0","best_score":"0.5"}"#)
        return [
            ModelText().text, dart.text, early.text, ModelText(trees: numbers.map { .leaf($0) }).text,
            ModelText(baseScore: "0.25").text, ModelText(trees: [], features: 0).text,
            ModelText().text.replacing("\"default_left\":[1, 0, 0]", with: "\"default_left\":[true,false,false]")
                .replacing("\"default_left\":[0]", with: "\"default_left\":[false]")
                .replacing(#""version""#, with: #""other":[null,{"a":[[],{}]},true,"x"],"version""#),
        ]
    }

    @Test(arguments: UBJSONStyle.allCases, 0..<7)
    func `a document of any style is the model that it is in JSON`(style: UBJSONStyle, index: Int) throws {
        let text = Self.texts()[index]
        let model = try TreeModel(bytes: Array(text.utf8))
        let same = try TreeModel(bytes: UBJSONWriter.write(DocumentValue(json: text), style))
        #expect(same.summary.format == "XGBoost UBJSON")
        var summary = same.summary
        summary.format = "XGBoost JSON"
        #expect(summary == model.summary)
        var rng = SplitMix64(seed: 1)
        let scratches = (model.makeScratch(), same.makeScratch())
        for _ in 0..<50 {
            let row = randomRow(features: model.summary.featureCount, using: &rng)
            for trees in 0...model.summary.treesUsed {
                let margin = same.margin(ofFirst: trees, of: row.span, scratch: scratches.1)
                #expect(
                    margin.bitPattern == model.margin(ofFirst: trees, of: row.span, scratch: scratches.0).bitPattern)
            }
        }
    }

    @Test(.enabled(if: SharedData.trees != nil, "the shared data folder is not beside the checkout"))
    func `the library's own file gives the library's bits`() throws {
        let fixture = try Fixture("xgb_100_d6")
        let model = try TreeModel(bytes: try SharedData.bytes("xgb_100_d6.ubj"))
        #expect(model.summary.splitCounts == fixture.model.summary.splitCounts)
        #expect(model.summary.featureNames == fixture.model.summary.featureNames)
        let scratch = model.makeScratch()
        for (index, row) in fixture.rows.enumerated() {
            let margin = model.margin(of: row.span, scratch: scratch)
            guard margin.bitPattern == fixture.expected[2 * index].bitPattern else {
                Issue.record("row \(index): \(margin)")
                return
            }
        }
    }

    // MARK: What is refused

    private func refusal(_ bytes: [UInt8], limits: ModelLimits = .standard) -> ModelError? {
        do {
            _ = try TreeModel(bytes: bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    /// A sound document in whose key "x", which means nothing, stands what is tried.
    private func document(_ value: [UInt8]) -> [UInt8] {
        let sound = UBJSONWriter.write(DocumentValue(json: ModelText().text), .plain)
        return Array("{i\u{1}x".utf8) + value + sound.dropFirst()
    }

    private func refusal(of value: [UInt8], limits: ModelLimits = .standard) -> ModelError.Reason? {
        refusal(document(value), limits: limits)?.reason
    }

    private static func count(_ value: Int64) -> [UInt8] {
        var writer = UBJSONWriter(style: .xgboost)
        writer.bytes = [UInt8(ascii: "L")]
        writer.bigEndian(value)
        return writer.bytes
    }

    @Test func `counts are held against the bytes that are left`() throws {
        let left = document([]).count - 4
        for (head, least) in [
            ("[#", 1), ("[$U#", 1), ("[$I#", 2), ("[$d#", 4), ("[$D#", 8), ("[$S#", 2), ("[$[#", 1), ("{#", 3),
        ] {
            for huge in [Int64.max, 1 << 40, Int64(left / least) + 1] {
                let reason = refusal(of: Array(head.utf8) + Self.count(huge))
                let allowed = "\(left / least), by the bytes that are left"
                #expect(reason == .outOfRange("a count of \(huge)", allowed: allowed), "\(head) \(huge)")
            }
            #expect(refusal(of: Array(head.utf8) + Self.count(0)) == nil)
            for negative in [-1, Int64.min] {
                let reason = refusal(of: Array(head.utf8) + Self.count(negative))
                #expect(reason == .outOfRange("a length of \(negative)", allowed: "0 or more"))
            }
        }
        let reason = refusal(of: Array("[#H".utf8))
        #expect(reason == .malformed("a length is expected"))
        #expect(refusal(of: Array("[#d".utf8) + [0, 0, 0, 0]) == .malformed("a length is expected"))
    }

    @Test(arguments: ["T", "F", "Z"])
    func `values that take no bytes are held at their limit`(type: String) {
        var limits = ModelLimits.standard
        limits.valuesWithoutBytes = 5
        #expect(refusal(of: Array("[$\(type)#i\u{5}".utf8), limits: limits) == nil)
        #expect(
            refusal(of: Array("[$\(type)#i\u{6}".utf8), limits: limits)
                == .limit("values that take no bytes", maximum: 5))
        #expect(
            refusal(of: Array("[$\(type)#".utf8) + Self.count(.max))
                == .limit("values that take no bytes", maximum: 1 << 20))
    }

    @Test func `typed containers hold containers, text and single characters`() {
        for text in [
            "[$[#i\u{2}$U#i\u{1}7i\u{1}]", "[$[#i\u{1}#i\u{0}", "[$S#i\u{2}i\u{1}ai\u{0}", "[$C#i\u{3}abc",
            "{$U#i\u{1}i\u{1}a7",
            "[${#i\u{1}#i\u{0}", "[$H#i\u{1}i\u{3}1.5", "{$[#i\u{1}i\u{1}aT]", "[NNTN]", "[#i\u{2}NTNF",
            "{Ni\u{1}aNZN}", "[]", "{}",
        ] {
            #expect(refusal(of: Array(text.utf8)) == nil, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("[$", "x"), ("[$U", "a count is expected"), ("[$Ui\u{1}", "a count is expected"),
        ("[$N#i\u{1}", "a type is expected"),
        ("[$x#i\u{1}", "a type is expected"), ("[#", "x"), ("x", "no value begins here"), ("]", "no value begins here"),
        ("[x]", "no value begins here"), ("{Si\u{1}aT}", "a length is expected"), ("S", "x"),
        ("SS", "a length is expected"),
        ("Hi\u{3}abc", "no number of the kind that is expected here"),
        ("Hi\u{0}", "no number of the kind that is expected here"),
        ("Hi\u{4}1.5 ", "no number of the kind that is expected here"), ("Si\u{1}\u{7F}", nil),
    ])
    func `what is not UBJSON is refused`(text: String, what: String?) {
        let reason = refusal(of: Array(text.utf8))
        guard let what else { return #expect(reason == nil) }
        if what == "x" { return #expect(reason != nil) }
        #expect(reason == .malformed(what))
    }

    @Test func `text is UTF-8 of a bounded length`() {
        #expect(
            refusal(of: [UInt8(ascii: "S"), UInt8(ascii: "i"), 1, 0xFF]) == .malformed("a string that is not UTF-8"))
        #expect(refusal(of: [UInt8(ascii: "C"), 0x80]) == .malformed("a character past 127"))
        #expect(refusal(of: [UInt8(ascii: "S")] + Self.count(1 << 40)) == .truncated)
        var limits = ModelLimits.standard
        limits.stringBytes = 19
        #expect("categories_segments".utf8.count == 19)
        for (length, taken) in [(19, true), (20, false)] {
            let text = [UInt8(ascii: "i"), UInt8(length)] + [UInt8](repeating: 0x61, count: length)
            let reason = refusal(of: [UInt8(ascii: "{")] + text + Array("T}".utf8), limits: limits)
            #expect(reason == (taken ? nil : .limit("bytes in a string", maximum: 19)))
            // What is passed over may be of any length.
            #expect(refusal(of: [UInt8(ascii: "S")] + text, limits: limits) == nil)
        }
        limits = .standard
        limits.numberBytes = 4
        #expect(refusal(of: Array("Hi\u{4}1.25".utf8), limits: limits) == nil)
        #expect(refusal(of: Array("Hi\u{5}1.125".utf8), limits: limits) == .limit("bytes in a number", maximum: 4))
    }

    @Test func `nesting is held at its limit`() {
        func nested(_ levels: Int) -> [UInt8] {
            Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
        }
        let limit = ModelLimits.standard.nesting
        #expect(refusal(of: nested(limit - 1)) == nil)
        #expect(refusal(of: nested(limit)) == .nestedTooDeeply(limit: limit))
        #expect(refusal(of: nested(1_000_000)) == .nestedTooDeeply(limit: limit))
        let typed = "[$[#i\u{1}" + String(repeating: "$[#i\u{1}", count: 1_000)
        #expect(refusal(of: Array(typed.utf8)) == .nestedTooDeeply(limit: limit))
        let objects = Array(String(repeating: "{i\u{1}a", count: 1_000_000).utf8)
        #expect(refusal(objects)?.reason == .nestedTooDeeply(limit: limit))
    }

    @Test(arguments: UBJSONStyle.allCases)
    func `an element that is refused is pointed at`(style: UBJSONStyle) throws {
        var value = DocumentValue(json: ModelText().text)
        value["learner", "gradient_booster", "model", "trees", "0", "right_children", "2"] = .number("99")
        let bytes = UBJSONWriter.write(value, style)
        let error = try #require(refusal(bytes))
        #expect(error.path == "learner.gradient_booster.model.trees[0].right_children[2]")
        let element: [UInt8] =
            switch style {
            case .xgboost: [0, 0, 0, 99]
            case .typed: [99]
            case .precise: Array("Hi\u{2}99".utf8)
            default: Array("ic".utf8)
            }
        #expect(bytes[error.offset...].starts(with: element))
        #expect(bytes.firstRange(of: element + (style == .typed ? Array("i".utf8) : []))?.lowerBound == error.offset)
    }

    @Test(arguments: UBJSONStyle.allCases)
    func `numbers of the wrong kind are refused at their element`(style: UBJSONStyle) throws {
        for (column, number) in [("left_children", "1.5"), ("left_children", "4294967297"), ("sum_hessian", "x")] {
            var value = DocumentValue(json: ModelText().text)
            value["learner", "gradient_booster", "model", "trees", "0", column, "0"] =
                number == "x" ? .string("1") : .number(number)
            let error = try #require(refusal(UBJSONWriter.write(value, style)))
            #expect(error.path == "learner.gradient_booster.model.trees[0].\(column)[0]")
        }
    }

    @Test(arguments: UBJSONStyle.allCases)
    func `only no-ops may follow the document`(style: UBJSONStyle) {
        let bytes = UBJSONWriter.write(DocumentValue(json: ModelText().text), style)
        #expect(refusal(bytes + Array("NN".utf8)) == nil)
        for more in ["Z", " ", "NZ", "\0"] {
            #expect(refusal(bytes + Array(more.utf8))?.reason == .malformed("more than one value"))
        }
    }

    @Test func `limits are those of JSON`() {
        let sound = UBJSONWriter.write(DocumentValue(json: ModelText().text), .xgboost)
        func check(_ field: WritableKeyPath<ModelLimits, Int>, at limit: Int, named name: String) {
            var limits = ModelLimits.standard
            limits[keyPath: field] = limit
            #expect(refusal(sound, limits: limits) == nil, "at \(limit) \(name)")
            limits[keyPath: field] = limit - 1
            #expect(refusal(sound, limits: limits)?.reason == .limit(name, maximum: limit - 1))
        }
        check(\.documentBytes, at: sound.count, named: "bytes in a document")
        check(\.nodesPerTree, at: 3, named: "nodes in a tree")
        check(\.totalNodes, at: 4, named: "nodes in a model")
        check(\.features, at: 2, named: "features")
        var limits = ModelLimits.standard
        limits.nodesPerTree = 2
        let path = "learner.gradient_booster.model.trees[0].default_left[2]"
        #expect(refusal(sound, limits: limits)?.path == path)
    }
}
