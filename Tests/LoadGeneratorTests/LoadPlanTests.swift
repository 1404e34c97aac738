// A plan is refused by the name of its field, and only this machine is loaded unless more was allowed.

import Testing

@testable import LoadGenerator

@Suite struct LoadPlanTests {
    private let plan = LoadPlan(port: 8080, requestsPerSecond: 100, seconds: 1)

    private func field(_ change: (inout LoadPlan) -> Void) -> String? {
        var changed = plan
        change(&changed)
        do throws(LoadError) {
            try changed.validate()
            return nil
        } catch {
            guard case .invalidPlan(let field, _) = error else { return "another error" }
            return field
        }
    }

    @Test func `limits are taken, and one past them refused`() {
        let limits = LoadPlan.Limits.self
        #expect(field { _ in } == nil)
        #expect(field { $0.port = 65_535 } == nil)
        #expect(field { $0.port = 65_536 } == "port")
        #expect(field { $0.port = 0 } == "port")
        #expect(field { $0.requestsPerSecond = limits.requestsPerSecond } == nil)
        #expect(field { $0.requestsPerSecond = limits.requestsPerSecond + 1 } == "requestsPerSecond")
        #expect(field { $0.requestsPerSecond = 0 } == "requestsPerSecond")
        #expect(field { $0.requestsPerSecond = .nan } == "requestsPerSecond")
        #expect(field { $0.requestsPerSecond = nil } == nil)
        #expect(field { $0.seconds = limits.seconds } == nil)
        #expect(field { $0.seconds = limits.seconds + 1 } == "seconds")
        #expect(field { $0.seconds = 0 } == "seconds")
        #expect(field { $0.warmUpSeconds = -1 } == "warmUpSeconds")
        #expect(field { $0.connections = limits.connections } == nil)
        #expect(field { $0.connections = limits.connections + 1 } == "connections")
        #expect(field { $0.connections = 0 } == "connections")
        #expect(field { $0.threads = limits.threads } == nil)
        #expect(field { $0.threads = limits.threads + 1 } == "threads")
        #expect(field { ($0.threads, $0.connections) = (2, 1) } == "threads")
        #expect(field { $0.timeoutMilliseconds = limits.timeoutMilliseconds } == nil)
        #expect(field { $0.timeoutMilliseconds = limits.timeoutMilliseconds + 1 } == "timeoutMilliseconds")
        #expect(field { $0.timeoutMilliseconds = 0 } == "timeoutMilliseconds")
        #expect(field { $0.deadlineMilliseconds = 0 } == "deadlineMilliseconds")
    }

    @Test func `nothing can slip a second request into the head`() {
        #expect(field { $0.host = "" } == "host")
        #expect(field { $0.host = "a\r\nb" } == "host")
        #expect(field { $0.path = "score" } == "path")
        #expect(field { $0.path = "/a b" } == "path")
        #expect(field { $0.path = "/a\r\nX: y" } == "path")
        #expect(field { $0.method = "PO ST" } == "method")
        #expect(field { $0.headers = [LoadHeader("X:", "y")] } == "headers")
        #expect(field { $0.headers = [LoadHeader("X", "y\r\nZ: z")] } == "headers")
        #expect(field { $0.headers = [LoadHeader("content-length", "1")] } == "headers")
        #expect(field { $0.headers = [LoadHeader("Authorization", "Bearer key")] } == nil)
    }

    @Test func `the head is written once for all requests`() {
        var plan = plan
        plan.host = "::1"
        plan.headers.append(LoadHeader("Authorization", "Bearer key"))
        let head = String(decoding: LoadLoop.requestHead(plan), as: UTF8.self)
        #expect(
            head == "POST /v1/score HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Type: application/json\r\n"
                + "Authorization: Bearer key\r\nContent-Length: ")
    }

    @Test(arguments: ["192.0.2.1", "0.0.0.0", "2001:db8::1", "::", "::ffff:192.0.2.1"])
    func `an address that is not this machine is refused`(host: String) {
        var plan = plan
        plan.host = host
        let error = #expect(throws: LoadError.self) { try plan.run { _ in ConstantRequest([]) } }
        #expect(error == .remoteTarget(host: host, address: host))
    }

    @Test func `a name that does not resolve is said so`() {
        var plan = plan
        plan.host = "256.256.256.256.invalid"
        let error = #expect(throws: LoadError.self) { try plan.run { _ in ConstantRequest([]) } }
        guard case .cannotResolve(plan.host, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "localhost"])
    func `a port where nobody listens is unreachable`(host: String) {
        let closed = TestServer()
        closed.stop()
        while (try? SocketTarget.find(LoadPlan(port: closed.port, requestsPerSecond: 1, seconds: 1))) != nil {}
        var plan = LoadPlan(host: host, port: closed.port, requestsPerSecond: 100, seconds: 1)
        plan.timeoutMilliseconds = 500
        let error = #expect(throws: LoadError.self) { try plan.run { _ in ConstantRequest([]) } }
        #expect(error == .unreachable(host: host, port: closed.port, reason: "Connection refused"))
    }
}
