// What every Swift peer is started with: PROGRAM PORT FILE, the port on 127.0.0.1 and the file with the answer's body.

import Foundation

/// The arguments of a peer.
public struct PeerArguments: Sendable {
    public let port: Int
    /// The body of every answer.
    public let answer: [UInt8]
    /// The path that is served, by POST.
    public static var path: String { "/v1/score" }
    /// Largest body that is taken, as Shroff ships it.
    public static var bodyBytes: Int { 65_536 }

    /// Reads the process's arguments; ends the process where they are wrong.
    public init() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let port = Int(arguments[1]),
            let answer = FileManager.default.contents(atPath: arguments[2])
        else {
            FileHandle.standardError.write(Data("usage: PROGRAM PORT FILE\n".utf8))
            exit(2)
        }
        self.port = port
        self.answer = Array(answer)
    }
}
