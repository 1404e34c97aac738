// Files that a test gives to a server.
import Glibc

/// A folder of its own for the files of one test.
final class TestFolder {
    let path: String

    init() {
        var template = Array("/tmp/shroff-tls-XXXXXX".utf8CString)
        mkdtemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    private var names: Set<String> = []

    /// Writes a file, anew if it is there, and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) -> String {
        names.insert(name)
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
        return file
    }
}
