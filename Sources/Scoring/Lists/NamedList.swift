// The lists that rules.yaml declares, read from their files.
//
//   lists:
//     blocked-bins: { type: bin, file: lists/blocked-bins.txt }

import Platform

/// A list as it is declared.
public struct ListDeclaration: Sendable {
    public let name: String
    public let kind: ListKind
    /// As rules.yaml writes it: relative to the folder of rules.yaml.
    public let file: String
    /// Of the file that declares it.
    let line: Int

    /// - Parameter node: nil where there are none.
    static func read(_ node: ConfigurationNode?) throws(ConfigurationError) -> [ListDeclaration] {
        guard let node else { return [] }
        var declarations: [ListDeclaration] = []
        for (name, value) in try node.members() {
            let fields = try value.fields(known: ["type", "file", "description"])
            guard let type = fields["type"], let file = fields["file"] else {
                throw value.error("needs type and file, as in { type: bin, file: lists/\(name).txt }")
            }
            declarations.append(
                ListDeclaration(
                    name: name, kind: try type.choice(of: ListKind.self), file: try file.string(), line: value.line))
        }
        guard declarations.count <= ListLimits.maximumLists else {
            throw node.error("has \(declarations.count) lists; at most \(ListLimits.maximumLists)")
        }
        return declarations
    }
}

public struct NamedList: Sendable {
    public let name: String
    public let table: ListTable
    /// Of the lines of its file, uncompressed.
    public let digest: SHA256Digest
    public var kind: ListKind { table.kind }

    /// Reads the files of all lists.
    ///
    /// - Parameter folder: What their paths are relative to.
    /// - Parameter usedKey: Becomes true where a raw identifier was hashed.
    static func read(
        _ declarations: [ListDeclaration], folder: String, _ pseudonymizer: Pseudonymizer, usedKey: inout Bool
    ) throws(ConfigurationError) -> [NamedList] {
        var lists: [NamedList] = []
        for declaration in declarations {
            let path = declaration.file.hasPrefix("/") ? declaration.file : folder + "/" + declaration.file
            var reader = ListReader(kind: declaration.kind, pseudonymizer: pseudonymizer)
            let digest = try reader.read(path: path)
            if reader.usedKey { usedKey = true }
            lists.append(NamedList(name: declaration.name, table: reader.table, digest: digest))
        }
        return lists
    }

    /// One digest of all lists; nil where there are none.
    static func digest(of lists: [NamedList]) -> SHA256Digest? {
        guard !lists.isEmpty else { return nil }
        let lines = lists.map { "\($0.name) \($0.kind.rawValue) \($0.digest.hexadecimal)" }
        return SHA256.hash(lines.sorted().joined(separator: "\n"))
    }
}
