// `shroff rules eval` as a user has it.

import Foundation
import Testing

@Suite struct RulesEvalTests {
    @Test func `a batch gives a line of typed value or error for each line`() throws {
        let input = """
            {"expr": "x.filter(v, v > 1u)", "bindings": {"x": {"list": [{"uint": "1"}, {"uint": "2"}]}}, "name": "a"}
            {"expr": "1 +\\n  1 / 0"}

            {"expr": "a.b.c", "bindings": {"a.b": {"map": [[{"string": "c"}, {"bytes": "/w=="}]]}}}
            {"expr": "{'b': timestamp('2009-02-13T23:31:30.5Z'), 'a': [null, -0.0, type(1)]}", "bindings": null}
            {"expr": "1 +"}
            {"expr": 5}
            not json
            {"expr": "x", "bindings": {"x": {"int": "y"}}}
            """
        let run = try Fixture().run(["rules", "eval", "--batch"], input: Array(input.utf8))
        #expect(run.code == 0, "\(run.errors)")
        #expect(
            run.lines.prefix(5).map(String.init) == [
                #"{"value":{"list":[{"uint":"2"}]}}"#,
                #"{"error":"2:5: division by zero"}"#,
                #"{"value":{"bytes":"/w=="}}"#,
                #"{"value":{"map":[[{"string":"a"},{"list":[{"null":null},{"double":"-0.0"},{"type":"int"}]}],"#
                    + #"[{"string":"b"},{"timestamp":"2009-02-13T23:31:30.500Z"}]]}}"#,
                #"{"error":"1:4: expected an expression, found the end of the text"}"#,
            ])
        #expect(run.lines.count == 8)
        #expect(run.lines.suffix(3).allSatisfy { $0.hasPrefix(#"{"error":"input line "#) })
    }

    @Test func `one expression is evaluated, a file is read, and wrong usage exits 2`() throws {
        let fixture = try Fixture()
        #expect(try fixture.run(["rules", "eval", "size('abc') + 1"]).text == #"{"value":{"int":"4"}}"# + "\n")
        #expect(try fixture.run(["rules", "eval", "1 / 0"]).code == 1)
        #expect(try fixture.run(["rules", "eval"]).code == 2)
        try fixture.write("cases.ndjson", #"{"expr": "true"}"# + "\n")
        #expect(try fixture.shell("gzip cases.ndjson") == 0)
        #expect(
            try fixture.run(["rules", "eval", "--batch", "cases.ndjson.gz"]).text == #"{"value":{"bool":true}}"# + "\n")
        #expect(try fixture.run(["rules", "eval", "--batch", "nowhere.ndjson"]).code == 2)
    }
}
