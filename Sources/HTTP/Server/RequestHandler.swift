// The contract between the server and whoever answers. A handler belongs to one event loop and runs on that loop only,
// so it needs no locks. It answers in one of three ways:
//
//   answered   the response is filled in; it is written at once
//   held       the response waits for the end of a batch: handle() … handle(), batchEnded(), finish() … finish()
//   deferred   the response comes later, from any thread, through the request's `Deferral`
//
// While a request of a connection is held or deferred, no further request of that connection is parsed: answers stay in
// the order of the requests.

/// How a handler leaves a request behind.
public enum Disposition: Sendable, Equatable {
    /// `response` is complete.
    case answered
    /// `finish(ticket:_:)` will be asked for the response after `batchEnded()`.
    case held(ticket: Int)
    /// `Request.deferral` will be completed, now or later, on any thread.
    case deferred
}

/// What became of a held request.
public enum HeldDisposition: Sendable, Equatable {
    /// `response` is complete.
    case answered
    /// The request's deferral will be completed, now or later, on any thread.
    case deferred
}

/// Answers the requests of one event loop.
public protocol RequestHandler: AnyObject {
    /// How many bytes of body this request may have. Asked once its head is complete, before any of its body is kept; a
    /// longer body is answered with 413 and never reaches `handle`.
    func bodyLimitBytes(_ request: borrowing Request) -> Int

    /// Answers a whole request, or says how the answer will come. `request` and its views are valid in this call only.
    /// `response` was reset: status 200, no body, no fields.
    func handle(_ request: borrowing Request, _ response: Response) -> Disposition

    /// All connections that were ready at this wake-up were read and handled, or enough requests are held; called once at
    /// least one request was handled, and before anything held is finished. What all held answers wait for is done here,
    /// once.
    func batchEnded()

    /// Fills in the response of a held request, or says that its `Deferral` will be completed after all. Called once a
    /// ticket, in the order in which the requests were held, also when the client has left meanwhile (the response is
    /// then thrown away).
    func finish(ticket: Int, _ response: Response) -> HeldDisposition
}

extension RequestHandler {
    public func batchEnded() {}

    public func finish(ticket: Int, _ response: Response) -> HeldDisposition {
        response.status = 500
        return .answered
    }
}
