// data/config: the files by which payments were decided, each configuration in a folder of its own that is named by its
// content, written once and never again. A configuration record names the folder, so that the log can be replayed when
// the files that were in service are long gone.
//
//   <sha-256 of files>/files            a line a file, as sha256sum has it: digest, two spaces, name
//                      features.yaml  rules.yaml  policy.yaml  lists/<name>  model/bundle.yaml  model/…
//
// A folder appears under its name when all of it is on the disk, before the record that names it. What a folder has in
// common with the one that was written before it (a long list, a model) is one file under two names.

import Glibc
import Platform
import Scoring

struct KeptConfigurations: Sendable {
    /// For their owner's eyes only: lists may name people.
    private static let folderMode: UInt32 = 0o700
    private static let fileMode: UInt32 = 0o600
    private static let blockBytes = 1 << 20
    static let listName = "files"
    static let listLimitBytes = 1 << 20

    let path: String

    init(dataDirectory: String) { path = dataDirectory + "/config" }

    private struct File {
        let name: String
        let source: String
        let digest: SHA256Digest
    }

    /// Keeps the files of a configuration, if they are not kept already.
    ///
    /// - Returns: The name of their folder, or why there is none.
    func keep(_ assembly: Assembly) -> (name: String?, problem: PlatformError?) {
        do throws(PlatformError) {
            let files = try files(of: assembly)
            let list = files.map { "\($0.digest.hexadecimal)  \($0.name)\n" }.joined()
            let name = SHA256.hash(list).hexadecimal
            if access(path + "/" + name + "/" + Self.listName, F_OK) != 0 { try write(files, list, as: name) }
            return (name, nil)
        } catch {
            return (nil, error)
        }
    }

    private func files(of assembly: Assembly) throws(PlatformError) -> [File] {
        let sources = assembly.sources
        var paths = [
            ("features.yaml", sources.features), ("rules.yaml", sources.rules), ("policy.yaml", sources.policy),
        ]
        paths += assembly.plan.lists.map { ("lists/" + NamedList.fileName(of: $0.name), $0.path) }
        if case .serving(let model) = assembly.model, let folder = sources.model {
            let names = [BundleManifest.fileName, model.manifest.model.name, model.manifest.golden.name]
            paths += names.map { ("model/" + $0, folder + "/" + $0) }
        }
        var files: [File] = []
        for (name, source) in paths {
            files.append(File(name: name, source: source, digest: try Self.copy(source, to: nil)))
        }
        // Somebody may have written to a file since it was read; the digests of the rest are checked by who reads it.
        let digests = assembly.plan.digests
        for (file, digest) in zip(files, [digests.features, digests.rules, digests.policy]) where file.digest != digest
        {
            throw PlatformError(
                operation: "keep", path: file.source, reason: "it was changed after it was read, or is not UTF-8")
        }
        return files.sorted { $0.name < $1.name }
    }

    private func write(_ files: [File], _ list: String, as name: String) throws(PlatformError) {
        try makeDirectory(path, mode: Self.folderMode)
        try removeLeftovers()
        let earlier = try newest().map { path + "/" + $0 }
        let unfinished = path + "/.\(name).tmp"
        for folder in Set(files.map { parentDirectory(of: unfinished + "/" + $0.name) }).sorted() {
            try makeDirectory(folder, mode: Self.folderMode)
        }
        for file in files {
            let copy = unfinished + "/" + file.name
            if let earlier, try Self.isSame(earlier + "/" + file.name, file.digest),
                link(earlier + "/" + file.name, copy) == 0
            {
                continue
            }
            guard try Self.copy(file.source, to: copy) == file.digest else {
                throw PlatformError(operation: "keep", path: file.source, reason: "it changes while it is read")
            }
        }
        try writeFileAtomically(unfinished + "/" + Self.listName, Array(list.utf8), mode: Self.fileMode)
        guard rename(unfinished, path + "/" + name) == 0 else {
            throw PlatformError(operation: "rename", path: unfinished, code: errno)
        }
        try flushDirectory(path)
    }

    /// Copies a file, or only reads it, and gives its digest.
    private static func copy(_ source: String, to copy: String?) throws(PlatformError) -> SHA256Digest {
        let file = try OldFile(source)
        let new: NewFile? = if let copy { try NewFile(copy, mode: fileMode) } else { nil }
        var block = [UInt8](repeating: 0, count: blockBytes)
        var hash = SHA256()
        while true {
            var span = block.mutableSpan
            let count = try file.read(into: &span)
            let bytes = block.span.extracting(first: count)
            hash.update(bytes)
            try new?.write(bytes)
            if count < blockBytes { break }
        }
        try new?.commit()
        return hash.finalize()
    }

    private static func isSame(_ path: String, _ digest: SHA256Digest) throws(PlatformError) -> Bool {
        guard access(path, R_OK) == 0 else { return false }
        return try copy(path, to: nil) == digest
    }

    /// The folder that was written last; nil where there is none.
    private func newest() throws(PlatformError) -> String? {
        var newest: (name: String, seconds: Int, nanoseconds: Int)?
        for name in try fileNames(in: path) where SHA256Digest(hexadecimal: name) != nil {
            var status = stat()
            guard stat(path + "/" + name, &status) == 0 else { continue }
            let (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
            if let newest, (newest.seconds, newest.nanoseconds) >= (seconds, nanoseconds) { continue }
            newest = (name, seconds, nanoseconds)
        }
        return newest?.name
    }

    /// Removes what a killed run did not finish.
    private func removeLeftovers() throws(PlatformError) {
        for name in try fileNames(in: path) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
            let folder = path + "/" + name
            for inner in ["/lists", "/model", ""] {
                for file in (try? fileNames(in: folder + inner)) ?? [] { unlink(folder + inner + "/" + file) }
                rmdir(folder + inner)
            }
        }
    }

    // MARK: Reading back

    /// Where the files of a configuration lie; nil where they are not kept.
    func sources(of name: String) throws(PlatformError) -> AssemblySources? {
        let folder = path + "/" + name
        guard SHA256Digest(hexadecimal: name) != nil, access(folder + "/" + Self.listName, F_OK) == 0 else {
            return nil
        }
        let list = try readFile(folder + "/" + Self.listName, maximumBytes: Self.listLimitBytes)
        guard SHA256.hash(list.span).hexadecimal == name else {
            throw PlatformError(operation: "read", path: folder + "/" + Self.listName, reason: "it was changed")
        }
        var hasModel = false
        for line in String(decoding: list, as: UTF8.self).split(separator: "\n") {
            guard let digest = SHA256Digest(hexadecimal: line.prefix(64)) else { continue }
            let file = folder + "/" + line.dropFirst(66)
            guard try Self.copy(file, to: nil) == digest else {
                throw PlatformError(operation: "read", path: file, reason: "it was changed since it was kept")
            }
            if line.hasSuffix("  model/" + BundleManifest.fileName) { hasModel = true }
        }
        return AssemblySources(
            features: folder + "/features.yaml", rules: folder + "/rules.yaml", policy: folder + "/policy.yaml",
            model: hasModel ? folder + "/model" : nil, lists: folder + "/lists")
    }
}
