// The libraries that Shroff is measured against, each behind the same six functions. They are opened with dlopen, so
// nothing of them is needed to build; a peer that is absent, or that can't take a model, says so and is left out.
#ifndef SHROFF_PEERS_H
#define SHROFF_PEERS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef enum {
    PEER_XGBOOST,           // library: libxgboost.so, model: JSON or UBJSON
    PEER_LIGHTGBM,          // library: lib_lightgbm.so, model: text
    PEER_ONNX_RUNTIME,      // library: libonnxruntime.so, model: ONNX with one float input and one float output
    PEER_TL2CGEN,           // library: the compiled model
    PEER_LLEAVES,           // library: the compiled model
    PEER_CATBOOST_EXPORT,   // library: the compiled model
    PEER_LIGNUM,            // library: liblignum.so, model: the trainer's file
    PEER_LIGNUM_COMPILED,   // the same, companion: the compiled model
} PeerKind;

typedef struct Peer Peer;

/// Opens a peer for rows of `columns` values and batches of at most `batch_rows` rows. `companion` may be null. On
/// failure returns null and a line of text in `problem`.
Peer *peer_open(PeerKind kind, const char *library, const char *model, const char *companion, size_t columns,
                size_t batch_rows, char *problem, size_t problem_bytes);

/// Puts rows where the peer reads them, in its own type. Not timed: who calls a library writes the row there at once.
void peer_take(Peer *peer, const float *rows, size_t count);

/// The raw margin of the one row taken. This is what is timed.
double peer_margin(Peer *peer);

/// The raw margins of all rows taken. This is what is timed.
void peer_margins(Peer *peer, double *margins);

/// Exact SHAP values of the one row taken, one a column and the bias. False when the peer has none.
int peer_explain(Peer *peer, double *contributions);

void peer_close(Peer *peer);

/// Reads a byte of each cache line, twice over, which leaves little else in caches that are smaller than `bytes`.
void peers_evict(const unsigned char *memory, size_t bytes);

/// Ties the calling thread to one processor. False when the system refuses.
int peers_pin(int processor);

/// How often this process was taken off its processor without asking for it.
long peers_involuntary_switches(void);

/// A clock that waits for the instructions before it and holds back those behind it. Its unit is that of
/// `peers_ticks_per_second`.
static inline uint64_t peers_ticks(void) {
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

/// Measured against the system's clock over a fifth of a second.
double peers_ticks_per_second(void);

#endif
