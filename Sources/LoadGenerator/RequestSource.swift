// Where the bodies of the requests come from. A source belongs to one loop, which asks it while nothing is due, so that
// making a payment does not delay its send as long as the generator keeps up.

public protocol RequestSource {
    /// Puts the next request's body into `body`, which is empty and keeps its capacity.
    mutating func next(into body: inout [UInt8])
}

/// Always the same body.
public struct ConstantRequest: RequestSource, Sendable {
    private let body: [UInt8]

    public init(_ body: [UInt8]) {
        self.body = body
    }

    public mutating func next(into body: inout [UInt8]) {
        body.append(contentsOf: self.body)
    }
}

/// Bodies made by a closure.
public struct ClosureRequestSource: RequestSource {
    private let make: (inout [UInt8]) -> Void

    public init(_ make: @escaping (inout [UInt8]) -> Void) {
        self.make = make
    }

    public mutating func next(into body: inout [UInt8]) {
        make(&body)
    }
}
