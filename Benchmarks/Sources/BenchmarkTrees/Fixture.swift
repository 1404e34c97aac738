// A model with its rows and the library's own answers, as prepare/ wrote them.

import Glibc

/// One trained model and what belongs to it. Rows are row-major.
struct Fixture {
    static let columns = 30

    let name: String
    let folder: String
    /// The model in its trainer's own format.
    let modelPath: String
    let rows: [Float]
    let rowCount: Int
    /// The raw margin of each row, as the training library gave it.
    let margins: [Double]
    /// The library's exact SHAP values, 31 a row.
    let contributions: [Double]
    /// Which row each line of `contributions` is of: the first ones, and the first of the edge cases.
    let explainedRows: [Int]

    init?(name: String, folder: String) {
        let stem = "\(folder)/\(name)"
        guard let path = ["\(stem).txt", "\(stem).json"].first(where: { (path: String) in access(path, R_OK) == 0 }),
            let rowBytes = readFile("\(stem).rows.f32"),
            let expectedBytes = readFile("\(stem).expected.f64"),
            let contributionBytes = readFile("\(stem).contribs.f64")
        else { return nil }
        self.name = name
        self.folder = folder
        modelPath = path
        rows = rowBytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        rowCount = rows.count / Self.columns
        let expected = expectedBytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
        margins = (0..<rowCount).map { expected[$0 * 2] }
        contributions = contributionBytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
        let explained = contributions.count / (Self.columns + 1)
        let firstEdge = rowCount - 200
        explainedRows = Array(0..<explained / 2) + Array(firstEdge..<firstEdge + (explained - explained / 2))
    }

    var library: String { name.hasPrefix("xgb") ? "xgboost" : name.hasPrefix("lgb") ? "lightgbm" : "catboost" }

    func artefact(_ suffix: String) -> String { "\(folder)/\(name).\(suffix)" }
}

/// The bytes of a file; nil when it can't be read.
func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file)
    rewind(file)
    guard count >= 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = fread(buffer.baseAddress, 1, count, file)
    }
}

/// The first line of a file, without its end.
func firstLine(of path: String) -> String? {
    readFile(path).map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
}
