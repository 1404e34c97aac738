// What a handler answers to OPTIONS (RFC 9110 section 9.3.7): the methods of one resource, or of the server as such.

extension Response {
    /// Makes this the answer to OPTIONS: 204 with `Allow`, and no content.
    ///
    /// - Parameter methods: The methods that the resource takes, as `Allow` lists them: "GET, HEAD, OPTIONS" (RFC 9110
    ///   section 10.2.1). For `Request.isServerWide`, those that the server takes anywhere.
    public func becomeOptions(allowing methods: StaticString) {
        reset()
        status = 204
        methods.withUTF8Buffer { addHeader("Allow", $0.span) }
    }
}
