// Why a load test could not run at all. What goes wrong with single requests is counted in the report instead.

public enum LoadError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalidPlan(field: String, reason: String)
    /// The target is not this machine, and the plan does not allow that.
    case remoteTarget(host: String, address: String)
    case cannotResolve(host: String, reason: String)
    /// No address of the host accepted a connection.
    case unreachable(host: String, port: Int, reason: String)
    case system(operation: String, reason: String)

    public var description: String {
        switch self {
        case .invalidPlan(let field, let reason): "load plan: \(field): \(reason)"
        case .remoteTarget(let host, let address):
            "\(host) (\(address)) is not this machine; allow remote targets only for a server that you may load"
        case .cannotResolve(let host, let reason): "can't resolve \(host): \(reason)"
        case .unreachable(let host, let port, let reason):
            "can't connect to \(host) port \(port): \(reason); is the server running?"
        case .system(let operation, let reason): "\(operation): \(reason)"
        }
    }
}
