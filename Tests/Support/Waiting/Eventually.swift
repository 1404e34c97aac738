// How tests wait for what another thread does: until it is so, and long enough for a machine that does other things.
import Glibc

/// Waits until a condition holds, for at most half a minute.
public func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<30_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return condition()
}
