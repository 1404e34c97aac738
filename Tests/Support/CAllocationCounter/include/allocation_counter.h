// Counts what each thread asks of malloc, so that a test can say that its own thread asked nothing, whatever other
// tests do meanwhile.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stddef.h>

/// Whether allocations are counted: not under a sanitizer, which has a malloc of its own.
bool allocation_counter_is_on(void);

/// Calls of malloc and its relatives by this thread since it began.
size_t allocation_counter_of_this_thread(void);

/// Bytes that they asked for.
size_t allocation_counter_bytes_of_this_thread(void);

#endif
