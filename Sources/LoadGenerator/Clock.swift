// Clocks of the generator: the monotonic one that all times are taken from, and the CPU time of the calling thread.

import Glibc

enum Clock {
    static func nanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    static func threadCPUNanoseconds() -> UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Asks the kernel to wake this thread at the nanosecond asked for instead of up to 50 µs later; where the kernel
    /// won't, the lag shows it.
    static func wakePrecisely(_ precisely: Bool) {
        var link = [CChar](repeating: 0, count: 64)  // "<process>/task/<thread>"
        let length = readlink("/proc/thread-self", &link, link.count)
        guard length > 0 else { return }
        let path = String(decoding: link[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let thread = path.split(separator: "/").last ?? ""
        let file = open("/proc/\(thread)/timerslack_ns", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, precisely ? "1" : "0", 1)  // 0 gives the default back
        close(file)
    }
}

extension Double {
    /// A span of time as whole nanoseconds.
    var secondsAsNanoseconds: UInt64 { UInt64((self * 1e9).rounded()) }
}
