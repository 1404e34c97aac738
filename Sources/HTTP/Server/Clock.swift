// The two clocks of the edge. The monotonic one measures; the wall clock dates.
import Glibc

/// Time that only goes forward, from an arbitrary start.
public enum MonotonicClock {
    /// Nanoseconds by CLOCK_MONOTONIC.
    public static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// The time of day, which may be set and may step.
public enum WallClock {
    /// Nanoseconds since 1970 by CLOCK_REALTIME.
    public static func nanosecondsSince1970() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Whole seconds since 1970, as of the kernel's last tick: enough for a `Date` field, and cheaper.
    static func coarseSecondsSince1970() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }
}
