// Random.swift: bytes that nobody can foresee, for keys and identifiers. Simulations have seeded generators of their own.
import COpenSSL

/// Returns `count` bytes from the system's cryptographic generator.
///
/// - Precondition: the system has such a generator; a process without one cannot keep a secret and stops.
public func randomBytes(_ count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(Int32.max), "\(count) random bytes")
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        if let start = buffer.baseAddress, count > 0 {
            precondition(RAND_bytes(start, Int32(count)) == 1, "the system gives no random bytes")
        }
        initialized = count
    }
}
