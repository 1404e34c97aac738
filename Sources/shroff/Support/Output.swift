// Where data goes: standard output or a file, in big writes. What the disk refuses is an error with its path; a reader
// that has left is an error of its own kind, on which the command ends quietly.

import Glibc
import Platform

enum OutputError: Error, CustomStringConvertible {
    /// Nobody reads on: `shroff … | head`.
    case closed
    case failed(PlatformError)
    case compressed(path: String)
    case isInput(path: String)

    var description: String {
        switch self {
        case .closed: "the reader of the output has left"
        case .failed(let error): error.description
        case .compressed(let path): "\(path): output is not compressed here; write to - and pipe it through gzip"
        case .isInput(let path): "\(path) is read and can't be written at the same time; choose another file"
        }
    }
}

/// A buffered output. One command, one thread.
final class Output {
    static let standard = "-"
    /// Bytes that are gathered before they are written.
    static let bufferBytes = 1 << 20

    let path: String
    /// What waits to be written; append to it, then call `flushIfFull`.
    var bytes: [UInt8] = []
    private let descriptor: Int32

    /// Opens a file anew, or standard output for `-`.
    ///
    /// - Parameter inputs: Files that are being read, which an output must not be.
    init(path: String, inputs: [String] = []) throws(OutputError) {
        self.path = path
        if path == Self.standard {
            descriptor = STDOUT_FILENO
        } else {
            guard !path.hasSuffix(".gz") else { throw .compressed(path: path) }
            guard !Self.isOne(path, of: inputs) else { throw .isInput(path: path) }
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw .failed(PlatformError(operation: "create", path: path, code: errno))
            }
        }
        bytes.reserveCapacity(Self.bufferBytes)
    }

    deinit {
        if descriptor != STDOUT_FILENO { close(descriptor) }
    }

    func append(line: [UInt8]) {
        bytes.append(contentsOf: line)
        bytes.append(UInt8(ascii: "\n"))
    }

    func flushIfFull() throws(OutputError) {
        if bytes.count >= Self.bufferBytes { try flush() }
    }

    /// Writes what waits.
    func flush() throws(OutputError) {
        let code = bytes.withUnsafeBytes { buffer -> Int32 in
            var done = 0
            while done < buffer.count {
                let count = write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count < 0, errno != EINTR { return errno }
                done += max(0, count)
            }
            return 0
        }
        bytes.removeAll(keepingCapacity: true)
        if code == EPIPE { throw .closed }
        if code != 0 {
            let name = path == Self.standard ? "standard output" : path
            throw .failed(PlatformError(operation: "write", path: name, code: code))
        }
    }

    /// Prints a short text to standard output, whether or not somebody reads it: for commands whose exit code is the
    /// answer.
    ///
    /// - Throws: Where standard output is a file that can't be written.
    static func report(_ text: String) throws(OutputError) {
        let output = try Output(path: standard)
        output.bytes.append(contentsOf: text.utf8)
        do throws(OutputError) {
            try output.flush()
        } catch .closed {
            return
        } catch {
            throw error
        }
    }

    private static func isOne(_ path: String, of inputs: [String]) -> Bool {
        var own = stat()
        guard stat(path, &own) == 0, own.st_mode & S_IFMT == S_IFREG else { return false }
        return inputs.contains { input in
            var other = stat()
            let found = input == standard ? fstat(STDIN_FILENO, &other) : stat(input, &other)
            return found == 0 && other.st_dev == own.st_dev && other.st_ino == own.st_ino
        }
    }
}
