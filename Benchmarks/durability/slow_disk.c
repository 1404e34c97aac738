// A slow disk: stands before libc's fdatasync and fsync and lets each wait.
//
//   SLOW_DISK_FLUSH_MS          how long every flush takes, besides what the disk itself takes
//   SLOW_DISK_STALL_MS          how long the disk stalls,
//   SLOW_DISK_STALL_EVERY_MS    and how often, from the first flush on: a flush within a stall waits for its end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static long long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static long long setting(const char *name) {
    const char *value = getenv(name);
    return value ? atoll(value) : 0;
}

static void wait_for(long long duration) {
    struct timespec time = {duration / 1000, duration % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0) {}
}

static void slow(void) {
    static _Atomic long long began;
    long long none = 0, now = milliseconds();
    __atomic_compare_exchange_n((long long *)&began, &none, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    long long every = setting("SLOW_DISK_STALL_EVERY_MS"), stall = setting("SLOW_DISK_STALL_MS");
    if (every > 0) {
        // The first stall begins after the first pause.
        long long phase = (now - began) % every, start = every - stall;
        if (phase >= start) wait_for(every - phase);
    }
    wait_for(setting("SLOW_DISK_FLUSH_MS"));
}

int fdatasync(int descriptor) {
    slow();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(descriptor);
}

int fsync(int descriptor) {
    slow();
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}
