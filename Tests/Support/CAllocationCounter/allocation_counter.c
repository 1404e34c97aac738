// A program's own malloc stands before the C library's (the C library's manual, "Replacing malloc"). These add to the
// counters of the thread and call the C library's functions by their other names, under which it exports them for this.
#include "allocation_counter.h"

#include <errno.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#if defined(__GLIBC__) && !defined(HAS_SANITIZER)

// In the program's own thread-local storage, which is there from the thread's start: a counter that had to be allocated
// would come back here.
static __thread size_t allocations __attribute__((tls_model("initial-exec")));
static __thread size_t allocated_bytes __attribute__((tls_model("initial-exec")));

static void count(size_t bytes) {
    allocations++;
    allocated_bytes += bytes;
}

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
    count(items * bytes);
    return __libc_calloc(items, bytes);
}

void *realloc(void *block, size_t bytes) {
    count(bytes);
    return __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    count(bytes);
    void *taken = __libc_memalign(alignment, bytes);
    if (taken == NULL) return ENOMEM;
    *block = taken;
    return 0;
}

bool allocation_counter_is_on(void) { return true; }

size_t allocation_counter_of_this_thread(void) { return allocations; }

size_t allocation_counter_bytes_of_this_thread(void) { return allocated_bytes; }

#else

bool allocation_counter_is_on(void) { return false; }

size_t allocation_counter_of_this_thread(void) { return 0; }

size_t allocation_counter_bytes_of_this_thread(void) { return 0; }

#endif
