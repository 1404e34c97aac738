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
    /// The file that it was read from.
    public let path: String
    public let table: ListTable
    /// Of the lines of its file, uncompressed.
    public let digest: SHA256Digest
    public var kind: ListKind { table.kind }

    /// A name for a file that holds the list: its own, unless that could lead out of a folder.
    public static func fileName(of name: String) -> String {
        let isPlain =
            name.utf8.count <= 64 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        return isPlain ? name : "list." + SHA256.hash(name).hexadecimal
    }

    /// Reads the files of all lists.
    ///
    /// - Parameter folder: What their paths are relative to.
    /// - Parameter kept: A folder in which each list has its own name, and is read instead of its path.
    /// - Parameter usedKey: Becomes true where a raw identifier was hashed.
    static func read(
        _ declarations: [ListDeclaration], folder: String, keptIn kept: String? = nil, _ pseudonymizer: Pseudonymizer,
        usedKey: inout Bool
    ) throws(ConfigurationError) -> [NamedList] {
        var lists: [NamedList] = []
        for declaration in declarations {
            let own = declaration.file.hasPrefix("/") ? declaration.file : folder + "/" + declaration.file
            let path = kept.map { $0 + "/" + Self.fileName(of: declaration.name) } ?? own
            var reader = ListReader(kind: declaration.kind, pseudonymizer: pseudonymizer)
            let digest = try reader.read(path: path)
            if reader.usedKey { usedKey = true }
            lists.append(NamedList(name: declaration.name, path: path, table: reader.table, digest: digest))
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
