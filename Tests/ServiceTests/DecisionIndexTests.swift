// Decisions of long ago: found in the log by an index of each full segment, which may be lost.
import DecisionLog
import Glibc
import Platform
import Testing

@testable import Service

@Suite struct DecisionIndexTests {
    /// Forgets transactions soon, and has many segments.
    private static let forgetful =
        "log: { segment_bytes: 65536 }\nidempotency: { maximum_transactions: 5, retention: 1h }"

    private func body(_ number: Int) -> Body {
        Body("t_\(number)", amount: number, card: "c_\(number % 7)", at: time(number))
    }

    /// What was answered, by transaction.
    private func fill(_ numbers: ClosedRange<Int>, _ client: Client) throws -> [Int: String] {
        var answers: [Int: String] = [:]
        for number in numbers { answers[number] = try client.score(body(number).text).text }
        return answers
    }

    private func expectFound(_ answers: [Int: String], _ client: Client) throws {
        for (number, answer) in answers {
            let found = try client.get("/v1/decisions/t_\(number)")
            #expect(found.status == 200 && found.text.hasPrefix(answer.dropLast() + ",\"features\":{"), "t_\(number)")
        }
    }

    private func indexes(_ data: String) throws -> [String] { try fileNames(in: data + "/index") }

    private func fullSegments(_ data: String) throws -> Int {
        // Not what a compression has not finished.
        let names = try fileNames(in: data + "/log").filter { $0.contains(".ndjson") && !$0.hasPrefix(".") }
        return Set(names.map { $0.prefix(20) }).count - 1
    }

    @Test func `a decision is found however long ago, with an index and without`() throws {
        let configuration = try TestConfiguration(more: Self.forgetful)
        let service = try TestService(configuration)
        let client = try service.client()
        let answers = try fill(1...200, client)
        // Most segments have none yet.
        try expectFound(answers.filter { $0.key % 23 == 0 }, client)
        service.engine.index.keepUp()
        service.engine.index.waitUntilIdle()
        #expect(try fullSegments(configuration.data) > 3)
        #expect(try indexes(configuration.data).count == fullSegments(configuration.data))
        try expectFound(answers.filter { $0.key % 5 == 0 }, client)
        #expect(try client.get("/v1/decisions/t_201").status == 404)
        #expect(service.stop())

        // Lost, and damaged: made again.
        let names = try indexes(configuration.data)
        unlink(configuration.data + "/index/" + names[0])
        var bytes = try readFile(configuration.data + "/index/" + names[1])
        bytes[bytes.count / 2] ^= 1
        try put(configuration.data + "/index/" + names[1], bytes)
        try put(configuration.data + "/index/" + names[2], Array(bytes.prefix(50)))
        let again = try TestService(configuration)
        again.engine.index.waitUntilIdle()
        #expect(try indexes(configuration.data) == names)
        try expectFound(answers.filter { $0.key < 110 }, again.client())
    }

    @Test func `of a transaction that was decided twice the last decision is found`() throws {
        let service = try TestService(more: Self.forgetful)
        let client = try service.client()
        _ = try client.score(body(1).text)
        _ = try fill(2...100, client)
        let second = try client.score(body(1).text)
        _ = try fill(101...200, client)
        for _ in 0..<2 {
            let found = try client.get("/v1/decisions/t_1")
            #expect(found.status == 200 && found.text.hasPrefix(second.text.dropLast()))
            service.engine.index.keepUp()
            service.engine.index.waitUntilIdle()
        }
    }

    @Test(arguments: ["a b", "ü/\\\"€"])
    func `an id that JSON or a path has to write otherwise is found`(id: String) throws {
        let service = try TestService(more: Self.forgetful)
        let client = try service.client()
        let escaped = id.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let first = try client.score(Body(escaped, at: time(1)).text)
        guard first.status == 200 else { return }
        _ = try fill(2...120, client)
        let path = id.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }
        .joined()
        for _ in 0..<2 {
            #expect(try client.get("/v1/decisions/" + path).text.hasPrefix(first.text.dropLast()))
            service.engine.index.keepUp()
            service.engine.index.waitUntilIdle()
        }
    }

    @Test func `an id within other fields is not taken for the payment's`() throws {
        let service = try TestService(more: Self.forgetful)
        let client = try service.client()
        for number in 1...20 { _ = try client.score(Body("t_\(number)", card: "wanted", at: time(number)).text) }
        #expect(try client.get("/v1/decisions/wanted").status == 404)
    }

    @Test func `an index has every entry of its segment, and nothing else is one`() throws {
        let folder = try TestFolder()
        let path = folder.path + "/a.index"
        let entries = (0..<1_000).map { number in
            IndexEntry(hash: UInt64(number * number % 397), offset: UInt64(number), length: 7)
        }
        try IndexFile.write(entries.reversed(), segment: 9, to: path)
        #expect(IndexFile(path, segment: 8) == nil && IndexFile(folder.path + "/b", segment: 9) == nil)
        let isSound = IndexFile(path, segment: 9)?.isSound
        #expect(isSound == true)
        for hash in 0..<401 as Range<UInt64> {
            let found = IndexFile(path, segment: 9)?.entries(of: hash)
            #expect(found == entries.filter { $0.hash == hash })
        }
        try IndexFile.write([], segment: 9, to: path)
        let none = IndexFile(path, segment: 9)?.entries(of: 1)
        #expect(none == [])
    }
}
