// RFC 9457 problem documents for what never reaches a handler. `code` names the case for programs; `detail` is for
// people. Nothing of what the client sent is repeated.

extension Response {
    /// Makes this the answer to a request that the wire layer refused.
    func become(_ refusal: Refusal) {
        becomeProblem(status: refusal.status, code: "\(refusal)", detail: refusal.detail)
        closeAfter = true
    }

    /// Makes this a problem document of a status.
    public func becomeProblem(status: Int, code: String, detail: StaticString) {
        becomeProblem(status: status, code: code) { body in detail.withUTF8Buffer { body.append(contentsOf: $0) } }
    }

    func becomeProblem(status: Int, code: String, writeDetail: (inout [UInt8]) -> Void) {
        reset()
        self.status = status
        contentType = Response.problem
        body.append(contentsOf: "{\"type\":\"about:blank\",\"title\":\"".utf8)
        reasonPhrase(status).withUTF8Buffer { body.append(contentsOf: $0) }
        body.append(contentsOf: "\",\"status\":\(status),\"code\":\"".utf8)
        appendSnakeCase(code)
        body.append(contentsOf: "\",\"detail\":\"".utf8)
        writeDetail(&body)
        body.append(contentsOf: "\"}".utf8)
    }

    func becomeBodyTooLarge(limitBytes: Int) {
        becomeProblem(status: 413, code: "bodyTooLarge") { body in
            body.append(contentsOf: "The body is larger than the \(limitBytes) bytes that this resource takes.".utf8)
        }
    }

    /// `body_too_large` for `bodyTooLarge`: JSON's habit for what is a case name here.
    private func appendSnakeCase(_ name: String) {
        for byte in name.utf8 {
            if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") {
                body.append(UInt8(ascii: "_"))
                body.append(byte | 0x20)
            } else {
                body.append(byte)
            }
        }
    }
}
